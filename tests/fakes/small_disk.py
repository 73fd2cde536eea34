"""A real disk so small that it can be filled: a tmpfs of some kilobytes."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

_BLOCK: Final = b"\0" * 4096


@dataclass(frozen=True)
class SmallDisk:
    """A mounted disk."""

    directory: Path

    @property
    def _ballast(self) -> Path:
        return self.directory / "ballast"

    def fill(self) -> None:
        """Leave no free block."""
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(_BLOCK)
        assert os.statvfs(self.directory).f_bavail == 0

    def free(self) -> None:
        """Take away what filled it."""
        self._ballast.unlink()


@contextlib.contextmanager
def small_disk(directory: Path, *, kib: int) -> Iterator[SmallDisk]:
    """Mount one at `directory`, which is made, and unmount it in the end; skip where forbidden."""
    directory.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0700", "tmpfs", str(directory)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError:
        pytest.skip("this system has no mount command")
    if made.returncode != 0:
        pytest.skip(f"a tmpfs cannot be mounted here (root may): {made.stderr.strip()}")
    try:
        yield SmallDisk(directory)
    finally:
        subprocess.run(["umount", str(directory)], check=True, timeout=60)
