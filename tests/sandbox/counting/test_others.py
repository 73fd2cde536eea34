"""Metrics of functions, Timestream, load balancers, accelerators and replication."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.counting.published import EAST, WEST, statistics, total
from tests.sandbox.counting.test_kinesis import put, stream
from tests.sandbox.services.globalaccelerator.traffic import Balancers, FrontDoor
from tests.sandbox.services.real import RealSandbox, eventually

pytestmark = pytest.mark.sandbox

ROLE = "arn:aws:iam::000000000000:role/made-up"
HANDLER = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("as asked")
    return len(event.get("Records", []))
"""


def function(sandbox: RealSandbox, name: str) -> Any:
    """A client, and a function that fails when asked to."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.py", HANDLER)
    client = sandbox.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="main.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return client


def test_invocations_are_counted_once_whoever_asks(running: RealSandbox) -> None:
    """Good and failed calls count as invocations, failed ones as errors too."""
    client = function(running, "called")
    for payload in ({}, {}, {"fail": True}):
        client.invoke(FunctionName="called", Payload=json.dumps(payload))
    named = {"FunctionName": "called"}
    assert total(running, "AWS/Lambda", "Invocations", **named) == 3
    errors = statistics(running, "AWS/Lambda", "Errors", **named)
    assert (errors["Sum"], errors["SampleCount"]) == (1, 3)
    duration = statistics(running, "AWS/Lambda", "Duration", **named)
    assert duration["SampleCount"] == 3
    assert duration["Minimum"] > 0
    assert total(running, "AWS/Lambda", "Throttles", **named) == 0


def test_throttles_are_no_invocations(running: RealSandbox) -> None:
    """A function without concurrency is throttled, each time once."""
    client = function(running, "throttled")
    client.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
    answers = httpx.post(
        f"{running.endpoint_url}/2015-03-31/functions/throttled/invocations", json={}
    )
    assert answers.status_code == 429
    named = {"FunctionName": "throttled"}
    assert total(running, "AWS/Lambda", "Throttles", **named) == 1
    assert statistics(running, "AWS/Lambda", "Invocations", **named) == {}


def test_batches_of_a_stream_have_an_age(running: RealSandbox) -> None:
    """What an event source mapping invokes counts, with the age of the batch's last record."""
    kinesis = stream(running, "source")
    client = function(running, "consumer")
    client.create_event_source_mapping(
        FunctionName="consumer",
        EventSourceArn="arn:aws:kinesis:us-east-1:000000000000:stream/source",
        StartingPosition="TRIM_HORIZON",
    )
    put(kinesis, "source", [10] * 5)
    named = {"FunctionName": "consumer"}
    eventually(lambda: total(running, "AWS/Lambda", "Invocations", **named))
    age = statistics(running, "AWS/Lambda", "IteratorAge", **named)
    assert age["SampleCount"] == total(running, "AWS/Lambda", "Invocations", **named)
    assert 0 <= age["Minimum"] <= age["Maximum"]


