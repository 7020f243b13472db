"""The fixed names of the practice workspace: who is signed in, to which tenant, and which hosts are played."""

from __future__ import annotations

SUBSCRIPTION_ID = "00000000-9ac7-4b1e-8d5f-70726163746b"
SUBSCRIPTION_NAME = "Practice subscription"
TENANT_ID = "00000000-7e4a-4c0d-9b21-70726163746b"
TENANT_DOMAIN = "practice.onmicrosoft.com"
RESOURCE_GROUP = "practice-rg"
WORKSPACE = "practice"
REGION = "eastus"

USER_OBJECT_ID = "00000000-05e2-4a77-b3c4-70726163746b"
USER_PRINCIPAL_NAME = f"student@{TENANT_DOMAIN}"
USER_DISPLAY_NAME = "Practice Student"

ARM_HOST = "management.azure.com"
SIGN_IN_HOST = "login.microsoftonline.com"
SIGN_IN_HOSTS = (SIGN_IN_HOST, "login.windows.net")
LOOPBACK_HOST = "127.0.0.1"

ARM_AUDIENCE = "https://management.core.windows.net/"
"""The only audience azureml-core asks a token for (`active_directory_resource_id` of the public cloud)."""

ARM_AUDIENCES = frozenset({ARM_AUDIENCE, "https://management.azure.com/", "https://ml.azure.com/"})
"""Audiences that the Azure Resource Manager side accepts, each with its trailing slash."""

KEY_FILE = "ca-key.pem"
"""The practice authority's private key, in the practice folder: the one secret that everything else derives from."""

CERTIFIED_DOMAINS = (
    "azure.com",
    "azure.net",
    "azureml.ms",
    "azureml.net",
    "azmk8s.io",
    "microsoft.com",
    "microsoftonline.com",
    "windows.net",
)
"""The only domains the practice authority can vouch for, written into its certificate as a name constraint."""

DEFAULT_SPEED = 60.0
"""Virtual seconds in a real one: what takes Azure a minute takes a second here, unless told otherwise."""
