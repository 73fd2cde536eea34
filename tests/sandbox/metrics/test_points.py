"""Statistic sets."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from sandbox.metrics.points import MOST_VALUES, Point, is_statistic, merged


def point(*values: float) -> Point:
    """A point of these values."""
    made = Point()
    for value in values:
        made.add(value)
    return made


@pytest.mark.parametrize(
    ("name", "value"),
    [("SampleCount", 4), ("Sum", 10), ("Average", 2.5), ("Minimum", 1), ("Maximum", 4),
     ("p50", 2.5), ("p0", 1), ("p100", 4), ("p25", 1.75)],
)  # fmt: skip
def test_statistics_of_a_few_values(name: str, value: float) -> None:
    """Each statistic is what CloudWatch defines it to be."""
    assert point(1, 2, 3, 4).statistic(name) == value


def test_a_value_counts_as_often_as_it_came() -> None:
    """Weights are samples."""
    made = Point()
    made.add(2, 99)
    made.add(10)
    assert (made.samples, made.total) == (100, 208)
    assert made.statistic("p50") == 2


def test_an_empty_point_has_no_statistics() -> None:
    """Without samples there is no average, extreme or percentile; the sum is 0."""
    names = ("Average", "Minimum", "Maximum", "p50")
    assert {name: Point().statistic(name) for name in names} == dict.fromkeys(names)


def test_negative_values_have_no_percentiles() -> None:
    """As in AWS."""
    assert point(-1, 2).statistic("p50") is None
    assert point(-1, 2).statistic("Sum") == 1


def test_extremes_alone_have_no_percentiles() -> None:
    """A statistic set says nothing of what lies between, unless there is nothing."""
    known = Point(samples=10, total=30, low=1, high=5)
    assert known.statistic("p50") is None
    assert Point(samples=10, total=30, low=3, high=3).statistic("p50") == 3


@pytest.mark.parametrize("seed", range(3))
def test_many_values_keep_sums_exactly_and_percentiles_nearly(seed: int) -> None:
    """However many distinct values come, memory stays bounded and percentiles within a few %."""
    dice = random.Random(seed)
    values = [round(dice.lognormvariate(3, 1), 3) for _ in range(20_000)]
    made = point(*values)
    assert len(made.values) <= MOST_VALUES
    assert made.samples == len(values)
    assert made.total == pytest.approx(sum(values))
    assert (made.low, made.high) == (min(values), max(values))
    for percentage in (50, 90, 99):
        exact = statistics.quantiles(values, n=100)[percentage - 1]
        assert made.statistic(f"p{percentage}") == pytest.approx(exact, rel=0.1)


def test_merging_is_adding() -> None:
    """Two halves merged are the whole, whichever of them is coarse."""
    values = [float(number) for number in range(1, 1001)]
    whole, halves = point(*values), (point(*values[:10]), point(*values[10:]))
    for ordered in (halves, halves[::-1]):
        both = merged(ordered)
        assert (both.samples, both.total) == (whole.samples, whole.total)
        assert (both.low, both.high) == (1, 1000)
        assert sum(both.values.values()) == 1000
        assert both.statistic("p50") == pytest.approx(500, rel=0.1)


def test_percentiles_stay_within_the_extremes() -> None:
    """The middle of a bin may lie outside of what was seen; no percentile does."""
    made = point(*range(500))
    p100 = made.statistic("p100")
    assert p100 is not None
    assert p100 <= 499
    assert math.isclose(made.statistic("p0") or 0.0, 0.0)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("Sum", True), ("p99.9", True), ("p100", True), ("p", False), ("tm99", False), ("sum", False)],
)
def test_names_of_statistics(name: str, is_one: bool) -> None:
    """Basic ones by name, percentiles by number."""
    assert is_statistic(name) is is_one
