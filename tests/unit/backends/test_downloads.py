"""Reading what describes a registered model: which files are asked for, within which bounds, and how it fails."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.backends.base import DownloadProgress
from gpu_assistant.backends.saved_model_files import GRAPH_LIMIT_BYTES, LABELS_LIMIT_BYTES
from gpu_assistant.backends.sdk_v1 import downloads, storage
from gpu_assistant.backends.sdk_v1.downloads import Downloads
from gpu_assistant.domain.errors import (
    AccessDenied,
    AssistantError,
    AzureFault,
    CannotReachAzure,
    ModelError,
    ModelNotFound,
    UnexpectedAnswer,
)
from tests.fakes.artifact_store import SIGNATURE, ArtifactService, Blob, BlobAdapter, row, signed

MODEL = {"id": "net:1", "url": "aml://asset/a1"}
SHARD = "variables/variables.data-00000-of-00001"
FILES = {
    "net/saved_model.pb": Blob(b"graph"),
    "net/labels.txt": Blob(b"cat\ndog\n"),
    "net/variables/variables.index": Blob(b"index"),
    f"net/{SHARD}": Blob(b"\0" * 9000),
}


class Registry:
    """One registered model, `net:1`, and the adapter's reading of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.service = ArtifactService()
        self.pauses: list[float] = []
        self.store = BlobAdapter({})
        self.heard: list[DownloadProgress] = []
        original = storage.SignedBlobs

        def opened(about: Any) -> storage.SignedBlobs:
            blobs = original(about, sleep=self.pauses.append)
            blobs.session.mount("https://", self.store)
            return blobs

        monkeypatch.setattr(downloads, "SignedBlobs", opened)

    def holds(self, blobs: dict[str, Blob], *, listed: Iterable[str] | None = None) -> Registry:
        rows = [row(path) for path in (blobs if listed is None else listed)]
        self.store.blobs = dict(blobs)
        self.service.answers = {
            "models/net:1": MODEL,
            "assets/a1": {"artifacts": [{"prefix": "LocalUpload/c/net"}]},
            "prefix/contentinfo/LocalUpload/c/net": {"value": rows},
        }
        return self

    def read(self, folder: Path) -> Any:
        return Downloads(self.service.session).graph("net:1", folder, on_download=self.heard.append)

    @property
    def sent(self) -> list[tuple[str | None, str]]:
        return [(one.method, str(one.url).partition("?")[0].rpartition("/net/")[2]) for one in self.store.requests]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    return Registry(monkeypatch)


def test_the_graph_and_the_labels_come_and_the_weights_are_only_weighed(registry: Registry, tmp_path: Path) -> None:
    found = registry.holds(FILES).read(tmp_path)
    assert (found.folder / "saved_model.pb").read_bytes() == b"graph"
    assert found.labels.read_bytes() == b"cat\ndog\n"
    assert found.labels_from == "net/labels.txt"
    assert found.left_out == {"labels.txt": 8, "variables/variables.index": 5, SHARD: 9000}
    assert [path for method, path in registry.sent if method == "GET"] == ["saved_model.pb", "labels.txt"]
    assert registry.heard == [DownloadProgress(5, 5)]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["labels.txt", "saved_model.pb"]


def test_the_storage_never_sees_the_token(registry: Registry, tmp_path: Path) -> None:
    registry.holds(FILES).read(tmp_path)
    assert registry.store.requests
    assert not any("authorization" in map(str.lower, one.headers) for one in registry.store.requests)


def test_a_list_comes_in_pages_and_names_only_what_lies_below_the_prefix(registry: Registry, tmp_path: Path) -> None:
    registry.holds(FILES)
    pages = {
        "": {"value": [row("net/saved_model.pb"), row("network/saved_model.pb")], "continuationToken": "2"},
        "2": {"value": [row(f"net/{SHARD}")], "continuationToken": None},
    }
    registry.service.answers["prefix/contentinfo/LocalUpload/c/net"] = pages.__getitem__
    assert registry.read(tmp_path).left_out == {SHARD: 9000}


def test_a_list_without_an_end_is_given_up(registry: Registry, tmp_path: Path) -> None:
    registry.holds(FILES)
    endless = {"value": [], "continuationToken": "again"}
    registry.service.answers["prefix/contentinfo/LocalUpload/c/net"] = lambda token: endless
    with pytest.raises(UnexpectedAnswer, match="does not end"):
        registry.read(tmp_path)


