from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

from gpu_assistant import i18n
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.events import JobEvent, LogLine, StepFinished, StepProgress, StepStarted
from gpu_assistant.jobs.job import Job
from gpu_assistant.keystore import SessionKeystore
from gpu_assistant.ledger import Ledger
from gpu_assistant.workflows.clean_up import clean_up
from gpu_assistant.workflows.deploy import deploy
from gpu_assistant.workflows.plan import DeployRequest, Shipment
from gpu_assistant.workflows.site import Site
from tests.fakes.scripted_backend import ScriptedBackend


@pytest.fixture(autouse=True)
def _korean() -> Iterator[None]:
    i18n.use_language("ko")
    yield
    i18n.use_language("en")


def _words(events: Sequence[JobEvent]) -> Iterator[str]:
    for event in events:
        match event:
            case StepStarted(step=step) | StepFinished(step=step):
                yield step
            case StepProgress(doing=doing):
                yield doing
            case LogLine(text=text):
                yield text


def test_a_deployment_and_its_clean_up_are_told_in_korean(
    azure: ScriptedBackend,
    ledger: Ledger,
    keystore: SessionKeystore,
    site: Site,
    job: Job,
    events: list[JobEvent],
    shipment: Shipment,
) -> None:
    keystore.problem = Text("The keyring took the key but did not give it back.")
    request = DeployRequest(model="resnet", vm_size="standard_nc4as_t4_v3")
    deploy(request, site=site, backend=azure, ledger=ledger, keystore=keystore, job=job, shipment=shipment)
    report = clean_up(site=site, backend=azure, ledger=ledger, keystore=keystore, job=job)
    told = [*_words(events), *(one.proof for one in report.gone)]
    told += [words for one in report.kept for words in (one.name, one.why)]
    told += [one.kind.words for one in report.gone]
    assert len(told) > 20
    assert [words for words in told if not re.search("[가-힣]", i18n.tr(words))] == []
