"""An error nobody expected, in the program as it is: the report shows, is kept in the log, and the program lives on.

The provocation: where the folder for pasted pictures would be made lies a file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.ui.journeys.journey import ANSWER_S, LABELS, OPEN_S, PRACTICE, deploy_by_command
from tests.ui.person import Person


def test_an_error_in_a_callback(start_window: Callable[..., Person], tmp_path: Path) -> None:
    data_dir = tmp_path / "crash"
    deploy_by_command(data_dir)
    person = start_window(*PRACTICE, "--page", "score", data_dir=data_dir)
    person.see("score.drop", OPEN_S)
    in_the_way = data_dir / "sessions"
    in_the_way.write_text("a file where a folder belongs")
    person.press("ctrl+v")
    person.see("crash.sentence")
    assert "sessions" in person.see("crash.sentence").text
    report = person.see("crash.text").text
    assert report.startswith("gpu-assistant ")
    assert "Traceback" in report
    assert "FileExistsError" in (data_dir / "logs" / "gpu-assistant.log").read_text(encoding="utf-8")
    person.click("crash.copy")
    person.click("crash.go_on")
    person.wait_until_gone("crash.sentence")

    person.press("ctrl+v")  # the same again, so soon, is only logged
    assert not person.sees("crash.sentence")
    in_the_way.unlink()
    person.click("score.sample.coffee.jpg")
    person.see(LABELS["coffee.jpg"], ANSWER_S)
