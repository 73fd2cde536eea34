"""Locks of the state backend: whose they are, whether their process is dead, which may be broken.

The engine's lock is a file that outlives its process and has no lease. It is broken without asking
only when a run of this VIDEOCTL_HOME took it on this host and that very process is dead.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any, Final

import psutil

from videoctl.errors import LockedError
from videoctl.provisioning.classification import lock_owners
from videoctl.provisioning.run_record import RunRecord, end_leftovers, read_record
from videoctl.provisioning.state import StackLock, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

WIND_DOWN_SECONDS: Final = 60.0
"""How long to wait for an engine whose videoctl died and that is finishing what it began."""
POLL_SECONDS: Final = 0.2


def describe(content: Iterable[dict[str, Any]], record: RunRecord | None) -> tuple[StackLock, ...]:
    """Locks from the content of their files."""
    return tuple(
        _lock(
            (item["username"], item["hostname"], item["pid"], item["timestamp"]),
            record,
        )
        for item in content
    )


def describe_message(text: str, record: RunRecord | None) -> tuple[StackLock, ...]:
    """Locks from the engine's message, for backends whose files cannot be read here."""
    return tuple(_lock(owner, record) for owner in lock_owners(text))


def _lock(owner: tuple[str, str, int, str], record: RunRecord | None) -> StackLock:
    user, host, pid, at = owner
    is_ours = record is not None and record.owned(host, pid)
    is_dead: bool | None = None
    if is_ours and record is not None:
        is_dead = not any(item.is_alive for item in record.engines if item.pid == pid)
    elif host == socket.gethostname():
        is_dead = _is_dead_here(pid, moment(at).timestamp())
    return StackLock(
        owner=f"{user}@{host} (pid {pid})",
        host=host,
        pid=pid,
        taken_at=moment(at),
        is_ours=is_ours,
        is_dead=is_dead,
    )


def _is_dead_here(pid: int, taken_at: float) -> bool:
    """Whether the process that took the lock is gone, its id free or given to a younger one."""
    try:
        return psutil.Process(pid).create_time() > taken_at + 1
    except psutil.NoSuchProcess:
        return True


def may_break(locks: tuple[StackLock, ...]) -> bool:
    """Whether all locks are our own dead runs' (breaking is for all of a stack's locks at once)."""
    return bool(locks) and all(lock.is_ours and lock.is_dead for lock in locks)


def settle_previous(stack: str, record_file: Path, say: Callable[[str], None]) -> None:
    """Let an earlier operation on the stack come to its end, and end what it left.

    One whose videoctl is dead finishes what it began; after a minute it is ended.

    Raises:
        LockedError: when its videoctl is alive: two operations on one stack.

    """
    record = read_record(record_file)
    if record is None:
        return
    limit = time.monotonic() + WIND_DOWN_SECONDS
    while record.is_running and time.monotonic() < limit:
        if record.supervisor.is_alive:
            raise LockedError(
                f"stack {stack} is being worked on: {record.operation} by process"
                f" {record.supervisor.pid} on this machine",
                hint="wait for it to end",
                code="stack-locked",
            )
        if limit - time.monotonic() > WIND_DOWN_SECONDS - POLL_SECONDS:
            say(f"an interrupted {record.operation} of stack {stack} is still ending; waiting")
        time.sleep(POLL_SECONDS)
        record = read_record(record_file) or record
    ended = end_leftovers(record.run_id)
    if ended:
        say(f"ended {ended} processes that an interrupted {record.operation} left")
