"""Other services in memory, a clock that is set by hand, events and configurations."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aws_kinesis_agg.aggregator import RecordAggregator

from sandbox.protocol.errors import ServiceError

STREAM_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/raw"


@dataclass
class Clock:
    """Seconds that pass only when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Read it."""
        return self.now


@dataclass
class InMemoryAws:
    """Kinesis, S3 and CloudWatch Logs as `Loopback` would offer them.

    Attributes:
        shards: records of each shard: (sequence number, data, arrival).
        parents: the shard that a shard was split from.
        closed: shards that take no more records.
        objects: bodies by key; `None` as bucket contents means that the bucket is missing.
        log_events: messages written to CloudWatch Logs.

    """

    shards: dict[str, list[tuple[str, bytes, float]]] = field(
        default_factory=lambda: {"shardId-000000000000": [], "shardId-000000000001": []}
    )
    parents: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    objects: dict[str, bytes] | None = field(default_factory=dict)
    log_events: list[dict[str, Any]] = field(default_factory=list)
    broken_shards: set[str] = field(default_factory=set)
    iterators: dict[str, tuple[str, str]] = field(default_factory=dict)
    puts: list[dict[str, Any]] = field(default_factory=list)

    def put(self, data: bytes, shard: int = 0, arrived_at: float = 1_767_322_800.0) -> None:
        """Append a record; arrival is 2026-01-02 03:00:00 UTC unless said otherwise."""
        number = sum(map(len, self.shards.values())) + 1
        shard_id = f"shardId-{shard:012d}"
        self.shards[shard_id].append((f"{number:030d}", data, arrived_at))

    def lines(self) -> list[bytes]:
        """Lines of all objects together."""
        assert self.objects is not None
        return [
            line
            for body in self.objects.values()
            for line in gzip.decompress(body).split(b"\n")
            if line
        ]

    async def invoke(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Answer one operation."""
        handler = getattr(self, f"_{service}_{operation}")
        answer: dict[str, Any] = handler(**parameters)
        return answer

    def _kinesis_ListShards(self, StreamARN: str) -> dict[str, Any]:  # noqa: N802, N803
        return {
            "Shards": [
                {"ShardId": shard_id}
                | ({"ParentShardId": self.parents[shard_id]} if shard_id in self.parents else {})
                for shard_id in self.shards
            ]
        }

    def split(self, shard: int = 0) -> None:
        """Close a shard; two children come behind all others."""
        parent = f"shardId-{shard:012d}"
        self.closed.add(parent)
        for number in (len(self.shards), len(self.shards) + 1):
            child = f"shardId-{number:012d}"
            self.shards[child] = []
            self.parents[child] = parent

    def _kinesis_DescribeStreamSummary(self, StreamARN: str) -> dict[str, Any]:  # noqa: N802, N803
        summary = {"StreamCreationTimestamp": datetime.now(UTC), "RetentionPeriodHours": 24}
        return {"StreamDescriptionSummary": summary}

    def _kinesis_GetShardIterator(self, **parameters: Any) -> dict[str, Any]:  # noqa: N802
        after = parameters.get("StartingSequenceNumber", "")
        return {"ShardIterator": self._iterator(parameters["ShardId"], after)}

    def _iterator(self, shard_id: str, after: str) -> str:
        name = str(len(self.iterators))
        self.iterators[name] = (shard_id, after)
        return name

    def _kinesis_GetRecords(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N802, N803
        shard_id, after = self.iterators[ShardIterator]
        if shard_id in self.broken_shards:
            raise ServiceError("ExpiredIteratorException", "too old")
        found = [record for record in self.shards[shard_id] if record[0] > after][:Limit]
        last = found[-1][0] if found else after
        is_end = shard_id in self.closed and not any(r[0] > last for r in self.shards[shard_id])
        following = {} if is_end else {"NextShardIterator": self._iterator(shard_id, last)}
        return following | {
            "Records": [
                {
                    "SequenceNumber": number,
                    "Data": data,
                    "ApproximateArrivalTimestamp": datetime.fromtimestamp(arrived_at, UTC),
                }
                for number, data, arrived_at in found
            ],
        }

    def _s3_PutObject(self, **parameters: Any) -> dict[str, Any]:  # noqa: N802
        if self.objects is None:
            raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
        self.objects[parameters["Key"]] = parameters["Body"]
        self.puts.append(parameters)
        return {}

    def _s3_GetObject(self, **parameters: Any) -> dict[str, Any]:  # noqa: N802
        if self.objects is None or parameters["Key"] not in self.objects:
            raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
        return {"Body": self.objects[parameters["Key"]]}

    def _ec2_DescribeSubnets(self, SubnetIds: list[str]) -> dict[str, Any]:  # noqa: N802, N803
        return {"Subnets": [{"SubnetId": one, "VpcId": "vpc-1"} for one in SubnetIds]}

    def _logs_PutLogEvents(self, **parameters: Any) -> dict[str, Any]:  # noqa: N802
        self.log_events += [json.loads(event["message"]) for event in parameters["logEvents"]]
        return {}


def event(number: int, **more: Any) -> bytes:
    """A player event as the handler stores it."""
    return json.dumps({"event_id": number, **more}).encode()


def aggregate(events: list[bytes]) -> bytes:
    """One record of the KPL format with all of them."""
    aggregator = RecordAggregator()
    for one in events:
        aggregator.add_user_record("key", one)
    _, _, data = aggregator.clear_and_get().get_contents()
    return bytes(data)


def configuration(**changes: Any) -> dict[str, Any]:
    """An ExtendedS3DestinationConfiguration: 1 MiB or 60 s, GZIP, one document a line."""
    return {
        "RoleARN": "arn:aws:iam::000000000000:role/delivery",
        "BucketARN": "arn:aws:s3:::events",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        "CompressionFormat": "GZIP",
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [{"Type": "AppendDelimiterToRecord"}],
        },
        **changes,
    }


QUERY = '{canary: (if .canary == true then "canary" else "events" end)}'


def partitioned(**changes: Any) -> dict[str, Any]:
    """A configuration with dynamic partitioning: canaries apart from events."""
    extraction = [
        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": QUERY},
        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
    ]
    return configuration(
        **{
            "Prefix": "!{partitionKeyFromQuery:canary}/!{timestamp:yyyy/MM/dd/HH}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": {
                "Enabled": True,
                "Processors": [
                    {"Type": "MetadataExtraction", "Parameters": extraction},
                    {"Type": "AppendDelimiterToRecord"},
                ],
            },
            **changes,
        }
    )
