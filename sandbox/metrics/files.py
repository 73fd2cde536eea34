"""Metrics on disk: published points appended as they come, open minutes written whole.

A publication has a number. The file of open minutes carries the number of the last publication
before it was written, so that minutes of a later one are not counted twice after a `kill -9`
between the two writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sandbox.metrics.points import Point
from sandbox.metrics.series import Entry, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sandbox.metrics.meter import Open

_LENGTH_BYTES: Final = 4
_CHUNK_ENTRIES: Final = 5_000
_GROWTH: Final = 3
"""How many times as large as after its last rewriting the file may become."""
_LEAST_BYTES: Final = 4 * 1024 * 1024
"""Up to which the file may grow whatever it was."""

_Row = tuple[tuple[str, str, str, str, tuple[tuple[str, str], ...]], str, int, int, Point]


class _Chunk(msgspec.Struct, array_like=True):
    """Points that were written together, with the number of their publication."""

    number: int
    rows: list[_Row]


_DECODER = msgspec.msgpack.Decoder(_Chunk)


class MetricFiles:
    """The two files of one sandbox."""

    def __init__(self, directory: Path) -> None:
        self._published = directory / "metrics.msgpack"
        self._open = directory / "metrics-open.msgpack"
        self._number = 0
        self._size = 0
        self._most_bytes = _LEAST_BYTES

    @property
    def is_overgrown(self) -> bool:
        """Whether rewriting the published points would make their file much smaller."""
        return self._size > self._most_bytes

    def read(self) -> tuple[list[Entry], Open]:
        """The published points, and the minutes that were open."""
        entries: list[Entry] = []
        opened, opened_at = self._read_open()
        for chunk in self._chunks():
            self._number = max(self._number, chunk.number)
            found = [_entry(row) for row in chunk.rows]
            entries += found
            if chunk.number > opened_at:
                for entry in found:
                    opened.get(entry.timestamp, {}).pop(entry.metric, None)
        return entries, opened

    def append(self, entries: list[Entry]) -> None:
        """Write points that were published together."""
        self._number += 1
        encoded = _encoded(_Chunk(self._number, [_row(entry) for entry in entries]))
        with self._published.open("ab", buffering=0) as file:
            file.write(encoded)
            self._size = file.tell()

    def write_open(self, opened: Open) -> None:
        """Write the open minutes."""
        rows = [
            _row(Entry(metric, unit, minute, 0, point))
            for minute, points in opened.items()
            for metric, (unit, point) in points.items()
        ]
        _replace(self._open, (_encoded(_Chunk(self._number, rows)),))

    def rewrite(self, entries: Iterable[Entry], opened: Open) -> None:
        """Write everything anew, without what was folded since."""
        self._number += 1
        rows = [_row(entry) for entry in entries]
        chunks = (
            _encoded(_Chunk(0, rows[start : start + _CHUNK_ENTRIES]))
            for start in range(0, len(rows), _CHUNK_ENTRIES)
        )
        # The open minutes first: chunks of number 0 are none they could hold.
        self.write_open(opened)
        _replace(self._published, chunks)
        self._size = self._published.stat().st_size
        self._most_bytes = max(_LEAST_BYTES, _GROWTH * self._size)

    def clear(self) -> None:
        """Remove both files."""
        self._published.unlink(missing_ok=True)
        self._open.unlink(missing_ok=True)
        self._size = 0

    def _read_open(self) -> tuple[Open, int]:
        opened: Open = {}
        if not self._open.exists():
            return opened, 0
        chunk = next(_chunks_of(self._open), None)
        if chunk is None:
            return opened, 0
        for row in chunk.rows:
            entry = _entry(row)
            minute = opened.setdefault(entry.timestamp, {})
            minute[entry.metric] = (entry.unit, entry.point)
        return opened, chunk.number

    def _chunks(self) -> Iterator[_Chunk]:
        if self._published.exists():
            yield from _chunks_of(self._published)


def _chunks_of(path: Path) -> Iterator[_Chunk]:
    with path.open("rb") as file:
        while head := file.read(_LENGTH_BYTES):
            size = int.from_bytes(head, "big")
            encoded = file.read(size)
            if len(encoded) < size:  # the server was killed while it wrote this one
                return
            yield _DECODER.decode(encoded)


def _encoded(chunk: _Chunk) -> bytes:
    encoded = msgspec.msgpack.encode(chunk)
    return len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded


def _row(entry: Entry) -> Any:
    return (tuple(entry.metric), entry.unit, entry.timestamp, entry.resolution, entry.point)


def _entry(row: _Row) -> Entry:
    metric, unit, timestamp, resolution, point = row
    return Entry(Metric(*metric), unit, timestamp, resolution, point)


def _replace(path: Path, chunks: Iterable[bytes]) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.writelines(chunks)
    temporary.replace(path)
