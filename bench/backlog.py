"""The Flink job on the real Kinesis path: what waits in the raw stream, read to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psutil

from bench.measure import Figure
from bench.slowprod import NAMES, slowprod, wait_for
from jobs.http_handler.kpl_format import aggregate
from jobs.http_handler.shards import hash_key_of
from videoctl.aws.flink_dashboard import FlinkDashboard
from videoctl.loadtest.viewers import Audience
from videoctl.model.names import StreamKind

if TYPE_CHECKING:
    from bench.slowprod import Slowprod
    from videoctl.aws.flink_dashboard import JobReading
    from videoctl.loadtest.viewers import Event

EVENTS: Final = 400_000
SPAN_MS: Final = 20_000
"""The events' times are spread over as long as putting them takes at least."""
AGGREGATED: Final = 200
PUT_RECORDS: Final = 50
BAR: Final = 10_000
SECONDS: Final = 600.0


def figures() -> list[Figure]:
    """Events a second while the source reads what waits for it, and that all of it is counted."""
    with slowprod() as running:
        flink = running.client("kinesisanalyticsv2")
        flink.stop_application(ApplicationName=NAMES.flink_application)
        _wait_for_status(running, "READY")
        audience = Audience(
            run="backlog", seed=1, viewers=400, start_ms=_now_ms(), duration_ms=SPAN_MS
        )
        _put(running, audience.events(EVENTS))
        before = _processor_seconds(running)
        flink.start_application(ApplicationName=NAMES.flink_application)
        _wait_for_status(running, "RUNNING")
        seconds = _seconds_to_the_end(flink)
        used = {
            name: after - before.get(name, 0) for name, after in _processor_seconds(running).items()
        }
        counted = _counted(running)
    rate = EVENTS / seconds
    shares = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in sorted(used.items()))
    return [
        Figure(
            f"agg on the real Kinesis path: {EVENTS:,} events in KPL aggregates wait, and are read",
            f"at least {BAR:,} events/s",
            f"{rate:,.0f} events/s (read {seconds:.1f} s after the job was RUNNING;"
            f" {counted:,} of {EVENTS:,} events counted in windows and late; processor time from"
            f" the start on: {shares})",
            rate >= BAR and counted == EVENTS,
        )
    ]


def _seconds_to_the_end(flink: Any) -> float:
    """From the moment that all tasks ran until the source had read everything."""
    address = flink.create_application_presigned_url(
        ApplicationName=NAMES.flink_application, UrlType="FLINK_DASHBOARD_URL"
    )["AuthorizedUrl"]
    with FlinkDashboard.opened(address) as dashboard:
        job: JobReading | None = None

        def is_read() -> bool:
            nonlocal job
            job = dashboard.job()
            return job is not None and (job.records_read or 0) >= EVENTS

        wait_for(is_read, SECONDS)
    assert job is not None
    assert job.running_since is not None
    return time.time() - job.running_since.timestamp()


def _counted(running: Slowprod) -> int:
    """Events of the run in the last record of each window, and in late, once all are there."""
    windows: dict[tuple[str, int], int] = {}
    late: set[str] = set()

    def all_are_there() -> bool:
        for one in sorted(running.records(StreamKind.SESSION), key=lambda found: found.at_ms):
            if one.document["session_id"].startswith("backlog-"):
                key = one.document["session_id"], one.document["window_start_ms"]
                windows[key] = one.document["events"]
        for one in running.records(StreamKind.LATE):
            if one.document["event_id"].startswith("backlog-"):
                late.add(one.document["event_id"])
        return sum(windows.values()) + len(late) >= EVENTS

    wait_for(all_are_there, SECONDS, every_seconds=5.0)
    return sum(windows.values()) + len(late)


def _put(running: Slowprod, events: list[Event]) -> None:
    """Stamp each event with the time it is put, and put all as the sidecar would."""
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
                        msgspec.json.encode({**event, "received_time_ms": _now_ms()}),
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


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


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
