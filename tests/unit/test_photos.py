"""Which file a command means by an image that was typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_assistant.cli.photos import files_or_samples, image_file
from gpu_assistant.domain.errors import BadSetting

SAMPLES = {"coffee.jpg": Path("/samples/coffee.jpg"), "cat.jpg": Path("/samples/cat.jpg")}


def test_a_bare_name_that_is_no_file_here_is_a_sample_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert image_file(Path("coffee.jpg"), SAMPLES) == SAMPLES["coffee.jpg"]
    assert image_file(Path("holiday.jpg"), SAMPLES) == Path("holiday.jpg")
    Path("coffee.jpg").write_bytes(b"the person's own")
    assert image_file(Path("coffee.jpg"), SAMPLES) == Path("coffee.jpg")


@pytest.mark.parametrize("typed", ["./photos/coffee.jpg", "/home/ada/coffee.jpg", "../coffee.jpg"])
def test_a_path_is_never_a_sample_photo(typed: str) -> None:
    assert image_file(Path(typed), SAMPLES) == Path(typed)


def test_without_a_name_all_samples_are_meant() -> None:
    assert files_or_samples([], SAMPLES) == list(SAMPLES.values())
    with pytest.raises(BadSetting):
        files_or_samples([], {})
