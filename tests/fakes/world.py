"""A made-up environment as frozen observations, and what each change does to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from tests.fakes import flink
from videoctl.model.names import BucketKind, Names, StreamKind
from videoctl.model.regions import Region
from videoctl.model.specification import (
    BucketSpecification,
    BucketsSpecification,
    EnvironmentSpecification,
    FlinkSpecification,
    LimitsSpecification,
    StreamMode,
    StreamSpecification,
    StreamsSpecification,
    TrafficClass,
)
from videoctl.planning import changes
from videoctl.planning.changes import Change
from videoctl.planning.observation import (
    ABSENT,
    ALL_FACETS,
    CanaryProof,
    CanaryResult,
    EnvironmentRecord,
    ObservedAccelerator,
    ObservedBucket,
    ObservedDeliveryStream,
    ObservedEndpointGroup,
    ObservedEnvironment,
    ObservedRegion,
    ObservedService,
    ObservedStream,
    ObservedTargets,
    StackFacts,
)
from videoctl.planning.observed_flink import ObservedApplication
from videoctl.planning.request import DestroyRequest, EnvironmentRequest, Readiness

ACCOUNT = "000000000000"
FINGERPRINT = "f" * 32
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
EARLIER = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
READINESS = Readiness(engine_version="v3.259.0")


def specification(
    *,
    two_regions: bool = True,
    protected: bool = False,
    traffic_class: TrafficClass = TrafficClass.DEVELOPMENT,
    flink: str = "RUNNING",
) -> EnvironmentSpecification:
    """A small valid specification."""
    stream = StreamSpecification(mode=StreamMode.PROVISIONED, shards=1)
    bucket = BucketSpecification(expire_after_days=14)
    regions = (Region.US_EAST_1, Region.US_WEST_2)
    return EnvironmentSpecification(
        name="dev",
        title="Dev",
        kind="development",
        regions=regions if two_regions else regions[:1],
        traffic_class=traffic_class,
        protected=protected,
        streams=StreamsSpecification(raw=stream, session=stream, late=stream),
        buckets=BucketsSpecification(raw=bucket, session=bucket, late=bucket),
        limits=LimitsSpecification(budget_usd_per_month=100),
        flink=FlinkSpecification(desired_status="RUNNING" if flink == "RUNNING" else "READY"),
    )


def request(**values: object) -> EnvironmentRequest:
    """A request to build `FINGERPRINT`, with everything in place."""
    given = {"account_id": ACCOUNT, "fingerprint": FINGERPRINT, "readiness": READINESS, **values}
    return EnvironmentRequest(**given)


def destroy_request(**values: object) -> DestroyRequest:
    """A confirmed request to destroy."""
    given = {"account_id": ACCOUNT, "readiness": READINESS, "confirmed_name": "dev", **values}
    return DestroyRequest(**given)


def absent_region(region: Region) -> ObservedRegion:
    """A region in which nothing of the environment exists."""
    names = Names("dev", ACCOUNT)
    return ObservedRegion(
        region=region,
        buckets=tuple(
            ObservedBucket(kind=k, name=names.bucket(k, region), exists=False, has_objects=False)
            for k in BucketKind
        ),
        streams=tuple(
            ObservedStream(kind=k, name=names.stream(k), status=ABSENT) for k in StreamKind
        ),
        delivery_streams=tuple(
            ObservedDeliveryStream(kind=k, name=names.delivery_stream(k), status=ABSENT)
            for k in StreamKind
        ),
        service=ObservedService(status=ABSENT),
        load_balancer_state=ABSENT,
        targets=ObservedTargets(healthy_count=0, total_count=0),
        application=ObservedApplication(status=ABSENT),
        function_state=ABSENT,
        event_source_mapping_state=ABSENT,
        timestream_access="open",
        timestream_tables=(),
    )


def built_region(region: Region) -> ObservedRegion:
    """A region as a first update leaves it: everything there, nothing running yet."""
    absent = absent_region(region)
    assert absent.buckets is not None
    assert absent.streams is not None
    assert absent.delivery_streams is not None
    return replace(
        absent,
        buckets=tuple(replace(b, exists=True) for b in absent.buckets),
        streams=tuple(replace(s, status="ACTIVE") for s in absent.streams),
        delivery_streams=tuple(replace(d, status="ACTIVE") for d in absent.delivery_streams),
        service=ObservedService(status="ACTIVE"),
        load_balancer_state="active",
        application=ObservedApplication(status="READY"),
        function_state="Active",
        event_source_mapping_state="Disabled",
        timestream_tables=("sessions",),
    )


def running_region(region: Region, tasks: int = 2) -> ObservedRegion:
    """A region that carries data."""
    return replace(
        built_region(region),
        service=ObservedService(status="ACTIVE", desired_count=tasks, running_count=tasks),
        targets=ObservedTargets(healthy_count=tasks, total_count=tasks),
        application=ObservedApplication(status="RUNNING"),
        event_source_mapping_state="Enabled",
    )


def absent(spec: EnvironmentSpecification) -> ObservedEnvironment:
    """An environment that was never made."""
    return ObservedEnvironment(
        environment=spec.name,
        observed_at=NOW,
        facets=ALL_FACETS,
        account_id=ACCOUNT,
        stack=StackFacts(exists=False),
        record=None,
        accelerator=ObservedAccelerator(status=ABSENT),
        regions=tuple(map(absent_region, spec.regions)),
    )


def ready(spec: EnvironmentSpecification, fingerprint: str = FINGERPRINT) -> ObservedEnvironment:
    """An environment that was made and proven by a canary."""
    result = CanaryResult(canary_id="canary-1", sent_at=EARLIER, hops=(), complete=True)
    return replace(
        absent(spec),
        stack=StackFacts(exists=True, fingerprint=fingerprint, resource_count=100),
        record=EnvironmentRecord(
            environment=spec.name,
            account_id=ACCOUNT,
            created_at=NOW,
            canary=CanaryProof(fingerprint=fingerprint, result=result),
        ),
        accelerator=deployed(spec),
        regions=tuple(map(running_region, spec.regions)),
    )


def deployed(spec: EnvironmentSpecification) -> ObservedAccelerator:
    """A deployed accelerator with an open endpoint group a region."""
    groups = tuple(
        ObservedEndpointGroup(
            region=region, traffic_dial_percentage=100.0, weight=128, health_state="HEALTHY"
        )
        for region in spec.regions
    )
    return ObservedAccelerator(status="DEPLOYED", dns_name="abc.example", endpoint_groups=groups)


def in_region(world: ObservedEnvironment, region: Region, **values: object) -> ObservedEnvironment:
    """The world with some of one region's fields changed."""
    return replace(
        world,
        regions=tuple(
            replace(seen, **values) if seen.region is region else seen for seen in world.regions
        ),
    )


