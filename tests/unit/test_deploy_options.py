"""What the options of `gpu-assistant deploy` mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_assistant.cli.commands import autoscale_of
from gpu_assistant.cli.parser import build_parser
from gpu_assistant.cli.run import run
from gpu_assistant.domain.service import Autoscale

DEPLOY = ("deploy", "--model", "resnet", "--vm-size", "Standard_NC4as_T4_v3")


@pytest.mark.parametrize(
    ("options", "autoscale"),
    [
        ((), None),
        (("--replicas", "2"), None),
        (("--autoscale-to", "4"), Autoscale(4, target_utilization_percent=70, refresh_period_s=1)),
        (
            ("--autoscale-to", "4", "--autoscale-target", "50", "--autoscale-every", "10"),
            Autoscale(4, target_utilization_percent=50, refresh_period_s=10),
        ),
        (("--autoscale-to", "0", "--autoscale-target", "0"), Autoscale(0, target_utilization_percent=0)),
    ],
)
def test_autoscale_is_off_unless_a_most_is_given(options: tuple[str, ...], autoscale: Autoscale | None) -> None:
    assert autoscale_of(build_parser().parse_args([*DEPLOY, *options])) == autoscale


@pytest.mark.parametrize("option", ["--autoscale-target", "--autoscale-every"])
def test_half_of_the_autoscale_options_is_bad_usage(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(build_parser().parse_args([*DEPLOY, option, "5", "--data-dir", str(tmp_path)])) == 2
    assert "--autoscale-to" in capsys.readouterr().err
