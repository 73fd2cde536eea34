"""Which processes an operation consists of, written down so that a killed run can be told later.

A process is named by its id and its start time: ids are given out again, the pair is not.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
from pydantic import TypeAdapter, ValidationError

from videoctl.provisioning.engine_environment import RUN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

START_TOLERANCE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process, once and for all.

    Attributes:
        pid: its process id.
        started_at: seconds since the epoch, as the system tells them.

    """

    pid: int
    started_at: float

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) <= START_TOLERANCE_SECONDS
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def mark(pid: int) -> ProcessMark:
    """The mark of a running process; one that just ended is marked with start time 0."""
    try:
        return ProcessMark(pid, psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return ProcessMark(pid, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One operation's processes.

    Attributes:
        run_id: carried by the engine and its plugins in their environment.
        stack: what it works on.
        operation: what it does.
        host: where it runs; the engine's lock names the host the same way.
        supervisor: videoctl itself.
        operation_process: the process that runs the program and owns the engine.
        engines: every engine command it started; the last is the one at work.

    """

    run_id: str
    stack: str
    operation: str
    host: str
    supervisor: ProcessMark
    operation_process: ProcessMark
    engines: tuple[ProcessMark, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether its program or engine still runs."""
        return self.operation_process.is_alive or any(item.is_alive for item in self.engines)

    def owned(self, host: str, pid: int) -> bool:
        """Whether a lock of this host and process id was taken by this run."""
        return host == self.host and any(item.pid == pid for item in self.engines)


_RECORD: Final[TypeAdapter[RunRecord]] = TypeAdapter(RunRecord)


def begin(run_id: str, stack: str, operation: str) -> RunRecord:
    """The record of an operation whose process is this one."""
    return RunRecord(
        run_id=run_id,
        stack=stack,
        operation=operation,
        host=socket.gethostname(),
        supervisor=mark(os.getppid()),
        operation_process=mark(os.getpid()),
    )


def write_record(path: Path, record: RunRecord) -> None:
    """Write in one rename: a reader sees the old record or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        json.dump(asdict(record), file)
    Path(file.name).replace(path)


def read_record(path: Path) -> RunRecord | None:
    """The record, or None when there is none or it cannot be read (then it proves nothing)."""
    try:
        return _RECORD.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def leftovers(run_id: str) -> Iterator[psutil.Process]:
    """Every process that carries a run's mark: its engine and plugins, wherever they hang."""
    own = os.getpid()
    for process in psutil.process_iter():
        try:
            marked = process.pid != own and process.environ().get(RUN_VARIABLE) == run_id
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if marked:
            yield process


def end_leftovers(run_id: str) -> int:
    """Kill what a run left and wait until it is gone; how many there were."""
    found = list(leftovers(run_id))
    for process in found:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(found, timeout=10)
    return len(found)