def test_timestream_requests_are_counted_by_operation(running: RealSandbox) -> None:
    """Writes that succeed by table, their records, and errors by whose fault they are."""
    client = running.client("timestream-write")
    client.create_database(DatabaseName="counted")
    client.create_table(DatabaseName="counted", TableName="sessions")
    table = {"DatabaseName": "counted", "TableName": "sessions"}

    def record(number: int) -> dict[str, Any]:
        return {
            "Dimensions": [{"Name": "id", "Value": str(number)}],
            "MeasureName": "m",
            "MeasureValue": "1",
            "Time": str(time.time_ns() // 1_000_000),
        }

    before = total(running, "AWS/Timestream", "NumberOfRecords", Operation="WriteRecords") or 0
    client.write_records(**table, Records=[record(number) for number in range(7)])
    with pytest.raises(ClientError):
        client.write_records(DatabaseName="counted", TableName="none", Records=[record(1)])
    control = f"{running.endpoint_url}/_sandbox/faults"
    fault = {"kind": "service-down", "service": "timestream-write", "operation": "WriteRecords"}
    httpx.post(control, json=fault).raise_for_status()
    try:
        with pytest.raises(ClientError):
            client.write_records(**table, Records=[record(8)])
    finally:
        httpx.delete(control)
    latency = statistics(
        running, "AWS/Timestream", "SuccessfulRequestLatency", **table, Operation="WriteRecords"
    )
    assert latency["SampleCount"] == 1
    assert latency["Minimum"] > 0
    after = total(running, "AWS/Timestream", "NumberOfRecords", Operation="WriteRecords")
    assert after == before + 7
    assert total(running, "AWS/Timestream", "UserErrors", Operation="WriteRecords") == 1
    assert (total(running, "AWS/Timestream", "SystemErrors", Operation="WriteRecords") or 0) >= 1


def test_requests_through_the_front_door_are_counted(own: RealSandbox) -> None:
    """Every request is one of a load balancer and, by connection, a flow of the accelerator."""
    own.start()
    client = own.client("globalaccelerator", WEST)
    balancers = Balancers(own)
    try:
        door = FrontDoor(own, client, balancers)
        door.wait_for_health(us_east_1="HEALTHY", us_west_2="HEALTHY")
        answers = door.ask(20)
        counted = {EAST: 0.0, WEST: 0.0}

        def all_counted() -> bool:
            for region in counted:
                counted[region] = _requests(own, region) or 0.0
            return sum(counted.values()) >= 20

        eventually(all_counted)
        assert counted == {EAST: answers[EAST], WEST: answers[WEST]}
        accelerator = client.list_accelerators()["Accelerators"][0]["AcceleratorArn"]
        named = {"Accelerator": accelerator.rpartition("/")[2]}
        flows = total(own, "AWS/GlobalAccelerator", "NewFlowCount", WEST, **named)
        assert flows == 20
        assert (total(own, "AWS/GlobalAccelerator", "ProcessedBytesIn", WEST, **named) or 0) > 0
        assert statistics(own, "AWS/GlobalAccelerator", "NewFlowCount", EAST, **named) == {}
        healthy = statistics(own, "AWS/GlobalAccelerator", "HealthyEndpointCount", WEST, **named)
        assert healthy["Maximum"] == 2
    finally:
        balancers.close()


def _requests(sandbox: RealSandbox, region: str) -> float | None:
    elb = sandbox.client("elbv2", region)
    arn = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    named = {"LoadBalancer": arn.partition(":loadbalancer/")[2]}
    whole = total(sandbox, "AWS/ApplicationELB", "RequestCount", region, **named)
    good = total(sandbox, "AWS/ApplicationELB", "HTTPCode_Target_2XX_Count", region, **named)
    return whole if whole == good else None


RULE = {
    "ID": "all",
    "Priority": 1,
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "DeleteMarkerReplication": {"Status": "Disabled"},
}


def replicated(sandbox: RealSandbox, name: str, *, has_metrics: bool) -> dict[str, str]:
    """Dimensions of a rule from a bucket in the east to one in the west."""
    pair = {EAST: f"{name}-east", WEST: f"{name}-west"}
    for region, bucket in pair.items():
        s3 = sandbox.client("s3", region)
        place = (
            {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": WEST}}
        )
        s3.create_bucket(Bucket=bucket, **place)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    destination: dict[str, Any] = {"Bucket": f"arn:aws:s3:::{pair[WEST]}"}
    if has_metrics:
        minutes = {"Minutes": 15}
        destination["Metrics"] = {"Status": "Enabled", "EventThreshold": minutes}
        destination["ReplicationTime"] = {"Status": "Enabled", "Time": minutes}
    sandbox.client("s3").put_bucket_replication(
        Bucket=pair[EAST],
        ReplicationConfiguration={"Role": ROLE, "Rules": [{**RULE, "Destination": destination}]},
    )
    return {"SourceBucket": pair[EAST], "DestinationBucket": pair[WEST], "RuleId": "all"}


def test_replication_is_counted_in_the_destinations_region(running: RealSandbox) -> None:
    """What waits shows as pending with its bytes and its age, what is done with its latency."""
    named = replicated(running, "metered", has_metrics=True)
    control = f"{running.endpoint_url}/_sandbox/faults"
    delay = {"kind": "replication-delay", "region": EAST, "delay_ms": 1500}
    httpx.post(control, json=delay).raise_for_status()
    s3 = running.client("s3")
    try:
        for number in range(3):
            s3.put_object(Bucket="metered-east", Key=str(number), Body=b"x" * 100)
        pending = statistics(running, "AWS/S3", "OperationsPendingReplication", WEST, **named)
        waiting = statistics(running, "AWS/S3", "BytesPendingReplication", WEST, **named)
        assert (pending["Maximum"], waiting["Maximum"]) == (3, 300)
        eventually(lambda: _status(s3, "2") == "COMPLETED")
    finally:
        httpx.delete(control)
    latency = statistics(running, "AWS/S3", "ReplicationLatency", WEST, **named)
    assert latency["Maximum"] >= 1.5
    pending = statistics(running, "AWS/S3", "OperationsPendingReplication", WEST, **named)
    assert pending["Minimum"] == 0
    assert statistics(running, "AWS/S3", "ReplicationLatency", EAST, **named) == {}


def _status(s3: Any, key: str) -> str:
    return str(s3.head_object(Bucket="metered-east", Key=key).get("ReplicationStatus"))


def test_a_rule_without_metrics_publishes_none(running: RealSandbox) -> None:
    """As in AWS, metrics are a setting of the rule."""
    named = replicated(running, "unmetered", has_metrics=False)
    running.client("s3").put_object(Bucket="unmetered-east", Key="a", Body=b"x")
    assert statistics(running, "AWS/S3", "ReplicationLatency", WEST, **named) == {}
    assert statistics(running, "AWS/S3", "OperationsPendingReplication", WEST, **named) == {}
