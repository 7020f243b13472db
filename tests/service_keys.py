"""The keys a practice web service has now, asked for as the SDK asks. For comparison only: never printed."""

from __future__ import annotations

from pathlib import Path

import requests

from gpu_assistant.practice import lifecycle
from gpu_assistant.practice.front import tokens


def service_keys(data_dir: Path, service: str = "efficientnet-lite0") -> list[str]:
    """Primary and secondary key."""
    info = lifecycle.find_running(data_dir)
    assert info is not None
    token = tokens.mint(lifecycle.practice_folder(data_dir))
    workspace = (
        f"/subscriptions/{info.subscription_id}/resourceGroups/{info.resource_group}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{info.workspace}"
    )
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            f"https://management.azure.com/modelmanagement/v1.0{workspace}/services/{service}/listkeys",
            headers={"Authorization": f"Bearer {token}"},
            proxies={"https": info.https_proxy},
            verify=str(info.ca_bundle),
            timeout=10,
        )
    answer.raise_for_status()
    keys: dict[str, str] = answer.json()
    assert len(keys["primaryKey"]) >= 16
    return list(keys.values())


def places_of(secrets: list[str], *folders: Path) -> list[str]:
    """The files in `folders` that hold one of these in clear or as base64 would have it."""
    from base64 import b64encode

    # base64 of a longer text holds the key's at one of three shifts; their inner part is the same in all texts
    needles = [text.encode() for text in secrets]
    for text in secrets:
        needles += [b64encode(b"\0" * shift + text.encode())[4:-4] for shift in range(3)]
    return [
        str(path)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and any(needle in path.read_bytes() for needle in needles)
    ]
