"""The two ways into the raw stream, and what each of them acknowledged."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Self

import httpx

from jobs.http_handler.kpl_format import aggregate
from tests.end_to_end.conservation.players import MINUTE_MS, Players, Sent

BATCH: Final = 50
PUT_RECORDS: Final = 400
TICK_MS: Final = 5_000
GIVE_UP_SECONDS: Final = 180.0
ACCEPTED, NONE_ACCEPTED = 202, 400
SOON = frozenset({429, 502, 503, 504})


@dataclass(slots=True)
class Ledger:
    """What was acknowledged, by session.

    Attributes:
        acknowledged: event ids that the way in said are stored.
        refused: event ids it said are not, and never will be.

    """

    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def store(self, sent: Sent) -> None:
        """Take note of an acknowledgement."""
        self.acknowledged.setdefault(sent.event["session_id"], set()).add(sent.event["event_id"])


@dataclass(slots=True)
class FrontDoor:
    """Sends through the accelerator until everything is acknowledged or refused.

    Args:
        url: ends in `/v1/events`.
        ledger: keeps what was acknowledged.

    """

    url: str
    ledger: Ledger

    def send(self, players: Players, *, pause_seconds: float = 0.0) -> None:
        """Send everything, batch by batch, with a pause after each."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        events = iter(players.sent())
        with httpx.Client(timeout=30.0) as client:
            while batch := list(islice(events, BATCH)):
                self._send(client, batch, deadline)
                time.sleep(pause_seconds)

    def _send(self, client: httpx.Client, batch: Sequence[Sent], deadline: float) -> None:
        while True:
            try:
                answer = client.post(self.url, json=[one.event for one in batch])
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if answer.status_code in {ACCEPTED, NONE_ACCEPTED}:
                    break
                why = f"{answer.status_code} {answer.text}"
                assert answer.status_code in SOON, why
            # Whether it was stored is not known: the same ids again make a repeat harmless.
            assert time.monotonic() < deadline, f"never acknowledged: {why}"
            time.sleep(0.3)
        rejected = {item["index"]: item for item in answer.json()["rejected"]}
        again = [one for at, one in enumerate(batch) if _is_to_come(rejected.get(at))]
        for at, one in enumerate(batch):
            if at not in rejected:
                assert one.is_valid, f"accepted against the contract: {one.event}"
                self.ledger.store(one)
            elif not _is_to_come(rejected[at]):
                assert not one.is_valid, f"refused: {rejected[at]} {one.event}"
                self.ledger.refused.add(one.event["event_id"])
        if again:
            self._send(client, again, deadline)


def _is_to_come(rejected: dict[str, Any] | None) -> bool:
    return rejected is not None and rejected["reason"] in {"not-stored", "queue-full"}


class Meanwhile:
    """Sends in the background while something else is done; what failed there fails here.

    Args:
        door: where to.
        runs: what, a connection each.
        seconds: over about how long.

    """

    def __init__(self, door: FrontDoor, *runs: Players, seconds: float) -> None:
        self._door = door
        self._runs = runs
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(max_workers=len(runs))
        self._sent: list[Future[None]] = []

    def __enter__(self) -> Self:
        for players in self._runs:
            pause = self._seconds * BATCH / players.events
            self._sent.append(self._pool.submit(self._door.send, players, pause_seconds=pause))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for sent in self._sent:
            sent.result()


