"""The alert rules: what wakes somebody, and what it says to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from grafana_foundation_sdk.builders.alerting import Query, Rule
from grafana_foundation_sdk.builders.expr import TypeMath, TypeReduce
from grafana_foundation_sdk.models.alerting import RelativeTimeRange

from stacks.grafana.cloudwatch import metric_query
from stacks.grafana.pipeline_metrics import late_arrivals, raw_arrivals
from stacks.grafana.session_queries import ALERT_MINUTES
from stacks.grafana.sources import EXPRESSION, Subject
from stacks.grafana.timestream import Built, ResultFormat, TimestreamQuery
from videoctl.model.specification import TrafficClass
from videoctl.model.thresholds import Threshold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.cog.variants import Dataquery
    from grafana_foundation_sdk.models.dashboard import DataSourceRef

    from videoctl.model.regions import Region
    from videoctl.model.thresholds import Thresholds

INTERVAL: Final = "1m"
"""How often the rules are evaluated."""
ARRIVALS_SECONDS: Final = 300
ALERT_SECONDS: Final = ALERT_MINUTES * 60
RULE_UID_LENGTH: Final = 40
"""Grafana takes no longer uid."""
Severity = Literal["warning", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("warning", "critical")
PENDING: Final[dict[Severity, str]] = {"warning": "10m", "critical": "5m"}
"""How long a rule must hold before it fires: shorter where somebody must act."""
NoData = Literal["Alerting", "NoData", "OK"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing that may go wrong in a region.

    Attributes:
        key: part of the rules' uid.
        title: what is wrong, in a region.
        summary: the figure in words; `.Values.V` is the figure (`$values` would be expanded by
            provisioning, as an environment variable).
        action: what to type or look at first.
        limit: from the thresholds.
        queries: give the figure as V.
        without_data: what no figure means.
        needs_viewers: it is wrong only where somebody always watches.

    """

    key: str
    title: str
    summary: str
    action: str
    limit: Threshold
    queries: tuple[Query, ...]
    without_data: NoData
    needs_viewers: bool = False


def alert_rules(subject: Subject, limits: Thresholds) -> dict[str, Any]:
    """The rules as Grafana provisions them, one group a region."""
    groups = [
        {
            "orgId": 1,
            "name": f"{subject.environment} {region}",
            "folder": "videoctl",
            "interval": INTERVAL,
            "rules": list(_rules(subject, region, limits)),
        }
        for region in subject.regions
    ]
    return {"apiVersion": 1, "groups": groups}


def _rules(subject: Subject, region: Region, limits: Thresholds) -> Iterator[dict[str, Any]]:
    for concern in _concerns(subject, region, limits):
        for severity in SEVERITIES:
            yield _provisioned(_rule(subject, region, concern, severity))


def _concerns(subject: Subject, region: Region, limits: Thresholds) -> Iterator[Concern]:
    sessions, source = subject.sessions, subject.timestream(region)
    name = subject.environment
    look = f"videoctl env status {name}"
    yield Concern(
        key="no-data",
        title="No data arriving",
        summary="{{ .Values.V.Value }} records came into the raw stream in five minutes",
        action=f"{look}, then videoctl env check {name}: ingest or the front door is down",
        limit=limits.raw_arrivals_records,
        queries=_metric(subject, region),
        without_data="Alerting",
    )
    yield Concern(
        key="stale",
        title="Session windows stale",
        summary="the newest session window ended {{ .Values.V.Value }} s ago",
        action=f"{look}: Flink, the session function or Timestream stands still",
        limit=limits.session_age_seconds,
        queries=(_sessions("V", source, sessions.newest_window_age()),),
        without_data="Alerting",
        needs_viewers=True,
    )
    yield Concern(
        key="stall-ratio",
        title="Stall ratio high",
        summary="viewers stall {{ humanizePercentage .Values.V.Value }} of their time",
        action="see Top content on the live sessions dashboard: one content, or one region?",
        limit=limits.session_stall_ratio,
        queries=(_sessions("V", source, sessions.recent_stall_ratio()),),
        without_data="OK",
    )
    yield Concern(
        key="error-ratio",
        title="Error rate high",
        summary="{{ humanizePercentage .Values.V.Value }} of the events are errors",
        action="see Top content on the live sessions dashboard: one content, or one region?",
        limit=limits.session_error_ratio,
        queries=(_sessions("V", source, sessions.recent_error_ratio()),),
        without_data="OK",
    )
    yield Concern(
        key="late-ratio",
        title="Late share high",
        summary="{{ humanizePercentage .Values.V.Value }} of the events come late",
        action=f"{look}: a backlog upstream of Flink, or players with wrong clocks",
        limit=limits.late_ratio,
        queries=_late(subject, region),
        without_data="OK",
    )


