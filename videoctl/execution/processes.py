"""Which process is which: enough to show that one on this machine is gone."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE: Final = Path("/proc/self/ns/pid")
_START_TOLERANCE_SECONDS: Final = 1.0
"""Start times are computed from the boot time, which the kernel rounds."""


@dataclass(frozen=True, kw_only=True)
class ProcessIdentity:
    """One process, told apart from a later one that was given the same pid.

    Attributes:
        user: login name.
        host: the machine's name, for people.
        machine: boot and pid namespace: pids can be compared only where it is equal.
        pid: process id.
        started_at: when the process began, in seconds since the epoch.

    """

    user: str
    host: str
    machine: str
    pid: int
    started_at: float

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid})"


def this_process() -> ProcessIdentity:
    """The process this code runs in."""
    return ProcessIdentity(
        user=_user(),
        host=socket.gethostname(),
        machine=_machine(),
        pid=os.getpid(),
        started_at=psutil.Process().create_time(),
    )


def is_gone(process: ProcessIdentity) -> bool:
    """Whether the process is shown not to run any more; False when that cannot be known here.

    A host name is not enough: two containers may share it and not their pids.
    """
    if not process.machine or process.machine != _machine():
        return False
    try:
        found = psutil.Process(process.pid)
        is_another = abs(found.create_time() - process.started_at) > _START_TOLERANCE_SECONDS
        return is_another or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _machine() -> str:
    """Empty where the system does not say: then nothing is ever shown to be gone."""
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
        return f"{boot}/{_PID_NAMESPACE.readlink()}"
    except OSError:
        return ""
