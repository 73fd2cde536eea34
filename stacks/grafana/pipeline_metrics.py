"""The CloudWatch metrics that say how each hop of the pipeline fares. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from videoctl.model.names import StreamKind
from videoctl.model.thresholds import Threshold

if TYPE_CHECKING:
    from videoctl.model.names import Names
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.model.thresholds import Thresholds

MINUTE_SECONDS: Final = 60
FIVE_MINUTES_SECONDS: Final = 300
RESTARTS: Final = {"FLINK-1_20": "fullRestarts", "FLINK-2_2": "numRestarts"}
"""The counter of restarts by runtime: `fullRestarts` went with Flink 2.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of one resource.

    Attributes:
        label: what its line is called.
        namespace: such as `AWS/Kinesis`.
        name: CloudWatch's name of the metric.
        dimensions: all its dimensions, or some of them where `is_exact` is False.
        statistic: such as `Maximum`.
        period_seconds: of one point.
        is_exact: False: every metric that has these dimensions among others.
        is_counter: it only grows, and what it grew by is meant.

    """

    label: str
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period_seconds: int = MINUTE_SECONDS
    is_exact: bool = True
    is_counter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """What one panel shows: metrics that share a unit and a limit.

    Attributes:
        title: the panel's.
        unit: Grafana's word for the unit.
        limit: from the thresholds.
        metrics: its lines in each region.

    """

    title: str
    unit: str
    limit: Threshold
    metrics: tuple[Metric, ...] = field(default=())


def gauges(
    specification: EnvironmentSpecification, names: Names, limits: Thresholds
) -> dict[str, list[Gauge]]:
    """Panels by the hop they are about, in the order of an event's way."""
    return {
        "Kinesis": _streams(names, limits),
        "Data Firehose": _deliveries(names, limits),
        "Managed Flink": _flink(specification, names, limits),
        "Session function": _function(names, limits),
        "Timestream": _store(names, limits),
    }


def raw_arrivals(names: Names) -> Metric:
    """Records of the raw stream; the producer's ticks alone are some in each period."""
    return _stream(
        names, StreamKind.RAW, "raw records", "IncomingRecords", "Sum", FIVE_MINUTES_SECONDS
    )


def late_arrivals(names: Names) -> Metric:
    """Records of the late stream: one is one late event, for Flink writes them un-aggregated."""
    return _stream(
        names, StreamKind.LATE, "late events", "IncomingRecords", "Sum", FIVE_MINUTES_SECONDS
    )


def _stream(
    names: Names,
    kind: StreamKind,
    label: str,
    metric: str,
    statistic: str,
    period_seconds: int = MINUTE_SECONDS,
) -> Metric:
    return Metric(
        label=label,
        namespace="AWS/Kinesis",
        name=metric,
        dimensions={"StreamName": names.stream(kind)},
        statistic=statistic,
        period_seconds=period_seconds,
    )


def _streams(names: Names, limits: Thresholds) -> list[Gauge]:
    ages = tuple(
        _stream(names, kind, f"{kind}", "GetRecords.IteratorAgeMilliseconds", "Maximum")
        for kind in StreamKind
    )
    throttled = tuple(
        _stream(names, kind, f"{kind} {what}", f"{what}ProvisionedThroughputExceeded", "Sum")
        for kind in StreamKind
        for what in ("Read", "Write")
    )
    put = tuple(
        _stream(names, kind, f"{kind} {what}", f"PutRecords.{what}Records", "Sum")
        for kind in StreamKind
        for what in ("Throttled", "Failed")
    )
    return [
        Gauge(
            title="Iterator age",
            unit="ms",
            limit=limits.kinesis_iterator_age_milliseconds,
            metrics=ages,
        ),
        Gauge(
            title="Throttled records",
            unit="short",
            limit=limits.kinesis_throttled_records,
            metrics=throttled,
        ),
        Gauge(
            title="Records refused in PutRecords",
            unit="short",
            limit=limits.kinesis_throttled_records,
            metrics=put,
        ),
    ]


