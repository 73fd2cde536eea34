"""Alarms over metrics that were really published."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox

RULE: dict[str, Any] = {
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def value(client: Any, stream: str, minutes_ago: int, number: float) -> None:
    """A value of a minute that is over."""
    datum = {
        "MetricName": "lag",
        "Dimensions": [{"Name": "StreamName", "Value": stream}],
        "Timestamp": time.time() - 60 * minutes_ago,
        "Value": number,
    }
    client.put_metric_data(Namespace="Test", MetricData=[datum])


def lag(stream: str) -> dict[str, Any]:
    """The metric."""
    dimensions = [{"Name": "StreamName", "Value": stream}]
    return {"Namespace": "Test", "MetricName": "lag", "Dimensions": dimensions}


def state(client: Any, name: str) -> str:
    """State of an alarm."""
    (alarm,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def test_an_alarm_watches_its_own_metric(running: RealSandbox) -> None:
    """The stream that lags is in ALARM and tells the topic's queue; the other one is OK."""
    client = running.client("cloudwatch")
    topic = running.client("sns").create_topic(Name="alarms")["TopicArn"]
    sqs = running.client("sqs")
    queue = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    running.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"]
    )
    for minute in (1, 2):
        value(client, "late", minute, 9)
        value(client, "prompt", minute, 1)
    for stream in ("late", "prompt"):
        client.put_metric_alarm(
            AlarmName=f"lag-{stream}", **RULE, **lag(stream), Period=60, Statistic="Maximum",
            AlarmActions=[topic],
        )  # fmt: skip
    eventually(lambda: state(client, "lag-late") == "ALARM")
    eventually(lambda: state(client, "lag-prompt") == "OK")
    received = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert len(received) == 1
    assert "lag-late" in received[0]["Body"]


def test_an_alarm_on_metric_math(running: RealSandbox) -> None:
    """Queries come back as they were put, and decide: the rate of a counter that grows."""
    client = running.client("cloudwatch")
    for minute in (1, 2, 3):
        value(client, "restarts", minute, 10 - minute)
    metric = {
        "Id": "m",
        "MetricStat": {"Metric": lag("restarts"), "Period": 60, "Stat": "Maximum"},
        "ReturnData": False,
    }
    queries = [{"Id": "e", "Expression": "DIFF(m)", "ReturnData": True}, metric]
    rule = {**RULE, "EvaluationPeriods": 2, "DatapointsToAlarm": 1, "Threshold": 0.0}
    client.put_metric_alarm(AlarmName="restarts", **rule, Metrics=queries)
    (alarm,) = client.describe_alarms(AlarmNames=["restarts"])["MetricAlarms"]
    assert alarm["Metrics"] == queries
    assert "MetricName" not in alarm
    eventually(lambda: state(client, "restarts") == "ALARM")
    client.delete_alarms(AlarmNames=["restarts"])
    assert client.describe_alarms(AlarmNames=["restarts"])["MetricAlarms"] == []
