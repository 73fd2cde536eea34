"""GetMetricData in batches and pages: botocore's Stubber holds requests and answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY

from tests.aws.test_stubbed_gateways import stubbed
from videoctl.aws.cloudwatch import MOST_QUERIES, CloudWatchGateway
from videoctl.errors import NotAllowedError
from videoctl.model.metrics import Datapoint, MetricQuery, Statistic
from videoctl.model.regions import Region

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
END = START + timedelta(minutes=20)


def query(name: str) -> MetricQuery:
    """A metric of a stream."""
    return MetricQuery(
        region=Region.US_WEST_2,
        namespace="AWS/Kinesis",
        name=name,
        dimensions=(("StreamName", "raw"),),
        statistic=Statistic.P99,
    )


def result(query_id: str, *minutes: int) -> dict[str, Any]:
    """Values of one query: the minute's own number."""
    return {
        "Id": query_id,
        "Timestamps": [START + timedelta(minutes=minute) for minute in minutes],
        "Values": [float(minute) for minute in minutes],
        "StatusCode": "Complete",
    }


def test_values_of_all_pages_belong_to_their_query() -> None:
    """A series that is cut by a page goes on with the next; one without points is empty."""
    with stubbed("cloudwatch") as (client, stubber):
        asked = [
            {
                "Id": query_id,
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Kinesis",
                        "MetricName": name,
                        "Dimensions": [{"Name": "StreamName", "Value": "raw"}],
                    },
                    "Period": 60,
                    "Stat": "p99",
                },
            }
            for query_id, name in (("m0", "a"), ("m1", "b"))
        ]
        request = {
            "MetricDataQueries": asked,
            "StartTime": START,
            "EndTime": END,
            "ScanBy": "TimestampDescending",
        }
        stubber.add_response(
            "get_metric_data",
            {"MetricDataResults": [result("m0", 3, 2)], "NextToken": "more"},
            request,
        )
        stubber.add_response(
            "get_metric_data",
            {"MetricDataResults": [result("m0", 1), result("m1")]},
            {**request, "NextToken": "more"},
        )
        found = CloudWatchGateway(client).get_metric_data([query("a"), query("b")], START, END)
    assert found[query("b")] == ()
    assert found[query("a")] == tuple(
        Datapoint(START + timedelta(minutes=minute), minute) for minute in (3, 2, 1)
    )


def test_many_queries_are_as_few_calls_as_may_be() -> None:
    """500 a call, not one a metric."""
    queries = [query(f"m{number}") for number in range(MOST_QUERIES + 1)]
    with stubbed("cloudwatch") as (client, stubber):
        expected = {"MetricDataQueries": ANY, "StartTime": START, "EndTime": END, "ScanBy": ANY}
        for _ in range(2):
            stubber.add_response("get_metric_data", {"MetricDataResults": []}, expected)
        found = CloudWatchGateway(client).get_metric_data(queries, START, END)
    assert found == dict.fromkeys(queries, ())


def test_a_denial_is_one_of_ours() -> None:
    """The error names service, operation and region."""
    with stubbed("cloudwatch") as (client, stubber):
        stubber.add_client_error("get_metric_data", "AccessDenied", http_status_code=403)
        with pytest.raises(NotAllowedError, match="GetMetricData"):
            CloudWatchGateway(client).get_metric_data([query("a")], START, END)
