"""Drift: what the stack owns and the world has otherwise; run state is nobody's drift."""

from __future__ import annotations

import pytest

from videoctl.provisioning.changes import ChangeKind, ChangeSet, ResourceChange
from videoctl.provisioning.drift import drift_of

APPLICATION = "aws:kinesisanalyticsv2/application:Application"
URN = f"urn:pulumi:dev::videoctl::{APPLICATION}::us-east-1-agg-flink-application"
DEPLOYMENT = {
    "resources": [
        {
            "urn": URN,
            "type": APPLICATION,
            "custom": True,
            "ignoreChanges": ["startApplication", "endpoints[*].weight"],
        }
    ]
}


def drifted(*properties: str, change: ChangeKind = ChangeKind.UPDATE) -> list[tuple[str, ...]]:
    """The properties of each change that is told, for what a refresh has found."""
    found = ResourceChange(
        urn=URN,
        type=APPLICATION,
        name="us-east-1-agg-flink-application",
        region="us-east-1",
        change=change,
        properties=properties,
    )
    drift = drift_of(DEPLOYMENT, ChangeSet(changes=(found,), same=0), ())
    assert "us-east-1-agg-flink-application.startApplication" in {
        item.subject for item in drift.unchecked
    }
    return [item.properties for item in drift.changes]


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        (("startApplication",), []),
        (("endpoints[1].weight", "startApplication"), []),
        (("startApplication", "tags.owner"), [("tags.owner",)]),
        (("startApplicationLater",), [("startApplicationLater",)]),
        (("endpoints[1].port",), [("endpoints[1].port",)]),
    ],
)
def test_what_videoctl_itself_switches_is_no_drift(
    properties: tuple[str, ...], told: list[tuple[str, ...]]
) -> None:
    """A job that was started is as it should be; what else differs is told without it."""
    assert drifted(*properties) == told


def test_what_is_gone_is_told_whatever_differs() -> None:
    """A resource that was deleted is missing, its run state too."""
    assert drifted("startApplication", change=ChangeKind.DELETE) == [("startApplication",)]
