"""The environment that is deployed holds what the script imports, and nothing that cannot be installed."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = (Path(__file__).parents[3] / "scoring" / "environment.yml").read_text(encoding="utf-8")
PACKAGES = re.findall(r"^ {6}- ([\w.-]+(?:\[[\w-]+\])?)(\S*)$", TEXT, re.MULTILINE)


def test_tensorflow_is_pinned_and_brings_cuda():
    assert dict(PACKAGES)["tensorflow[and-cuda]"].startswith("==")


def test_the_stub_named_tensorflow_gpu_is_only_talked_about():
    assert "tensorflow-gpu" not in dict(PACKAGES)
    assert "# - There is no tensorflow-gpu here on purpose." in TEXT


def test_everything_that_is_imported_is_listed():
    needed = {"numpy", "ujson", "azureml-inference-server-http", "azureml-contrib-services"}
    assert needed <= dict(PACKAGES).keys()
    assert "python=3.11" in TEXT
