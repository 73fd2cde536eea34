"""Amazon CloudWatch: values of many metrics in as few calls as may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from videoctl.model.metrics import PERIOD_SECONDS, Datapoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from videoctl.aws.client import AwsClient
    from videoctl.model.metrics import MetricQuery

MOST_QUERIES: Final = 500
"""What one GetMetricData takes (aws-facts, section 8)."""


class CloudWatchGateway:
    """CloudWatch of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def get_metric_data(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> dict[MetricQuery, tuple[Datapoint, ...]]:
        """Values by minute of each metric, the newest first; none for one that has no points.

        The window is half-open and begins on the minute of `start`.
        """
        found: dict[MetricQuery, tuple[Datapoint, ...]] = {}
        for first in range(0, len(queries), MOST_QUERIES):
            found |= self._batch(queries[first : first + MOST_QUERIES], start, end)
        return found

    def _batch(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> dict[MetricQuery, tuple[Datapoint, ...]]:
        by_id = {f"m{number}": query for number, query in enumerate(queries)}
        points: dict[str, list[Datapoint]] = {query_id: [] for query_id in by_id}
        pages = self._client.pages(
            "GetMetricData",
            MetricDataQueries=[_question(query_id, query) for query_id, query in by_id.items()],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampDescending",
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                pairs = zip(result["Timestamps"], result["Values"], strict=True)
                points[result["Id"]] += [Datapoint(moment, value) for moment, value in pairs]
        return {query: tuple(points[query_id]) for query_id, query in by_id.items()}


def _question(query_id: str, query: MetricQuery) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in query.dimensions]
    metric = {
        "Namespace": query.namespace,
        "MetricName": query.name,
        "Dimensions": dimensions,
    }
    stat = {"Metric": metric, "Period": PERIOD_SECONDS, "Stat": query.statistic.value}
    return {"Id": query_id, "MetricStat": stat}
