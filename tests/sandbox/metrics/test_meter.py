"""Open minutes, their publication, and what survives a restart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sandbox.metrics import Metrics, Scope
from sandbox.metrics import files as files_module
from sandbox.metrics.meter import PUBLICATION_LAG_SECONDS, SAMPLE_SECONDS
from tests.sandbox.services.doubles import Clock

MINUTE = 60
START = 1_800_000_000 // MINUTE * MINUTE


@pytest.fixture
def clock() -> Clock:
    """A clock at the begin of a minute."""
    return Clock(START)


def scope(metrics: Metrics, stream: str = "raw") -> Scope:
    """Metrics of a stream."""
    return metrics.scope("us-east-1", "AWS/Kinesis", StreamName=stream)


def published(metrics: Metrics) -> dict[tuple[str, int], tuple[float, float]]:
    """Samples and sum by metric and minute, counted from the start."""
    return {
        (entry.metric.name, (entry.timestamp - START) // MINUTE): (
            entry.point.samples,
            entry.point.total,
        )
        for entry in metrics.store.entries()
    }


def test_a_minute_is_published_when_it_is_over(clock: Clock) -> None:
    """Not before its end and the lag; then as one point, stamped with its begin."""
    metrics = Metrics(None, clock)
    scope(metrics).add("IncomingRecords", 500)
    scope(metrics).add("IncomingRecords", 3)
    clock.now = START + MINUTE + PUBLICATION_LAG_SECONDS - 1
    metrics.tick()
    assert published(metrics) == {}
    clock.now += 1
    metrics.tick()
    assert published(metrics) == {("IncomingRecords", 0): (2, 503)}


def test_an_idle_minute_has_no_point(clock: Clock) -> None:
    """Nothing added, nothing published; a zero that was added is."""
    metrics = Metrics(None, clock)
    scope(metrics).add("PutRecords.ThrottledRecords", 0)
    clock.now += 3 * MINUTE
    metrics.tick()
    assert published(metrics) == {("PutRecords.ThrottledRecords", 0): (1, 0)}


def test_what_comes_late_is_merged_into_its_minute(clock: Clock) -> None:
    """A count of a minute that is published already is published with the next tick."""
    metrics = Metrics(None, clock)
    scope(metrics).add("IncomingRecords", 1)
    clock.now += 2 * MINUTE
    metrics.tick()
    scope(metrics).add("IncomingRecords", 10, at=START + 59.9)
    metrics.tick()
    assert published(metrics) == {("IncomingRecords", 0): (2, 11)}


def test_a_name_that_is_not_in_the_catalogue_needs_a_unit(clock: Clock) -> None:
    """A misspelled name is an error where it is counted, a foreign one brings its unit."""
    metrics = Metrics(None, clock)
    with pytest.raises(KeyError):
        scope(metrics).add("IncomingRecord", 1)
    scope(metrics).add("myOwn", 1, unit="Count")
    metrics.publish_all()
    assert [entry.unit for entry in metrics.store.entries()] == ["Count"]


def test_states_are_sampled(clock: Clock) -> None:
    """Every few seconds, each sampler by itself: one that fails silences no other."""
    metrics = Metrics(None, clock)
    seen: list[float] = []

    def fails() -> None:
        raise RuntimeError

    metrics.sample(fails)
    metrics.sample(lambda: seen.append(clock.now))
    for _ in range(2 * SAMPLE_SECONDS):
        metrics.tick()
        clock.now += 1
    assert seen == [START, START + SAMPLE_SECONDS]


def test_open_and_published_minutes_survive(clock: Clock, tmp_path: Path) -> None:
    """A stop or a kill in the middle of a minute changes no sum and no distribution."""
    first = Metrics(tmp_path, clock)
    scope(first).add("IncomingRecords", 5)
    clock.now += 2 * MINUTE
    scope(first).add("IncomingRecords", 7)
    first.tick()
    second = Metrics(tmp_path, clock)
    second.restore()
    scope(second).add("IncomingRecords", 1)
    clock.now += 2 * MINUTE
    second.tick()
    expected = {("IncomingRecords", 0): (1, 5), ("IncomingRecords", 2): (2, 8)}
    assert published(second) == expected
    third = Metrics(tmp_path, clock)
    third.restore()
    assert published(third) == expected
    assert {e.point.statistic("p100") for e in third.store.entries()} == {5, 7}


def test_a_kill_between_the_two_files_counts_nothing_twice(clock: Clock, tmp_path: Path) -> None:
    """Published points on disk beside the open minutes from before: the minute counts once."""
    first = Metrics(tmp_path, clock)
    scope(first).add("IncomingRecords", 5)
    first.save()
    opened = tmp_path / "metrics-open.msgpack"
    before = opened.read_bytes()
    clock.now += 2 * MINUTE
    scope(first).add("IncomingRecords", 7, at=START + 30)
    first.tick()
    opened.write_bytes(before)
    second = Metrics(tmp_path, clock)
    second.restore()
    clock.now += 2 * MINUTE
    second.tick()
    assert published(second) == {("IncomingRecords", 0): (2, 12)}


def test_half_a_chunk_at_the_end_is_left_out(clock: Clock, tmp_path: Path) -> None:
    """Killed while it wrote: everything before is read."""
    first = Metrics(tmp_path, clock)
    for minute in range(2):
        scope(first).add("IncomingRecords", 1)
        clock.now = START + (minute + 1) * 2 * MINUTE
        first.tick()
    file = tmp_path / "metrics.msgpack"
    file.write_bytes(file.read_bytes()[:-3])
    second = Metrics(tmp_path, clock)
    second.restore()
    assert published(second) == {("IncomingRecords", 0): (1, 1)}


def test_the_file_does_not_grow_for_ever(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written anew when most of it is history; the sums stay."""
    monkeypatch.setattr(files_module, "_LEAST_BYTES", 2000)
    metrics = Metrics(tmp_path, clock)
    metrics.restore()
    largest = 0
    for _ in range(300):
        scope(metrics).add("IncomingRecords", 1, at=START)
        metrics.publish_all()
        largest = max(largest, (tmp_path / "metrics.msgpack").stat().st_size)
    assert largest < 5000
    again = Metrics(tmp_path, clock)
    again.restore()
    assert published(again) == {("IncomingRecords", 0): (300, 300)}


def test_forgetting_forgets_the_files(clock: Clock, tmp_path: Path) -> None:
    """After a reset there is nothing, and nothing comes back."""
    metrics = Metrics(tmp_path, clock)
    scope(metrics).add("IncomingRecords", 1)
    metrics.publish_all()
    copy = shutil.copytree(tmp_path, tmp_path.parent / "copy")
    metrics.clear()
    again = Metrics(tmp_path, clock)
    again.restore()
    again.publish_all()
    assert published(metrics) == published(again) == {}
    kept = Metrics(copy, clock)
    kept.restore()
    assert published(kept) == {("IncomingRecords", 0): (1, 1)}
