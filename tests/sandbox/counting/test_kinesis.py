"""Metrics of streams against the records that were really put and read."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.counting.published import WEST, publish, statistics, total
from tests.sandbox.services.real import RealSandbox, eventually

pytestmark = pytest.mark.sandbox


def stream(sandbox: RealSandbox, name: str, shards: int = 1, region: str = "us-east-1") -> Any:
    """A client, and a stream that is ACTIVE."""
    client = sandbox.client("kinesis", region)
    client.create_stream(StreamName=name, ShardCount=shards)
    eventually(
        lambda: (
            client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"][
                "StreamStatus"
            ]
            == "ACTIVE"
        )
    )
    return client


def put(client: Any, name: str, sizes: list[int]) -> None:
    """One batch of records of these sizes."""
    records = [
        {"Data": b"x" * size, "PartitionKey": str(index)} for index, size in enumerate(sizes)
    ]
    assert client.put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0


def read_all(client: Any, name: str) -> int:
    """How many records a poll of every shard gives."""
    count = 0
    for shard in client.list_shards(StreamName=name)["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        count += len(client.get_records(ShardIterator=iterator)["Records"])
    return count


@pytest.mark.parametrize("seed", range(2))
def test_published_sums_are_what_was_put_over_restarts(own: RealSandbox, seed: int) -> None:
    """Stopped in the middle, then started: records and bytes are counted exactly once."""
    dice = random.Random(seed)
    own.start()
    client = stream(own, "raw", 2)
    count = size = calls = 0
    for round_number in range(3):
        for _ in range(5):
            sizes = [dice.randint(1, 3000) for _ in range(dice.randint(1, 60))]
            put(client, "raw", sizes)
            count, size, calls = count + len(sizes), size + sum(sizes), calls + 1
        if round_number == 1:
            publish(own)
        own.stop()
        own.start()
        client = own.client("kinesis")
    client.put_record(StreamName="raw", Data=b"12345", PartitionKey="k")
    assert total(own, "AWS/Kinesis", "IncomingRecords", StreamName="raw") == count + 1
    assert total(own, "AWS/Kinesis", "IncomingBytes", StreamName="raw") == size + 5
    batches = statistics(own, "AWS/Kinesis", "PutRecords.Success", StreamName="raw")
    assert (batches["Sum"], batches["SampleCount"]) == (calls, calls)
    assert total(own, "AWS/Kinesis", "PutRecords.SuccessfulRecords", StreamName="raw") == count
    assert total(own, "AWS/Kinesis", "PutRecord.Bytes", StreamName="raw") == 5


def test_a_kill_loses_at_most_a_second_of_counts(own: RealSandbox) -> None:
    """What was counted a moment before the last save is there after `kill -9`."""
    own.start()
    client = stream(own, "raw")
    put(client, "raw", [10] * 7)
    publish(own)
    own.kill()
    own.start()
    put(own.client("kinesis"), "raw", [10] * 5)
    assert total(own, "AWS/Kinesis", "IncomingRecords", StreamName="raw") == 12


def test_an_idle_stream_publishes_nothing(running: RealSandbox) -> None:
    """No puts, no polls: no points, not zeros; a stream of that name elsewhere is another."""
    stream(running, "idle")
    client = stream(running, "idle", region=WEST)
    put(client, "idle", [1])
    assert statistics(running, "AWS/Kinesis", "IncomingRecords", StreamName="idle") == {}
    assert statistics(running, "AWS/Kinesis", "GetRecords.Success", StreamName="idle") == {}
    assert total(running, "AWS/Kinesis", "IncomingRecords", WEST, StreamName="idle") == 1


def test_polls_are_counted_and_their_age_is_zero_at_the_tip(running: RealSandbox) -> None:
    """Records given, and an age of 0 when nothing is left behind them."""
    client = stream(running, "polled", 2)
    put(client, "polled", [100] * 20)
    assert read_all(client, "polled") == 20
    assert total(running, "AWS/Kinesis", "GetRecords.Records", StreamName="polled") == 20
    assert total(running, "AWS/Kinesis", "GetRecords.Bytes", StreamName="polled") == 2000
    age = statistics(
        running, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", StreamName="polled"
    )
    assert (age["SampleCount"], age["Maximum"]) == (2, 0)


def test_a_consumer_that_is_behind_shows_the_age(running: RealSandbox) -> None:
    """A poll that leaves records behind has the age of the last one it gave."""
    client = stream(running, "behind")
    put(client, "behind", [10])
    time.sleep(0.3)
    put(client, "behind", [10])
    shard = client.list_shards(StreamName="behind")["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(
        StreamName="behind", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    client.get_records(ShardIterator=iterator, Limit=1)
    age = statistics(
        running, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", StreamName="behind"
    )
    assert age["Maximum"] >= 300


def test_subscriptions_are_counted_by_consumer(running: RealSandbox) -> None:
    """Each record pushed to an enhanced fan-out consumer counts under its name."""
    client = stream(running, "pushed")
    summary = client.describe_stream_summary(StreamName="pushed")["StreamDescriptionSummary"]
    consumer = client.register_stream_consumer(StreamARN=summary["StreamARN"], ConsumerName="agg")[
        "Consumer"
    ]["ConsumerARN"]
    eventually(
        lambda: (
            client.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"][
                "ConsumerStatus"
            ]
            == "ACTIVE"
        )
    )
    put(client, "pushed", [50] * 9)
    shard = client.list_shards(StreamName="pushed")["Shards"][0]["ShardId"]
    events = client.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=shard, StartingPosition={"Type": "TRIM_HORIZON"}
    )["EventStream"]
    found = 0
    for event in events:
        found += len(event["SubscribeToShardEvent"]["Records"])
        if found >= 9:
            break
    events.close()
    named = {"StreamName": "pushed", "ConsumerName": "agg"}
    assert total(running, "AWS/Kinesis", "SubscribeToShardEvent.Records", **named) == 9
    assert total(running, "AWS/Kinesis", "SubscribeToShardEvent.Bytes", **named) == 450
    assert total(running, "AWS/Kinesis", "SubscribeToShard.Success", **named) == 1
    behind = statistics(running, "AWS/Kinesis", "SubscribeToShardEvent.MillisBehindLatest", **named)
    assert behind["Maximum"] == 0


def test_shards_are_counted_apart_where_asked_for(running: RealSandbox) -> None:
    """With enhanced monitoring the shards' records add up to the stream's."""
    client = stream(running, "sharded", 2)
    client.enable_enhanced_monitoring(
        StreamName="sharded", ShardLevelMetrics=["IncomingRecords", "IncomingBytes"]
    )
    put(client, "sharded", [10] * 40)
    shards = [one["ShardId"] for one in client.list_shards(StreamName="sharded")["Shards"]]
    found = [
        total(running, "AWS/Kinesis", "IncomingRecords", StreamName="sharded", ShardId=shard) or 0
        for shard in shards
    ]
    assert sum(found) == 40
    assert all(found)


def test_throttled_records_are_counted(running: RealSandbox) -> None:
    """A throttle counts every record it kept out, and none of them as incoming."""
    client = stream(running, "throttled")
    put(client, "throttled", [10] * 3)
    control = f"{running.endpoint_url}/_sandbox/faults"
    httpx.post(control, json={"kind": "throttle", "service": "kinesis"}).raise_for_status()
    try:
        with pytest.raises(ClientError):
            put(client, "throttled", [10] * 4)
    finally:
        httpx.delete(control)
    kept_out = statistics(
        running, "AWS/Kinesis", "WriteProvisionedThroughputExceeded", StreamName="throttled"
    )
    attempts = kept_out["SampleCount"] - 1
    assert attempts >= 1
    assert kept_out["Sum"] == 4 * attempts
    named = {"StreamName": "throttled"}
    assert total(running, "AWS/Kinesis", "PutRecords.ThrottledRecords", **named) == 4 * attempts
    assert total(running, "AWS/Kinesis", "PutRecords.TotalRecords", **named) == 3 + 4 * attempts
    assert total(running, "AWS/Kinesis", "IncomingRecords", **named) == 3


def test_a_minute_appears_by_itself(running: RealSandbox) -> None:
    """Nobody asks for publication: the minute is there soon after its end, as one point."""
    client = stream(running, "minute")
    put(client, "minute", [10] * 6)
    now = datetime.now(UTC)
    query = {
        "Id": "a",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Kinesis",
                "MetricName": "IncomingRecords",
                "Dimensions": [{"Name": "StreamName", "Value": "minute"}],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }

    def published() -> list[float]:
        results = running.client("cloudwatch").get_metric_data(
            MetricDataQueries=[query],
            StartTime=now - timedelta(minutes=2),
            EndTime=now + timedelta(minutes=5),
        )["MetricDataResults"]
        found: list[float] = results[0]["Values"]
        return found

    assert eventually(published, 90) == [6]
