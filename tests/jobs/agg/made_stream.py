"""A raw stream by seed: all that makes lateness, duplicates and minutes hard to get right."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field
from typing import Any

MINUTE_MS = 60_000
START_MS = 1_760_000_040_000
"""A minute's start, in the past: a stamp after its record's arrival is not believed."""
ALLOWED_LATENESS_MS = 30_000
TICK_MS = 5_000
CLOSING_MS = 3_600_000
"""How far the closing ticks are ahead: every minute is over by then."""
EVENTS = ("play", "pause", "seek", "heartbeat", "heartbeat", "stall_start", "stall_end", "error")
BAD_TEXTS = (
    b"",
    b"no json",
    b"[1, 2]",
    b'"text"',
    b'{"event_id": "x"',
    b'{"event_id": "x"} {"event_id": "y"}',
    b"\xff\xfe\x00",
    b'{"event_id": "\xff"}',
    b"\xf3\x89\x9a\xc2 no aggregate, whatever it begins with",
)


@dataclass(frozen=True, slots=True)
class Put:
    """One user record, at the time it comes to the stream (UTC epoch milliseconds)."""

    at_ms: int
    shard: int
    key: str
    data: bytes


@dataclass(slots=True)
class Made:
    """A stream: its records in the order they were put, shard by shard."""

    shards: int
    puts: list[Put] = field(default_factory=list)

    def of_shard(self, shard: int) -> list[Put]:
        """What one shard holds, in its order."""
        return [put for put in self.puts if put.shard == shard]


def shard_of(key: str, shards: int) -> int:
    """Where Kinesis puts a key, when the shards divide the range evenly."""
    return int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) * shards >> 128


def make(
    seed: int, *, events: int = 4000, shards: int = 2, silent_shard: int | None = None
) -> Made:
    """A stream of about ten minutes.

    Args:
        seed: the same seed makes the same stream.
        events: how many, before retries.
        shards: of the stream.
        silent_shard: has nothing but ticks for the middle of the time.

    """
    return _Maker(random.Random(seed), shards, silent_shard).make(events)


class _Maker:
    def __init__(self, rng: random.Random, shards: int, silent_shard: int | None) -> None:
        self._rng = rng
        self._made = Made(shards)
        self._silent_shard = silent_shard
        self._sessions = [f"s-{rng.getrandbits(40):x}" for _ in range(120)]
        # Players that are hours off, somewhat ahead, or too far ahead; most are about right.
        self._skew_ms = {
            name: rng.choice(
                [0] * 20 + [-10_800_000, 7_200_000, 600_000, 899_000, 905_000, -90_000]
            )
            for name in self._sessions
        }

    def make(self, events: int) -> Made:
        span_ms = 10 * MINUTE_MS
        for number in range(events):
            self._event(number, START_MS + number * span_ms // events)
        for shard in range(self._made.shards):
            self._ticks(shard, span_ms)
        self._made.puts.sort(key=lambda put: put.at_ms)
        for shard in range(self._made.shards):
            closing = {"tick": True, "received_time_ms": START_MS + span_ms + CLOSING_MS}
            closing_ms = START_MS + span_ms + CLOSING_MS
            self._made.puts.append(Put(closing_ms, shard, "tick", json.dumps(closing).encode()))
        return self._made

    def _event(self, number: int, now_ms: int) -> None:
        rng = self._rng
        session = rng.choice(self._sessions)
        event = self._valid(f"e{number}-{rng.getrandbits(24):x}", session, now_ms)
        if rng.random() < 0.02:
            self._put_bad(event, now_ms)
            return
        if rng.random() < 0.003:
            event["canary"] = True
        self._put_stamped(event, now_ms)
        while rng.random() < 0.08:
            # A retry is stamped when it comes: it may be late where the first was in time.
            now_ms += rng.choice([0, 1, 900, 20_000, 45_000, 120_000])
            self._put_stamped(event, now_ms)

    def _valid(self, event_id: str, session: str, now_ms: int) -> dict[str, Any]:
        rng = self._rng
        event: dict[str, Any] = {
            "event_id": event_id,
            "session_id": session,
            "content_id": f"title-{rng.randrange(3)}",
            "event": rng.choice(EVENTS) if rng.random() > 0.02 else "session_end",
            "event_time_ms": now_ms + self._skew_ms[session] - self._delay_ms(),
        }
        if rng.random() < 0.02:
            event["event_time_ms"] = rng.choice(self._boundaries(now_ms))
        for name, most in (("position_ms", 10**7), ("bitrate_kbps", 20_000), ("startup_ms", 9_000)):
            if rng.random() < 0.5:
                event[name] = rng.randrange(most)
        if event["event"] == "stall_end" and rng.random() < 0.9:
            event["stall_ms"] = rng.randrange(20_000)
        for name, values in (
            ("viewer_id", "abc"),
            ("device", ("tv", "", "Gerät")),
            ("country", ("DE", "US")),
        ):
            if rng.random() < 0.6:
                event[name] = rng.choice(values)
        if rng.random() < 0.1:
            event |= {"extra": {"deep": [1.5, None, "ü"]}, "region": "mars", "late_by_ms": "x"}
        return event

    def _delay_ms(self) -> int:
        """Between the event and its stamp: mostly small, sometimes past the allowed lateness."""
        return self._rng.randrange(3_000 if self._rng.random() > 0.12 else 200_000)

    def _boundaries(self, now_ms: int) -> list[int]:
        """Times that lie exactly where one tag ends and the next begins, and one beside."""
        minute = now_ms - now_ms % MINUTE_MS
        edge = now_ms - ALLOWED_LATENESS_MS - MINUTE_MS
        ahead = now_ms + 15 * MINUTE_MS
        return [minute, minute - 1, edge, edge - 1, edge + 1, ahead, ahead + 1]

    def _put_stamped(self, event: dict[str, Any], now_ms: int) -> None:
        rng = self._rng
        stamped = {**event, "received_time_ms": now_ms}
        # From stamp to stream: seconds; now and then longer than the watermark waits.
        on_way_ms = rng.randrange(4_000 if rng.random() > 0.01 else 300_000)
        shard = shard_of(event["session_id"], self._made.shards)
        at_ms = now_ms + on_way_ms
        if shard == self._silent_shard and 2 * MINUTE_MS < at_ms - START_MS < 8 * MINUTE_MS:
            return
        data = json.dumps(stamped, ensure_ascii=False).encode()
        self._made.puts.append(Put(at_ms, shard, event["session_id"], data))

    def _put_bad(self, event: dict[str, Any], now_ms: int) -> None:
        rng = self._rng
        broken = {**event, "received_time_ms": now_ms}
        kind = rng.randrange(8)
        if kind == 0:
            del broken[
                rng.choice(["event_id", "session_id", "content_id", "event", "event_time_ms"])
            ]
        elif kind == 1:
            broken[rng.choice(["event_time_ms", "bitrate_kbps", "stall_ms"])] = rng.choice(
                [None, -1, 1.5, "7", True, [], 2**63, 1e300]
            )
        elif kind == 2:
            broken[rng.choice(["event_id", "session_id", "content_id"])] = rng.choice(
                ["", "x" * 129, None, 7, {}]
            )
        elif kind == 3:
            broken["event"] = rng.choice(["Heartbeat", "", None, 3])
        elif kind == 4:
            broken[rng.choice(["viewer_id", "device", "country"])] = rng.choice(["x" * 65, None, 1])
        is_text = kind > 4
        data = rng.choice(BAD_TEXTS) if is_text else json.dumps(broken, ensure_ascii=False).encode()
        shard = rng.randrange(self._made.shards)
        self._made.puts.append(Put(now_ms, shard, f"bad-{rng.getrandbits(30)}", data or b" "))

    def _ticks(self, shard: int, span_ms: int) -> None:
        for at_ms in range(START_MS, START_MS + span_ms, TICK_MS):
            tick = {"tick": True, "received_time_ms": at_ms, "region": "us-east-1", "shard": shard}
            self._made.puts.append(Put(at_ms, shard, "tick", json.dumps(tick).encode()))
