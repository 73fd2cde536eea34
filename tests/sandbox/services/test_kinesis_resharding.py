"""A reshard as consumers see it: parents are closed and readable, children come after them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.services.real import RealSandbox, eventually

pytestmark = pytest.mark.sandbox
_NAMES = itertools.count(1)
HALF = 1 << 127


@pytest.fixture
def kinesis(server: RealSandbox) -> Any:
    """A client of us-east-1."""
    return server.client("kinesis")


@pytest.fixture
def name(kinesis: Any) -> Iterator[str]:
    """A stream of one shard with ten records."""
    made = f"reshard-{next(_NAMES)}"
    kinesis.create_stream(StreamName=made, ShardCount=1)
    put(kinesis, made, range(10))
    yield made
    kinesis.delete_stream(StreamName=made, EnforceConsumerDeletion=True)


def put(kinesis: Any, name: str, numbers: range) -> None:
    """Put numbers, spread over the hash keys."""
    records = [{"Data": str(one).encode(), "PartitionKey": f"key-{one}"} for one in numbers]
    assert kinesis.put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0


def status(kinesis: Any, name: str) -> dict[str, Any]:
    """The stream's summary."""
    found: dict[str, Any] = kinesis.describe_stream_summary(StreamName=name)
    return found["StreamDescriptionSummary"]


def settled(kinesis: Any, name: str) -> None:
    """Wait until the stream is ACTIVE."""
    eventually(lambda: status(kinesis, name)["StreamStatus"] == "ACTIVE")


def shards(kinesis: Any, name: str, **wanted: Any) -> list[dict[str, Any]]:
    """Shards as a filter chooses them."""
    given = {"ShardFilter": wanted} if wanted else {}
    found: list[dict[str, Any]] = kinesis.list_shards(StreamName=name, **given)["Shards"]
    return found


def ids(found: list[dict[str, Any]]) -> list[int]:
    """Numbers of the shards."""
    return [int(one["ShardId"].rpartition("-")[2]) for one in found]


