"""What was seen of one environment at one moment, as frozen data.

`None` means not looked at or not to be known, never absent: an absent thing has the status
`ABSENT`. Plans, conditions and states are pure functions of these values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from videoctl.model.names import BucketKind, StreamKind
from videoctl.model.regions import Region
from videoctl.planning.observed_flink import ObservedApplication, ObservedJob

ABSENT: Final = "ABSENT"
"""Status of a thing that was looked for and is not there; every other status is AWS's own."""


class Facet(StrEnum):
    """One part of an observation, so that a waiting step reads only what its condition needs."""

    ACCOUNT = "account"
    RECORD = "record"
    STACK = "stack"
    BUCKETS = "buckets"
    STREAMS = "streams"
    DELIVERY = "delivery"
    SERVICE = "service"
    FLINK = "flink"
    FLINK_JOB = "flink-job"
    FUNCTION = "function"
    SESSION_STORE = "session-store"
    ACCELERATOR = "accelerator"


ALL_FACETS: Final = frozenset(Facet)

PLANNED_FACETS: Final = ALL_FACETS - {Facet.FLINK_JOB}
"""What plans on environments are made from: no dashboard needs to be opened for them."""


@dataclass(frozen=True, kw_only=True)
class PendingOperation:
    """A resource operation the engine began and never saw the end of."""

    urn: str
    operation: str


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """The Pulumi stack, read without running a program.

    Attributes:
        exists: the backend knows the stack.
        fingerprint: of the last update that succeeded; None before the first.
        updated_at: when the last operation ended, to the second.
        resource_count: resources in the state.
        protected_count: those the engine refuses to delete.
        pending_operations: what an interrupted operation left open.
        lock_owner: who holds the engine's lock (user, host, pid), None when it is free.
        lock_owner_is_gone: the lock's process was on this host and no longer runs.

    """

    exists: bool
    fingerprint: str | None = None
    updated_at: datetime | None = None
    resource_count: int = 0
    protected_count: int = 0
    pending_operations: tuple[PendingOperation, ...] = ()
    lock_owner: str | None = None
    lock_owner_is_gone: bool = False


@dataclass(frozen=True, kw_only=True)
class ObservedBucket:
    """One S3 bucket of the environment; `has_objects` counts versions and delete markers too."""

    kind: BucketKind
    name: str
    exists: bool
    has_objects: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ObservedStream:
    """One Kinesis data stream: StreamStatus, or ABSENT.

    Attributes:
        mode: PROVISIONED or ON_DEMAND.
        open_shard_ids: of the raw stream only.

    """

    kind: StreamKind
    name: str
    status: str
    open_shard_count: int | None = None
    mode: str | None = None
    open_shard_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ObservedDeliveryStream:
    """One Firehose delivery stream: DeliveryStreamStatus, or ABSENT."""

    kind: StreamKind
    name: str
    status: str


@dataclass(frozen=True, kw_only=True)
class ObservedService:
    """The ingest service of one region: ECS's status, or ABSENT, and its task counts."""

    status: str
    desired_count: int = 0
    running_count: int = 0
    pending_count: int = 0


@dataclass(frozen=True, kw_only=True)
class ObservedTargets:
    """Targets of the load balancer's target group."""

    healthy_count: int
    total_count: int


TimestreamAccess = Literal["open", "closed-to-new-customers", "denied"]
"""What a first call to Timestream for LiveAnalytics answers; the gate of `env create`."""