@dataclass(slots=True)
class Backlog:
    """Puts a past hour into the raw stream, stamps and all; Kinesis acknowledges.

    Args:
        kinesis: a client.
        stream: the raw stream's name.
        ledger: keeps what was acknowledged.

    """

    kinesis: Any
    stream: str
    ledger: Ledger

    def put(self, *runs: Players, aggregated: int, silent_shard: int | None = None) -> None:
        """All runs together, each shard in the order of arrival, with the sidecar's ticks.

        Args:
            runs: what is sent; the hour is as long as the longest.
            aggregated: user records a Kinesis record (KPL), 1: plain records.
            silent_shard: has nothing but ticks in the middle third of the time.

        """
        sent = [one for players in runs for one in players.sent()]
        start_ms = min(players.start_ms for players in runs)
        end_ms = max(one.at_ms for one in sent)
        third = (end_ms - start_ms) // 3
        chance = random.Random(start_ms)
        open_shards = [
            shard
            for shard in self.kinesis.list_shards(StreamName=self.stream)["Shards"]
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        ]
        for number, shard in enumerate(open_shards):
            silence = (start_ms + third, start_ms + 2 * third) if number == silent_shard else None
            mine = [
                one
                for one in sorted(sent, key=lambda one: one.at_ms)
                if _is_in(shard, one) and not (silence and silence[0] < one.at_ms < silence[1])
            ]
            ticks = [(at, _tick(at), None) for at in _tick_times(start_ms, end_ms)]
            arrivals = sorted([*_arriving(mine, chance), *ticks], key=lambda one: one[0])
            self._put(shard, arrivals, aggregated)

    def _put(
        self, shard: Any, arrivals: Sequence[tuple[int, bytes, Sent | None]], aggregated: int
    ) -> None:
        key = shard["HashKeyRange"]["StartingHashKey"]
        groups = list(_grouped(arrivals, aggregated))
        for at in range(0, len(groups), PUT_RECORDS):
            part = groups[at : at + PUT_RECORDS]
            entries = [
                {"Data": _data(group), "PartitionKey": _key(group[0]), "ExplicitHashKey": key}
                for group in part
            ]
            answer = self.kinesis.put_records(StreamName=self.stream, Records=entries)
            assert answer["FailedRecordCount"] == 0
            for _, _, one in (entry for group in part for entry in group):
                if one is not None and one.is_valid:
                    self.ledger.store(one)


Arrival = tuple[int, bytes, Sent | None]


def _arriving(sent: Iterable[Sent], chance: random.Random) -> Iterator[Arrival]:
    """Out of order; but of the copies of one event, which are sent in turn, the first is first."""
    arrived: dict[str, int] = {}
    for one in sent:
        name = one.event["event_id"]
        at_ms = max(one.at_ms + _on_way_ms(chance), arrived.get(name, 0) + 1)
        arrived[name] = at_ms
        yield at_ms, _stamped(one), one


def _grouped(arrivals: Iterable[Arrival], aggregated: int) -> Iterator[list[Arrival]]:
    """Events together, ticks alone."""
    group: list[Arrival] = []
    for arrival in arrivals:
        if arrival[2] is None or len(group) == aggregated:
            if group:
                yield group
            group = []
        if arrival[2] is None:
            yield [arrival]
        else:
            group.append(arrival)
    if group:
        yield group


def _data(group: Sequence[Arrival]) -> bytes:
    if len(group) == 1:
        return group[0][1]
    return aggregate((_key(arrival), arrival[1]) for arrival in group)


def _key(arrival: Arrival) -> str:
    return str(arrival[2].event["session_id"]) if arrival[2] else "tick"


def _is_in(shard: Any, sent: Sent) -> bool:
    key = int(hashlib.md5(sent.event["session_id"].encode()).hexdigest(), 16)
    keys = shard["HashKeyRange"]
    return int(keys["StartingHashKey"]) <= key <= int(keys["EndingHashKey"])


def _on_way_ms(chance: random.Random) -> int:
    """From stamp to stream: seconds; now and then longer than the watermark waits."""
    return chance.randrange(4_000 if chance.random() > 0.01 else 2 * MINUTE_MS)


def _stamped(sent: Sent) -> bytes:
    return json.dumps({**sent.event, "received_time_ms": sent.at_ms}).encode()


def _tick(at_ms: int) -> bytes:
    return json.dumps({"tick": True, "received_time_ms": at_ms, "region": "us-east-1"}).encode()


def _tick_times(start_ms: int, end_ms: int) -> Iterator[int]:
    return iter(range(start_ms, end_ms, TICK_MS))
