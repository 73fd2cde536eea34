"""A whole slowprod with its Flink job: what it takes in memory, and how long an event is under way.

All its processes are the sandbox's own and their children: the local AWS, the front door, ingest
tasks, the Flink cluster and the function's worker.
"""

from __future__ import annotations

import statistics
import threading
from typing import TYPE_CHECKING, Any, Final

import psutil

from bench.homes import home
from bench.measure import Figure, unshared_mb

if TYPE_CHECKING:
    from bench.homes import Home

EVENTS: Final = 100_000
CANARIES: Final = 12
MEMORY_BAR_MB: Final = 4096
SAMPLE_SECONDS: Final = 0.5
HOPS: Final = ("raw-stream", "raw-bucket", "flink", "session-bucket", "session-store")


def figures() -> list[Figure]:
    """Canaries through a quiet slowprod, then viewers until Flink has counted them."""
    with home() as place:
        watched = _Memory(place.run("sandbox", "up")["pid"])
        place.run("env", "create", "slowprod", "--yes")
        quiet_mb = watched.now()
        flights = [_flight(place) for _ in range(CANARIES)]
        report = place.run(
            *("loadtest", "generate", "--to", "slowprod", "--events", str(EVENTS), "--sessions")
        )
        peak_mb = watched.end()
    found = report["found"]
    return [
        Figure(
            "whole slowprod on the sandbox, all processes: sandbox, ingest tasks, Flink, function",
            f"stated, under {MEMORY_BAR_MB // 1024} GiB",
            f"{peak_mb:,.0f} MiB at its peak, {quiet_mb:,.0f} MiB once built, with"
            f" {report['acknowledged']:,} events sent",
            peak_mb < MEMORY_BAR_MB,
        ),
        Figure(
            "the same events in session windows and late, against those acknowledged",
            "exactly as many; a row in the session store for each window",
            f"{found['session_events']:,} + {found['late']:,} of {report['acknowledged']:,};"
            f" {found['store_rows']:,} rows for {found['session_windows']:,} windows",
            found["session_events"] + found["late"] == report["acknowledged"]
            and found["store_rows"] == found["session_windows"],
        ),
        Figure(
            f"from the front door to each hop, quiet slowprod, {len(flights)} canaries",
            "stated",
            "; ".join(_hop(name, flights) for name in HOPS),
            None,
        ),
    ]


def _flight(place: Home) -> dict[str, float]:
    """One canary's milliseconds from being posted to each hop."""
    canary: dict[str, Any] = place.run("env", "check", "slowprod", "--canary")["canary"]
    return {hop["hop"]: hop["latency_ms"] for hop in canary["hops"]}


def _hop(name: str, flights: list[dict[str, float]]) -> str:
    seen = sorted(flight[name] for flight in flights)
    return f"{name} p50 {statistics.median(seen) / 1000:.1f} s, longest {seen[-1] / 1000:.1f} s"


class _Memory:
    """The memory of one process and everything it starts, sampled until its end is asked for."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._peak_mb = 0.0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def now(self) -> float:
        """MiB in use."""
        return unshared_mb([self._root, *self._root.children(recursive=True)])

    def end(self) -> float:
        """Stop sampling; the largest sample, in MiB."""
        self._ended.set()
        self._watcher.join()
        return self._peak_mb

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self._peak_mb = max(self._peak_mb, self.now())
