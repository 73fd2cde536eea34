"""An event source mapping across a reshard: every record once, children after their parents."""

from __future__ import annotations

import io
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


def archive() -> bytes:
    """The function's package."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as package:
        package.writestr("main.py", CODE)
    return body.getvalue()


def arrived(server: RealSandbox) -> list[tuple[str, int]]:
    """Key and number of the shard of each record the function was given, in its order."""
    kinesis = server.client("kinesis")
    iterator = kinesis.get_shard_iterator(
        StreamName="mapped-out", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = kinesis.get_records(ShardIterator=iterator)["Records"]
    words = [record["Data"].decode().split() for record in records]
    return [(key, int(shard.rpartition("-")[2])) for key, shard in words]


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
