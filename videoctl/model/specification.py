"""The environment specification: one typed schema for `stacks/environments/*.toml`.

One region or two is a value here, not a second copy of the code. The JSON Schema in
`docs/schemas/environment-specification.json` is generated from these types. Reading a file, with
faults named by file, line and key, is `videoctl.model.specification_file`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from videoctl.model.regions import PRIMARY, Region

EnvironmentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,11}$")]
"""Two to twelve lower-case letters and digits: part of bucket names and 32-character names."""


class TrafficClass(StrEnum):
    """How much traffic reaches the environment; decides whether the Flink ticket is needed."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class StreamMode(StrEnum):
    """Kinesis capacity mode; the values are the API's."""

    PROVISIONED = "PROVISIONED"
    ON_DEMAND = "ON_DEMAND"


ON_DEMAND_OPEN_SHARDS: Final = 4
"""Open shards of a new on-demand stream (Kinesis developer guide, on-demand mode)."""

FARGATE_MEMORY_MIB: Final[dict[int, range]] = {
    256: range(512, 2048 + 1, 512),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
}
"""Memory that Fargate allows for each CPU size (Amazon ECS developer guide, task size)."""


class InconsistentError(ValueError):
    """Values that are each allowed but not together.

    Args:
        faults: pairs of (key relative to the table, what is wrong and what is allowed).

    """

    def __init__(self, *faults: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {message}" for key, message in faults))
        self.faults = faults


def _hold(*faults: tuple[str, str] | None) -> None:
    found = tuple(fault for fault in faults if fault is not None)
    if found:
        raise InconsistentError(*found)


@dataclass(frozen=True, kw_only=True)
class _Strict:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True)
class StreamSpecification(_Strict):
    """One Kinesis data stream.

    Attributes:
        mode: PROVISIONED needs `shards`; ON_DEMAND forbids it.
        shards: open shards, 1 to 500 (two-core rehearsals use 1 to 4).
        retention_hours: 24 to 8760.
        encryption: `kms` uses the environment's own key, `aws` the service's.

    """

    mode: StreamMode
    shards: Annotated[int, Field(ge=1, le=500)] | None = None
    retention_hours: Annotated[int, Field(ge=24, le=8760)] = 24
    encryption: Literal["kms", "aws"] = "kms"

    def __post_init__(self) -> None:
        """Hold shards against the capacity mode."""
        provisioned = self.mode is StreamMode.PROVISIONED
        if provisioned and self.shards is None:
            _hold(("shards", "is missing; a PROVISIONED stream needs 1 to 500"))
        if not provisioned and self.shards is not None:
            _hold(("shards", "an ON_DEMAND stream has none; remove it or use PROVISIONED"))


@dataclass(frozen=True, kw_only=True)
class StreamsSpecification(_Strict):
    """The three streams of a region."""

    raw: StreamSpecification
    session: StreamSpecification
    late: StreamSpecification


@dataclass(frozen=True, kw_only=True)
class BucketSpecification(_Strict):
    """Lifecycle of one bucket: days until the cheaper class, and until the objects are gone.

    Attributes:
        infrequent_access_after_days: at least 30 (S3's minimum); absent: never.
        expire_after_days: absent: kept for ever.
        noncurrent_expire_after_days: days a replaced version is kept.

    """

    infrequent_access_after_days: Annotated[int, Field(ge=30, le=3650)] | None = None
    expire_after_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    noncurrent_expire_after_days: Annotated[int, Field(ge=1, le=3650)] = 30

    def __post_init__(self) -> None:
        """Hold the order of transition and expiry."""
        transition, expiry = self.infrequent_access_after_days, self.expire_after_days
        if transition is not None and expiry is not None and expiry <= transition:
            _hold(
                (
                    "expire_after_days",
                    f"must be more than infrequent_access_after_days ({transition})",
                )
            )


@dataclass(frozen=True, kw_only=True)
class BucketsSpecification(_Strict):
    """The three data buckets of a region; artifacts and ops buckets have a fixed lifecycle."""

    raw: BucketSpecification
    session: BucketSpecification
    late: BucketSpecification


@dataclass(frozen=True, kw_only=True)
class DeliverySpecification(_Strict):
    """Firehose buffering: whichever limit is reached first writes an object.

    Attributes:
        buffer_mib: 64 to 128: dynamic partitioning, which keeps canaries apart, allows no less.
        buffer_seconds: 1 to 900: dynamic partitioning has no zero buffering.

    """

    buffer_mib: Annotated[int, Field(ge=64, le=128)] = 64
    buffer_seconds: Annotated[int, Field(ge=1, le=900)] = 60


