"""Somebody's program that signs in through a browser with msal: TENANT CLIENT_ID SCOPE; prints the result as JSON."""

import json
import sys

import msal

tenant, client_id, scope = sys.argv[1:]
app = msal.PublicClientApplication(client_id, authority=f"https://login.microsoftonline.com/{tenant}")
print(json.dumps(app.acquire_token_interactive([scope], timeout=30)))
