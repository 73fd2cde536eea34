"""The producer: nothing acknowledged is lost, nothing overtakes, and everything ends in time."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.http_handler.background import Background
from jobs.http_handler.counters import Counters
from jobs.http_handler.publisher import Publisher
from jobs.http_handler.settings import SidecarSettings
from jobs.http_handler.wire import Status
from tests.fakes.examples import examples
from tests.jobs.http_handler.fake_stream import FakeStream, even_shards
from tests.jobs.http_handler.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SESSIONS = [f"session-{number}" for number in range(12)]


@asynccontextmanager
async def publishing(stream: FakeStream, **changes: Any) -> AsyncIterator[Publisher]:
    """A publisher that runs, its shards known."""
    values = {"aws_region": "us-east-1", "raw_stream": "raw", "give_up_seconds": 5.0, **changes}
    clock = asyncio.get_running_loop().time
    async with Background() as tasks:
        publisher = Publisher(stream, SidecarSettings(**values), tasks, Counters(), clock)
        await publisher.refresh_shards()
        tasks.start(publisher.run())
        await asyncio.sleep(0)
        yield publisher
        assert not tasks.failed.is_set()


def batch(numbers: range) -> list[tuple[str, bytes]]:
    """Records of many sessions, each holding its number."""
    return [(SESSIONS[n * 7 % len(SESSIONS)], str(n).encode()) for n in numbers]


async def send_all(publisher: Publisher, batches: int, size: int) -> dict[bytes, int]:
    """Status of every record, by its data."""
    waiting = []
    for number in range(batches):
        records = batch(range(number * size, (number + 1) * size))
        waiting.append((records, publisher.submit(records)))
        await asyncio.sleep(0.03)
    return {
        data: status
        for records, answer in waiting
        for (_, data), status in zip(records, await answer, strict=True)
    }


def first_arrivals(seen: list[tuple[str, str, bytes]]) -> dict[str, list[int]]:
    """Numbers by session in the order of their first arrival."""
    arrivals: dict[str, list[int]] = defaultdict(list)
    for _, key, data in seen:
        if int(data) not in arrivals[key]:
            arrivals[key].append(int(data))
    return arrivals


@settings(max_examples=examples(60))
@given(
    st.integers(0, 10**6),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from([0.0, 0.3, 0.8]),
    st.sampled_from([0.0, 0.4]),
    st.sampled_from([0.0, 0.3]),
)
def test_acknowledged_is_stored_and_order_is_kept(
    seed, shards, aggregated, throttled, broken, lost
):
    """Whatever fails, acknowledged records are in the stream, each session's in their order."""
    stream = FakeStream(shards, seed)
    stream.throttled, stream.broken, stream.lost = throttled, broken, lost

    async def scenario() -> dict[bytes, int]:
        async with publishing(
            stream, aggregation_enabled=aggregated, give_up_seconds=1.5
        ) as publisher:
            statuses = await send_all(publisher, batches=12, size=9)
            assert publisher.pending == 0
            return statuses

    statuses = run(scenario())
    seen = stream.read()
    acknowledged = {data for data, status in statuses.items() if status == Status.STORED}
    stored = [data for _, _, data in seen]
    assert acknowledged <= set(stored)
    if not lost:
        assert sorted(stored) == sorted(acknowledged)
    for numbers in first_arrivals(seen).values():
        assert numbers == sorted(numbers)


def test_records_share_kinesis_records_by_shard():
    """One aggregate a shard carries everything that came within the buffering time."""
    stream = FakeStream(3)

    async def scenario() -> None:
        async with publishing(stream) as publisher:
            assert set(await publisher.submit(batch(range(200)))) == {Status.STORED}

    run(scenario())
    assert len(stream.seen) == 3
    assert stream.calls == [3]


def test_a_full_aggregate_does_not_wait():
    """The size limit sends before the time limit, and holds."""
    stream = FakeStream(1)

    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        async with publishing(
            stream, record_max_buffered_ms=5000, aggregation_max_bytes=51_200
        ) as publisher:
            records = [("s", b"x" * 1000)] * 52
            await publisher.submit(records[:51])
            return loop.time()

    assert run(scenario()) < 0.1 or len(stream.seen) == 1
    assert all(len(entry.data) <= 51_200 for _, entry in stream.seen)


