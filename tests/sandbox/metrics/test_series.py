"""Published points over time."""

from __future__ import annotations

import pytest

from sandbox.metrics import series as series_module
from sandbox.metrics.points import Point
from sandbox.metrics.series import TIERS, Entry, Metric, MetricStore

METRIC = Metric("000000000000", "us-east-1", "Test", "Count", ())
DAY = 86400


def entry(
    timestamp: int, value: float = 1.0, metric: Metric = METRIC, resolution: int = 60
) -> Entry:
    """One sample."""
    made = Point()
    made.add(value)
    return Entry(metric, "Count", timestamp, resolution, made)


def total(store: MetricStore) -> float:
    """Sum of everything kept."""
    return sum(one.point.total for one in store.entries())


def test_points_of_one_period_are_merged() -> None:
    """Two publications for one minute are one point of it."""
    store = MetricStore()
    for at in (60, 119, 120):
        store.merge(entry(at))
    found = store.find(METRIC)
    assert found is not None
    points = {at: point.total for at, point in found.between(0, 1000)}
    assert points == {60: 2, 120: 1}
    assert found.newest == 120


def test_old_points_become_coarse_and_then_go() -> None:
    """Nothing is lost while a point is folded from tier to tier, until its last time is over."""
    store, start = MetricStore(), 20 * DAY
    for at in range(start, start + 3600, 60):
        store.merge(entry(at))
    for period, kept in TIERS:
        store.fold(start + kept - period)
        assert total(store) == 60
    assert len(list(store.entries())) == 1
    store.fold(start + TIERS[-1][1] + 2 * 3600)
    assert store.find(METRIC) is None


def test_seconds_are_kept_as_seconds() -> None:
    """High-resolution points are apart."""
    store = MetricStore()
    store.merge(entry(61, resolution=1))
    store.merge(entry(62, resolution=1))
    found = store.find(METRIC)
    assert found is not None
    assert sorted(at for at, _ in found.between(60, 120)) == [61, 62]


def test_places_are_apart() -> None:
    """The same metric in two regions is two series."""
    store = MetricStore()
    west = METRIC._replace(region="us-west-2")
    store.merge(entry(60))
    store.merge(entry(60, metric=west))
    assert list(store.of("000000000000", "us-west-2")) == [west]


def test_the_longest_silent_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded in the number of metrics, too."""
    monkeypatch.setattr(series_module, "MOST_SERIES", 2)
    store = MetricStore()
    for index, at in enumerate((600, 60, 1200)):
        store.merge(entry(at, metric=METRIC._replace(name=f"m{index}")))
    kept = {metric.name for metric in store.of("000000000000", "us-east-1")}
    assert kept == {"m0", "m2"}
