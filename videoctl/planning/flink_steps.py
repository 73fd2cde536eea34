"""Steps on one region's Flink application, which several plans are made of.

An application is never stopped before what it did is saved, and its stream never changed under it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from videoctl.model.names import StreamKind
from videoctl.planning import changes, flink_conditions, timeouts
from videoctl.planning.flink_request import ENDING, FORCIBLE, PASSING
from videoctl.planning.plan import Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from videoctl.model.regions import Region
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.observed_flink import ObservedApplication


def snapshot_name(observed: ObservedEnvironment, region: Region) -> str:
    """The name a plan made from this observation gives its snapshot: the same for each attempt."""
    moment = observed.observed_at
    told = f"{observed.environment} {region} {moment.isoformat()}"
    return f"videoctl-{moment:%Y%m%dT%H%M%SZ}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def settle(region: Region, application: ObservedApplication) -> Iterator[Step]:
    """Wait for what is under way, if anything is."""
    if application.status not in PASSING | ENDING:
        return
    yield Step(
        name=f"settle-application:{region}",
        title=f"Wait until the application in {region} is no longer {application.status}",
        reason="the service accepts nothing else meanwhile, and it ends by itself",
        region=region,
        change=changes.Await(),
        done_when=flink_conditions.ApplicationIsSettled(region=region),
        timeout_seconds=timeouts.APPLICATION_SECONDS,
    )


def take_snapshot(region: Region, name: str, since: datetime | None) -> Step:
    """A snapshot of what runs."""
    return Step(
        name=f"take-snapshot:{region}",
        title=f"Take the snapshot {name} of the application in {region}",
        reason="first: a stop takes one too, but tells too late when it cannot",
        region=region,
        change=changes.TakeSnapshot(region=region, snapshot=name),
        done_when=flink_conditions.StateIsSaved(region=region, snapshot=name, since=since),
        timeout_seconds=timeouts.APPLICATION_SECONDS,
    )


def stop(region: Region, since: datetime | None, *, force: bool) -> Step:
    """Stop, with a snapshot of its own unless forced."""
    how = "at once, without a snapshot" if force else "with a snapshot"
    return Step(
        name=f"stop-application:{region}",
        title=f"Stop the application in {region} {how}",
        reason="what is changed by a restart, or under a job, is changed at rest",
        region=region,
        change=changes.StopApplication(region=region, force=force),
        done_when=flink_conditions.ApplicationWasStopped(region=region, since=since),
        timeout_seconds=timeouts.APPLICATION_SECONDS,
    )


def start(region: Region, since: datetime | None, *, is_saved: bool) -> Step:
    """Start from the newest snapshot, if there will be one."""
    whence = "from its newest snapshot" if is_saved else "without a snapshot, since it has none"
    return Step(
        name=f"restart-application:{region}",
        title=f"Start the application in {region} {whence}",
        reason="RUNNING and a successful operation: the status alone may be a start that failed",
        region=region,
        change=changes.StartApplication(region=region),
        done_when=flink_conditions.ApplicationWasStarted(region=region, since=since),
        timeout_seconds=timeouts.APPLICATION_SECONDS,
    )


def reads(region: Region, since: datetime | None, *, every_shard: bool = False) -> Step:
    """Wait until the job works."""
    what = "every open shard" if every_shard else "records"
    return Step(
        name=f"job-reads:{region}",
        title=f"See the job in {region} read {what}",
        reason="last: a dead job can stand behind RUNNING",
        region=region,
        change=changes.Await(),
        done_when=flink_conditions.JobReads(region=region, since=since, every_shard=every_shard),
        timeout_seconds=timeouts.APPLICATION_SECONDS,
    )


def bring_to_rest(
    observed: ObservedEnvironment, region: Region, application: ObservedApplication, *, force: bool
) -> Iterator[Step]:
    """From any status it can be started from to READY, its state saved unless forced.

    Where it cannot be forced at the moment, what is under way is waited for.
    """
    since = application.last_operation_at
    if not (force and application.status in FORCIBLE):
        yield from settle(region, application)
        if application.status == "READY" or application.status in ENDING:
            return
    if not force:
        yield take_snapshot(region, snapshot_name(observed, region), since)
    yield stop(region, since, force=force)


def update_shard_count(region: Region, count: int) -> Step:
    """Another number of open shards for the raw stream, while nothing reads it."""
    return Step(
        name=f"update-shard-count:{region}",
        title=f"Split and merge the raw stream in {region} until {count} shards are open",
        reason="while the application is stopped: parents are then read before their children",
        region=region,
        change=changes.UpdateShardCount(region=region, stream=StreamKind.RAW, count=count),
        done_when=flink_conditions.ShardCountIs(region=region, stream=StreamKind.RAW, count=count),
        timeout_seconds=timeouts.reshard_seconds(count),
    )


def set_parallelism(region: Region, parallelism: int) -> Step:
    """As many subtasks as there are open shards."""
    return Step(
        name=f"set-parallelism:{region}",
        title=f"Give the job in {region} a parallelism of {parallelism}",
        reason="before the start: a subtask that reads two shards loses events of a backlog",
        region=region,
        change=changes.SetParallelism(region=region, parallelism=parallelism),
        done_when=flink_conditions.ParallelismIs(region=region, parallelism=parallelism),
        timeout_seconds=timeouts.APPLICATION_SECONDS,
    )
