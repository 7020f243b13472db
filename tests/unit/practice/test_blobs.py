"""The storage account: the protocol, the signatures, and names that want to get out of the folder."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_assistant.practice.azure.addresses import WORKSPACE_ID
from gpu_assistant.practice.azure.blobs import BlobError, BlobStore
from tests.fakes.practice_client import Azure

BATCH = f"/artifact/v2.0{WORKSPACE_ID}/artifacts/batch/metadata/LocalUpload/"


def upload_url(azure: Azure, path: str = "a/b.bin", container: str = "c") -> str:
    answer = azure.json("POST", BATCH + container, {"paths": [{"path": path}]})
    return str(answer["artifactContentInformation"][path]["contentUri"])


def test_a_blob_arrives_whole_and_is_never_overwritten(azure: Azure) -> None:
    url = upload_url(azure)
    put = azure.send("PUT", url, headers={"if-none-match": "*"}, data=b"hello")
    assert put.status == 201
    assert put.headers["Content-MD5"] == base64.b64encode(hashlib.md5(b"hello").digest()).decode()
    head = azure.send("HEAD", url)
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "5", b"")
    assert head.headers["x-ms-blob-type"] == "BlockBlob"
    again = azure.send("PUT", url, headers={"if-none-match": "*"}, data=b"other")
    assert (again.status, again.headers["x-ms-error-code"]) == (409, "BlobAlreadyExists")
    assert azure.send("GET", url).body == b"hello"


def test_a_range_is_answered_with_206_and_its_place(azure: Azure) -> None:
    url = upload_url(azure)
    azure.send("PUT", url, data=b"0123456789")
    part = azure.send("GET", url, headers={"x-ms-range": "bytes=0-33554431"})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"0123456789", "bytes 0-9/10")
    middle = azure.send("GET", url, headers={"x-ms-range": "bytes=3-5"})
    assert (middle.body, middle.headers["Content-Range"]) == (b"345", "bytes 3-5/10")
    etag = {"x-ms-range": "bytes=0-1", "if-match": '"another"'}
    assert azure.send("GET", url, headers=etag).status == 412


def test_a_range_of_an_empty_blob_is_416_as_the_storage_client_expects(azure: Azure) -> None:
    url = upload_url(azure)
    azure.send("PUT", url, data=b"")
    assert azure.send("GET", url, headers={"x-ms-range": "bytes=0-33554431"}).status == 416
    assert azure.send("GET", url).body == b""


def test_blocks_are_joined_in_the_order_of_the_list(azure: Azure) -> None:
    url = upload_url(azure)
    for block, content in (("Mg==", b"world"), ("MQ==", b"hello ")):
        assert azure.send("PUT", f"{url}&comp=block&blockid={block}", data=content).status == 201
    listing = b"<?xml version='1.0'?><BlockList><Latest>MQ==</Latest><Latest>Mg==</Latest></BlockList>"
    assert azure.send("PUT", f"{url}&comp=blocklist", headers={"if-none-match": "*"}, data=listing).status == 201
    assert azure.send("GET", url).body == b"hello world"
    missing = b"<BlockList><Latest>OTk=</Latest></BlockList>"
    assert azure.send("PUT", f"{url}&comp=blocklist", data=missing).headers["x-ms-error-code"] == "InvalidBlockList"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda url: url.replace("sig=", "sig=A"),
        lambda url: url.split("?")[0],
        lambda url: url.replace("a/b.bin", "a/c.bin"),
        lambda url: url.replace("sp=rcw", "sp=rcwd"),
        lambda url: url.replace("se=20", "se=21"),
    ],
    ids=["signature changed", "no signature", "other blob", "more rights", "longer life"],
)
def test_a_signature_is_good_for_exactly_what_it_was_made_for(azure: Azure, spoil: Callable[[str], str]) -> None:
    assert azure.send("PUT", spoil(upload_url(azure)), data=b"x").status == 403


def test_a_signature_ends_after_its_time(azure: Azure) -> None:
    url = upload_url(azure)
    azure.advance(2 * 24 * 3600)
    assert azure.send("PUT", url, data=b"x").status == 403


def test_a_download_address_does_not_allow_an_upload(azure: Azure) -> None:
    azure.upload("c", {"m/file": b"x"})
    listing = f"/artifact/v2.0{WORKSPACE_ID}/artifacts/prefix/contentinfo/LocalUpload/c/m"
    (content,) = azure.json("GET", listing)["value"]
    assert content["path"] == "m/file"
    assert azure.send("GET", content["contentUri"]).body == b"x"
    assert azure.send("PUT", content["contentUri"], data=b"y").status == 403


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/x", "a//b", "a/.", "", "a\\..\\x", "a\x00b", "nul", "x/con.txt", "a:b", "x.", "y" * 2000],
)
def test_a_name_never_leads_out_of_the_store(tmp_path: Path, name: str) -> None:
    store = BlobStore(tmp_path)
    with pytest.raises(BlobError):
        store.write("azureml", name, b"x", overwrite=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("container", ["..", "A", "", "a/b", "x" * 70])
def test_a_container_is_one_plain_folder(tmp_path: Path, container: str) -> None:
    with pytest.raises(BlobError):
        BlobStore(tmp_path).path(container, "x")


def test_a_linked_file_is_a_blob_and_its_source_stays_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "weights"
    source.write_bytes(b"original")
    store = BlobStore(tmp_path / "data")
    store.link("azureml", "m/weights", source)
    store.write("azureml", "m/weights", b"changed", overwrite=True)
    assert source.read_bytes() == b"original"
    assert list(store.names("azureml", "m")) == ["m/weights"]