STREAM_DELAY_SECONDS: Final = 30
"""How long an event may take from the handler's stamp to the raw stream; then the handler has
given it up."""


@dataclass(frozen=True, kw_only=True)
class FlinkSpecification(_Strict):
    """The Managed Flink application.

    Attributes:
        runtime: the API's RuntimeEnvironment; only runtimes the job is built for.
        parallelism: job parallelism; below the raw stream's shards a subtask reads several, which
            is exact and works off a backlog more slowly.
        parallelism_per_kpu: 1 to 8; KPUs = ceil(parallelism / parallelism_per_kpu), plus one.
        autoscaling: lets the service change parallelism.
        snapshots: take a snapshot at each stop and update.
        desired_status: READY leaves the application created but not started.
        allowed_lateness_seconds: how long after its minute an event still counts as on time.

    """

    runtime: Literal["FLINK-1_20"] = "FLINK-1_20"
    parallelism: Annotated[int, Field(ge=1, le=128)] = 1
    parallelism_per_kpu: Annotated[int, Field(ge=1, le=8)] = 1
    autoscaling: bool = False
    snapshots: bool = True
    desired_status: Literal["READY", "RUNNING"] = "RUNNING"
    allowed_lateness_seconds: Annotated[int, Field(ge=0, le=3600)] = 30

    @property
    def watermark_delay_seconds(self) -> int:
        """How long after its end a minute is written: lateness, and the way into the stream."""
        return self.allowed_lateness_seconds + STREAM_DELAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class FargateSpecification(_Strict):
    """The ingest service: http_handler with its KPL sidecar.

    Attributes:
        cpu_units: 1024 is one vCPU; Fargate's own steps.
        memory_mib: must be one Fargate allows for `cpu_units`.
        desired_count: tasks a region at the start; afterwards run state.

    """

    cpu_units: Literal[256, 512, 1024, 2048, 4096] = 512
    memory_mib: Annotated[int, Field(ge=512, le=30720)] = 1024
    desired_count: Annotated[int, Field(ge=1, le=200)] = 2

    def __post_init__(self) -> None:
        """Hold memory against what Fargate offers for the CPU size."""
        allowed = FARGATE_MEMORY_MIB[self.cpu_units]
        if self.memory_mib not in allowed:
            _hold(
                (
                    "memory_mib",
                    (
                        f"{self.memory_mib} does not go with cpu_units {self.cpu_units}; allowed:"
                        f" {allowed.start} to {allowed[-1]} in steps of {allowed.step}"
                    ),
                )
            )


@dataclass(frozen=True, kw_only=True)
class SessionFunctionSpecification(_Strict):
    """The Lambda function that buffers session windows into Timestream.

    Attributes:
        memory_mb: 128 to 10240.
        timeout_seconds: 1 to 900.
        batch_size: records an invocation, 1 to 10000.
        batching_window_seconds: 0 to 300.
        parallelization_factor: concurrent batches a shard, 1 to 10.
        retry_attempts: 0 to 10000; the function sends bad records to its failure queue itself, so
            what fails is Timestream, and is tried until the records are too old.
        maximum_record_age_seconds: 60 to 604800.
        reserved_concurrency: absent: the account's pool.

    """

    memory_mb: Annotated[int, Field(ge=128, le=10240)] = 256
    timeout_seconds: Annotated[int, Field(ge=1, le=900)] = 60
    batch_size: Annotated[int, Field(ge=1, le=10000)] = 500
    batching_window_seconds: Annotated[int, Field(ge=0, le=300)] = 5
    parallelization_factor: Annotated[int, Field(ge=1, le=10)] = 1
    retry_attempts: Annotated[int, Field(ge=0, le=10000)] = 10000
    maximum_record_age_seconds: Annotated[int, Field(ge=60, le=604800)] = 3600
    reserved_concurrency: Annotated[int, Field(ge=1, le=1000)] | None = None


@dataclass(frozen=True, kw_only=True)
class SessionStoreSpecification(_Strict):
    """Where session windows can be queried live: Timestream for LiveAnalytics.

    Attributes:
        memory_hours: 1 to 8766 in the memory store.
        magnetic_days: 1 to 73000 in the magnetic store.

    """

    engine: Literal["timestream-live-analytics"] = "timestream-live-analytics"
    memory_hours: Annotated[int, Field(ge=1, le=8766)] = 24
    magnetic_days: Annotated[int, Field(ge=1, le=73000)] = 365


