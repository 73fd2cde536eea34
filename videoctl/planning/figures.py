"""The figures of each hop: what to ask CloudWatch for, and what the answers say. Pure.

A figure is of the newest minute that is over and published. One older than `FRESH_SECONDS` is
unknown, never repeated as if it were new. Zero is said only where a witness shows that the minute
was measured, and only once that minute is `SETTLED_SECONDS` old, when all its metrics have arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from videoctl.model.metrics import (
    PERIOD_SECONDS,
    Datapoint,
    Figure,
    MetricName,
    MetricQuery,
    PublishedIn,
    Statistic,
    figures_of,
)
from videoctl.model.names import BucketKind, StreamKind, replication_rule
from videoctl.model.regions import CONTROL_PLANE_REGION, Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.model.names import Names
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.status import Hop

FRESH_SECONDS: Final = 300
SETTLED_SECONDS: Final = 60
APART_SECONDS: Final = 120
"""Of figures of one hop that are further apart the older is unknown: one row is one moment."""
LOOK_BACK_SECONDS: Final = 1200
"""How far back CloudWatch is asked: the longest window, and what may be late before it."""

HopPlace = tuple[str, Region | None]
Answers = Mapping[MetricQuery, tuple[Datapoint, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HopMeasure:
    """The figures of one hop in one region.

    Attributes:
        rate_per_second: of `rate_unit`; None: unknown.
        lag_seconds: how long what passes has waited; None: unknown.
        measured_at: when the older of the two was true: the end of its minute.

    """

    rate_per_second: float | None = None
    rate_unit: str | None = None
    lag_seconds: float | None = None
    measured_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A figure with the queries that answer it."""

    figure: Figure
    query: MetricQuery
    witness: MetricQuery | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HopQuestions:
    """What is asked of one hop."""

    place: HopPlace
    rate: Question | None
    rate_unit: str | None
    lags: tuple[Question, ...]

    def queries(self) -> Iterator[MetricQuery]:
        """Every query of the hop."""
        for question in (*([self.rate] if self.rate else []), *self.lags):
            yield question.query
            if question.witness is not None:
                yield question.witness


def questions(
    places: Iterable[HopPlace], names: Names, observed: ObservedEnvironment
) -> tuple[HopQuestions, ...]:
    """What to ask of each hop; a resource that was not seen is not asked about."""
    return tuple(_hop_questions(place, names, observed) for place in places)


def measures(
    asked: Iterable[HopQuestions], answers: Answers, now: datetime
) -> dict[HopPlace, HopMeasure]:
    """What the answers say of each hop."""
    return {one.place: _measure(one, answers, now) for one in asked}


def with_measures(hop: Hop, by_hop: Mapping[HopPlace, HopMeasure]) -> Hop:
    """A hop with its figures, if there are any."""
    measure = by_hop.get((hop.hop, hop.region))
    if measure is None:
        return hop
    return replace(
        hop,
        rate_per_second=measure.rate_per_second,
        rate_unit=measure.rate_unit,
        lag_seconds=measure.lag_seconds,
        measured_at=measure.measured_at,
    )


def _hop_questions(place: HopPlace, names: Names, observed: ObservedEnvironment) -> HopQuestions:
    hop, region = place
    wanted = figures_of(hop)
    values = _dimension_values(hop, region, names, observed)

    def question(figure: Figure) -> Question | None:
        query = _query(figure.metric, region, values)
        if query is None:
            return None
        witness = _query(figure.witness, region, values) if figure.witness else None
        return Question(figure=figure, query=query, witness=witness)

    lags = (question(figure) for figure in wanted.lags)
    return HopQuestions(
        place=place,
        rate=question(wanted.rate) if wanted.rate else None,
        rate_unit=wanted.rate_unit,
        lags=tuple(one for one in lags if one is not None),
    )


def _query(
    metric: MetricName, region: Region | None, values: Mapping[str, str]
) -> MetricQuery | None:
    if not all(name in values for name in metric.dimensions):
        return None
    match metric.published_in:
        case PublishedIn.ACCELERATOR_REGION:
            asked_in = CONTROL_PLANE_REGION["globalaccelerator"]
        case PublishedIn.OTHER_REGION if region is not None:
            asked_in = region.other
        case PublishedIn.OWN_REGION if region is not None:
            asked_in = region
        case _:
            return None
    return MetricQuery(
        region=asked_in,
        namespace=metric.namespace,
        name=metric.name,
        dimensions=tuple(sorted((name, values[name]) for name in metric.dimensions)),
        statistic=metric.statistic,
    )


