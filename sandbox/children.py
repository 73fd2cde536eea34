"""Processes the server starts, and that never outlive it.

Three nets: a graceful stop ends them; `sandbox.leash` has the kernel kill them when the server dies
in any other way (Linux); and every process is written down with its start time, so that the next
start can end what is left of a server that was killed (all systems, and grandchildren on Linux).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import IO, TYPE_CHECKING

import psutil

from sandbox import leash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LAST_GASP_SECONDS = 5.0


class Children:
    """Starts and ends child processes, each the leader of its own process group."""

    def __init__(self, register: Path) -> None:
        self._register = register
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._started: dict[int, float] = {}

    async def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        output: IO[bytes] | int,
        directory: Path | None = None,
        pass_descriptors: Sequence[int] = (),
    ) -> asyncio.subprocess.Process:
        """Start `command` with exactly `environment`; both outputs go to `output`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-S",
            "-E",
            leash.__file__,
            str(os.getpid()),
            *command,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=directory,
            pass_fds=pass_descriptors,
            start_new_session=True,
        )
        self._running[process.pid] = process
        with contextlib.suppress(psutil.NoSuchProcess):
            self._started[process.pid] = psutil.Process(process.pid).create_time()
        self._write()
        return process

    async def stop(self, process: asyncio.subprocess.Process, grace_seconds: float) -> int:
        """End a child and its group: SIGTERM, a bounded wait, then SIGKILL. Gives its exit code."""
        signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), grace_seconds)
        except TimeoutError:
            signal_group(process.pid, signal.SIGKILL)
            await asyncio.wait_for(process.wait(), _LAST_GASP_SECONDS)
        self.forget(process)
        return process.returncode if process.returncode is not None else -signal.SIGKILL

    def forget(self, process: asyncio.subprocess.Process) -> None:
        """A child has ended: kill what it left in its group and strike it off the register."""
        if process.pid in self._running:
            signal_group(process.pid, signal.SIGKILL)
            del self._running[process.pid]
            self._started.pop(process.pid, None)
            self._write()

    async def stop_all(self, grace_seconds: float) -> None:
        """End every child at once."""
        await asyncio.gather(
            *(self.stop(process, grace_seconds) for process in list(self._running.values()))
        )

    def _write(self) -> None:
        temporary = self._register.with_suffix(".new")
        temporary.write_text(json.dumps(self._started))
        temporary.replace(self._register)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group led by `pid`, if it still exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def sweep(register: Path) -> int:
    """Kill what a server that was killed left behind; gives how many process groups."""
    try:
        entries: dict[str, float] = json.loads(register.read_text())
    except (FileNotFoundError, ValueError):
        return 0
    swept = 0
    for pid, started in entries.items():
        if is_same_process(int(pid), started):
            signal_group(int(pid), signal.SIGKILL)
            swept += 1
    register.unlink(missing_ok=True)
    return swept


def is_same_process(pid: int, started: float) -> bool:
    """Whether `pid` still is the process that began at `started` (epoch seconds)."""
    try:
        process = psutil.Process(pid)
        return (
            abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
