"""How things are timed here: whole processes, in turn, and the ratio pair by pair."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure against its bar.

    Attributes:
        what: what was measured.
        bar: what it should be, in words.
        measured: what it is, in words.
        met: None where the bar only asks for the figure to be stated.

    """

    what: str
    bar: str
    measured: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two commands timed in turn; wall-clock seconds of each run."""

    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of first/second, pair by pair."""
        return statistics.median(a / b for a, b in zip(self.first, self.second, strict=True))


def seconds(command: Sequence[str], environ: Mapping[str, str] | None = None) -> float:
    """Wall-clock seconds of one run, output thrown away; a failing command is an error."""
    began = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(environ or {})},
    )
    return time.perf_counter() - began


def in_turn(first: Sequence[str], second: Sequence[str], runs: int) -> Pair:
    """Time two commands A B A B ..., after one run of each that does not count."""
    seconds(first)
    seconds(second)
    pairs = [(seconds(first), seconds(second)) for _ in range(runs)]
    return Pair(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def unshared_mb(processes: Iterable[psutil.Process]) -> float:
    """What processes use together, in MB: memory that several share is counted once."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += process.memory_full_info().pss / 2**20
    return total


def peak_children_mb() -> float:
    """Peak memory of the largest child process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def machine() -> str:
    """The machine in one line."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory_gb:.0f} GiB, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}"
    )