def test_files_that_were_registered_one_by_one(registry: Registry, tmp_path: Path) -> None:
    registry.holds(FILES)
    ids = ["LocalUpload/c/net/saved_model.pb", "LocalUpload/c/net/labels.txt"]
    registry.service.answers["assets/a1"] = {"artifacts": [{"id": one} for one in ids]}
    for one in ids:
        registry.service.answers[f"contentinfo/{one}"] = {"contentUri": signed(one.removeprefix("LocalUpload/c/"))}
    found = registry.read(tmp_path)
    assert (found.labels_from, found.left_out) == ("labels.txt", {"labels.txt": 8})


def test_a_deep_prefix_leaves_its_last_folder(registry: Registry, tmp_path: Path) -> None:
    path = "outputs/model/saved_model.pb"
    registry.holds({path: Blob(b"graph")})
    registry.service.answers["assets/a1"] = {"artifacts": [{"prefix": "ExperimentRun/dcid.run/outputs/model"}]}
    registry.service.answers["prefix/contentinfo/ExperimentRun/dcid.run/outputs/model"] = {"value": [row(path)]}
    assert (registry.read(tmp_path).folder / "saved_model.pb").read_bytes() == b"graph"


@pytest.mark.parametrize(
    ("answers", "error", "said"),
    [
        ({"models/net:1": None}, ModelNotFound, "net:1"),
        ({"models/net:1": {"url": "azureml://datastores/x"}}, ModelError, "registered in a way"),
        ({"models/net:1": []}, ModelError, "registered in a way"),
        ({"assets/a1": None}, ModelError, "no files"),
        ({"assets/a1": {"artifacts": None}}, ModelError, "no files"),
        ({"assets/a1": {"artifacts": [None, 5, {"prefix": 7}]}}, ModelError, "no files"),
        ({"prefix/contentinfo/LocalUpload/c/net": None}, ModelError, "no files"),
        ({"prefix/contentinfo/LocalUpload/c/net": {"value": None}}, ModelError, "no files"),
        ({"prefix/contentinfo/LocalUpload/c/net": {"value": [None, {"path": 5}]}}, ModelError, "no files"),
    ],
)
def test_registries_that_tell_too_little(
    registry: Registry, tmp_path: Path, answers: dict[str, Any], error: type[AssistantError], said: str
) -> None:
    registry.holds(FILES)
    registry.service.answers |= answers
    with pytest.raises(error, match=said):
        registry.read(tmp_path)


