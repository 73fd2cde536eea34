"""S3's conditional writes in memory, with its own clock."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass

from videoctl.errors import VideoctlError


@dataclass(frozen=True)
class Kept:
    """One object."""

    body: bytes
    etag: str
    age_seconds: float


class MemoryStore:
    """An ObjectStore.

    Args:
        now: the store's clock, in seconds.

    """

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self._now = now
        self._objects: dict[str, tuple[bytes, str, float]] = {}
        self._etags = itertools.count()
        self._guard = threading.Lock()
        self.failures: list[VideoctlError] = []
        """Raised by the next writes, one each."""
        self.loses_answers = False
        """Conditional writes take effect, and their answer says they did not."""

    def get(self, key: str) -> Kept | None:
        """The object, or None."""
        with self._guard:
            found = self._objects.get(key)
        return Kept(found[0], found[1], self._now() - found[2]) if found else None

    def put(self, key: str, body: bytes) -> str:
        """Write whatever is there."""
        self._fail()
        with self._guard:
            return self._write(key, body)

    def put_new(self, key: str, body: bytes) -> str | None:
        """Write if there is none."""
        self._fail()
        with self._guard:
            return None if key in self._objects else self._write(key, body)

    def replace(self, key: str, body: bytes, *, etag: str) -> str | None:
        """Write if it is still that one."""
        self._fail()
        with self._guard:
            if key not in self._objects or self._objects[key][1] != etag:
                return None
            written = self._write(key, body)
            return None if self.loses_answers else written

    def delete(self, key: str, *, etag: str | None = None) -> bool:
        """Delete, if it is still that one."""
        self._fail()
        with self._guard:
            if key not in self._objects or (etag and self._objects[key][1] != etag):
                return False
            del self._objects[key]
            return True

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Keys under a prefix."""
        with self._guard:
            return tuple(sorted(key for key in self._objects if key.startswith(prefix)))

    def _write(self, key: str, body: bytes) -> str:
        etag = f'"{next(self._etags)}"'
        self._objects[key] = (body, etag, self._now())
        return etag

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
