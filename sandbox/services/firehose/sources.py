"""Where a delivery stream reads from: a Kinesis data stream, or what was put to it directly."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.loopback import Loopback
    from sandbox.protocol.wire import Json
    from sandbox.store import Table

_MOST_RECORDS_PER_READ: Final = 1000
_LEAST_RECORDS_PER_READ: Final = 10
_BYTES_PER_READ: Final = 1024 * 1024
"""What one read aims at: small enough to hold the event loop for a few milliseconds only."""
_ITERATOR_SECONDS: Final = 240
"""Iterators live 300 seconds; one of this age is replaced."""
_SHARDS_SECONDS: Final = 5
"""How often the list of shards is read again, for resharded streams."""
DIRECT_SHARD: Final = "direct"
"""The one shard of a DirectPut delivery stream."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one shard, in order.

    Attributes:
        shard_id: the shard.
        sequence_number: of the last record.
        records: data and arrival (epoch seconds) of each.

    """

    shard_id: str
    sequence_number: str
    records: list[tuple[bytes, float]]


class Source(Protocol):
    """What a delivery stream reads from."""

    behind_milliseconds: float | None
    """How far the last read was behind the tip; None for a source that has none."""

    async def read(self) -> list[Batch]:
        """What came since the last call; empty when there is nothing. Raises `ServiceError`."""
        ...

    def settled(self, positions: dict[str, str]) -> None:
        """Note that all up to these sequence numbers, by shard, is delivered."""
        ...

    def rewind(self) -> None:
        """Go back to what was last settled: whatever was read since is read again."""
        ...


@dataclass(slots=True)
class _Reader:
    iterator: str
    taken_at: float
    limit: int = _LEAST_RECORDS_PER_READ


class KinesisSource:
    """Every shard of a data stream, from the checkpoints on.

    Args:
        aws: services of the region.
        stream_arn: the data stream.
        started_at: epoch seconds; older records are not delivered (DeliveryStartTimestamp).
        checkpoints: sequence number by shard, kept across restarts.
        monotonic: seconds of a clock that never goes back.

    """

    def __init__(
        self,
        aws: Loopback,
        stream_arn: str,
        started_at: float,
        checkpoints: Table,
        monotonic: Callable[[], float],
    ) -> None:
        self._aws = aws
        self._stream_arn = stream_arn
        self._started_at = started_at
        self._checkpoints = checkpoints
        self._read_up_to: dict[str, str] = dict(checkpoints)
        self._monotonic = monotonic
        self._readers: dict[str, _Reader] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._ended: set[str] = set()
        self._listed_at: float | None = None
        self._records_may_expire_at = 0.0
        self.behind_milliseconds: float | None = None

    async def read(self) -> list[Batch]:
        """At most one batch a shard."""
        await self._list_shards()
        self.behind_milliseconds = 0.0
        batches: list[Batch] = []
        for shard_id in self._readable():
            try:
                batch = await self._read_shard(shard_id)
            except ServiceError:
                # Expired, or of a stream that was made anew: go on after the last record read.
                self._forget_iterators()
                if batches:
                    break
                raise
            if batch is not None:
                batches.append(batch)
        return batches

    def settled(self, positions: dict[str, str]) -> None:
        """Move the checkpoints."""
        self._checkpoints.update(positions)

    def rewind(self) -> None:
        """Read on from the checkpoints."""
        self._read_up_to = dict(self._checkpoints)
        self._ended.clear()
        self._forget_iterators()

    def _forget_iterators(self) -> None:
        self._readers.clear()
        self._listed_at = None

    async def _list_shards(self) -> None:
        now = self._monotonic()
        if self._listed_at is not None and now - self._listed_at < _SHARDS_SECONDS:
            return
        shards = await self._invoke("ListShards", StreamARN=self._stream_arn)
        found = await self._invoke("DescribeStreamSummary", StreamARN=self._stream_arn)
        summary = found["StreamDescriptionSummary"]
        self._records_may_expire_at = (
            summary["StreamCreationTimestamp"].timestamp() + summary["RetentionPeriodHours"] * 3600
        )
        self._parents = {shard["ShardId"]: _parents(shard) for shard in shards["Shards"]}
        self._ended &= set(self._parents)
        self._readers = {
            shard_id: reader
            for shard_id, reader in self._readers.items()
            if shard_id in self._parents
        }
        self._listed_at = now

    def _readable(self) -> tuple[str, ...]:
        """Shards that have not ended, and whose parents have: a session's records keep order."""
        return tuple(
            shard_id
            for shard_id, parents in self._parents.items()
            if shard_id not in self._ended
            and all(parent in self._ended or parent not in self._parents for parent in parents)
        )

    async def _read_shard(self, shard_id: str) -> Batch | None:
        reader = await self._reader(shard_id)
        answer = await self._invoke("GetRecords", ShardIterator=reader.iterator, Limit=reader.limit)
        reader.iterator = answer.get("NextShardIterator", "")
        if not reader.iterator:
            del self._readers[shard_id]
            self._ended.add(shard_id)
            self._listed_at = None
        behind = max(self.behind_milliseconds or 0.0, answer.get("MillisBehindLatest", 0))
        self.behind_milliseconds = behind
        records = answer["Records"]
        if not records:
            return None
        reader.limit = _next_limit([len(one["Data"]) for one in records])
        last = records[-1]["SequenceNumber"]
        self._read_up_to[shard_id] = last
        return Batch(
            shard_id,
            last,
            [(one["Data"], one["ApproximateArrivalTimestamp"].timestamp()) for one in records],
        )

    async def _reader(self, shard_id: str) -> _Reader:
        now = self._monotonic()
        reader = self._readers.get(shard_id)
        # An iterator here is a position in the shard, which moves when the oldest records expire:
        # from then on each read starts from a sequence number.
        expiring = datetime.now(UTC).timestamp() >= self._records_may_expire_at
        if reader is not None and not expiring and now - reader.taken_at < _ITERATOR_SECONDS:
            return reader
        after = self._read_up_to.get(shard_id)
        start: Json = (
            {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": self._started_at}
            if after is None
            else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        )
        answer = await self._invoke(
            "GetShardIterator", StreamARN=self._stream_arn, ShardId=shard_id, **start
        )
        reader = self._readers[shard_id] = _Reader(answer["ShardIterator"], now)
        return reader

    async def _invoke(self, operation: str, **parameters: object) -> Json:
        return await self._aws.invoke("kinesis", operation, **parameters)


def _parents(shard: Json) -> tuple[str, ...]:
    names = ("ParentShardId", "AdjacentParentShardId")
    return tuple(shard[name] for name in names if shard.get(name))


def _next_limit(sizes: list[int]) -> int:
    """How many records of about these sizes make up one read."""
    mean = sum(sizes) / len(sizes)
    wanted = _MOST_RECORDS_PER_READ if mean == 0 else int(_BYTES_PER_READ / mean)
    return max(_LEAST_RECORDS_PER_READ, min(wanted, _MOST_RECORDS_PER_READ))


class DirectSource:
    """Records put by PutRecord and PutRecordBatch; each is kept until it is delivered.

    Args:
        records: record by sequence number, kept across restarts.

    """

    behind_milliseconds: float | None = None

    def __init__(self, records: Table) -> None:
        self._records = records
        self._read_up_to = ""

    async def read(self) -> list[Batch]:
        """At most one batch."""
        unread = (name for name in self._records if name > self._read_up_to)
        waiting = list(itertools.islice(unread, _MOST_RECORDS_PER_READ))
        if not waiting:
            return []
        self._read_up_to = waiting[-1]
        found = [self._records[name] for name in waiting]
        return [
            Batch(
                DIRECT_SHARD,
                self._read_up_to,
                [(record["data"], record["arrived_at"]) for record in found],
            )
        ]

    def settled(self, positions: dict[str, str]) -> None:
        """Forget what is delivered."""
        delivered = positions.get(DIRECT_SHARD, "")
        for name in list(self._records):
            if name > delivered:
                break
            del self._records[name]

    def rewind(self) -> None:
        """Read on from the oldest record that is kept."""
        self._read_up_to = ""