@dataclass(frozen=True, kw_only=True)
class ObservedRegion:
    """Everything seen in one region.

    Attributes:
        event_source_mapping_state: Lambda's State (Enabled, Disabled, Creating, ...), or ABSENT.
        load_balancer_state: ELB's state code (active, provisioning, ...), or ABSENT.
        timestream_tables: names of the environment's tables that exist.

    """

    region: Region
    buckets: tuple[ObservedBucket, ...] | None = None
    streams: tuple[ObservedStream, ...] | None = None
    delivery_streams: tuple[ObservedDeliveryStream, ...] | None = None
    service: ObservedService | None = None
    load_balancer_state: str | None = None
    load_balancer_arn: str | None = None
    target_group_arn: str | None = None
    targets: ObservedTargets | None = None
    application: ObservedApplication | None = None
    job: ObservedJob | None = None
    function_state: str | None = None
    event_source_mapping_state: str | None = None
    timestream_access: TimestreamAccess | None = None
    timestream_tables: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ObservedEndpointGroup:
    """One endpoint group of the accelerator; weight and health are of its load balancer."""

    region: Region
    traffic_dial_percentage: float
    weight: int | None
    health_state: str | None


@dataclass(frozen=True, kw_only=True)
class ObservedAccelerator:
    """The Global Accelerator: status DEPLOYED, IN_PROGRESS or ABSENT."""

    status: str
    arn: str | None = None
    dns_name: str | None = None
    endpoint_groups: tuple[ObservedEndpointGroup, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CanaryHop:
    """One hop a canary was looked for at.

    Attributes:
        hop: `front-door`, `raw-stream`, `raw-bucket`, `raw-replica`, `flink`, ...
        region: where it was seen; None when it was not, or the hop is global.
        seen: None when the hop does not apply.
        latency_ms: from the moment the event was posted.
        reason: why the hop does not apply, or what was seen instead.
        next_command: what to type where the canary was lost.

    """

    hop: str
    region: Region | None
    seen: bool | None
    latency_ms: int | None = None
    reason: str | None = None
    next_command: str | None = None


@dataclass(frozen=True, kw_only=True)
class CanaryResult:
    """How one canary fared.

    Attributes:
        canary_id: the event's `event_id`.
        sent_at: when it was posted.
        hops: in the order an event travels.
        complete: every hop that applies saw it.

    """

    canary_id: str
    sent_at: datetime
    hops: tuple[CanaryHop, ...]
    complete: bool

    @property
    def lost_at(self) -> CanaryHop | None:
        """The first hop that should have seen it and did not."""
        return next((hop for hop in self.hops if hop.seen is False), None)


@dataclass(frozen=True, kw_only=True)
class CanaryProof:
    """The last canary that went through every hop, and the build it went through."""

    fingerprint: str
    result: CanaryResult


@dataclass(frozen=True, kw_only=True)
class EnvironmentRecord:
    """What videoctl itself remembers of an environment, kept in the control bucket.

    Attributes:
        created_at: when `env create` first ran for it.
        expires_at: when `env reap` may destroy it; None: never.
        canary: proof that events arrived, if there is any.

    """

    environment: str
    account_id: str
    created_at: datetime
    expires_at: datetime | None = None
    canary: CanaryProof | None = None


@dataclass(frozen=True, kw_only=True)
class ObservedEnvironment:
    """One environment as it was seen at `observed_at`.

    Attributes:
        facets: what was looked at; the rest is None.
        account_id: the account STS names for the credentials in use.
        record: None inside the RECORD facet means there is none.
        unreadable: facets that were tried and could not be read, with the reason.

    """

    environment: str
    observed_at: datetime
    facets: frozenset[Facet]
    account_id: str | None = None
    stack: StackFacts | None = None
    record: EnvironmentRecord | None = None
    accelerator: ObservedAccelerator | None = None
    regions: tuple[ObservedRegion, ...] = ()
    unreadable: tuple[str, ...] = ()

    def region(self, region: Region) -> ObservedRegion:
        """What was seen in `region`; an empty observation where it was not looked at."""
        for seen in self.regions:
            if seen.region is region:
                return seen
        return ObservedRegion(region=region)

    def stream(self, region: Region, kind: StreamKind) -> ObservedStream | None:
        """One stream of a region, if streams were looked at."""
        found = (one for one in self.region(region).streams or () if one.kind is kind)
        return next(found, None)

    def bucket(self, name: str) -> ObservedBucket | None:
        """The bucket called `name`, if buckets were looked at."""
        found = (b for seen in self.regions for b in seen.buckets or () if b.name == name)
        return next(found, None)
