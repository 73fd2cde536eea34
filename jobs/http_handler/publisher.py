"""The producer: user records in, aggregated PutRecords out, in order and in bounded time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from jobs.http_handler.aggregation import Entry, UserRecord, user_record_bytes
from jobs.http_handler.contact import Contact
from jobs.http_handler.kinesis import KinesisError, PutOutcome
from jobs.http_handler.lanes import Lane, LaneLimits, rerouted
from jobs.http_handler.shards import hash_key_of
from jobs.http_handler.ticket import Ticket
from jobs.http_handler.ticks import tick_data
from jobs.http_handler.turns import Turn
from jobs.http_handler.wire import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobs.http_handler.background import Background
    from jobs.http_handler.counters import Counters
    from jobs.http_handler.settings import SidecarSettings
    from jobs.http_handler.shards import ShardMap

log = logging.getLogger(__name__)


class Stream(Protocol):
    """What the publisher needs of Kinesis."""

    async def list_shards(self) -> ShardMap:
        """The open shards."""
        ...

    async def put_records(self, entries: Sequence[Entry]) -> list[PutOutcome]:
        """One outcome an entry."""
        ...


class Publisher:
    """Puts user records into a stream.

    Args:
        stream: where they go.
        settings: sizes and times.
        tasks: where requests under way live.
        counters: of this process.
        clock: monotonic seconds.

    """

    def __init__(
        self,
        stream: Stream,
        settings: SidecarSettings,
        tasks: Background,
        counters: Counters,
        clock: Callable[[], float],
    ) -> None:
        self._stream = stream
        self._settings = settings
        self._tasks = tasks
        self._counters = counters
        self._clock = clock
        self._limits = LaneLimits(
            aggregate_max_bytes=settings.aggregation_max_bytes,
            buffered_seconds=settings.record_max_buffered_ms / 1000,
            singles_max_count=settings.collection_max_count,
            is_aggregating=settings.aggregation_enabled,
        )
        self._shard_map: ShardMap | None = None
        self._next_map: ShardMap | None = None
        self._lanes: list[Lane] = []
        self._wake = asyncio.Event()
        self._requests = 0
        self._pending_bytes = 0
        self._pending = 0
        self._contact = Contact(
            clock(), settings.unhealthy_after_seconds, settings.shard_map_seconds
        )
        self._is_draining = False

    @property
    def pending(self) -> int:
        """User records that are neither stored nor given up."""
        return self._pending

    @property
    def is_ready(self) -> bool:
        """Whether the shards are known."""
        return self._shard_map is not None

    def drain(self) -> None:
        """From now on records no longer wait for company, and shards get no more ticks."""
        self._is_draining = True
        self._wake.set()

    def problems(self) -> list[str]:
        """Why this producer is not usable; empty when it is."""
        if self._shard_map is None:
            return ["the shards of the stream are not known yet"]
        return self._contact.problems(self._clock())

    def submit(self, records: Sequence[tuple[str, bytes]]) -> asyncio.Future[bytes]:
        """Queue records; the result is one `Status` byte each, once all of them are decided."""
        ticket = Ticket(len(records))
        if self._shard_map is None:
            return ticket.refuse(Status.NOT_STORED)
        if self._pending_bytes >= self._settings.max_buffered_bytes:
            self._counters.count("puts_refused_queue_full")
            return ticket.refuse(Status.QUEUE_FULL)
        now = self._clock()
        deadline = now + self._settings.give_up_seconds
        place_of = self._shard_map.place_of
        total_bytes = 0
        for index, (partition_key, data) in enumerate(records):
            key = partition_key.encode()
            hash_key = hash_key_of(key)
            size_bytes = user_record_bytes(len(key), len(data))
            total_bytes += size_bytes
            self._lanes[place_of(hash_key)].append(
                UserRecord(partition_key, hash_key, data, size_bytes, now, deadline, ticket, index)
            )
        self._pending += len(records)
        self._pending_bytes += total_bytes
        self._wake.set()
        return ticket.done

    def tick(self, region: str, received_time_ms: int) -> None:
        """Queue a tick for every shard that has none waiting."""
        if self._is_draining:
            return
        now = self._clock()
        for lane in self._lanes:
            if any(record.is_tick for record in lane.queue):
                continue
            data = tick_data(lane.shard, region, received_time_ms)
            key = f"tick-{lane.shard.shard_id}"
            size_bytes = user_record_bytes(len(key), len(data))
            hash_key = lane.shard.starting_hash_key
            deadline = now + self._settings.give_up_seconds
            lane.append(UserRecord(key, hash_key, data, size_bytes, now, deadline, is_tick=True))
            self._pending += 1
            self._pending_bytes += size_bytes
        self._wake.set()

    async def refresh_shards(self) -> None:
        """List the shards; another set of them is put in place as soon as no turn is under way."""
        try:
            shard_map = await self._stream.list_shards()
        except KinesisError as error:
            self._counters.count(f"list_shards_failed_{error.code}")
            return
        self._contact.answered(self._clock())
        if shard_map != (self._next_map or self._shard_map):
            self._next_map = shard_map
            self._wake.set()

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            self._wake.clear()
            now = self._clock()
            self._expire(now)
            self._adopt_map()
            wait_seconds = self._wait_seconds(self._send_due(now))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._wake.wait()

    def _settle(self, records: Sequence[UserRecord], *, is_stored: bool) -> None:
        if not records:
            return
        self._pending -= len(records)
        self._pending_bytes -= sum(record.size_bytes for record in records)
        kind = "ticks" if records[0].is_tick else "records"
        self._counters.count(f"{kind}_{'stored' if is_stored else 'not_stored'}", len(records))
        for record in records:
            if record.ticket is not None:
                record.ticket.settle(record.index, is_stored=is_stored)

    def _expire(self, now: float) -> None:
        for lane in self._lanes:
            for record in lane.pop_expired(now):
                self._settle([record], is_stored=False)

    def _adopt_map(self) -> None:
        if self._next_map is None or self._requests:
            return
        log.info("shards", extra={"fields": {"open": len(self._next_map.shards)}})
        self._lanes = rerouted(self._lanes, self._next_map)
        self._shard_map, self._next_map = self._next_map, None

    def _send_due(self, now: float) -> float | None:
        """Begin every turn that is due; monotonic seconds of the next one that is not yet."""
        turns: list[Turn] = []
        next_due: float | None = None
        count = size_bytes = 0
        if self._next_map is not None:
            return None  # The last answer to arrive wakes the loop, and the lanes change.
        for lane in self._lanes:
            due = lane.due_at(self._limits, at_once=self._is_draining)
            if due is None:
                continue
            if due > now:
                next_due = due if next_due is None else min(next_due, due)
                continue
            if self._requests >= self._settings.max_connections:
                break
            turn = Turn(lane, lane.take_turn(self._limits))
            count += len(turn.entries)
            size_bytes += sum(entry.size_bytes for entry in turn.entries)
            if turns and not self._fits(count, size_bytes):
                self._begin(turns)
                turns = []
                count = len(turn.entries)
                size_bytes = sum(entry.size_bytes for entry in turn.entries)
            turns.append(turn)
        if turns:
            self._begin(turns)
        return next_due

    def _fits(self, count: int, size_bytes: int) -> bool:
        settings = self._settings
        return (
            count <= settings.collection_max_count and size_bytes <= settings.collection_max_bytes
        )

    def _wait_seconds(self, next_due: float | None) -> float | None:
        heads = [lane.queue[0].deadline for lane in self._lanes if lane.queue]
        moments = heads if next_due is None else [*heads, next_due]
        return max(0.0, min(moments) - self._clock()) if moments else None

    def _begin(self, turns: list[Turn]) -> None:
        self._requests += 1
        self._tasks.start(self._send(turns))

    async def _send(self, turns: list[Turn]) -> None:
        outcomes = iter(
            await self._put_entries([entry for turn in turns for entry in turn.entries])
        )
        shares = [[next(outcomes) for _ in turn.entries] for turn in turns]
        strayed = sum(turn.strayed(share) for turn, share in zip(turns, shares, strict=True))
        if strayed:
            self._counters.count("entries_misrouted", strayed)
            await self.refresh_shards()
        for turn, share in zip(turns, shares, strict=True):
            turn.end(share, self._next_map, self._clock(), self._settle)
        self._requests -= 1
        self._wake.set()

    async def _put_entries(self, entries: list[Entry]) -> list[PutOutcome]:
        self._counters.count("put_records_requests")
        try:
            outcomes = await self._stream.put_records(entries)
        except KinesisError as error:
            outcomes = [PutOutcome(None, error.code)] * len(entries)
        self._contact.put(
            self._clock(), has_taken=any(outcome.error_code is None for outcome in outcomes)
        )
        for outcome in outcomes:
            if outcome.error_code is not None:
                self._counters.count(f"entries_failed_{outcome.error_code}")
        return outcomes