@dataclass(frozen=True, kw_only=True)
class GrafanaSpecification(_Strict):
    """Where the environment's dashboards are shown: Amazon Managed Grafana, or elsewhere.

    Attributes:
        workspace: whether the environment has a workspace of its own; without one,
            `videoctl grafana export` writes what any Grafana takes.
        authentication: who vouches for its users: AWS_SSO is IAM Identity Center, which the account
            must have; SAML is configured in the workspace.

    """

    workspace: bool = False
    authentication: Literal["AWS_SSO", "SAML"] = "AWS_SSO"


@dataclass(frozen=True, kw_only=True)
class FeaturesSpecification(_Strict):
    """What only some environments have.

    Attributes:
        snowflake_topics: buckets whose new objects are announced on an SNS topic for Snowflake.
        load_test_source: new raw objects may be replayed into other environments.

    """

    snowflake_topics: tuple[Literal["raw", "session", "late"], ...] = ()
    load_test_source: bool = False


@dataclass(frozen=True, kw_only=True)
class LimitsSpecification(_Strict):
    """Alarm recipients and money.

    Attributes:
        budget_usd_per_month: the budget; its alarms go to `alarm_topic` subscribers.
        alarm_email: who is told; absent: nobody is subscribed.

    """

    budget_usd_per_month: Annotated[int, Field(ge=1, le=1_000_000)]
    alarm_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] | None = None


@dataclass(frozen=True, kw_only=True)
class NetworkSpecification(_Strict):
    """The VPC of each region.

    Attributes:
        cidr: a /16 to /20 in RFC 1918 space, the same in both regions (they are never peered).
        availability_zones: 2 or 3.

    """

    cidr: Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}/(16|17|18|19|20)$")] = (
        "10.40.0.0/16"
    )
    availability_zones: Annotated[int, Field(ge=2, le=3)] = 2

    def __post_init__(self) -> None:
        """Hold the CIDR: a network address in private space."""
        try:
            network = ipaddress.IPv4Network(self.cidr)
        except ValueError as error:
            raise InconsistentError(("cidr", f"is no network address: {error}")) from error
        if not network.is_private:
            _hold(("cidr", f"{self.cidr} is not private (RFC 1918) address space"))


@dataclass(frozen=True, kw_only=True)
class EnvironmentSpecification(_Strict):
    """Everything that makes one environment different from another.

    Attributes:
        name: the name on the command line, the file's name too.
        title: the name people say.
        kind: what it is for, one word of the list.
        regions: one or both of the pair; us-east-1 always, and first.
        traffic_class: `production` needs the Flink timeout ticket.
        protected: never a load-test target; destroy and failover need the name typed.

    """

    name: EnvironmentName
    title: Annotated[str, Field(min_length=1, max_length=60)]
    kind: Literal["development", "data-mart", "slow-production", "load-test", "production"]
    regions: tuple[Region, ...]
    traffic_class: TrafficClass
    protected: bool
    streams: StreamsSpecification
    buckets: BucketsSpecification
    limits: LimitsSpecification
    network: NetworkSpecification = NetworkSpecification()
    delivery: DeliverySpecification = DeliverySpecification()
    flink: FlinkSpecification = FlinkSpecification()
    fargate: FargateSpecification = FargateSpecification()
    session_function: SessionFunctionSpecification = SessionFunctionSpecification()
    session_store: SessionStoreSpecification = SessionStoreSpecification()
    grafana: GrafanaSpecification = GrafanaSpecification()
    features: FeaturesSpecification = FeaturesSpecification()

    def __post_init__(self) -> None:
        """Hold what concerns several tables at once."""
        _hold(
            None
            if self.regions[:1] == (PRIMARY,) and len(set(self.regions)) == len(self.regions)
            else ("regions", f"must begin with {PRIMARY} and name each region once"),
            ("protected", "must be true for kind production")
            if self.kind == "production" and not self.protected
            else None,
            ("traffic_class", "must be production for kind production and slow-production")
            if self.kind in {"production", "slow-production"}
            and self.traffic_class is not TrafficClass.PRODUCTION
            else None,
            ("features.snowflake_topics", "names a bucket twice")
            if len(set(self.features.snowflake_topics)) < len(self.features.snowflake_topics)
            else None,
        )

    @property
    def is_two_region(self) -> bool:
        """Whether the environment spans the pair."""
        return len(self.regions) > 1

    @property
    def needs_flink_ticket(self) -> bool:
        """Whether AWS Support must raise the Flink timeouts (production-level traffic)."""
        return self.traffic_class is TrafficClass.PRODUCTION

    @property
    def primary(self) -> Region:
        """The region that is live at the start."""
        return PRIMARY
