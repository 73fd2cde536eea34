"""Processes the server starts, and that never outlive it.

Three nets: a graceful stop ends them; `sandbox.leash` has the kernel kill them when the server dies
in any other way (Linux); and all of them, whatever started them, carry the sandbox's directory in
an environment variable, by which the next start or stop finds and ends what is left of a server
that was killed. No process is ever ended for its pid alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import IO, TYPE_CHECKING

import psutil

from sandbox import leash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

OWNER_VARIABLE = "SANDBOX_OWNER"
"""Set to the sandbox's directory in the server and all its children."""
_LAST_GASP_SECONDS = 5.0


class Children:
    """Starts and ends child processes, each the leader of its own process group."""

    def __init__(self, owner: Path) -> None:
        self._owner = owner
        self._running: dict[int, asyncio.subprocess.Process] = {}

    async def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        output: IO[bytes] | int,
        directory: Path | None = None,
        pass_descriptors: Sequence[int] = (),
    ) -> asyncio.subprocess.Process:
        """Start `command` with `environment` and our mark; both outputs go to `output`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-S",
            "-E",
            leash.__file__,
            str(os.getpid()),
            *command,
            env={**environment, OWNER_VARIABLE: str(self._owner)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=directory,
            pass_fds=pass_descriptors,
            start_new_session=True,
        )
        self._running[process.pid] = process
        return process

    async def stop(self, process: asyncio.subprocess.Process, grace_seconds: float) -> int:
        """End a child and its group: SIGTERM, a bounded wait, then SIGKILL. Gives its exit code."""
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), grace_seconds)
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
            # It runs no more; on a busy machine its memory takes longer to be given back.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _LAST_GASP_SECONDS)
        self.forget(process)
        return process.returncode if process.returncode is not None else -signal.SIGKILL

    def forget(self, process: asyncio.subprocess.Process) -> None:
        """A child has ended: kill what it left in its group."""
        if self._running.pop(process.pid, None) is not None:
            _signal_group(process.pid, signal.SIGKILL)

    async def stop_all(self, grace_seconds: float) -> None:
        """End every child at once."""
        await asyncio.gather(
            *(self.stop(process, grace_seconds) for process in list(self._running.values()))
        )


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group led by `pid`, if it still exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def sweep(owner: Path) -> int:
    """Kill all processes that carry the mark of this sandbox; gives how many there were."""
    left = list(_marked(owner))
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=_LAST_GASP_SECONDS)
    return len(left)


def _marked(owner: Path) -> Iterator[psutil.Process]:
    ourselves = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid in ourselves:
            continue
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            if process.environ().get(OWNER_VARIABLE) == str(owner):
                yield process


def is_same_process(pid: int, started: float) -> bool:
    """Whether `pid` still is the process that began at `started` (epoch seconds)."""
    try:
        process = psutil.Process(pid)
        return (
            abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