def read(kinesis: Any, name: str, shard: int, limit: int = 4) -> tuple[list[int], dict[str, Any]]:
    """What a shard holds from its beginning, and the last answer."""
    iterator = kinesis.get_shard_iterator(
        StreamName=name, ShardId=f"shardId-{shard:012d}", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found: list[int] = []
    while True:
        answer: dict[str, Any] = kinesis.get_records(ShardIterator=iterator, Limit=limit)
        found += [int(one["Data"]) for one in answer["Records"]]
        if not answer.get("NextShardIterator") or not answer["Records"]:
            return found, answer
        iterator = answer["NextShardIterator"]


def test_a_split_closes_the_parent_and_keeps_it(kinesis: Any, name: str) -> None:
    """The parent is listed with its ending sequence number, and holds its records to the end."""
    kinesis.split_shard(
        StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(HALF)
    )
    assert status(kinesis, name)["StreamStatus"] == "UPDATING"
    put(kinesis, name, range(10, 20))
    settled(kinesis, name)
    put(kinesis, name, range(20, 40))
    parent, first, second = shards(kinesis, name)
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert "EndingSequenceNumber" not in first["SequenceNumberRange"]
    assert [one["ParentShardId"] for one in (first, second)] == ["shardId-000000000000"] * 2
    assert int(second["HashKeyRange"]["StartingHashKey"]) == HALF
    assert status(kinesis, name)["OpenShardCount"] == 2
    found, last = read(kinesis, name, 0)
    assert found == list(range(20))
    assert "NextShardIterator" not in last
    assert ids(last["ChildShards"]) == [1, 2]
    assert last["ChildShards"][0]["ParentShards"] == ["shardId-000000000000"]
    children = [read(kinesis, name, shard)[0] for shard in (1, 2)]
    assert sorted(itertools.chain(*children)) == list(range(20, 40))
    assert all(children)


def test_an_iterator_of_before_the_split_reads_on(kinesis: Any, name: str) -> None:
    """Who was in the middle of the parent reads it to its end, and is told of the children."""
    iterator = kinesis.get_shard_iterator(
        StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="LATEST"
    )["ShardIterator"]
    put(kinesis, name, range(10, 12))
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    settled(kinesis, name)
    answer = kinesis.get_records(ShardIterator=iterator)
    assert [int(one["Data"]) for one in answer["Records"]] == [10, 11]
    assert "NextShardIterator" not in answer
    assert ids(answer["ChildShards"]) == [1, 2]


def test_a_merge_has_two_parents(kinesis: Any, name: str) -> None:
    """The child names both, and neither takes records any more."""
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    settled(kinesis, name)
    kinesis.merge_shards(
        StreamName=name,
        ShardToMerge="shardId-000000000001",
        AdjacentShardToMerge="shardId-000000000002",
    )
    settled(kinesis, name)
    (child,) = shards(kinesis, name, Type="AT_LATEST")
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (
        "shardId-000000000001",
        "shardId-000000000002",
    )
    put(kinesis, name, range(50, 55))
    assert read(kinesis, name, 3)[0] == list(range(50, 55))
    with pytest.raises(ClientError, match="Could not find an open shard"):
        kinesis.split_shard(
            StreamName=name, ShardToSplit="shardId-000000000001", NewStartingHashKey="5"
        )


def test_filters_choose_by_time_and_id(kinesis: Any, name: str) -> None:
    """Open now, open then, open since, behind an id; all that are kept without a filter."""
    before = datetime.now(UTC)
    time.sleep(0.01)
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    settled(kinesis, name)
    time.sleep(0.01)
    after = datetime.now(UTC)
    assert ids(shards(kinesis, name)) == [0, 1, 2]
    assert ids(shards(kinesis, name, Type="AT_LATEST")) == [1, 2]
    assert ids(shards(kinesis, name, Type="AT_TRIM_HORIZON")) == [0]
    assert ids(shards(kinesis, name, Type="FROM_TRIM_HORIZON")) == [0, 1, 2]
    assert ids(shards(kinesis, name, Type="AT_TIMESTAMP", Timestamp=before)) == [0]
    assert ids(shards(kinesis, name, Type="AT_TIMESTAMP", Timestamp=after)) == [1, 2]
    assert ids(shards(kinesis, name, Type="FROM_TIMESTAMP", Timestamp=before)) == [0, 1, 2]
    assert ids(shards(kinesis, name, Type="FROM_TIMESTAMP", Timestamp=after)) == [1, 2]
    assert ids(shards(kinesis, name, Type="AFTER_SHARD_ID", ShardId="shardId-000000000001")) == [2]


def test_pages_of_shards_need_their_token_alone(kinesis: Any, name: str) -> None:
    """A NextToken stands for the stream and the filter."""
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    settled(kinesis, name)
    first = kinesis.list_shards(StreamName=name, MaxResults=1, ShardFilter={"Type": "AT_LATEST"})
    second = kinesis.list_shards(NextToken=first["NextToken"])
    assert (ids(first["Shards"]), ids(second["Shards"])) == ([1], [2])
    assert "NextToken" not in second


def test_one_reshard_at_a_time(kinesis: Any, name: str) -> None:
    """While it is UPDATING a stream takes no other reshard."""
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    with pytest.raises(ClientError, match=r"ResourceInUseException.*UPDATING"):
        kinesis.update_shard_count(
            StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING"
        )
    assert status(kinesis, name)["StreamStatus"] == "UPDATING"
    settled(kinesis, name)


def test_a_subscription_ends_with_the_shard(kinesis: Any, name: str) -> None:
    """Enhanced fan-out gets the last records, then the children and no continuation."""
    arn = status(kinesis, name)["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]
    events = kinesis.subscribe_to_shard(
        ConsumerARN=consumer["ConsumerARN"],
        ShardId="shardId-000000000000",
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    told = [event["SubscribeToShardEvent"] for event in events]
    found = [int(record["Data"]) for event in told for record in event["Records"]]
    assert found == list(range(10))
    assert ids(told[-1]["ChildShards"]) == [1, 2]
    assert "ContinuationSequenceNumber" not in told[-1]
    assert all("ContinuationSequenceNumber" in event for event in told[:-1])


def test_limits_count_open_shards(kinesis: Any, name: str) -> None:
    """Closed shards do not count."""
    before = kinesis.describe_limits()["OpenShardCount"]
    kinesis.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    settled(kinesis, name)
    assert kinesis.describe_limits()["OpenShardCount"] == before + 1
