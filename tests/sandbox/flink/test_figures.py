"""Tests of a job's figures and of the metrics they become."""

from __future__ import annotations

import os
from typing import Any

from sandbox.flink import figures
from sandbox.flink.figures import Figures, ShardLag, TaskFigures
from sandbox.services.kinesisanalyticsv2 import metrics

LAG = "0.Source__raw[1].KinesisConsumer.stream.raw.shardId.shardId-000000000003.millisBehindLatest"


def test_subtasks_become_a_task() -> None:
    """Counts are summed, watermarks the lowest, load the highest; NaN and no watermark are left."""
    found = figures.aggregated(
        [
            {"id": "numRecordsIn", "min": 1.0, "max": 2.0, "sum": 3.0},
            {"id": "currentInputWatermark", "min": -9.223372036854776e18, "max": 5.0, "sum": 1.0},
            {"id": "currentOutputWatermark", "min": 4.0, "max": 5.0, "sum": 9.0},
            {"id": "busyTimeMsPerSecond", "min": "NaN", "max": "NaN", "sum": "NaN"},
            {"id": "idleTimeMsPerSecond", "min": 0.0, "max": 900.0, "sum": 900.0},
        ]
    )
    assert found == {
        "numRecordsIn": 3.0, "currentOutputWatermark": 4.0, "idleTimeMsPerSecond": 900.0,
    }  # fmt: skip


def test_the_lag_of_a_shard() -> None:
    """Stream and shard are in the metric's name; -1 means that it is not reported."""
    expected = ShardLag(stream="raw", shard_id="shardId-000000000003", behind_ms=7.0)
    assert figures.shard_lag(LAG, 7.0) == expected
    assert figures.shard_lag(LAG, -1.0) is None
    assert figures.shard_lag("0.other.millisBehindLatest", 7.0) is None


def sample(level: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """The MetricData of a job with a source and a sink, by name and dimension values."""
    lag = ShardLag(stream="raw", shard_id="shardId-000000000003", behind_ms=7.0)
    found = metrics.data(
        "agg",
        Figures(
            job={"uptime": 1000.0, "fullRestarts": 2.0},
            tasks=[
                TaskFigures(name="Source", values={"numRecordsOut": 5.0}, lags=[lag]),
                TaskFigures(name="Sink", values={"numRecordsOut": 3.0, "busyTimeMsPerSecond": 9.0}),
            ],
            task_manager={
                "Status.JVM.CPU.Load": 0.5,
                "Status.JVM.Memory.Heap.Used": 25.0,
                "Status.JVM.Memory.Heap.Max": 100.0,
            },
        ),
        4,
        level,
        1000.0,
    )
    return {
        (one["MetricName"], *(pair["Value"] for pair in one["Dimensions"])): one for one in found
    }


def test_metrics_of_the_application() -> None:
    """Names and units are the service's; what is absent is not published as zero."""
    found = sample("APPLICATION")
    values = {"/".join(name): one["Value"] for name, one in found.items()}
    assert values == {
        "uptime/agg": 1000.0,
        "fullRestarts/agg": 2.0,
        "numRecordsOut/agg": 8.0,
        "busyTimeMsPerSecond/agg": 9.0,
        "millisBehindLatest/agg": 7.0,
        "millisBehindLatest/agg/raw/shardId-000000000003": 7.0,
        "cpuUtilization/agg": 50.0,
        "heapMemoryUtilization/agg": 25.0,
        "containerCPUUtilization/agg": 50.0 * (os.cpu_count() or 1) / 4,
    }
    assert found[("uptime", "agg")]["Unit"] == "Milliseconds"
    assert found[("cpuUtilization", "agg")]["Unit"] == "Percent"


def test_metrics_of_tasks() -> None:
    """MetricsLevel TASK adds the tasks' own."""
    found = sample("TASK")
    assert found[("numRecordsOut", "agg", "Source")]["Value"] == 5.0
    assert found[("numRecordsOut", "agg")]["Value"] == 8.0