def _rule(subject: Subject, region: Region, concern: Concern, severity: Severity) -> Rule:
    limit = concern.limit
    value = limit.critical if severity == "critical" else limit.warning
    comparison = ">=" if limit.worse == "above" else "<"
    condition = TypeMath().datasource(EXPRESSION).ref_id("C").expression(f"$V {comparison} {value}")
    rule = (
        Rule(f"{concern.title} in {region} ({severity})")
        .uid(f"{subject.environment}-{concern.key}-{region}-{severity[0]}")
        .condition("C")
        .no_data_state(concern.without_data)
        # A source that does not answer is a fault of its own, and is said as one.
        .exec_err_state("Error")
        .for_val(PENDING[severity])
        .labels(
            {
                "severity": severity,
                "environment": subject.environment,
                "region": str(region),
                "concern": concern.key,
            }
        )
        .annotations(
            {
                "summary": f"{subject.specification.title}, {region}: {concern.summary}",
                "description": concern.action,
            }
        )
        .is_paused(concern.needs_viewers and not _is_always_watched(subject))
    )
    for query in concern.queries:
        rule = rule.with_query(query)
    return rule.with_query(_expression("C", condition))


def _is_always_watched(subject: Subject) -> bool:
    """Where nobody watches for an hour, old windows are no fault."""
    return subject.specification.traffic_class is TrafficClass.PRODUCTION


def _sessions(ref_id: str, source: DataSourceRef, text: str) -> Query:
    target = TimestreamQuery(ref_id, source, text, ResultFormat.TABLE)
    return _query(ref_id, source, Built(target), ALERT_SECONDS)


def _metric(subject: Subject, region: Region) -> tuple[Query, ...]:
    """V: records that came into the raw stream in the last minutes, the ticks among them."""
    source = subject.cloudwatch()
    target = metric_query(raw_arrivals(subject.names), region, source, "A")
    return (
        _query("A", source, target, 2 * ARRIVALS_SECONDS),
        _expression("V", _reduced("V", "A", "last")),
    )


def _late(subject: Subject, region: Region) -> tuple[Query, ...]:
    """V: late events as a share of late and counted ones."""
    source, cloudwatch = subject.timestream(region), subject.cloudwatch()
    target = metric_query(late_arrivals(subject.names), region, cloudwatch, "A")
    share = TypeMath().datasource(EXPRESSION).ref_id("V").expression("$L / ($L + $E)")
    return (
        _query("A", cloudwatch, target, ALERT_SECONDS),
        _expression("L", _reduced("L", "A", "sum")),
        _sessions("E", source, subject.sessions.recent_events()),
        _expression("V", share),
    )


def _reduced(ref_id: str, of: str, reducer: Literal["last", "sum"]) -> TypeReduce:
    return TypeReduce().datasource(EXPRESSION).ref_id(ref_id).expression(of).reducer(reducer)


def _expression(ref_id: str, target: Builder[Dataquery]) -> Query:
    return _query(ref_id, EXPRESSION, target, 0)


def _query(ref_id: str, source: DataSourceRef, target: Builder[Dataquery], seconds: int) -> Query:
    return (
        Query(ref_id)
        .datasource_uid(source.uid or "")
        .model(target)
        .relative_time_range(RelativeTimeRange(from_val=seconds, to=0))
    )


def _provisioned(rule: Rule) -> dict[str, Any]:
    """A rule as a provisioning file holds it: its group says the rest."""
    said_by_the_group = {"folderUID", "orgID", "ruleGroup"}
    document = rule.build().to_json()
    return {key: value for key, value in document.items() if key not in said_by_the_group}
