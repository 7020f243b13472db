"""Models, assets and environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.practice.azure.addresses import WORKSPACE_ID
from tests.fakes.practice_client import Azure

ENVIRONMENTS = f"/environment/v1.0{WORKSPACE_ID}/environments"


def names(azure: Azure, query: str = "") -> list[str]:
    return [row["id"] for row in azure.json("GET", azure.mms(f"/models?count=255{query}"))["value"]]


def test_versions_are_integers_and_the_newest_comes_first(azure: Azure) -> None:
    for _ in range(11):
        last = azure.register_model("resnet")
    assert (last["id"], last["version"], last["datasets"]) == ("resnet:11", 11, [])
    assert names(azure)[:2] == ["resnet:11", "resnet:10"]
    assert names(azure, "&name=resnet&latestVersionOnly=true") == ["resnet:11"]
    first = azure.json("GET", azure.mms("/models?name=resnet&count=1"))
    assert first["value"][0]["version"] == 11
    assert "nextLink" not in first


def test_models_are_found_by_name_tag_and_id(azure: Azure) -> None:
    azure.register_model("a", kvTags={"kind": "image", "x": "1"})
    azure.register_model("b", kvTags={"kind": "text"})
    assert names(azure, "&name=a") == ["a:1"]
    assert names(azure, "&tags=kind=image") == ["a:1"]
    assert names(azure, "&tags=kind") == ["a:1", "b:1"]
    assert azure.json("GET", azure.mms("/models/b:1"))["kvTags"] == {"kind": "text"}
    missing = azure.json("GET", azure.mms("/models/b:2"), status=404)
    assert missing["statusCode"] == 404
    assert isinstance(missing["details"], list)


def test_a_long_list_comes_in_pages(azure: Azure) -> None:
    for number in range(5):
        azure.register_model(f"m{number}")
    page = azure.json("GET", azure.mms("/models?count=2"))
    token = page["nextLink"].split("$skipToken=")[1]
    rest = azure.json("GET", azure.mms(f"/models?count=2&$skipToken={token}"))
    assert [row["name"] for row in page["value"] + rest["value"]] == ["m0", "m1", "m2", "m3"]


@pytest.mark.parametrize(
    "body",
    [{"name": "", "url": "aml://asset/x"}, {"name": "a/b", "url": "aml://asset/x"}, {"name": "a", "url": "x"}, {}],
)
def test_a_model_without_a_good_name_and_files_is_refused(azure: Azure, body: dict[str, Any]) -> None:
    assert azure.send("POST", azure.mms("/models"), body).status == 400


def test_tags_change_and_a_model_can_be_deleted_once(azure: Azure) -> None:
    azure.register_model("a")
    changed = azure.json("PATCH", azure.mms("/models/a:1"), [{"op": "replace", "path": "/kvTags", "value": {"x": "y"}}])
    assert changed["kvTags"] == {"x": "y"}
    assert azure.send("DELETE", azure.mms("/models/a:1")).status == 200
    assert azure.send("DELETE", azure.mms("/models/a:1")).status == 204


def test_a_model_in_use_cannot_be_deleted(azure: Azure) -> None:
    azure.ready().deploy()
    answer = azure.json("DELETE", azure.mms("/models/resnet:1"), status=412)
    assert "DeletionRequired" in answer["message"]


def test_a_seeded_model_is_a_registered_model_whose_files_can_be_downloaded(azure: Azure, tmp_path: Path) -> None:
    file = tmp_path / "sample" / "saved_model.pb"
    file.parent.mkdir()
    file.write_bytes(b"weights")
    assert not azure.surface.has_model("efficientnet-lite0")
    version = azure.surface.seed_model(
        "efficientnet-lite0", {"efficientnet-lite0/saved_model.pb": file}, tags={"sample": "yes"}
    )
    assert version == 1
    assert azure.surface.has_model("efficientnet-lite0")
    model = azure.json("GET", azure.mms("/models/efficientnet-lite0:1"))
    asset = azure.json("GET", azure.mms("/assets/" + model["url"].removeprefix("aml://asset/")))
    prefix = asset["artifacts"][0]["prefix"]
    listing = azure.json("GET", f"/artifact/v2.0{WORKSPACE_ID}/artifacts/prefix/contentinfo/{prefix}")
    assert [azure.send("GET", row["contentUri"]).body for row in listing["value"]] == [b"weights"]


def test_a_model_of_many_files_is_listed_in_pages(azure: Azure) -> None:
    azure.upload("many", {f"net/{number:04}": b"" for number in range(501)})
    url = f"/artifact/v2.0{WORKSPACE_ID}/artifacts/prefix/contentinfo/LocalUpload/many/net"
    first = azure.json("GET", url)
    second = azure.json("GET", f"{url}?continuationToken={first['continuationToken']}")
    assert "continuationToken" not in second
    listed = [row["path"] for row in first["value"] + second["value"]]
    assert listed == [f"net/{number:04}" for number in range(501)]
    assert azure.send("GET", f"{url}?continuationToken=x").status == 400


def test_the_same_environment_twice_is_one_version(azure: Azure) -> None:
    body = {"Name": "env", "python": {"a": 1}, "EnvironmentVariables": {}, "Docker": {"baseImage": "x"}, "Spark": None}
    first = azure.json("PUT", f"{ENVIRONMENTS}/env", body)
    assert (first["name"], first["version"], first["docker"]) == ("env", "1", {"baseImage": "x"})
    assert azure.json("PUT", f"{ENVIRONMENTS}/env", body)["version"] == "1"
    assert azure.json("PUT", f"{ENVIRONMENTS}/env", {**body, "python": {"a": 2}})["version"] == "2"
    assert azure.json("GET", f"{ENVIRONMENTS}/env")["version"] == "2"
    assert azure.json("GET", f"{ENVIRONMENTS}/env/versions/1")["python"] == {"a": 1}
    assert [row["version"] for row in azure.json("GET", f"{ENVIRONMENTS}/")["value"]] == ["2"]
    azure.json("GET", f"{ENVIRONMENTS}/other", status=404)


def test_a_registry_password_is_not_kept(azure: Azure) -> None:
    docker = {"baseImage": "x", "baseImageRegistry": {"address": "a", "username": "u", "password": "hunter2"}}
    azure.json("PUT", f"{ENVIRONMENTS}/env", {"Name": "env", "Docker": docker})
    assert "hunter2" not in (azure.folder / "state.json").read_text(encoding="utf-8")
