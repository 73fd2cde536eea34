"""The job on a real Flink against the same stream computed at once: equal, record by record."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.jobs.agg.conftest import JAR, expected_counts
from tests.jobs.agg.made_stream import make

if TYPE_CHECKING:
    from tests.jobs.agg.conftest import Streams, World

pytestmark = [
    pytest.mark.flink,
    pytest.mark.sandbox,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not JAR.is_file(), reason="the jar is not built: make jobs"),
]


def hold(streams: Streams) -> None:
    """The outputs are what the batch computes; nothing is in both streams, nothing is missing."""
    batch = streams.batch()
    found = streams.wait_for(expected_counts(batch))
    assert found.differences(batch) == []
    assert len(found.late) == len(batch.late)
    assert len(found.canaries) == batch.kinds["canary"]
    assert len(found.bad) == batch.kinds["bad"]
    assert all(record["fault"] and record["sequence_number"] for record in found.bad)
    stored = {put.data for put in streams.made.puts}
    assert all(base64.b64decode(record["data_base64"]) in stored for record in found.bad)


def test_streams_of_several_seeds(world: World) -> None:
    """Disorder, late, clocks hours off, boundaries, retries, bad records; aggregated and not.

    One of them has more shards than the job has subtasks, one of these silent for six minutes.
    """
    runs = [
        world.streams(make(1)),
        world.streams(make(2)),
        world.streams(make(3)),
        world.streams(make(4, shards=4, silent_shard=1)),
    ]
    for run, aggregated in zip(runs, (1, 1, 40, 7), strict=True):
        run.put(aggregated=aggregated)
    world.flink(*runs)
    for run in runs:
        hold(run)


def test_no_python_runs_in_the_job(world: World) -> None:
    """The graph has the job's operators and no other: no Python worker, in no place."""
    streams = world.streams(make(5, events=200))
    streams.put()
    (job,) = world.flink(streams).jobs
    operators = [node["type"] for node in job["plan"]["nodes"]]
    assert operators == [
        "Source: raw stream",
        "sorter",
        "session minutes",
        "session stream: Writer",
        "late stream: Writer",
        "bad stream: Writer",
    ]
    hold(streams)


def test_a_snapshot_survives_an_update_of_the_job(world: World) -> None:
    """Stopped in the middle of everything, and started again as a job that differs: still exact.

    The second job has a sink that the first had not, and another setting; the operators keep their
    ids.
    """
    streams = world.streams(make(6), bad_stream_arn="")
    streams.put(0, 0.5)
    first = world.flink(streams)
    streams.wait_for({"late": 20})
    savepoint = first.stop(0, world.directory)
    until_then = len(streams.outputs().bad)
    streams.put(0.5, 1)
    streams.write_properties(sink_buffer_ms="200")
    world.flink(streams, savepoint=savepoint)
    batch = streams.batch()
    found = streams.wait_for({**expected_counts(batch), "bad": 1})
    assert until_then == 0
    assert found.differences(batch) == []
    assert len(found.late) == len(batch.late)
    assert found.bad
