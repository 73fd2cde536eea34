"""What a sandbox has published, asked for as any client asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.sandbox.services.real import RealSandbox

EAST, WEST = "us-east-1", "us-west-2"
Statistics = dict[str, float]


def publish(sandbox: RealSandbox) -> None:
    """Have it publish what it counted, instead of waiting for the minute's end."""
    httpx.post(f"{sandbox.endpoint_url}/_sandbox/metrics").raise_for_status()


def statistics(
    sandbox: RealSandbox, namespace: str, name: str, region: str = EAST, **dimensions: str
) -> Statistics:
    """Sum, SampleCount, Minimum and Maximum of the last hour; empty when there are no points."""
    publish(sandbox)
    now = datetime.now(UTC)
    hour = 3600
    start = datetime.fromtimestamp(now.timestamp() // hour * hour - hour, UTC)
    points: list[dict[str, Any]] = sandbox.client("cloudwatch", region).get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=start,
        EndTime=now + timedelta(minutes=1),
        Period=2 * hour,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
    )["Datapoints"]
    if not points:
        return {}
    return {
        "Sum": sum(point["Sum"] for point in points),
        "SampleCount": sum(point["SampleCount"] for point in points),
        "Minimum": min(point["Minimum"] for point in points),
        "Maximum": max(point["Maximum"] for point in points),
    }


def total(
    sandbox: RealSandbox, namespace: str, name: str, region: str = EAST, **dimensions: str
) -> float | None:
    """Sum of a metric; None when it has no points."""
    return statistics(sandbox, namespace, name, region, **dimensions).get("Sum")
