"""Follows log files line by line, through rotation."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LARGEST_READ_BYTES = 512 * 1024
_LARGEST_BATCH = 2_000
"""Lines PutLogEvents takes at once, well inside its limits of events and bytes."""


class LineFollower:
    """The lines written to a file since the last look.

    The open file is read to its end before a new one of the same name is begun, so that nothing is
    lost when a log is rotated.
    """

    def __init__(self, path: Path, *, only_new: bool = False) -> None:
        self.path = path
        self._begun = b""
        self._file: IO[bytes] | None = None
        if only_new and path.exists():
            self._file = path.open("rb")
            self._file.seek(0, os.SEEK_END)

    def take(self) -> list[bytes]:
        """New whole lines, empty ones left out; call it again for more."""
        chunk = self._read() or (self._read() if self._reopen() else b"")
        *whole, self._begun = (self._begun + chunk).split(b"\n")
        return [line for line in whole if line]

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self) -> bytes:
        return self._file.read(_LARGEST_READ_BYTES) if self._file is not None else b""

    def _reopen(self) -> bool:
        """Whether there is another file of the name now, which is open then."""
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        if self._file is not None:
            if os.fstat(self._file.fileno()).st_ino == there.st_ino:
                return False
            self._file.close()
        self._file = self.path.open("rb")
        return True


def batches(lines: list[bytes]) -> Iterator[list[bytes]]:
    """The lines in portions that one PutLogEvents can hold."""
    for begin in range(0, len(lines), _LARGEST_BATCH):
        yield lines[begin : begin + _LARGEST_BATCH]
