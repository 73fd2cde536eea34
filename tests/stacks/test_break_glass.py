"""The program under a plain `pulumi`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as pulumi_config

from stacks.__main__ import program_input
from videoctl.model.regions import Region

STACKS = Path(__file__).parents[2] / "stacks"


@pytest.fixture
def config(artifacts: dict[str, Path]) -> Iterator[pulumi.Config]:
    """A stack's configuration as `pulumi config set` writes it."""
    pulumi_config.set_all_config(
        {
            "videoctl:account_id": "123456789012",
            "videoctl:flink_code": str(artifacts["flink_code"]),
            "videoctl:session_function": str(artifacts["session_function"]),
            "videoctl:certificate_arns": '{"us-east-1": "arn:aws:acm:x"}',
        }
    )
    yield pulumi.Config("videoctl")
    pulumi_config.set_all_config({})


def test_the_stack_and_its_configuration_say_everything(
    config: pulumi.Config, artifacts: dict[str, Path], shipped: Any
) -> None:
    """The input is what videoctl would have given."""
    made = program_input("slowprod", config)
    assert made.specification == shipped["slowprod"]
    assert made.account_id == "123456789012"
    assert made.artifacts["flink_code"] == artifacts["flink_code"]
    assert made.certificate_arns == {Region.US_EAST_1: "arn:aws:acm:x"}
    assert made.images == {}


def test_the_project_is_the_one_videoctl_uses() -> None:
    """A stack of another project would be another stack: the names must agree."""
    import yaml

    from videoctl.provisioning.workspace import PROJECT

    project = yaml.safe_load((STACKS / "Pulumi.yaml").read_text())
    assert project["name"] == PROJECT
