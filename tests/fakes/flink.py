"""What becomes of a made-up Flink application, its job and its stream, change by change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from videoctl.model.names import StreamKind
from videoctl.model.regions import Region
from videoctl.planning.flink_request import ENDING, PASSING
from videoctl.planning.observation import ObservedEnvironment, ObservedRegion
from videoctl.planning.observed_flink import (
    NO_JOB,
    ObservedApplication,
    ObservedJob,
    ObservedOperation,
    ObservedSnapshot,
    ShardLag,
)

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def application(status: str = "RUNNING", **values: object) -> ObservedApplication:
    """An application of two subtasks with one snapshot and one operation behind it."""
    operation = ObservedOperation(
        operation_id="0", operation="StartApplication", status="SUCCESSFUL", started_at=BEGAN
    )
    given = {
        "runtime_environment": "FLINK-1_20",
        "parallelism": 2,
        "current_parallelism": 2,
        "parallelism_per_kpu": 1,
        "snapshots_enabled": True,
        "checkpoint_interval_seconds": 60.0,
        "snapshots": (snapshot("earlier"),),
        "operations": (operation,),
        **values,
    }
    return ObservedApplication(status=status, **given)


def snapshot(name: str, status: str = "READY") -> ObservedSnapshot:
    """A snapshot of yesterday."""
    return ObservedSnapshot(name=name, status=status, created_at=BEGAN)


def job(state: str = "RUNNING", **values: object) -> ObservedJob:
    """A job that has read, checkpointed a moment ago, and is up to date."""
    now = BEGAN + timedelta(days=1)
    given = {
        "job_id": "job",
        "started_at": BEGAN,
        "running_since": BEGAN,
        "restarts": 0,
        "completed_checkpoints": 9,
        "last_checkpoint_at": now - timedelta(seconds=20),
        "records_read": 100,
        "records_per_second": 5.0,
        "shards": (ShardLag(shard_id="shardId-000000000000", behind_ms=0.0),),
        "configuration": (),
        "seen_at": now,
        **values,
    }
    return ObservedJob(state=state, **given)


def changed(world: ObservedEnvironment, region: Region, **values: object) -> ObservedEnvironment:
    """The world with an application changed."""
    found = world.region(region).application or ObservedApplication(status="ABSENT")
    return _in_region(world, region, application=replace(found, **values))


def started(world: ObservedEnvironment, region: Region) -> ObservedEnvironment:
    """RUNNING, a successful operation more, and a job that has not read yet."""
    found = _operated(world, region, "StartApplication")
    later = _in_region(world, region, application=replace(found, status="RUNNING"))
    return _in_region(later, region, job=job(records_read=0, shards=None))


def stopped(world: ObservedEnvironment, region: Region, *, force: bool) -> ObservedEnvironment:
    """READY, a successful operation more, a snapshot more unless forced, and no job."""
    found = _operated(world, region, "StopApplication")
    taken = () if force else (snapshot(f"stop-{len(found.operations or ())}"),)
    found = replace(found, status="READY", snapshots=(*taken, *(found.snapshots or ())))
    later = _in_region(world, region, application=found)
    return _in_region(later, region, job=ObservedJob(state=NO_JOB))


def saved(world: ObservedEnvironment, region: Region, name: str) -> ObservedEnvironment:
    """A snapshot more; of what does not run there is none to take."""
    found = _operated(world, region, "CreateApplicationSnapshot")
    assert found.status == "RUNNING"
    taken = replace(found, snapshots=(snapshot(name), *(found.snapshots or ())))
    return _in_region(world, region, application=taken)


def resharded(
    world: ObservedEnvironment, region: Region, kind: StreamKind, count: int
) -> ObservedEnvironment:
    """Other open shards, with nothing reading them meanwhile."""
    seen = world.region(region)
    assert seen.application is None or seen.application.status == "READY"
    streams = tuple(
        replace(
            one,
            status="ACTIVE",
            open_shard_count=count,
            open_shard_ids=tuple(f"shardId-{count}-{number}" for number in range(count)),
        )
        if one.kind is kind
        else one
        for one in seen.streams or ()
    )
    return _in_region(world, region, streams=streams)


def settled(world: ObservedEnvironment, region: Region | None = None) -> ObservedEnvironment:
    """What is under way there has come to its end, and running jobs have read."""
    return replace(
        world,
        regions=tuple(
            _settled(seen) if region in {None, seen.region} else seen for seen in world.regions
        ),
    )


def _settled(seen: ObservedRegion) -> ObservedRegion:
    found = seen.application
    if found is not None and found.status in PASSING | ENDING:
        status = "RUNNING" if found.status in PASSING else "READY"
        seen = replace(seen, application=replace(found, status=status))
    if seen.application is not None and seen.application.status == "RUNNING":
        ids = next(
            (one.open_shard_ids for one in seen.streams or () if one.kind is StreamKind.RAW), None
        )
        shards = tuple(ShardLag(shard_id=one, behind_ms=0.0) for one in ids or ())
        return replace(seen, job=job(records_read=9, shards=shards or None))
    return seen


def _operated(world: ObservedEnvironment, region: Region, operation: str) -> ObservedApplication:
    found = world.region(region).application or ObservedApplication(status="ABSENT")
    before = found.operations or ()
    last = before[0].started_at if before else BEGAN
    done = ObservedOperation(
        operation_id=str(len(before)),
        operation=operation,
        status="SUCCESSFUL",
        started_at=last + timedelta(seconds=1),
    )
    return replace(found, operations=(done, *before))


def _in_region(world: ObservedEnvironment, region: Region, **values: object) -> ObservedEnvironment:
    return replace(
        world,
        regions=tuple(
            replace(seen, **values) if seen.region is region else seen for seen in world.regions
        ),
    )
