"""User records into Kinesis records.

All records of an aggregate belong to one shard: consumers drop those that lie outside the range of
the shard they are read from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from jobs.http_handler.kpl_format import FRAME_BYTES, RECORD_OVERHEAD_BYTES, aggregate
from jobs.http_handler.ticket import Ticket  # noqa: TC001 - the struct's fields are evaluated

if TYPE_CHECKING:
    from collections import deque

_AGGREGATE_KEY: Final = "a"
"""What the KPL calls every aggregate; the explicit hash key decides where it goes."""


def user_record_bytes(key_bytes: int, data_bytes: int) -> int:
    """At most what a user record adds to an aggregate."""
    return key_bytes + data_bytes + RECORD_OVERHEAD_BYTES


class UserRecord(msgspec.Struct, eq=False, gc=False):
    """One event or tick on its way to Kinesis.

    There are many of them and they are in no cycle, so the garbage collector need not look at them.

    Attributes:
        partition_key: the session, for events.
        hash_key: decides the shard.
        data: what consumers read.
        size_bytes: at most what it adds to an aggregate.
        arrived: monotonic seconds when it came to the sidecar.
        deadline: monotonic seconds when it is given up.
        ticket: told whether Kinesis has it; None: nobody is.
        index: of the record in the ticket.
        is_tick: goes alone, to its hash key.

    """

    partition_key: str
    hash_key: int
    data: bytes
    size_bytes: int
    arrived: float
    deadline: float
    ticket: Ticket | None = None
    index: int = 0
    is_tick: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One Kinesis record.

    Attributes:
        records: the user records in it, in their order.
        partition_key: of the Kinesis record.
        explicit_hash_key: where it goes, if not where its partition key says.
        data: as put.

    """

    records: Sequence[UserRecord]
    partition_key: str
    explicit_hash_key: int | None
    data: bytes

    @property
    def size_bytes(self) -> int:
        """What counts against the limits of PutRecords."""
        return len(self.data) + len(self.partition_key.encode())

    @property
    def is_aggregate(self) -> bool:
        """Whether consumers have to split it."""
        return len(self.records) > 1


def take_aggregate(queue: deque[UserRecord], max_bytes: int) -> Entry:
    """One Kinesis record from the head of a shard's queue, as large as allowed.

    A tick, or a record without company, is put as it is.
    """
    records = [queue.popleft()]
    size_bytes = FRAME_BYTES + records[0].size_bytes
    while queue and not records[0].is_tick and not queue[0].is_tick:
        size_bytes += queue[0].size_bytes
        if size_bytes > max_bytes:
            break
        records.append(queue.popleft())
    return entry_of(records)


def take_singles(queue: deque[UserRecord], max_count: int) -> list[Entry]:
    """Records from the head of a queue as they are, no partition key twice.

    Kinesis does not promise the order of the records of one request.
    """
    keys: set[str] = set()
    for record in islice(queue, max_count):
        if record.partition_key in keys:
            break
        keys.add(record.partition_key)
    return [entry_of([queue.popleft()]) for _ in keys]


def entry_of(records: Sequence[UserRecord]) -> Entry:
    """The Kinesis record that holds these user records."""
    first = records[0]
    if len(records) == 1:
        hash_key = first.hash_key if first.is_tick else None
        return Entry(records, first.partition_key, hash_key, first.data)
    data = aggregate((record.partition_key, record.data) for record in records)
    return Entry(records, _AGGREGATE_KEY, first.hash_key, data)
