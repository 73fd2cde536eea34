"""A job's figures as metrics of `AWS/KinesisAnalytics`. Pure.

Names and dimensions are the service's: what concerns the application has the dimension
Application, tasks have Task besides when the MetricsLevel reaches that far, shards Stream and
ShardId. A value Flink does not have is not published: no value is not zero.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.flink.figures import CustomMetric, Figures
    from sandbox.protocol.wire import Json

NAMESPACE: Final = "AWS/KinesisAnalytics"
SAMPLE_SECONDS: Final = 15
"""Four samples a minute, which is why the service's users divide sums by four."""
_TASK_LEVELS: Final = frozenset({"TASK", "OPERATOR", "PARALLELISM"})
_SUMMED: Final = (
    "numRecordsIn", "numRecordsOut", "numRecordsInPerSecond", "numRecordsOutPerSecond",
)  # fmt: skip
_LOWEST: Final = ("currentInputWatermark", "currentOutputWatermark")
_HIGHEST: Final = ("busyTimeMsPerSecond", "backPressuredTimeMsPerSecond", "idleTimeMsPerSecond")
_CPU_LOAD: Final = "Status.JVM.CPU.Load"
_JVM: Final = {
    "threadsCount": "Status.JVM.Threads.Count",
    "oldGenerationGCCount": "Status.JVM.GarbageCollector.G1_Old_Generation.Count",
    "oldGenerationGCTime": "Status.JVM.GarbageCollector.G1_Old_Generation.Time",
}
_MILLISECONDS: Final = frozenset(
    {
        "uptime", "downtime", "runningTime", "restartingTime", "failingTime", "cancellingTime",
        "lastCheckpointDuration", "millisBehindLatest", "oldGenerationGCTime", *_LOWEST, *_HIGHEST,
    }
)  # fmt: skip


def data(
    application: str, figures: Figures, kpus: int, metrics_level: str, at: float
) -> list[Json]:
    """MetricData of one sample, taken at `at` (epoch seconds)."""
    whole = {"Application": application}
    found = [_datum(name, value, whole, at) for name, value in _application(figures)]
    load = container_cpu_percent(figures, kpus)
    if load is not None:
        found.append(_datum("containerCPUUtilization", load, whole, at))
    if metrics_level in _TASK_LEVELS:
        found += [
            _datum(name, value, {**whole, "Task": task.name}, at)
            for task in figures.tasks
            for name, value in task.values.items()
        ]
    found += [
        _datum(
            "millisBehindLatest",
            lag.behind_ms,
            {**whole, "Stream": lag.stream, "ShardId": lag.shard_id},
            at,
        )
        for task in figures.tasks
        for lag in task.lags
    ]
    found += [_custom(one, whole, at) for task in figures.tasks for one in task.custom]
    return found


def _custom(metric: CustomMetric, whole: Mapping[str, str], at: float) -> Json:
    """A metric of the program's own: a value of each subtask, as each reports for itself."""
    dimensions = {name: value for name, value in metric.dimensions if value}
    datum = _datum(metric.name, 0.0, {**whole, **dimensions}, at)
    del datum["Value"]
    return {**datum, "Values": list(metric.values), "Unit": "None"}


def kpus(application: str, count: int, at: float) -> Json:
    """The hourly KPUs; the one for orchestration is counted."""
    return _datum("KPUs", count + 1, {"Application": application}, at)


def container_cpu_percent(figures: Figures, kpus: int) -> float | None:
    """How much of its KPUs' processors a job uses; a KPU is one processor."""
    load = figures.task_manager.get(_CPU_LOAD)
    return None if load is None else load * (os.cpu_count() or 1) / kpus * 100


def _application(figures: Figures) -> Iterator[tuple[str, float]]:
    yield from figures.job.items()
    for names, over_tasks in ((_SUMMED, sum), (_LOWEST, min), (_HIGHEST, max)):
        for name in names:
            values = [task.values[name] for task in figures.tasks if name in task.values]
            if values:
                yield name, over_tasks(values)
    lags = [lag.behind_ms for task in figures.tasks for lag in task.lags]
    if lags:
        yield "millisBehindLatest", max(lags)
    yield from _resources(figures.task_manager)


def _resources(jvm: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    load = jvm.get(_CPU_LOAD)
    if load is not None:
        yield "cpuUtilization", load * 100
    used, most = jvm.get("Status.JVM.Memory.Heap.Used"), jvm.get("Status.JVM.Memory.Heap.Max")
    if used is not None and most:
        yield "heapMemoryUtilization", used / most * 100
    for name, flink_name in _JVM.items():
        if flink_name in jvm:
            yield name, jvm[flink_name]


def _datum(name: str, value: float, dimensions: Mapping[str, str], at: float) -> Json:
    if name in _MILLISECONDS:
        unit = "Milliseconds"
    elif name.endswith("Utilization"):
        unit = "Percent"
    elif name == "lastCheckpointSize":
        unit = "Bytes"
    else:
        unit = "Count/Second" if name.endswith("PerSecond") else "Count"
    return {
        "MetricName": name,
        "Dimensions": [{"Name": one, "Value": dimensions[one]} for one in dimensions],
        "Timestamp": datetime.fromtimestamp(at, UTC),
        "Value": value,
        "Unit": unit,
    }
