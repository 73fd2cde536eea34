"""Creating dev: against the bare sandbox calls, again with nothing to do, and its memory.

Without starting Flink: it takes as long whoever asks for it, and would hide what is compared.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import psutil

from bench.homes import VIDEOCTL, home
from bench.measure import Figure, unshared_mb
from bench.recorder import Recorder
from bench.replay import replay

if TYPE_CHECKING:
    from bench.homes import Home

CONNECTIONS: Final = 10
CREATE_BAR: Final = 2.0
AGAIN_BAR: Final = 1 / 3
MEMORY_BAR_MB: Final = 500
SAMPLE_SECONDS: Final = 0.2
CREATE: Final = ("env", "create", "dev", "--yes", "--skip-canary")


def figures() -> list[Figure]:
    """Create, create again, and memory, each in a home of its own where it matters."""
    with home() as place:
        place.leave_flink_ready()
        first, peak_mb = _watched(place, *CREATE)
        again, _ = _watched(place, *CREATE)
        started = _engine_start(place)
    calls, recorded_seconds = _record()
    least, different = _least(calls)
    working = recorded_seconds - started
    return [
        Figure(
            "`env create dev` against the same sandbox calls made directly, 10 at a time,"
            " engine start-up apart",
            f"at most {CREATE_BAR:g} times",
            f"{working / least:.2f} times ({working:.1f} s against {least:.1f} s for"
            f" {len(calls)} calls, {different} answered otherwise; {recorded_seconds:.1f} s with"
            f" {started:.1f} s of engine start-up)",
            working / least <= CREATE_BAR,
        ),
        Figure(
            "second `env create dev`, nothing to do, against the first",
            "at most 1/3",
            f"{again / first:.2f} ({again:.1f} s against {first:.1f} s)",
            again / first <= AGAIN_BAR,
        ),
        Figure(
            "peak memory of videoctl while creating, engine and provider included",
            f"stated, under {MEMORY_BAR_MB} MB",
            f"{peak_mb:.0f} MB (sum of resident memory not shared between the processes)",
            peak_mb < MEMORY_BAR_MB,
        ),
    ]


def _record() -> tuple[list[Any], float]:
    """Every AWS call of a create, and how long the update step took."""
    with home() as place:
        place.leave_flink_ready()
        endpoint_url = place.run("sandbox", "up")["endpoint_url"]
        with Recorder(endpoint_url) as recorder:
            place.reach_through(recorder.url)
            result = place.run(*CREATE)
            calls = list(recorder.calls)
    update = next(step for step in result["steps"] if step["name"] == "update-stack")
    return calls, update["seconds"]


def _least(calls: list[Any]) -> tuple[float, int]:
    with home() as place:
        endpoint_url = place.run("sandbox", "up")["endpoint_url"]
        return replay(calls, endpoint_url, CONNECTIONS)


def _engine_start(place: Home) -> float:
    """What an engine operation that finds nothing to do takes: starting engine and provider."""
    began = time.monotonic()
    place.run("env", "plan", "dev")
    return time.monotonic() - began


def _watched(place: Home, *words: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of one command line and everything it starts."""
    place.run("sandbox", "up")
    began = time.monotonic()
    process = subprocess.Popen(
        [VIDEOCTL, *words],
        env=place.environ,
        cwd=place.directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peaks = [0.0]
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True)
    watcher.start()
    _, talk = process.communicate()
    seconds = time.monotonic() - began
    watcher.join()
    if process.returncode != 0:
        sys.stderr.write(talk.decode())
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    return seconds, max(peaks)


def _watch(pid: int, peaks: list[float]) -> None:
    while True:
        try:
            root = psutil.Process(pid)
            family = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        if root.status() == psutil.STATUS_ZOMBIE:
            return
        peaks.append(unshared_mb(family))
        time.sleep(SAMPLE_SECONDS)
