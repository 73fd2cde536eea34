"""Which process is which: enough to show that one on this machine is gone."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE: Final = Path("/proc/self/ns/pid")
_START_TIME_FIELD: Final = 19
"""Index of `starttime` among the fields of /proc/PID/stat that follow the command's name."""


@dataclass(frozen=True, kw_only=True)
class ProcessIdentity:
    """One process, told apart from a later one that was given the same pid.

    Attributes:
        user: login name.
        host: the machine's name, for people.
        machine: boot and pid namespace: pids can be compared only where it is equal.
        pid: process id.
        started: when the process began, in clock ticks since boot; empty where unknown.

    """

    user: str
    host: str
    machine: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid})"


def this_process() -> ProcessIdentity:
    """The process this code runs in."""
    return ProcessIdentity(
        user=_user(),
        host=socket.gethostname(),
        machine=_machine(),
        pid=os.getpid(),
        started=_started(os.getpid()) or "",
    )


def is_gone(process: ProcessIdentity) -> bool:
    """Whether the process is shown not to run any more; False when that cannot be known here.

    A host name is not enough: two containers may share it and not their pids.
    """
    if not process.machine or process.machine != _machine():
        return False
    if not _runs(process.pid):
        return True
    started = _started(process.pid)
    return bool(started and process.started and started != process.started)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) != "Z"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _machine() -> str:
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
        return f"{boot}/{_PID_NAMESPACE.readlink()}"
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _state(pid: int) -> str | None:
    fields = _stat(pid)
    return fields[0] if fields else None


def _started(pid: int) -> str | None:
    fields = _stat(pid)
    return fields[_START_TIME_FIELD] if len(fields) > _START_TIME_FIELD else None
