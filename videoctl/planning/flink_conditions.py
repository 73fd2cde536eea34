"""How anyone can see that a step on a Flink application, or on its stream, is done.

Whether something happened *since* is told by the service's own list of operations and its clock:
`since` is when the newest operation began that was there before the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, assert_never

from videoctl.model.names import StreamKind
from videoctl.model.regions import Region
from videoctl.planning.observation import Facet

if TYPE_CHECKING:
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.observed_flink import ObservedApplication

SETTLED: Final = frozenset({"RUNNING", "READY"})
"""Statuses an application stays in by itself."""

_CAUGHT_UP_MS: Final = 1_000
_DEAD_JOB: Final = frozenset({"FAILED", "CANCELED", "FINISHED", "SUSPENDED"})


@dataclass(frozen=True, kw_only=True)
class ApplicationIsSettled:
    """The application is RUNNING or READY: nothing is under way."""

    region: Region
    kind: Literal["application-is-settled"] = "application-is-settled"


@dataclass(frozen=True, kw_only=True)
class SnapshotIsReady:
    """A snapshot of that name is READY."""

    region: Region
    snapshot: str
    kind: Literal["snapshot-is-ready"] = "snapshot-is-ready"


@dataclass(frozen=True, kw_only=True)
class StateIsSaved:
    """Nothing runs whose state is not in the snapshot, or the application was restarted since."""

    region: Region
    snapshot: str
    since: datetime | None
    kind: Literal["state-is-saved"] = "state-is-saved"


@dataclass(frozen=True, kw_only=True)
class ApplicationWasStopped:
    """The application is READY, or a StopApplication since has been successful."""

    region: Region
    since: datetime | None
    kind: Literal["application-was-stopped"] = "application-was-stopped"


@dataclass(frozen=True, kw_only=True)
class ApplicationWasStarted:
    """The application is RUNNING, and a StartApplication since has been successful."""

    region: Region
    since: datetime | None
    kind: Literal["application-was-started"] = "application-was-started"


@dataclass(frozen=True, kw_only=True)
class JobReads:
    """The job of that start is RUNNING and reads; every open shard, if so asked.

    Reading is seen by records since the start, or by shards of which the source says that it has
    caught up: a stream nobody writes to has no records.

    Attributes:
        every_shard: the source reports every open shard of the raw stream.

    """

    region: Region
    since: datetime | None
    every_shard: bool = False
    kind: Literal["job-reads"] = "job-reads"


@dataclass(frozen=True, kw_only=True)
class ShardCountIs:
    """The stream is ACTIVE and has so many open shards."""

    region: Region
    stream: StreamKind
    count: int
    kind: Literal["shard-count-is"] = "shard-count-is"


@dataclass(frozen=True, kw_only=True)
class ParallelismIs:
    """The application is configured with that parallelism."""

    region: Region
    parallelism: int
    kind: Literal["parallelism-is"] = "parallelism-is"


FlinkCondition = (
    ApplicationIsSettled
    | SnapshotIsReady
    | StateIsSaved
    | ApplicationWasStopped
    | ApplicationWasStarted
    | JobReads
    | ShardCountIs
    | ParallelismIs
)


def facets(condition: FlinkCondition) -> frozenset[Facet]:
    """What must be looked at to judge `condition`."""
    match condition:
        case JobReads(every_shard=True):
            return frozenset({Facet.FLINK, Facet.FLINK_JOB, Facet.STREAMS})
        case JobReads():
            return frozenset({Facet.FLINK, Facet.FLINK_JOB})
        case ShardCountIs():
            return frozenset({Facet.STREAMS})
        case _:
            return frozenset({Facet.FLINK})


def holds(condition: FlinkCondition, observed: ObservedEnvironment) -> bool:
    """Whether `condition` is seen to hold."""
    if isinstance(condition, ShardCountIs):
        stream = observed.stream(condition.region, condition.stream)
        return (
            stream is not None
            and stream.status == "ACTIVE"
            and stream.open_shard_count == condition.count
        )
    application = observed.region(condition.region).application
    if application is None:
        return False
    match condition:
        case ApplicationIsSettled():
            return application.status in SETTLED
        case SnapshotIsReady(snapshot=snapshot):
            return _has_ready(application, snapshot)
        case StateIsSaved(snapshot=snapshot, since=since):
            return (
                application.status == "READY"
                or _has_ready(application, snapshot)
                or _was_started(application, since)
            )
        case ApplicationWasStopped(since=since):
            return application.status == "READY" or _succeeded(
                application, "StopApplication", since
            )
        case ApplicationWasStarted(since=since):
            return _was_started(application, since)
        case JobReads(since=since):
            return _was_started(application, since) and _reads(condition, observed)
        case ParallelismIs(parallelism=parallelism):
            return application.parallelism == parallelism
        case _:
            assert_never(condition)


def hopeless(condition: FlinkCondition, observed: ObservedEnvironment) -> str | None:
    """Why a condition that was worked towards will not come to hold any more; None while it may."""
    if isinstance(condition, ShardCountIs):
        return None
    application = observed.region(condition.region).application
    if application is None:
        return None
    match condition:
        case SnapshotIsReady(snapshot=snapshot) | StateIsSaved(snapshot=snapshot):
            found = application.snapshot(snapshot)
            if found is not None and found.status == "FAILED":
                return f"the snapshot {snapshot} is FAILED{_why(application, 'Snapshot')}"
        case ApplicationWasStopped(since=since):
            stopped = application.latest("StopApplication", since)
            if application.status == "RUNNING" and stopped and stopped.status == "FAILED":
                return f"StopApplication failed{_because(stopped.error)}; it is RUNNING as before"
        case ApplicationWasStarted(since=since) | JobReads(since=since):
            started = application.latest("StartApplication", since)
            if application.status == "READY" and started and started.status == "FAILED":
                return f"StartApplication failed{_because(started.error)}; the application is READY"
        case ApplicationIsSettled() | ParallelismIs():
            return None
    return None


def is_dead(state: str) -> bool:
    """Whether a job in this state will do nothing more by itself."""
    return state in _DEAD_JOB


def _has_ready(application: ObservedApplication, name: str) -> bool:
    found = application.snapshot(name)
    return found is not None and found.status == "READY"


def _succeeded(application: ObservedApplication, operation: str, since: datetime | None) -> bool:
    found = application.latest(operation, since)
    return found is not None and found.status == "SUCCESSFUL"


def _was_started(application: ObservedApplication, since: datetime | None) -> bool:
    return application.status == "RUNNING" and _succeeded(application, "StartApplication", since)


def _reads(condition: JobReads, observed: ObservedEnvironment) -> bool:
    job = observed.region(condition.region).job
    if job is None or job.state != "RUNNING":
        return False
    behind = job.behind_ms
    if not job.records_read and (behind is None or behind > _CAUGHT_UP_MS):
        return False
    if not condition.every_shard:
        return True
    stream = observed.stream(condition.region, StreamKind.RAW)
    if stream is None or stream.open_shard_ids is None or job.shards is None:
        return False
    return set(stream.open_shard_ids) <= {one.shard_id for one in job.shards}


def _why(application: ObservedApplication, word: str) -> str:
    failed = next((one for one in application.operations or () if word in one.operation), None)
    return _because(failed.error) if failed else ""


def _because(error: str | None) -> str:
    return f": {error}" if error else ""
