"""An event source mapping across a reshard: every record once, children after their parents."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from tests.sandbox.services.real import RealSandbox, eventually

pytestmark = pytest.mark.sandbox

CODE = """
import boto3

client = boto3.client("kinesis")

def handler(event, context):
    for record in event["Records"]:
        shard = record["eventID"].partition(":")[0]
        data = record["kinesis"]["partitionKey"] + " " + shard
        client.put_record(StreamName="mapped-out", Data=data.encode(), PartitionKey="k")
"""


def archive(code: str = CODE) -> bytes:
    """The function's package."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as package:
        package.writestr("main.py", code)
    return body.getvalue()


def arrived(server: RealSandbox, stream: str = "mapped-out") -> list[tuple[str, int]]:
    """Key and number of the shard of each record the function was given, in its order."""
    kinesis = server.client("kinesis")
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = kinesis.get_records(ShardIterator=iterator)["Records"]
    words = [record["Data"].decode().split() for record in records]
    return [(key, int(shard.rpartition("-")[2])) for key, shard in words]


FALTERING = """
import boto3

client = boto3.client("kinesis")
tries = {}

def handler(event, context):
    for record in event["Records"]:
        key, number = record["kinesis"]["partitionKey"], record["kinesis"]["sequenceNumber"]
        tries[key] = tries.get(key, 0) + 1
        if key == "bad" or (key == "slow" and tries[key] < 3):
            return {"batchItemFailures": [{"itemIdentifier": number}]}
        data = (key + " shard-0").encode()
        client.put_record(StreamName="faltering-out", Data=data, PartitionKey="k")
"""


def test_what_a_function_could_not_process_comes_again(server: RealSandbox) -> None:
    """From the first record reported on; one that fails too often is named to the queue."""
    kinesis, functions, sqs = (server.client(name) for name in ("kinesis", "lambda", "sqs"))
    for name in ("faltering-in", "faltering-out"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    queue = sqs.create_queue(QueueName="given-up")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    functions.create_function(
        FunctionName="faltering",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/r",
        Handler="main.handler",
        Code={"ZipFile": archive(FALTERING)},
        Timeout=30,
    )
    summary = kinesis.describe_stream_summary(StreamName="faltering-in")
    functions.create_event_source_mapping(
        EventSourceArn=summary["StreamDescriptionSummary"]["StreamARN"],
        FunctionName="faltering",
        StartingPosition="TRIM_HORIZON",
        BatchSize=10,
        MaximumRetryAttempts=3,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": attributes["Attributes"]["QueueArn"]}},
    )
    keys = ["a", "slow", "b", "bad"]
    records = [{"Data": b"x", "PartitionKey": key} for key in keys]
    kinesis.put_records(StreamName="faltering-in", Records=records)
    eventually(lambda: len(arrived(server, "faltering-out")) >= 3, 60)

    def told() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
        return [message["Body"] for message in answer.get("Messages", [])]

    document = json.loads(eventually(told, 90)[0])
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["KinesisBatchInfo"]["batchSize"] == 1
    assert [key for key, _ in arrived(server, "faltering-out")] == ["a", "slow", "b"]


def test_a_reshard_under_a_mapping_loses_nothing(server: RealSandbox) -> None:
    """What was put before, during and after the reshard reaches the function, parents first."""
    kinesis, functions = server.client("kinesis"), server.client("lambda")
    for name in ("mapped-in", "mapped-out"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    functions.create_function(
        FunctionName="mapped",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/r",
        Handler="main.handler",
        Code={"ZipFile": archive()},
        Timeout=30,
    )
    arn = kinesis.describe_stream_summary(StreamName="mapped-in")["StreamDescriptionSummary"]
    functions.create_event_source_mapping(
        EventSourceArn=arn["StreamARN"],
        FunctionName="mapped",
        StartingPosition="TRIM_HORIZON",
        BatchSize=7,
    )
    keys = [f"key-{number}" for number in range(60)]

    def put(some: list[str]) -> None:
        records = [{"Data": b"x", "PartitionKey": key} for key in some]
        kinesis.put_records(StreamName="mapped-in", Records=records)

    def is_active() -> bool:
        found = kinesis.describe_stream_summary(StreamName="mapped-in")
        return bool(found["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE")

    put(keys[:20])
    kinesis.update_shard_count(
        StreamName="mapped-in", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    put(keys[20:40])
    eventually(is_active)
    put(keys[40:])
    eventually(lambda: len(arrived(server)) >= len(keys), 60)
    found = arrived(server)
    assert sorted(key for key, _ in found) == sorted(keys)
    shards = [shard for _, shard in found]
    assert set(shards) == {0, 1, 2}
    assert shards[:40] == [0] * 40
