"""Which CloudWatch metrics say how much passes a hop, and how far behind it is: the one table.

Dimensions stand here by name; their values belong to an environment and a region. CloudWatch leaves
a metric out while nothing happens, so an absent value alone is unknown. Where another metric of the
same resource is there even while it is idle, that one is the figure's witness: in a minute that has
the witness and not the figure, the figure was 0.

Sources: the monitoring pages of each service, aws-facts sections 1 to 8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from videoctl.model.regions import Region

PERIOD_SECONDS: Final = 60
"""The resolution of AWS's own metrics."""


class Statistic(StrEnum):
    """CloudWatch's statistics, as far as figures use them."""

    SUM = "Sum"
    AVERAGE = "Average"
    MAXIMUM = "Maximum"
    SAMPLE_COUNT = "SampleCount"
    P99 = "p99"


class PublishedIn(StrEnum):
    """Where CloudWatch has the metric of a resource."""

    OWN_REGION = "own-region"
    OTHER_REGION = "other-region"
    """The other region of the pair: replication, measured where it arrives."""
    ACCELERATOR_REGION = "accelerator-region"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricName:
    """A metric but for the values of its dimensions.

    Attributes:
        dimensions: their names.
        seconds_per_unit: what one unit is in seconds, for times.

    """

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    statistic: Statistic
    seconds_per_unit: float = 1.0
    published_in: PublishedIn = PublishedIn.OWN_REGION


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a hop.

    Attributes:
        metric: what says it.
        witness: a metric that is there even when this one is 0 and left out; None: none is.
        window_seconds: over which a rate is taken; longer where things come in bursts.

    """

    metric: MetricName
    witness: MetricName | None = None
    window_seconds: int = PERIOD_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class HopFigures:
    """The figures of a hop.

    Attributes:
        rate: how much passes; None: nothing says it.
        rate_unit: what is counted.
        lags: how long what passes has waited; the longest counts.

    """

    rate: Figure | None = None
    rate_unit: str | None = None
    lags: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricQuery:
    """One question to CloudWatch.

    Attributes:
        region: where it is asked.
        dimensions: names and values, by name.

    """

    region: Region
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: Statistic


@dataclass(frozen=True, slots=True)
class Datapoint:
    """A value and the begin of its period."""

    begins_at: datetime
    value: float


_MILLISECOND: Final = 0.001
_ACCELERATOR: Final = MetricName(
    namespace="AWS/GlobalAccelerator",
    name="NewFlowCount",
    dimensions=("Accelerator",),
    statistic=Statistic.SUM,
    published_in=PublishedIn.ACCELERATOR_REGION,
)
_REQUESTS: Final = MetricName(
    namespace="AWS/ApplicationELB",
    name="RequestCount",
    dimensions=("LoadBalancer",),
    statistic=Statistic.SUM,
)
_STREAM: Final = MetricName(
    namespace="AWS/Kinesis",
    name="IncomingRecords",
    dimensions=("StreamName",),
    statistic=Statistic.SUM,
)
_DELIVERY: Final = MetricName(
    namespace="AWS/Firehose",
    name="DataReadFromKinesisStream.Records",
    dimensions=("DeliveryStreamName",),
    statistic=Statistic.SUM,
)
_DELIVERY_AT_TIP: Final = replace(
    _DELIVERY,
    name="KinesisMillisBehindLatest",
    statistic=Statistic.MAXIMUM,
    seconds_per_unit=_MILLISECOND,
)
_REPLICATION: Final = MetricName(
    namespace="AWS/S3",
    name="ReplicationLatency",
    dimensions=("SourceBucket", "DestinationBucket", "RuleId"),
    statistic=Statistic.MAXIMUM,
    published_in=PublishedIn.OTHER_REGION,
)
_APPLICATION: Final = MetricName(
    namespace="AWS/KinesisAnalytics",
    name="numRecordsInPerSecond",
    dimensions=("Application",),
    statistic=Statistic.AVERAGE,
)
_FUNCTION: Final = MetricName(
    namespace="AWS/Lambda",
    name="Invocations",
    dimensions=("FunctionName",),
    statistic=Statistic.SUM,
)
_STORE: Final = MetricName(
    namespace="AWS/Timestream",
    name="SuccessfulRequestLatency",
    dimensions=("DatabaseName", "TableName", "Operation"),
    statistic=Statistic.SAMPLE_COUNT,
)

_HOPS: Final = {
    "front-door": HopFigures(
        rate=Figure(
            metric=_ACCELERATOR, witness=replace(_ACCELERATOR, name="HealthyEndpointCount")
        ),
        rate_unit="flows",
    ),
    "ingest": HopFigures(
        rate=Figure(
            metric=_REQUESTS,
            witness=replace(
                _REQUESTS,
                name="HealthyHostCount",
                dimensions=("LoadBalancer", "TargetGroup"),
                statistic=Statistic.MAXIMUM,
            ),
        ),
        rate_unit="requests",
        lags=(
            Figure(metric=replace(_REQUESTS, name="TargetResponseTime", statistic=Statistic.P99)),
        ),
    ),
    "flink": HopFigures(
        rate=Figure(metric=_APPLICATION),
        rate_unit="records",
        lags=(
            Figure(
                metric=replace(
                    _APPLICATION,
                    name="millisBehindLatest",
                    statistic=Statistic.MAXIMUM,
                    seconds_per_unit=_MILLISECOND,
                )
            ),
        ),
    ),
    "session-function": HopFigures(
        rate=Figure(metric=_FUNCTION),
        rate_unit="invocations",
        lags=(
            Figure(
                metric=replace(
                    _FUNCTION,
                    name="IteratorAge",
                    statistic=Statistic.MAXIMUM,
                    seconds_per_unit=_MILLISECOND,
                )
            ),
        ),
    ),
    "session-store": HopFigures(
        rate=Figure(metric=_STORE),
        rate_unit="writes",
        lags=(
            Figure(metric=replace(_STORE, statistic=Statistic.P99, seconds_per_unit=_MILLISECOND)),
        ),
    ),
}
_FAMILIES: Final = {
    "stream": HopFigures(
        # Polled consumers show that the stream is looked at, whether anything comes or not.
        rate=Figure(
            metric=_STREAM,
            witness=replace(_STREAM, name="GetRecords.Success", statistic=Statistic.SAMPLE_COUNT),
        ),
        rate_unit="records",
        lags=(
            Figure(
                metric=replace(
                    _STREAM,
                    name="GetRecords.IteratorAgeMilliseconds",
                    statistic=Statistic.MAXIMUM,
                    seconds_per_unit=_MILLISECOND,
                )
            ),
            Figure(
                metric=replace(
                    _STREAM,
                    name="SubscribeToShardEvent.MillisBehindLatest",
                    dimensions=("StreamName", "ConsumerName"),
                    statistic=Statistic.MAXIMUM,
                    seconds_per_unit=_MILLISECOND,
                )
            ),
        ),
    ),
    "delivery": HopFigures(
        rate=Figure(metric=_DELIVERY, witness=_DELIVERY_AT_TIP),
        rate_unit="records",
        # The age of the oldest record not delivered yet: up to the buffer's interval is normal.
        lags=(
            Figure(
                metric=replace(
                    _DELIVERY, name="DeliveryToS3.DataFreshness", statistic=Statistic.MAXIMUM
                ),
                witness=_DELIVERY_AT_TIP,
            ),
            Figure(metric=_DELIVERY_AT_TIP),
        ),
    ),
    "bucket": HopFigures(
        rate=Figure(
            metric=replace(_DELIVERY, name="DeliveryToS3.Records"),
            witness=_DELIVERY_AT_TIP,
            window_seconds=10 * PERIOD_SECONDS,
        ),
        rate_unit="records",
        lags=(
            Figure(
                metric=_REPLICATION,
                witness=replace(_REPLICATION, name="OperationsPendingReplication"),
            ),
        ),
    ),
}


def figures_of(hop: str) -> HopFigures:
    """What is asked of a hop by its name, such as `raw-stream`; nothing for one without metrics."""
    family = hop.rpartition("-")[2]
    return _HOPS.get(hop) or _FAMILIES.get(family) or HopFigures()
