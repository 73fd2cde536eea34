"""The journal: what a run meant to do and did, one JSON record a line, flushed before each call.

A record is on disk before the call it announces, so after a crash the journal says at least what
may have happened. Reading it back is `videoctl.execution.history`.
"""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING, Final

from videoctl.errors import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

JOURNAL_VERSION: Final = 1
"""Version of the records; another one is refused on reading."""

TORN: Final = b"\x18"
"""ASCII CANCEL: put after a line that a crash cut, by whoever appends next."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class RecordKind:
    """Kinds of records; ARC Region switch's words."""

    EXECUTION_STARTED: Final = "executionStarted"
    EXECUTION_RESUMED: Final = "executionResumed"
    STEP_STARTED: Final = "stepStarted"
    STEP_SUCCEEDED: Final = "stepSucceeded"
    STEP_SKIPPED: Final = "stepSkipped"
    STEP_FAILED: Final = "stepFailed"
    STEP_PENDING_APPROVAL: Final = "stepPendingApproval"
    STEP_ACKNOWLEDGED: Final = "stepAcknowledged"
    LOCK_BROKEN: Final = "lockBroken"
    EXECUTION_COMPLETED: Final = "executionCompleted"
    EXECUTION_INTERRUPTED: Final = "executionInterrupted"
    """Written by a later run that found it open: its process had died."""
    EXECUTION_SUPERSEDED: Final = "executionSuperseded"
    """Written by a later run at whose end everything it had set out to do was seen done."""


class Journal:
    """The open journal of one run; every record is on disk when `write` returns.

    Args:
        path: the file; its directory is made, readable by its owner only.
        run_id: stamped on each record.
        now: the clock.

    Raises:
        FailedError: `journal-unwritable`, before anything was changed.

    """

    def __init__(self, path: Path, run_id: str, now: Callable[[], datetime]) -> None:
        self.path = path
        self._run_id = run_id
        self._now = now
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)
            self._is_torn = _ends_torn(path)
            self._has_begun = os.fstat(self._descriptor).st_size > 0
            _sync_directory(path.parent)
        except OSError as error:
            raise _unwritable(path, error, has_begun=False) from error

    def write(self, kind: str, **values: object) -> None:
        """Append one record and flush it to disk.

        Raises:
            FailedError: `journal-unwritable`; the call it announces must not be made.

        """
        record = {
            "journal_version": JOURNAL_VERSION,
            "time": self._now().isoformat(),
            "run_id": self._run_id,
            "record": kind,
            **values,
        }
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        if self._is_torn:
            line = TORN + b"\n" + line
        self._is_torn = True
        try:
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            raise _unwritable(self.path, error, has_begun=self._has_begun) from error
        self._is_torn, self._has_begun = False, True

    def close(self) -> None:
        """Close the file; records are on disk already."""
        os.close(self._descriptor)


def _ends_torn(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return False
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) != b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError, *, has_begun: bool) -> FailedError:
    what = "the disk is full" if error.errno in _FULL else error.strerror or str(error)
    if has_begun:
        known = "every change that was begun is in it, and no other was begun"
        hint = "free some space, then run the same command again: it goes on where it stopped"
    else:
        known = "nothing was changed"
        hint = "free some space, or set VIDEOCTL_HOME to a directory that can be written"
    return FailedError(
        f"the journal {path} cannot be written: {what}; {known}",
        hint=hint,
        code="journal-unwritable",
    )