def test_a_request_stays_within_the_limits_of_put_records():
    """More shards than one request may have entries are spread over several."""
    stream = FakeStream(7)

    async def scenario() -> None:
        async with publishing(stream, collection_max_count=3) as publisher:
            await publisher.submit(batch(range(100)))

    run(scenario())
    assert max(stream.calls) <= 3


def test_it_gives_up_in_bounded_time():
    """Nothing stored: the answer comes when the time is up, with one call's length at most."""
    stream = FakeStream(2)
    stream.broken = 1.0

    async def scenario() -> tuple[bytes, float]:
        async with publishing(stream, give_up_seconds=2.0) as publisher:
            answer = await publisher.submit(batch(range(10)))
            return answer, asyncio.get_running_loop().time()

    answer, seconds = run(scenario())
    assert set(answer) == {Status.NOT_STORED}
    assert 1.9 < seconds < 2.2
    assert len(stream.calls) > 3


def test_a_permanent_error_is_answered_at_once():
    """No retry cures a missing permission."""
    stream = FakeStream(2)
    stream.broken, stream.code = 1.0, "AccessDeniedException"

    async def scenario() -> tuple[bytes, float]:
        async with publishing(stream) as publisher:
            answer = await publisher.submit(batch(range(3)))
            return answer, asyncio.get_running_loop().time()

    answer, seconds = run(scenario())
    assert set(answer) == {Status.NOT_STORED}
    assert seconds < 0.5


def test_a_throttled_shard_does_not_hold_the_others():
    """Records of the other shards are stored meanwhile."""
    stream = FakeStream(2)
    first = stream.map.shards[0]
    put = stream._put

    def throttle_first(entry: Any) -> Any:
        if first.holds(entry.records[0].hash_key):
            stream.throttled = 1.0
        outcome = put(entry)
        stream.throttled = 0.0
        return outcome

    stream._put = throttle_first

    async def scenario() -> bytes:
        async with publishing(stream, give_up_seconds=1.0) as publisher:
            return await publisher.submit(batch(range(50)))

    statuses = run(scenario())
    assert {Status.STORED, Status.NOT_STORED} == set(statuses)
    assert {shard_id for shard_id, _, _ in stream.read()} == {stream.map.shards[1].shard_id}


def test_a_full_queue_refuses_at_once():
    """What is refused was never taken, and room comes back when records are decided."""
    stream = FakeStream(1)
    stream.delay_seconds = 1.0

    async def scenario() -> list[set[int]]:
        async with publishing(stream, max_buffered_bytes=1000) as publisher:
            first = publisher.submit([("s", b"x" * 2000)])
            refused = await publisher.submit([("s", b"y")])
            accepted = await first
            again = await publisher.submit([("s", b"z")])
            return [set(refused), set(accepted), set(again)]

    assert run(scenario()) == [{Status.QUEUE_FULL}, {Status.STORED}, {Status.STORED}]


@settings(max_examples=examples(40))
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 6), st.booleans())
def test_resharding_loses_nothing(seed, before, after, aggregated):
    """Records that land in a shard whose range excludes them are put again."""
    stream = FakeStream(before, seed)
    stream.throttled = 0.2
    old = stream.map

    async def reshard() -> None:
        await asyncio.sleep(0.15)
        stream.map = even_shards(after, first=before)

    async def scenario() -> dict[bytes, int]:
        async with publishing(stream, aggregation_enabled=aggregated) as publisher:
            resharding = asyncio.create_task(reshard())
            statuses = await send_all(publisher, batches=12, size=9)
            await resharding
            await publisher.refresh_shards()
            answer = await publisher.submit([("late", b"999")])
            return {**statuses, b"999": answer[0]}

    statuses = run(scenario())
    assert set(statuses.values()) == {Status.STORED}
    assert set(statuses) == {data for _, _, data in stream.read([old])}
    assert stream.read([old])[-1][0] in {shard.shard_id for shard in stream.map.shards}