@pytest.mark.parametrize("folder", ["../../../escaped", "", "C:\\x", "nul", "a\0b"])
def test_no_path_of_the_registry_becomes_a_path_of_this_computer(
    registry: Registry, tmp_path: Path, folder: str
) -> None:
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    hostile = {f"net/{folder}/saved_model.pb": b"graph", f"net/{folder}/labels.txt": b"cat", f"net/{folder}/x": b""}
    registry.holds({})
    registry.service.answers["prefix/contentinfo/LocalUpload/c/net"] = {
        "value": [{"path": path, "contentUri": signed(f"blob{number}")} for number, path in enumerate(hostile)]
    }
    registry.store.blobs = {f"blob{number}": Blob(content) for number, content in enumerate(hostile.values())}
    registry.read(inner)
    written = {file.relative_to(inner).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    assert written == {"graph/saved_model.pb", "labels.txt"}


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_a_graph_that_says_it_is_huge_is_not_fetched(registry: Registry, tmp_path: Path) -> None:
    huge = Blob(b"", told_bytes=GRAPH_LIMIT_BYTES + 1)
    with pytest.raises(ModelError, match="268 MB"):
        registry.holds({**FILES, "net/saved_model.pb": huge}).read(tmp_path)
    assert not list(tmp_path.rglob("saved_model.pb*"))


def test_a_graph_that_does_not_say_so_is_cut_off(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "GRAPH_LIMIT_BYTES", 1000)
    registry.holds({**FILES, "net/saved_model.pb": Blob(b"x" * 5000, tells_size=False)})
    with pytest.raises(ModelError, match="looked into"):
        registry.read(tmp_path)
    assert not list(tmp_path.rglob("saved_model.pb*"))


def test_labels_that_are_too_large_are_passed_over_as_the_scoring_script_does(
    registry: Registry, tmp_path: Path
) -> None:
    large = Blob(b"", told_bytes=LABELS_LIMIT_BYTES + 1)
    files = {**FILES, "net/labels.txt": large, "net/assets/labels.txt": Blob(b"cat\n")}
    found = registry.holds(files).read(tmp_path)
    assert found.labels_from == "net/assets/labels.txt"
    registry.holds({**FILES, "net/labels.txt": large})
    assert registry.read(tmp_path / "other").labels is None


def test_a_model_of_very_many_files_is_not_weighed(registry: Registry, tmp_path: Path) -> None:
    many = {f"net/assets/{number}": Blob(b"x") for number in range(65)}
    found = registry.holds({**FILES, **many}).read(tmp_path)
    assert set(found.left_out.values()) == {None}
    assert not any(method == "HEAD" for method, _ in registry.sent)


@pytest.mark.parametrize("blob", [Blob(tells_size=False), Blob(status=403)])
def test_a_size_that_is_not_told_is_not_guessed(registry: Registry, tmp_path: Path, blob: Blob) -> None:
    assert registry.holds({**FILES, f"net/{SHARD}": blob}).read(tmp_path).left_out[SHARD] is None


# --- trouble --------------------------------------------------------------------------------------------------------


def test_what_is_listed_but_not_stored_is_not_there(registry: Registry, tmp_path: Path) -> None:
    stored = {path: blob for path, blob in FILES.items() if not path.endswith((SHARD, "labels.txt"))}
    found = registry.holds(stored, listed=FILES).read(tmp_path)
    assert found.labels is None
    assert set(found.left_out) == {"variables/variables.index"}
    with pytest.raises(ModelError, match="no longer in the storage"):
        registry.holds({}, listed=FILES).read(tmp_path)


def test_a_download_that_breaks_off_is_tried_again(registry: Registry, tmp_path: Path) -> None:
    registry.holds({**FILES, "net/saved_model.pb": Blob(b"x" * 4000, breaks=2)})
    assert (registry.read(tmp_path).folder / "saved_model.pb").read_bytes() == b"x" * 4000
    assert len(registry.pauses) == 2


def test_one_that_always_breaks_off_is_given_up_and_leaves_nothing(registry: Registry, tmp_path: Path) -> None:
    registry.holds({**FILES, "net/saved_model.pb": Blob(b"x" * 4000, breaks=99)})
    with pytest.raises(CannotReachAzure):
        registry.read(tmp_path)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


XML = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>Refused, see ?sig=%s</Message></Error>"


@pytest.mark.parametrize(
    ("blob", "error"),
    [
        (Blob(status=0), CannotReachAzure),
        (Blob(status=403, answer=XML % (b"AuthorizationFailure", SIGNATURE.encode())), AccessDenied),
        (Blob(status=500, answer=XML % (b"InternalError", SIGNATURE.encode())), AzureFault),
        (Blob(status=302, answer=f"Look at /other?sig={SIGNATURE}".encode()), UnexpectedAnswer),
        (Blob(status=206, content=b"part"), UnexpectedAnswer),
    ],
)
def test_no_trouble_tells_the_signature(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture, blob: Blob, error: type[AssistantError]
) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(error) as caught:
        registry.holds({**FILES, "net/saved_model.pb": blob}).read(tmp_path)
    for told in (str(caught.value), repr(caught.value.facts), caught.value.log, caplog.text):
        assert SIGNATURE not in told
    assert caught.value.__cause__ is None


def test_only_https_is_asked(registry: Registry, tmp_path: Path) -> None:
    registry.holds(FILES)
    plain = {"contentUri": f"http://127.0.0.1/x?sig={SIGNATURE}", "path": "net/saved_model.pb"}
    registry.service.answers["prefix/contentinfo/LocalUpload/c/net"] = {"value": [plain]}
    with pytest.raises(UnexpectedAnswer, match="https") as caught:
        registry.read(tmp_path)
    assert SIGNATURE not in str(caught.value)


def test_a_disk_that_refuses(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(ModelError, match="No space left on device"):
        registry.holds(FILES).read(tmp_path)
