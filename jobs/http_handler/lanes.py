"""The queues of a producer: one lane a shard, so that order is kept and shards stay independent.

A lane has at most one turn under way. What fails in it goes back to the lane's head before anything
behind it may go: that is how a session's later records never overtake an earlier one.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jobs.http_handler.aggregation import Entry, UserRecord, take_aggregate, take_singles
from jobs.http_handler.shards import Shard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobs.http_handler.shards import ShardMap

BACKOFF_SECONDS: Final = 0.05
MAX_BACKOFF_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """When a lane's records go, and in what form.

    Attributes:
        aggregate_max_bytes: an aggregate's size.
        buffered_seconds: how long a record waits for company.
        singles_max_count: records a turn when they are not aggregated.
        is_aggregating: whether records share Kinesis records.

    """

    aggregate_max_bytes: int
    buffered_seconds: float
    singles_max_count: int
    is_aggregating: bool


@dataclass(slots=True, eq=False)
class Lane:
    """The records that wait for one shard.

    Attributes:
        shard: where they go.
        queue: in the order they came.
        queued_bytes: their size.
        is_busy: a turn is under way.
        not_before: monotonic seconds before which the lane waits after a failure.
        failures: turns that failed since the last that did not.

    """

    shard: Shard
    queue: deque[UserRecord] = field(default_factory=deque)
    queued_bytes: int = 0
    is_busy: bool = False
    not_before: float = 0.0
    failures: int = 0

    def append(self, record: UserRecord) -> None:
        """Add a record behind all others."""
        self.queue.append(record)
        self.queued_bytes += record.size_bytes

    def put_back(self, records: Iterable[UserRecord]) -> None:
        """Put records of a failed turn before all others, in their old order."""
        for record in reversed(list(records)):
            self.queue.appendleft(record)
            self.queued_bytes += record.size_bytes

    def due_at(self, limits: LaneLimits, *, at_once: bool) -> float | None:
        """Monotonic seconds when the next turn may begin; None while there is nothing to do."""
        if self.is_busy or not self.queue:
            return None
        if at_once or self.queued_bytes >= limits.aggregate_max_bytes:
            return self.not_before
        return max(self.not_before, self.queue[0].arrived + limits.buffered_seconds)

    def take_turn(self, limits: LaneLimits) -> list[Entry]:
        """The entries of the next turn; the lane is busy until `end_turn`."""
        if limits.is_aggregating:
            entries = [take_aggregate(self.queue, limits.aggregate_max_bytes)]
        else:
            entries = take_singles(self.queue, limits.singles_max_count)
        self.queued_bytes -= sum(record.size_bytes for entry in entries for record in entry.records)
        self.is_busy = True
        return entries

    def end_turn(self, failed: list[UserRecord], now: float, *, is_progress: bool) -> None:
        """The turn is over; what failed will be tried again after a while.

        Args:
            failed: records to try again.
            now: monotonic seconds.
            is_progress: whether something was stored: the wait does not grow then.

        """
        self.is_busy = False
        if not failed:
            self.failures = 0
            return
        self.put_back(failed)
        self.failures = 1 if is_progress else self.failures + 1
        ceiling = min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** min(self.failures - 1, 10))
        self.not_before = now + random.uniform(ceiling / 2, ceiling)

    def pop_expired(self, now: float) -> Iterator[UserRecord]:
        """Take out the records whose time is up; none behind them has less time."""
        while self.queue and self.queue[0].deadline <= now:
            record = self.queue.popleft()
            self.queued_bytes -= record.size_bytes
            yield record


def rerouted(lanes: Iterable[Lane], shard_map: ShardMap) -> list[Lane]:
    """Lanes for another set of shards, in its order, with every waiting record in its place.

    A session's records wait in one lane, so their order stays. No lane may be busy.
    """
    fresh = [Lane(shard) for shard in shard_map.shards]
    for lane in lanes:
        for record in lane.queue:
            fresh[shard_map.place_of(record.hash_key)].append(record)
    return fresh
