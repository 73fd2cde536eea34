"""Reading a stream as consumers do: de-aggregated, with what the shard's range excludes dropped."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from aws_kinesis_agg.deaggregator import deaggregate_records


@dataclass(frozen=True)
class StoredRecord:
    """One user record of a stream, in the order of its shard."""

    shard_id: str
    partition_key: str
    data: bytes
    is_aggregated: bool

    @property
    def event(self) -> dict[str, Any]:
        """The record's data as JSON."""
        event: dict[str, Any] = json.loads(self.data)
        return event


def read_stream(client: Any, stream: str) -> list[StoredRecord]:
    """Every user record that a consumer of the KCL family would see."""
    found = []
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        for record in _records(client, stream, shard["ShardId"]):
            found.extend(_user_records(shard, record))
    return found


def _records(client: Any, stream: str, shard_id: str) -> list[dict[str, Any]]:
    iterator = client.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records: list[dict[str, Any]] = []
    while True:
        answer = client.get_records(ShardIterator=iterator)
        records.extend(answer["Records"])
        if not answer["Records"] or "NextShardIterator" not in answer:
            return records
        iterator = answer["NextShardIterator"]


def _user_records(shard: dict[str, Any], record: dict[str, Any]) -> list[StoredRecord]:
    hash_keys = shard["HashKeyRange"]
    low, high = int(hash_keys["StartingHashKey"]), int(hash_keys["EndingHashKey"])
    split = deaggregate_records(
        [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "sequenceNumber": record["SequenceNumber"],
                    "approximateArrivalTimestamp": 0,
                    "partitionKey": record["PartitionKey"],
                    "data": base64.b64encode(record["Data"]),
                }
            }
        ]
    )
    found = []
    for item in split:
        kinesis = item["kinesis"]
        is_aggregated = bool(kinesis.get("aggregated"))
        hash_key = int(hashlib.md5(kinesis["partitionKey"].encode()).hexdigest(), 16)
        if not is_aggregated or low <= hash_key <= high:
            data = base64.b64decode(kinesis["data"])
            key = kinesis["partitionKey"]
            found.append(StoredRecord(shard["ShardId"], key, data, is_aggregated))
    return found
