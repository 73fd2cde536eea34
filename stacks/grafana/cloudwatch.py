"""Metrics as queries of Grafana's CloudWatch data source."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.cloudwatch import CloudWatchMetricsQuery
from grafana_foundation_sdk.models.cloudwatch import (
    CloudWatchQueryMode,
    MetricEditorMode,
    MetricQueryType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grafana_foundation_sdk.models.dashboard import DataSourceRef

    from stacks.grafana.pipeline_metrics import Metric
    from videoctl.model.regions import Region


def metric_query(
    metric: Metric, region: Region, source: DataSourceRef, ref_id: str
) -> CloudWatchMetricsQuery:
    """One metric of one region.

    Args:
        metric: what to read.
        region: where.
        source: the CloudWatch data source.
        ref_id: the query's letters; also, in lower case, the name that expressions know it by.

    """
    return (
        _query(region, source, ref_id, f"{metric.label} {region}")
        .metric_editor_mode(MetricEditorMode.BUILDER)
        .namespace(metric.namespace)
        .metric_name(metric.name)
        .dimensions(dict(metric.dimensions))
        .match_exact(metric.is_exact)
        .statistic(metric.statistic)
        .period(str(metric.period_seconds))
    )


def metric_queries(
    metrics: Sequence[Metric], regions: Sequence[Region], source: DataSourceRef
) -> Iterator[CloudWatchMetricsQuery]:
    """The queries of one panel: every metric in every region, counters as what they grew by."""
    letters = ref_ids()
    for region in regions:
        for metric in metrics:
            query = metric_query(metric, region, source, next(letters))
            if not metric.is_counter:
                yield query
                continue
            # A counter starts again at 0 with its application: that is no step down.
            counted = query.hide(True).build()
            yield query
            yield (
                _query(region, source, next(letters), f"{metric.label} {region}")
                .metric_editor_mode(MetricEditorMode.CODE)
                .expression(f"IF(DIFF({counted.id_val}) > 0, DIFF({counted.id_val}), 0)")
                .period(str(metric.period_seconds))
            )


def ref_ids() -> Iterator[str]:
    """A to Z, then AA, AB and on, as Grafana letters queries."""
    letters = string.ascii_uppercase
    yield from letters
    for first in letters:
        yield from (first + second for second in letters)


def _query(
    region: Region, source: DataSourceRef, ref_id: str, label: str
) -> CloudWatchMetricsQuery:
    return (
        CloudWatchMetricsQuery()
        .query_mode(CloudWatchQueryMode.METRICS)
        .metric_query_type(MetricQueryType.SEARCH)
        .datasource(source)
        .ref_id(ref_id)
        .id(f"q_{ref_id.lower()}")
        .region(str(region))
        .label(label)
        .expression("")
    )
