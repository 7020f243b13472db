from __future__ import annotations

from collections.abc import Iterator

import pytest

from gpu_assistant import i18n
from gpu_assistant.domain.billing import ResourceKind
from gpu_assistant.domain.compute import Availability
from gpu_assistant.domain.errors import AssistantError, CannotReachAzure, StillCreating, TokenExpired
from gpu_assistant.domain.text import Text, joined, known_text
from gpu_assistant.jobs.events import JobEvent, LogLine, StepStarted
from gpu_assistant.jobs.job import Job


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    i18n.use_language("en")


@pytest.fixture
def korean() -> None:
    i18n.use_language("ko")


def test_english_is_what_stands_in_the_source() -> None:
    assert i18n.language() == "en"
    assert i18n.tr("Try again") == "Try again"
    assert i18n.tr("There is no model {name} in this workspace.{suggestion}", name="m", suggestion=Text(" Oh.")) == (
        "There is no model m in this workspace. Oh."
    )


@pytest.mark.usefixtures("korean")
def test_korean() -> None:
    assert i18n.language() == "ko"
    assert i18n.tr("Try again") == "다시 시도"


@pytest.mark.usefixtures("korean")
def test_a_text_is_said_again_with_its_facts_and_theirs() -> None:
    step = Text("Delete {kind} {name}", kind=ResourceKind.COMPUTE_TARGET.words, name="gpu-1")
    assert step == "Delete compute target gpu-1"
    assert i18n.tr(step) == "컴퓨팅 대상 gpu-1 삭제"
    assert i18n.tr(joined([step, Availability.RETIRED.value])) == "컴퓨팅 대상 gpu-1 삭제, 사용 중지됨"


@pytest.mark.usefixtures("korean")
def test_what_the_catalogue_does_not_know_stays_as_it_is() -> None:
    assert i18n.tr("AllocationFailed: {no capacity}") == "AllocationFailed: {no capacity}"
    assert i18n.tr("") == ""
    assert i18n.tr(Text("")) == ""


@pytest.mark.usefixtures("korean")
def test_numbers_keep_their_format() -> None:
    error = StillCreating(name="gpu-1", state=Text("creating"), minutes=44.6)
    assert "45분" in i18n.error_detail(error)
    assert "만드는 중" in i18n.error_detail(error)
    assert i18n.error_title(error) == "Azure에서 평소보다 오래 걸리고 있습니다"


@pytest.mark.usefixtures("korean")
def test_a_fragment_keeps_its_language() -> None:
    while_reading = Text(" (while {what})", what=Text("Reading the quota").inside_a_sentence())
    error = TokenExpired(during=while_reading)
    assert error.detail.startswith("Azure no longer accepts the sign-in (while reading the quota).")
    assert "(할당량 읽기 중)" in i18n.error_detail(error)


def test_a_fragment_inside_an_english_sentence_begins_small() -> None:
    while_reading = Text(" (while {what})", what=Text("Reading the quota").inside_a_sentence())
    assert i18n.error_detail(TokenExpired(during=while_reading)) == TokenExpired(during=while_reading).detail


@pytest.mark.usefixtures("korean")
def test_facts_from_outside_are_not_translated() -> None:
    error = CannotReachAzure(what=Text("Reading the quota"), reason="failed")
    assert "failed" in i18n.error_detail(error)


def test_counts() -> None:
    assert i18n.tr_count("{count} line", "{count} lines", 1) == "1 line"
    assert i18n.tr_count("{count} line", "{count} lines", 3) == "3 lines"


@pytest.mark.parametrize("code", ["fr", "", "no such language"])
def test_an_unknown_language_is_english(code: str) -> None:
    i18n.use_language("ko")
    i18n.use_language(code)
    assert (i18n.language(), i18n.tr("Try again")) == ("en", "Try again")


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ko:en"}, "ko"),
    ],
)
def test_the_language_of_the_desktop(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], code: str) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert i18n.system_language() == code


@pytest.mark.usefixtures("korean")
def test_the_events_of_a_job_can_be_said_again() -> None:
    seen: list[JobEvent] = []
    job = Job(seen.append)
    with job.step(Text("Deploy web service")):
        job.log(Text("The key could not be read yet: {reason}", reason="HTTP 404"))
        job.log("one\ntwo")
    said = [i18n.tr(event.text if isinstance(event, LogLine) else event.step) for event in seen[:4]]
    assert isinstance(seen[0], StepStarted)
    assert said == ["웹 서비스 배포", "아직 키를 읽을 수 없습니다: HTTP 404", "one", "two"]


@pytest.mark.usefixtures("korean")
def test_the_root_of_all_errors_is_translated() -> None:
    assert (
        i18n.error_title(AssistantError(reason="x"))
        == i18n.tr(known_text("Something went wrong"))
        != AssistantError.title
    )
