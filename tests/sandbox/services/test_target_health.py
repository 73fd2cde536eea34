"""The health state machine of load balancer targets."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.services import target_health

GROUP: dict[str, Any] = {
    "HealthyThresholdCount": 3,
    "UnhealthyThresholdCount": 2,
    "HealthCheckPort": "traffic-port",
}
FAILED = ("Target.Timeout", "Request timed out")


def states(*outcomes: bool) -> list[str]:
    """States of a new target after each outcome of its checks."""
    target = target_health.new_target("127.0.0.1", 80)
    found = []
    for passed in outcomes:
        target_health.note(target, GROUP, None if passed else FAILED)
        found.append(target["state"])
    return found


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((True,), ["healthy"]),
        ((False, True), ["initial", "healthy"]),
        ((False, False), ["initial", "unhealthy"]),
        ((True, False), ["healthy", "healthy"]),
        ((True, False, False), ["healthy", "healthy", "unhealthy"]),
        ((True, False, True, False), ["healthy"] * 4),
        ((False, False, True, True, True), ["initial", "unhealthy", "unhealthy", "unhealthy",
                                            "healthy"]),
    ],
)  # fmt: skip
def test_thresholds_decide(outcomes: tuple[bool, ...], expected: list[str]) -> None:
    """One pass makes a new target healthy; later changes need the thresholds in a row."""
    assert states(*outcomes) == expected


def test_a_draining_target_stays_so() -> None:
    """Checks that were under way do not bring it back."""
    target = target_health.new_target("127.0.0.1", 80)
    target_health.begin_draining(target, 5)
    target_health.note(target, GROUP, None)
    assert target["state"] == "draining"


@pytest.mark.parametrize(
    ("matcher", "status", "expected"),
    [("200", 200, True), ("200", 204, False), ("200,302", 302, True), ("200-299", 204, True),
     ("200-299,404", 404, True), ("200-299", 300, False)],
)  # fmt: skip
def test_the_matcher_is_read_as_elb_reads_it(matcher: str, status: int, expected: bool) -> None:
    """Single codes, lists and ranges."""
    assert target_health.matches(matcher, status) is expected


def test_a_group_without_load_balancer_is_unused() -> None:
    """Its targets are not checked for anybody."""
    target = target_health.new_target("127.0.0.1", 80)
    described = target_health.describe(target, GROUP, in_use=False)
    assert described["TargetHealth"]["State"] == "unused"
    assert described["HealthCheckPort"] == "80"
