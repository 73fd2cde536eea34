"""The state of an alarm, as CloudWatch's own tables have it."""

from __future__ import annotations

import pytest

from sandbox.services.cloudwatch.alarm_rules import Rule, state

X, O, N = 9.0, 0.0, None  # noqa: E741 - as AWS's documentation draws them
OK, ALARM, NONE, KEEP = "OK", "ALARM", "INSUFFICIENT_DATA", None
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def rule(datapoints: int, periods: int = 3, missing: str = "missing") -> Rule:
    """Above 5."""
    return Rule(
        comparison="GreaterThanThreshold", threshold=5, periods=periods, datapoints=datapoints,
        missing=missing,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("oldest_first", "expected"),
    [
        ((O, N, X, N, X), (OK, OK, OK, OK)),
        ((N, N, N, N, O), (OK, OK, OK, OK)),
        ((N, N, N, N, N), (NONE, KEEP, ALARM, OK)),
        ((O, X, X, N, X), (ALARM, ALARM, ALARM, ALARM)),
        ((N, N, X, N, N), (ALARM, KEEP, ALARM, OK)),
    ],
)
def test_three_of_three(
    oldest_first: tuple[float | None, ...], expected: tuple[str | None, ...]
) -> None:
    """Every datapoint must breach; what is missing counts as the alarm says."""
    newest_first = oldest_first[::-1]
    assert tuple(state(rule(3, missing=one), newest_first) for one in TREATMENTS) == expected


@pytest.mark.parametrize(
    ("oldest_first", "expected"),
    [
        ((O, N, X, N, X), (ALARM, ALARM, ALARM, ALARM)),
        ((O, O, X, O, X), (ALARM, ALARM, ALARM, ALARM)),
        ((O, N, X, N, N), (OK, OK, ALARM, OK)),
        ((N, N, N, N, O), (OK, OK, ALARM, OK)),
        ((N, N, N, X, N), (ALARM, KEEP, ALARM, OK)),
    ],
)
def test_two_of_three(
    oldest_first: tuple[float | None, ...], expected: tuple[str | None, ...]
) -> None:
    """M of N: two breaching datapoints among three are enough."""
    newest_first = oldest_first[::-1]
    assert tuple(state(rule(2, missing=one), newest_first) for one in TREATMENTS) == expected


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", {6.0}),
        ("GreaterThanOrEqualToThreshold", {5.0, 6.0}),
        ("LessThanThreshold", {4.0}),
        ("LessThanOrEqualToThreshold", {4.0, 5.0}),
    ],
)
def test_comparisons(comparison: str, breaching: set[float]) -> None:
    """The threshold itself belongs to the side its name says."""
    made = Rule(comparison=comparison, threshold=5, periods=1, datapoints=1)
    assert {value for value in (4.0, 5.0, 6.0) if state(made, [value]) == ALARM} == breaching
