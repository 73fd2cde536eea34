"""The dashboard of the pipeline itself, hop by hop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import Dashboard

from stacks.grafana import panels
from stacks.grafana.cloudwatch import metric_queries
from stacks.grafana.pipeline_metrics import Gauge, gauges

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import timeseries

    from stacks.grafana.sources import Subject
    from videoctl.model.thresholds import Thresholds


def pipeline_health(subject: Subject, limits: Thresholds) -> Dashboard:
    """Lag, throttles, freshness, restarts, errors and rejects, in the order of an event's way."""
    dashboard = (
        Dashboard(f"{subject.specification.title}: pipeline health")
        .uid(f"{subject.environment}-pipeline-health")
        .description("CloudWatch's figures of each hop, with the limits of checks and alarms")
        .tags(["videoctl", subject.environment])
        .readonly()
        .refresh("1m")
        .time("now-3h", "now")
        .timezone("utc")
    )
    hops = gauges(subject.specification, subject.names, limits)
    rows = {
        hop: [_panel(subject, gauge, panels.WIDTH // len(shown)) for gauge in shown]
        for hop, shown in hops.items()
    }
    return panels.with_rows(dashboard, rows)


def _panel(subject: Subject, gauge: Gauge, width: int) -> timeseries.Panel:
    source = subject.cloudwatch()
    return panels.time_series(
        gauge.title,
        gauge.limit.title,
        gauge.unit,
        source=source,
        targets=metric_queries(gauge.metrics, subject.regions, source),
        width=width,
        limit=gauge.limit,
    )