def effect(  # noqa: C901, PLR0912
    change: Change, world: ObservedEnvironment, spec: EnvironmentSpecification
) -> ObservedEnvironment:
    """The world once a change has come to its end."""
    stack = world.stack or StackFacts(exists=False)
    match change:
        case changes.RecordEnvironment(expires_at=expires_at):
            record = world.record or EnvironmentRecord(
                environment=spec.name, account_id=ACCOUNT, created_at=NOW
            )
            return replace(world, record=replace(record, expires_at=expires_at))
        case changes.ForgetEnvironment():
            return replace(world, record=None)
        case changes.RecoverPendingOperations():
            return replace(world, stack=replace(stack, pending_operations=()))
        case changes.ReleaseStackLock():
            return replace(world, stack=replace(stack, lock_owner=None))
        case changes.UpdateStack(fingerprint=fingerprint):
            return _updated(world, spec, fingerprint)
        case changes.DestroyStack():
            gone = absent(spec)
            return replace(gone, record=world.record, stack=StackFacts(exists=False))
        case changes.SetDesiredCount(region=region, desired_count=count):
            service = ObservedService(status="ACTIVE", desired_count=count, running_count=count)
            targets = ObservedTargets(healthy_count=count, total_count=count)
            return in_region(world, region, service=service, targets=targets)
        case changes.SetEventSourceMapping(region=region, enabled=enabled):
            state = "Enabled" if enabled else "Disabled"
            return in_region(world, region, event_source_mapping_state=state)
        case changes.StartApplication(region=region):
            return flink.started(world, region)
        case changes.StopApplication(region=region, force=force):
            return flink.stopped(world, region, force=force)
        case changes.TakeSnapshot(region=region, snapshot=snapshot):
            return flink.saved(world, region, snapshot)
        case changes.SetParallelism(region=region, parallelism=parallelism):
            return flink.changed(world, region, parallelism=parallelism)
        case changes.UpdateShardCount(region=region, stream=stream, count=count):
            return flink.resharded(world, region, stream, count)
        case changes.LiftDeletionProtection():
            return replace(world, stack=replace(stack, protected_count=0))
        case changes.EmptyBucket(region=region, bucket=bucket):
            buckets = world.region(region).buckets or ()
            emptied = (replace(b, has_objects=False) if b.name == bucket else b for b in buckets)
            return in_region(world, region, buckets=tuple(emptied))
        case changes.SendCanary():
            return _proven(world)
        case changes.Await():
            accelerator = world.accelerator or ObservedAccelerator(status=ABSENT)
            later = replace(world, accelerator=replace(accelerator, status="DEPLOYED"))
            return flink.settled(later)
        case changes.ManualTask():
            return world
        case _:
            assert_never(change)


def _updated(
    world: ObservedEnvironment, spec: EnvironmentSpecification, fingerprint: str
) -> ObservedEnvironment:
    """What is missing is made; what is there keeps its run state."""
    accelerator = world.accelerator
    if accelerator is None or accelerator.status == ABSENT:
        accelerator = replace(deployed(spec), status="IN_PROGRESS")
    return replace(
        world,
        stack=StackFacts(exists=True, fingerprint=fingerprint, updated_at=NOW, resource_count=100),
        accelerator=accelerator,
        regions=tuple(map(_completed, world.regions)),
    )


def _completed(seen: ObservedRegion) -> ObservedRegion:
    built = built_region(seen.region)

    def kept(name: str) -> object:
        value = getattr(seen, name)
        status = value if isinstance(value, str) else value.status
        return getattr(built, name) if status == ABSENT else value

    return replace(
        built,
        targets=seen.targets,
        **{name: kept(name) for name in ("service", "application", "event_source_mapping_state")},
    )


def _proven(world: ObservedEnvironment) -> ObservedEnvironment:
    assert world.record is not None
    assert world.stack is not None
    result = CanaryResult(canary_id="canary-2", sent_at=LATER, hops=(), complete=True)
    proof = CanaryProof(fingerprint=world.stack.fingerprint or "", result=result)
    return replace(world, record=replace(world.record, canary=proof))
