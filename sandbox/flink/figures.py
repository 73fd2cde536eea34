"""What a running job tells of itself over REST."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.flink.rest import FlinkRest

_JOB: Final = (
    "uptime", "downtime", "runningTime", "restartingTime", "failingTime", "cancellingTime",
    "fullRestarts", "numRestarts",
    "lastCheckpointDuration", "lastCheckpointSize",
    "numberOfFailedCheckpoints", "numberOfCompletedCheckpoints",
)  # fmt: skip
_SUMMED: Final = (
    "numRecordsIn", "numRecordsOut", "numRecordsInPerSecond", "numRecordsOutPerSecond",
)  # fmt: skip
_LOWEST: Final = ("currentInputWatermark", "currentOutputWatermark")
_HIGHEST: Final = ("busyTimeMsPerSecond", "backPressuredTimeMsPerSecond", "idleTimeMsPerSecond")
_TOGETHER: Final = ((*_SUMMED, *_LOWEST, *_HIGHEST[1:]), _HIGHEST[:1])
"""What is asked for at once: Flink answers nothing at all when one of them is NaN, as the busy time
of some sources is, or is not there."""
_TASK_MANAGER: Final = (
    "Status.JVM.CPU.Load", "Status.JVM.Memory.Heap.Used", "Status.JVM.Memory.Heap.Max",
    "Status.JVM.Threads.Count", "Status.JVM.GarbageCollector.G1_Old_Generation.Count",
    "Status.JVM.GarbageCollector.G1_Old_Generation.Time",
)  # fmt: skip
_NO_WATERMARK: Final = -(2**63)
"""Long.MIN_VALUE: no watermark has been seen."""
_LAG: Final = ".millisBehindLatest"
_CUSTOM: Final = ".kinesisanalytics."
"""Group under which the service looks for a program's own metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardLag:
    """How far behind its shard's end a source is.

    Attributes:
        stream: name of the stream.
        shard_id: such as `shardId-000000000000`.
        behind_ms: MillisBehindLatest of the last fetch.

    """

    stream: str
    shard_id: str
    behind_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomMetric:
    """A metric of the program's own, registered under the group `kinesisanalytics`.

    Attributes:
        name: the metric's.
        dimensions: pairs of its further groups, such as (`Service`, `search`).
        values: one of each subtask.

    """

    name: str
    dimensions: tuple[tuple[str, str], ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFigures:
    """One task of the job graph, over its subtasks: counts summed, watermarks lowest, load highest.

    Attributes:
        name: of the job vertex.
        values: by Flink's metric name; without those that have no number.
        lags: of a source of Kinesis streams.
        custom: the program's own.

    """

    name: str
    values: dict[str, float]
    lags: list[ShardLag] = field(default_factory=list)
    custom: list[CustomMetric] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A job's metrics by Flink's names.

    Attributes:
        job: of the job as a whole.
        tasks: of each task, from the sources on.
        task_manager: of the JVM that runs them.

    """

    job: dict[str, float]
    tasks: list[TaskFigures]
    task_manager: dict[str, float]


async def read(rest: FlinkRest) -> Figures | None:
    """The figures now; None when there is no job. Raises `JobError` when nobody answers."""
    job = await rest.job()
    if job is None:
        return None
    path = f"/jobs/{job['jid']}"
    vertices = (await rest.get(path))["vertices"]
    return Figures(
        job=await rest.values(f"{path}/metrics", _JOB),
        tasks=[await _task(rest, f"{path}/vertices/{one['id']}", one["name"]) for one in vertices],
        task_manager=await _first_task_manager(rest),
    )


async def _task(rest: FlinkRest, path: str, name: str) -> TaskFigures:
    there = {one["id"] for one in await rest.get(f"{path}/subtasks/metrics")}
    found = [
        one
        for group in _TOGETHER
        if (names := [name for name in group if name in there])
        for one in await rest.get(f"{path}/subtasks/metrics", {"get": ",".join(names)})
    ]
    listed = [one["id"] for one in await rest.get(f"{path}/metrics")]
    names = [one for one in listed if one.endswith(_LAG) or _CUSTOM in one]
    own = await rest.values(f"{path}/metrics", names) if names else {}
    return TaskFigures(
        name=name, values=aggregated(found), lags=shard_lags(own), custom=custom_metrics(own)
    )


def aggregated(found: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Figures of a task from those of its subtasks, as `/subtasks/metrics` gives them."""
    values = {}
    for one in found:
        name = one["id"]
        kind = "sum" if name in _SUMMED else "min" if name in _LOWEST else "max"
        value = float(one.get(kind, "nan"))
        is_number = value == value and value != _NO_WATERMARK  # noqa: PLR0124 - NaN: no value
        if is_number:
            values[name] = value
    return values


def shard_lags(values: Mapping[str, float]) -> list[ShardLag]:
    """The lags among a vertex's metrics, by stream and shard."""
    found = (shard_lag(name, value) for name, value in values.items() if name.endswith(_LAG))
    return sorted(filter(None, found), key=lambda lag: (lag.stream, lag.shard_id))


def custom_metrics(values: Mapping[str, float]) -> list[CustomMetric]:
    """The program's own metrics among a vertex's, over its subtasks."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
    for metric, value in values.items():
        if _CUSTOM not in metric:
            continue
        *groups, name = metric.partition(_CUSTOM)[2].split(".")
        dimensions = tuple(itertools.zip_longest(groups[::2], groups[1::2], fillvalue=""))
        found.setdefault((name, dimensions), []).append(value)
    return [
        CustomMetric(name=name, dimensions=dimensions, values=tuple(numbers))
        for (name, dimensions), numbers in sorted(found.items())
    ]


def shard_lag(metric: str, value: float) -> ShardLag | None:
    """The lag a metric of a source means; None when it says -1, which is "not reported"."""
    words = metric.split(".")
    if value < 0 or "shardId" not in words or "stream" not in words:
        return None
    return ShardLag(
        stream=words[words.index("stream") + 1],
        shard_id=words[words.index("shardId") + 1],
        behind_ms=value,
    )


async def _first_task_manager(rest: FlinkRest) -> dict[str, float]:
    task_managers = (await rest.get("/taskmanagers"))["taskmanagers"]
    if not task_managers:
        return {}
    return await rest.values(f"/taskmanagers/{task_managers[0]['id']}/metrics", _TASK_MANAGER)
