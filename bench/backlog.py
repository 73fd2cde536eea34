"""The Flink job on the real Kinesis path: a backlog of an hour, read to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

from bench.measure import Figure
from bench.slowprod import ENVIRONMENT, NAMES, REGION, slowprod, wait_for
from jobs.http_handler.kpl_format import aggregate
from jobs.http_handler.shards import hash_key_of
from videoctl.loadtest.viewers import Audience
from videoctl.model.names import StreamKind

if TYPE_CHECKING:
    from bench.slowprod import Arrived, Slowprod
    from videoctl.loadtest.viewers import Event

EVENTS: Final = 400_000
HOUR_MS: Final = 3_600_000
ENDED_BEFORE_MS: Final = 120_000
"""The newest event is that old: its minute is over, and its windows close at once."""
AGGREGATED: Final = 200
PUT_RECORDS: Final = 50
BAR: Final = 10_000
SECONDS: Final = 600.0


def figures() -> list[Figure]:
    """Events a second between the first and the last window written."""
    with slowprod() as running:
        flink = running.client("kinesisanalyticsv2")
        flink.stop_application(ApplicationName=NAMES.flink_application)
        _wait_for_status(running, "READY")
        now = time.time_ns() // 1_000_000
        audience = Audience(
            run="backlog",
            seed=1,
            viewers=400,
            start_ms=now - HOUR_MS - ENDED_BEFORE_MS,
            duration_ms=HOUR_MS,
        )
        _put(running, audience.events(EVENTS))
        before = _processor_seconds(running)
        running.place.run("flink", "restart", "--env", ENVIRONMENT, "--region", REGION, "--yes")
        windows: list[Arrived] = []

        def all_are_counted() -> bool:
            windows[:] = list(running.records(StreamKind.SESSION))
            return _events(_mine(windows)) >= EVENTS

        wait_for(all_are_counted, SECONDS, every_seconds=2.0)
        used = {
            name: after - before.get(name, 0) for name, after in _processor_seconds(running).items()
        }
    mine = _mine(windows)
    counted = _events(mine)
    first, last = mine[0].at_ms, mine[-1].at_ms
    steady = _events([found for found in mine if found.at_ms > first])
    rate = steady / (last - first) * 1000
    shares = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in sorted(used.items()))
    return [
        Figure(
            "agg on the real Kinesis path: a backlog of an hour, KPL aggregates, read to its end",
            f"at least {BAR:,} events/s",
            f"{rate:,.0f} events/s ({counted:,} of {EVENTS:,} events counted in {len(mine):,}"
            f" windows; processor time from start to end: {shares})",
            rate >= BAR and counted == EVENTS,
        )
    ]


def _mine(windows: list[Arrived]) -> list[Arrived]:
    found = [one for one in windows if one.document["session_id"].startswith("backlog-")]
    return sorted(found, key=lambda one: one.at_ms)


def _events(windows: list[Arrived]) -> int:
    return sum(int(found.document["events"]) for found in windows)


def _put(running: Slowprod, events: list[Event]) -> None:
    """Stamp each event with its own time, and put them as the sidecar would, shard by shard."""
    shards = running.shards(StreamKind.RAW)
    starts = [int(shard["HashKeyRange"]["StartingHashKey"]) for shard in shards]
    shares = [
        [event for event in events if _place(event, starts) == place]
        for place in range(len(shards))
    ]
    for share, start in zip(shares, starts, strict=True):
        entries = [
            {
                "Data": aggregate(
                    (
                        event["session_id"],
                        msgspec.json.encode({**event, "received_time_ms": event["event_time_ms"]}),
                    )
                    for event in share[at : at + AGGREGATED]
                ),
                "PartitionKey": "a",
                "ExplicitHashKey": str(start),
            }
            for at in range(0, len(share), AGGREGATED)
        ]
        for at in range(0, len(entries), PUT_RECORDS):
            answer = running.kinesis.put_records(
                StreamName=NAMES.stream(StreamKind.RAW), Records=entries[at : at + PUT_RECORDS]
            )
            if answer["FailedRecordCount"]:
                raise RuntimeError("Kinesis did not take every record")


def _place(event: Event, starts: list[int]) -> int:
    hash_key = hash_key_of(event["session_id"].encode())
    return max(place for place, start in enumerate(starts) if start <= hash_key)


def _wait_for_status(running: Slowprod, status: str) -> None:
    flink = running.client("kinesisanalyticsv2")

    def is_there() -> bool:
        answer = flink.describe_application(ApplicationName=NAMES.flink_application)
        return bool(answer["ApplicationDetail"]["ApplicationStatus"] == status)

    wait_for(is_there, SECONDS)


def _processor_seconds(running: Slowprod) -> dict[str, float]:
    """What the sandbox's server, and the newest Java processes under it, have used."""
    server = psutil.Process(running.place.run("sandbox", "status")["pid"])
    used = {"sandbox": _used(server), "Flink": 0.0}
    for child in server.children(recursive=True):
        try:
            if "java" in child.name():
                used["Flink"] += _used(child)
        except psutil.NoSuchProcess:
            continue
    return used


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