def test_every_shard_gets_its_tick():
    """A tick goes alone into its shard, says which, and is no event."""
    stream = FakeStream(4)

    async def scenario() -> None:
        async with publishing(stream) as publisher:
            publisher.tick("us-west-2", 1234)
            publisher.tick("us-west-2", 1235)
            await asyncio.sleep(1)

    run(scenario())
    ticks = [json.loads(data) for _, _, data in stream.read()]
    assert [entry.is_aggregate for _, entry in stream.seen] == [False] * 4
    assert {tick["shard"] for tick in ticks} == {s.shard_id for s in stream.map.shards}
    assert all(
        tick["shard"] == shard for tick, (shard, _, _) in zip(ticks, stream.read(), strict=True)
    )
    assert {(t["tick"], t["received_time_ms"], t["region"]) for t in ticks} == {
        (True, 1234, "us-west-2")
    }


def test_a_tick_stands_behind_earlier_events_and_before_later_ones():
    """Its time is later than that of every event before it in the shard."""
    stream = FakeStream(1)

    async def scenario() -> None:
        async with publishing(stream) as publisher:
            publisher.submit([("s", b"1"), ("s", b"2")])
            publisher.tick("us-east-1", 5)
            await publisher.submit([("s", b"3")])

    run(scenario())
    assert [data for _, key, data in stream.read() if key == "s"] == [b"1", b"2", b"3"]
    assert [key for _, key, _ in stream.read()] == ["s", "s", "tick-shardId-000000000000", "s"]


def test_draining_does_not_wait_for_company():
    """On the way out everything goes at once, and ticks end."""
    stream = FakeStream(1)

    async def scenario() -> float:
        async with publishing(stream, record_max_buffered_ms=9000) as publisher:
            answer = publisher.submit([("s", b"1")])
            publisher.drain()
            publisher.tick("us-east-1", 1)
            await answer
            assert publisher.pending == 0
            return asyncio.get_running_loop().time()

    assert run(scenario()) < 0.1


def test_health_follows_what_kinesis_takes():
    """Refusing everything for the patience's length makes the producer unusable; one put cures."""
    stream = FakeStream(1)
    stream.broken = 1.0

    async def scenario() -> list[list[str]]:
        async with publishing(
            stream, unhealthy_after_seconds=8.0, give_up_seconds=5.0
        ) as publisher:
            seen = []
            for _ in range(2):
                await publisher.submit([("s", b"1")])
                seen.append(publisher.problems())
            stream.broken = 0.0
            await publisher.submit([("s", b"2")])
            return [*seen, publisher.problems()]

    after_5_s, after_10_s, after_success = run(scenario())
    assert after_5_s == []
    assert "taken nothing" in after_10_s[0]
    assert after_success == []


def test_silence_is_no_health():
    """Without puts and without answers to the listing of shards the producer is not usable."""
    stream = FakeStream(1)

    async def scenario() -> list[list[str]]:
        async with publishing(
            stream, unhealthy_after_seconds=10.0, shard_map_seconds=10.0
        ) as publisher:
            seen = []
            for _ in range(2):
                await asyncio.sleep(15)
                seen.append(publisher.problems())
            return seen

    after_15_s, after_30_s = run(scenario())
    assert after_15_s == []
    assert "not answered" in after_30_s[0]


def test_it_is_not_usable_before_the_shards_are_known():
    """Records are refused, and health says why."""

    async def scenario() -> tuple[bytes, list[str]]:
        async with Background() as tasks:
            settings = SidecarSettings(aws_region="us-east-1", raw_stream="raw")
            clock = asyncio.get_running_loop().time
            publisher = Publisher(FakeStream(1), settings, tasks, Counters(), clock)
            return await publisher.submit([("s", b"1")]), publisher.problems()

    statuses, problems = run(scenario())
    assert set(statuses) == {Status.NOT_STORED}
    assert problems
