"""Run a command that talks: its lines as progress, a deadline, and its last line when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

HEARTBEAT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command ended that did not succeed.

    Attributes:
        last_line: the last line it said, or why it could not be run.
        timed_out: it was stopped at the deadline.

    """

    last_line: str
    timed_out: bool = False


def run_limited(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    timeout_seconds: float,
    progress: Callable[[str], None],
    directory: Path | None = None,
) -> Failure | None:
    """Run to the end or the deadline; None when it succeeded.

    The command is a process group of its own, so that what it started ends with it.
    """
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=dict(environ),
            cwd=directory,
            start_new_session=True,
        )
    except OSError as error:
        return Failure(f"cannot be run: {error.strerror or error}")
    lines: deque[str] = deque(maxlen=1)
    reader = threading.Thread(target=_relay, args=(process, lines, progress), daemon=True)
    reader.start()
    try:
        code = _wait(process, timeout_seconds, progress)
    except subprocess.TimeoutExpired:
        return Failure(f"not finished within {timeout_seconds:.0f} s", timed_out=True)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        reader.join(timeout=5)
    last = lines[0] if lines else f"exit {code}, nothing said"
    return None if code == 0 else Failure(last)


def _wait(
    process: subprocess.Popen[str], timeout_seconds: float, progress: Callable[[str], None]
) -> int:
    """The exit code; says now and then that it still goes on: some commands are silent."""
    started = time.monotonic()
    while True:
        left = started + timeout_seconds - time.monotonic()
        try:
            return process.wait(timeout=max(0.0, min(left, HEARTBEAT_SECONDS)))
        except subprocess.TimeoutExpired:
            elapsed = time.monotonic() - started
            if elapsed >= timeout_seconds:
                raise
            progress(f"still at it after {elapsed:.0f} s")


def _relay(
    process: subprocess.Popen[str], lines: deque[str], progress: Callable[[str], None]
) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            said = line.strip()
            if said:
                lines.append(said)
                progress(said)
