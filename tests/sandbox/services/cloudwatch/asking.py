"""Metrics put and read in a few words; minutes are counted from `BEGIN`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.services.calling import Caller

BEGIN = int(time.time()) // 3600 * 3600 - 3600
"""A whole hour, some hour ago: within what PutMetricData takes."""


def at(minute: float) -> datetime:
    """A moment."""
    return datetime.fromtimestamp(BEGIN + minute * 60, UTC)


def put(cloudwatch: Caller, name: str, values: dict[float, float], **dimensions: str) -> None:
    """One sample a minute in the namespace Test."""
    cloudwatch(
        "PutMetricData",
        Namespace="Test",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": named(**dimensions),
                "Timestamp": at(minute),
                "Value": value,
                "Unit": "Count",
            }
            for minute, value in values.items()
        ],
    )


def named(**dimensions: str) -> list[dict[str, str]]:
    """Dimensions as requests have them."""
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def metric(query_id: str, name: str, stat: str = "Sum", period: int = 60, **more: Any) -> Any:
    """A query for a metric of the namespace Test."""
    dimensions = more.pop("dimensions", {})
    asked = {"Namespace": "Test", "MetricName": name, "Dimensions": named(**dimensions)}
    return {
        "Id": query_id, "MetricStat": {"Metric": asked, "Period": period, "Stat": stat}, **more
    }  # fmt: skip


def read(cloudwatch: Caller, *queries: Any, minutes: int = 10, **more: Any) -> dict[str, Any]:
    """Answer of GetMetricData for the first minutes."""
    return cloudwatch(
        "GetMetricData",
        MetricDataQueries=list(queries),
        StartTime=at(0),
        EndTime=at(minutes),
        **{"ScanBy": "TimestampAscending", **more},
    )


def values(cloudwatch: Caller, *queries: Any, **more: Any) -> dict[str, dict[int, float]]:
    """Values by label and minute."""
    found: dict[str, dict[int, float]] = {}
    for result in read(cloudwatch, *queries, **more)["MetricDataResults"]:
        minutes = [(moment - BEGIN) // 60 for moment in result["Timestamps"]]
        found[result["Label"]] = dict(zip(minutes, result["Values"], strict=True))
    return found


def math(cloudwatch: Caller, expression: str, *queries: Any, **more: Any) -> dict[int, float]:
    """Values of an expression over queries, by minute."""
    hidden = [{**query, "ReturnData": False} for query in queries]
    asked = {"Id": "e", "Expression": expression}
    return values(cloudwatch, asked, *hidden, **more)["e"]