def _deliveries(names: Names, limits: Thresholds) -> list[Gauge]:
    def all_kinds(metric: str, statistic: str) -> tuple[Metric, ...]:
        return tuple(
            Metric(
                label=f"{kind}",
                namespace="AWS/Firehose",
                name=metric,
                dimensions={"DeliveryStreamName": names.delivery_stream(kind)},
                statistic=statistic,
            )
            for kind in StreamKind
        )

    return [
        Gauge(
            title="Data freshness",
            unit="s",
            limit=limits.delivery_freshness_seconds,
            metrics=all_kinds("DeliveryToS3.DataFreshness", "Maximum"),
        ),
        Gauge(
            title="Distance from the stream's tip",
            unit="ms",
            limit=limits.delivery_source_lag_milliseconds,
            metrics=all_kinds("KinesisMillisBehindLatest", "Maximum"),
        ),
    ]


def _flink(
    specification: EnvironmentSpecification, names: Names, limits: Thresholds
) -> list[Gauge]:
    def metric(name: str, **more: bool | int) -> Metric:
        return Metric(
            label=name,
            namespace="AWS/KinesisAnalytics",
            name=name,
            dimensions={"Application": names.flink_application},
            statistic="Maximum",
            **more,  # type: ignore[arg-type]
        )

    fan_out = Metric(
        label="fan-out consumer",
        namespace="AWS/Kinesis",
        name="SubscribeToShardEvent.MillisBehindLatest",
        dimensions={
            "StreamName": names.stream(StreamKind.RAW),
            "ConsumerName": names.flink_consumer,
        },
        statistic="Maximum",
    )
    counter = {"is_counter": True, "period_seconds": FIVE_MINUTES_SECONDS}
    return [
        Gauge(
            title="Distance from the raw stream's tip",
            unit="ms",
            limit=limits.flink_lag_milliseconds,
            metrics=(fan_out, metric("millisBehindLatest", is_exact=False)),
        ),
        Gauge(
            title="Restarts",
            unit="short",
            limit=limits.flink_restarts,
            metrics=(metric(RESTARTS[specification.flink.runtime], **counter),),
        ),
        Gauge(
            title="Failed checkpoints",
            unit="short",
            limit=limits.flink_failed_checkpoints,
            metrics=(metric("numberOfFailedCheckpoints", **counter),),
        ),
        Gauge(
            title="Last checkpoint",
            unit="ms",
            limit=limits.flink_checkpoint_milliseconds,
            metrics=(metric("lastCheckpointDuration"),),
        ),
    ]


def _function(names: Names, limits: Thresholds) -> list[Gauge]:
    def metric(name: str, statistic: str) -> tuple[Metric, ...]:
        return (
            Metric(
                label=name,
                namespace="AWS/Lambda",
                name=name,
                dimensions={"FunctionName": names.session_function},
                statistic=statistic,
            ),
        )

    return [
        Gauge(
            title="Iterator age",
            unit="ms",
            limit=limits.kinesis_iterator_age_milliseconds,
            metrics=metric("IteratorAge", "Maximum"),
        ),
        Gauge(
            title="Errors",
            unit="short",
            limit=limits.function_errors,
            metrics=metric("Errors", "Sum"),
        ),
        Gauge(
            title="Throttles",
            unit="short",
            limit=limits.function_throttles,
            metrics=metric("Throttles", "Sum"),
        ),
    ]


def _store(names: Names, limits: Thresholds) -> list[Gauge]:
    table = {"DatabaseName": names.timestream_database, "TableName": names.sessions_table}
    # Failures are counted for the whole region: they have no dimension of a table.
    writes = {"Operation": "WriteRecords"}

    def metrics(dimensions: Mapping[str, str], *names_of: str) -> tuple[Metric, ...]:
        return tuple(
            Metric(
                label=name,
                namespace="AWS/Timestream",
                name=name,
                dimensions=dimensions,
                statistic="Sum",
            )
            for name in names_of
        )

    return [
        Gauge(
            title="Rejected records",
            unit="short",
            limit=limits.store_rejected_records,
            metrics=metrics(
                table,
                "MagneticStoreRejectedRecordCount",
                "MagneticStoreRejectedUploadUserFailures",
                "MagneticStoreRejectedUploadSystemFailures",
            ),
        ),
        Gauge(
            title="Failed writes",
            unit="short",
            limit=limits.store_failed_requests,
            metrics=metrics(writes, "SystemErrors", "UserErrors"),
        ),
    ]
