"""The front door's handler and sidecar on one core, against the same server that does not store.

What is compared is events by processor second of the processes on that core, so that neither the
sender nor the sandbox's Kinesis, which have the other core, can flatter the figure.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
import httpx
import psutil

from bench.homes import home
from bench.measure import Figure
from sandbox.account import client_environment
from sandbox.kpl import deaggregate
from videoctl.loadtest.feed import FeedSettings, feed
from videoctl.loadtest.viewers import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS: Final = 50_000
PAIRS: Final = 5
SHARDS: Final = 2
CONNECTIONS: Final = 32
BAR: Final = 1 / 3
ROOT: Final = Path(__file__).resolve().parent.parent
START_SECONDS: Final = 60.0
SERVED, ELSEWHERE = [0], [1]
"""The core of the processes measured, and that of everybody else."""


def figures() -> list[Figure]:
    """The ratio, pair by pair in turn; and that Kinesis has what was acknowledged."""
    events = Audience(run="core", seed=1, viewers=500, start_ms=_now_ms(), duration_ms=60_000)
    made = events.events(EVENTS)
    before = os.sched_getaffinity(0)
    storing, not_storing, stored = [], [], 0
    with home() as place:
        endpoint_url = place.run("sandbox", "up")["endpoint_url"]
        _pin(place.run("sandbox", "status")["pid"], ELSEWHERE)
        os.sched_setaffinity(0, ELSEWHERE)
        try:
            kinesis = boto3.client("kinesis", **_client(endpoint_url))
            for number in range(PAIRS):
                stream = f"core-{number}"
                kinesis.create_stream(StreamName=stream, ShardCount=SHARDS)
                storing.append(_rate(made, endpoint_url, stream))
                not_storing.append(_rate(made, endpoint_url, None))
                stored += _count(kinesis, stream)
        finally:
            os.sched_setaffinity(0, before)
    ratio = statistics.median(a / b for a, b in zip(storing, not_storing, strict=True))
    rates = f"{statistics.median(storing):,.0f} against {statistics.median(not_storing):,.0f}"
    exact = stored == PAIRS * EVENTS
    return [
        Figure(
            "front door on one core, acknowledged once Kinesis has it, against the same server"
            f" answering 202 without storing, batches of 100, {CONNECTIONS} connections",
            "at least 1/3",
            f"{ratio:.2f} ({rates} events by processor second; {PAIRS * EVENTS:,} acknowledged,"
            f" {stored:,} stored)",
            exact and ratio >= BAR,
        )
    ]


def _rate(events: list[dict[str, object]], endpoint_url: str, stream: str | None) -> float:
    """Events by processor second of the server; stored in a stream, or not."""
    with ExitStack() as stack:
        port, sidecar_port = _free_port(), _free_port()
        variables = {
            **client_environment(endpoint_url),
            "AWS_REGION": "us-east-1",
            "HTTP_HANDLER_HOST": "127.0.0.1",
            "HTTP_HANDLER_PORT": str(port),
            "KPL_SIDECAR_PORT": str(sidecar_port),
            "RAW_STREAM": stream or "none",
        }
        modules = ["bench.not_storing"]
        if stream is not None:
            modules = ["jobs.http_handler.kpl_sidecar", "jobs.http_handler"]
        running = [stack.enter_context(_process(module, variables)) for module in modules]
        _wait_until_healthy(port)
        began = _used_seconds(running)
        url = f"http://127.0.0.1:{port}/v1/events"
        settings = FeedSettings(url=url, connections=CONNECTIONS)
        report = feed(events, settings)
        if report.acknowledged != len(events):
            raise RuntimeError(f"{report.acknowledged} of {len(events)} acknowledged")
        return len(events) / (_used_seconds(running) - began)


def _count(kinesis: object, stream: str) -> int:
    """User records in a stream that are no ticks."""
    client: boto3.client = kinesis
    found = 0
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        where = {"StreamName": stream, "ShardId": shard["ShardId"]}
        iterator = client.get_shard_iterator(**where, ShardIteratorType="TRIM_HORIZON")
        following = iterator["ShardIterator"]
        while records := (answer := client.get_records(ShardIterator=following))["Records"]:
            users = [data for record in records for data in deaggregate(record["Data"])]
            found += sum(b'"event_id"' in data for data in users)
            following = answer["NextShardIterator"]
    return found


@contextmanager
def _process(module: str, variables: dict[str, str]) -> Iterator[psutil.Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        env={"PATH": os.environ["PATH"], **variables},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _pin(process.pid, SERVED)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _used_seconds(running: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in running]
    return sum(used.user + used.system for used in times)


def _pin(pid: int, cores: list[int]) -> None:
    for thread in psutil.Process(pid).threads():
        os.sched_setaffinity(thread.id, cores)


def _wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"the handler on port {port} did not become healthy")


def _client(endpoint_url: str) -> dict[str, str]:
    return {
        "endpoint_url": endpoint_url,
        "region_name": "us-east-1",
        "aws_access_key_id": "bench",
        "aws_secret_access_key": "bench",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
