"""What a running job tells of itself over REST."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

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
_TASK_MANAGER: Final = (
    "Status.JVM.CPU.Load", "Status.JVM.Memory.Heap.Used", "Status.JVM.Memory.Heap.Max",
    "Status.JVM.Threads.Count", "Status.JVM.GarbageCollector.G1_Old_Generation.Count",
    "Status.JVM.GarbageCollector.G1_Old_Generation.Time",
)  # fmt: skip
_NO_WATERMARK: Final = -(2**63)
"""Long.MIN_VALUE: no watermark has been seen."""
_LAG: Final = ".millisBehindLatest"


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
class TaskFigures:
    """One task of the job graph, over its subtasks: counts summed, watermarks lowest, load highest.

    Attributes:
        name: of the job vertex.
        values: by Flink's metric name; without those that have no number.
        lags: of a source of Kinesis streams.

    """

    name: str
    values: dict[str, float]
    lags: list[ShardLag] = field(default_factory=list)


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
    wanted = (*_SUMMED, *_LOWEST, *_HIGHEST)
    found = await rest.get(f"{path}/subtasks/metrics", {"get": ",".join(wanted)})
    return TaskFigures(name=name, values=aggregated(found), lags=await _lags(rest, path))


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


async def _lags(rest: FlinkRest, path: str) -> list[ShardLag]:
    listed = [one["id"] for one in await rest.get(f"{path}/metrics")]
    names = [name for name in listed if name.endswith(_LAG)]
    found = await rest.values(f"{path}/metrics", names) if names else {}
    lags = [lag for name, value in found.items() if (lag := shard_lag(name, value)) is not None]
    return sorted(lags, key=lambda lag: (lag.stream, lag.shard_id))


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
