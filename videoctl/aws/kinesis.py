"""Amazon Kinesis Data Streams: what a stream is, and its records from a moment on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from videoctl.aws.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.aws.client import AwsClient

READS_PER_SHARD: Final = 50
"""Most GetRecords one look makes on one shard: a busy shard is not read to its end."""


@dataclass(frozen=True, kw_only=True)
class StreamSummary:
    """A stream: StreamStatus (CREATING, ACTIVE, UPDATING, DELETING), open shards, capacity mode."""

    status: str
    open_shard_count: int
    mode: str | None = None


@dataclass(frozen=True, kw_only=True)
class StreamRecord:
    """One Kinesis record, which may hold several user records in KPL's aggregation."""

    data: bytes
    partition_key: str
    arrived_at: datetime


class KinesisGateway:
    """Kinesis Data Streams of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def describe_stream_summary(self, stream: str) -> StreamSummary | None:
        """The stream called `stream`."""
        try:
            answer = self._client.call("DescribeStreamSummary", StreamName=stream)
        except NotFound:
            return None
        found = answer["StreamDescriptionSummary"]
        return StreamSummary(
            status=found["StreamStatus"],
            open_shard_count=found["OpenShardCount"],
            mode=found.get("StreamModeDetails", {}).get("StreamMode"),
        )

    def open_shard_ids(self, stream: str) -> tuple[str, ...]:
        """Ids of the shards that take records now; none for a stream that does not exist."""
        try:
            shards = self._client.items(
                "ListShards", "Shards", StreamName=stream, ShardFilter={"Type": "AT_LATEST"}
            )
            return tuple(
                shard["ShardId"]
                for shard in shards
                if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
            )
        except NotFound:
            return ()

    def update_shard_count(self, stream: str, count: int) -> None:
        """Begin to split and merge shards until `count` equal ones are open; it is UPDATING then.

        The service allows at most double, at least half, and ten calls in 24 hours.
        """
        self._client.call(
            "UpdateShardCount",
            StreamName=stream,
            TargetShardCount=count,
            ScalingType="UNIFORM_SCALING",
        )

    def records_since(self, stream: str, moment: datetime) -> Iterator[StreamRecord]:
        """Records that arrived at or after `moment`, shard by shard, up to now."""
        for shard in self._client.items("ListShards", "Shards", StreamName=stream):
            iterator: str | None = self._client.call(
                "GetShardIterator",
                StreamName=stream,
                ShardId=shard["ShardId"],
                ShardIteratorType="AT_TIMESTAMP",
                Timestamp=moment,
            )["ShardIterator"]
            yield from self._read_shard(iterator)

    def _read_shard(self, iterator: str | None) -> Iterator[StreamRecord]:
        for _ in range(READS_PER_SHARD):
            if iterator is None:
                return
            answer = self._client.call("GetRecords", ShardIterator=iterator)
            for record in answer["Records"]:
                yield StreamRecord(
                    data=record["Data"],
                    partition_key=record["PartitionKey"],
                    arrived_at=record["ApproximateArrivalTimestamp"],
                )
            if not answer["Records"] and not answer.get("MillisBehindLatest"):
                return
            iterator = answer.get("NextShardIterator")