def _dimension_values(
    hop: str, region: Region | None, names: Names, observed: ObservedEnvironment
) -> dict[str, str]:
    """Values of every dimension that a metric of the hop may have."""
    if region is None:
        arn = observed.accelerator.arn if observed.accelerator else None
        return {"Accelerator": arn.rpartition("/")[2]} if arn else {}
    kind, _, family = hop.rpartition("-")
    if hop == "ingest":
        return _ingest_values(region, observed)
    if family in {"stream", "delivery", "bucket"}:
        return _data_values(kind, region, names, observed)
    return {
        "Application": names.flink_application,
        "FunctionName": names.session_function,
        "DatabaseName": names.timestream_database,
        "TableName": names.sessions_table,
        "Operation": "WriteRecords",
    }


def _ingest_values(region: Region, observed: ObservedEnvironment) -> dict[str, str]:
    seen = observed.region(region)
    balancer = (seen.load_balancer_arn or "").partition(":loadbalancer/")[2]
    group = (seen.target_group_arn or "").rpartition(":")[2]
    found = {"LoadBalancer": balancer, "TargetGroup": group}
    return {name: value for name, value in found.items() if value}


def _data_values(
    kind: str, region: Region, names: Names, observed: ObservedEnvironment
) -> dict[str, str]:
    if kind not in set(StreamKind):
        return {}
    stream, bucket = StreamKind(kind), BucketKind(kind)
    values = {
        "StreamName": names.stream(stream),
        "DeliveryStreamName": names.delivery_stream(stream),
    }
    if stream is StreamKind.RAW:
        values["ConsumerName"] = names.flink_consumer
    if any(seen.region is region.other for seen in observed.regions):
        values |= {
            "SourceBucket": names.bucket(bucket, region),
            "DestinationBucket": names.bucket(bucket, region.other),
            "RuleId": replication_rule(bucket, region.other),
        }
    return values


def _measure(asked: HopQuestions, answers: Answers, now: datetime) -> HopMeasure:
    rate = _read(asked.rate, answers, now) if asked.rate else None
    read = [_read(question, answers, now) for question in asked.lags]
    newest = max((one.begins_at for one in (rate, *read) if one is not None), default=now)
    apart = timedelta(seconds=APART_SECONDS)
    lags = [one for one in read if one is not None and newest - one.begins_at <= apart]
    known = [one for one in (rate, *lags) if one is not None]
    return HopMeasure(
        rate_per_second=rate.value if rate else None,
        rate_unit=asked.rate_unit if asked.rate else None,
        lag_seconds=max((lag.value for lag in lags), default=None),
        measured_at=min((one.begins_at for one in known), default=None),
    )


def _read(question: Question, answers: Answers, now: datetime) -> Datapoint | None:
    """The figure, at the end of the newest minute that says it."""
    points = answers.get(question.query, ())
    ends = [*_ends(points, now)]
    if question.witness is not None:
        settled = now - timedelta(seconds=SETTLED_SECONDS)
        ends += [end for end in _ends(answers.get(question.witness, ()), now) if end <= settled]
    if not ends:
        return None
    end, window = max(ends), timedelta(seconds=question.figure.window_seconds)
    values = [point.value for point in points if end - window <= point.begins_at < end]
    return Datapoint(end, _value(question.figure, values))


def _ends(points: Iterable[Datapoint], now: datetime) -> Iterator[datetime]:
    """Ends of minutes that are over and not too long ago."""
    for point in points:
        end = point.begins_at.astimezone(UTC) + timedelta(seconds=PERIOD_SECONDS)
        if end <= now <= end + timedelta(seconds=FRESH_SECONDS):
            yield end


def _value(figure: Figure, values: list[float]) -> float:
    metric = figure.metric
    if metric.statistic in {Statistic.SUM, Statistic.SAMPLE_COUNT}:
        return sum(values) / figure.window_seconds
    return max(values, default=0.0) * metric.seconds_per_unit
