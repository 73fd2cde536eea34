"""A data stream in memory that fails as it is told, and is read as consumers read."""

from __future__ import annotations

import asyncio
import base64
import random
from typing import TYPE_CHECKING

from aws_kinesis_agg.deaggregator import deaggregate_records

from jobs.http_handler.kinesis import KinesisError, PutOutcome
from jobs.http_handler.shards import Shard, ShardMap, hash_key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.http_handler.aggregation import Entry

THROTTLED = "ProvisionedThroughputExceededException"
KEYS = 2**128


def even_shards(count: int, first: int = 0) -> ShardMap:
    """Shards of equal ranges."""
    bounds = [KEYS * number // count for number in range(count + 1)]
    return ShardMap(
        tuple(
            Shard(bounds[number], bounds[number + 1] - 1, f"shardId-{first + number:012d}")
            for number in range(count)
        )
    )


class FakeStream:
    """A stream.

    Attributes:
        throttled: share of entries that are throttled.
        broken: share of calls that fail as a whole.
        lost: share of calls that take effect and fail nevertheless.
        code: with which calls fail.
        calls: number of entries of each PutRecords.

    """

    def __init__(self, shards: int, seed: int = 0) -> None:
        self.map = even_shards(shards)
        self.seen: list[tuple[str, Entry]] = []
        self.calls: list[int] = []
        self.throttled = self.broken = self.lost = 0.0
        self.code = "InternalFailure"
        self.delay_seconds = 0.01
        self._random = random.Random(seed)

    async def list_shards(self) -> ShardMap:
        """The open shards."""
        return self.map

    async def put_records(self, entries: Sequence[Entry]) -> list[PutOutcome]:
        """One outcome an entry, after a while."""
        self.calls.append(len(entries))
        await asyncio.sleep(self.delay_seconds * self._random.uniform(0.5, 2))
        if self._random.random() < self.broken:
            raise KinesisError(self.code, is_permanent=False)
        # Kinesis does not promise the order of the entries of one request.
        order = list(range(len(entries)))
        self._random.shuffle(order)
        outcomes = dict(zip(order, [self._put(entries[at]) for at in order], strict=True))
        if self._random.random() < self.lost:
            raise KinesisError(self.code, is_permanent=False)
        return [outcomes[at] for at in range(len(entries))]

    def _put(self, entry: Entry) -> PutOutcome:
        if self._random.random() < self.throttled:
            return PutOutcome(None, THROTTLED)
        hash_key = entry.explicit_hash_key
        if hash_key is None:
            hash_key = hash_key_of(entry.partition_key.encode())
        shard_id = self.map.shards[self.map.place_of(hash_key)].shard_id
        self.seen.append((shard_id, entry))
        return PutOutcome(shard_id, None)

    def read(self, maps: Sequence[ShardMap] = ()) -> list[tuple[str, str, bytes]]:
        """(shard, partition key, data) of what consumers see, in the order of arrival."""
        shards = {s.shard_id: s for known in (self.map, *maps) for s in known.shards}
        return [
            (shard_id, key, data)
            for shard_id, entry in self.seen
            for key, data in _split(entry, shards[shard_id])
        ]


def _split(entry: Entry, shard: Shard) -> list[tuple[str, bytes]]:
    record = {
        "kinesisSchemaVersion": "1.0",
        "sequenceNumber": "1",
        "approximateArrivalTimestamp": 0,
        "partitionKey": entry.partition_key,
        "data": base64.b64encode(entry.data),
    }
    found = []
    for item in deaggregate_records([{"kinesis": record}]):
        kinesis = item["kinesis"]
        key, data = kinesis["partitionKey"], base64.b64decode(kinesis["data"])
        # The KCL and the Flink connector drop what does not belong to the shard.
        if not kinesis.get("aggregated") or shard.holds(hash_key_of(key.encode())):
            found.append((key, data))
    return found
