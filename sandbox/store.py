"""State of the services that live here: tables per service, account and region.

A table is a plain dict of names or ARNs to records; a record is a dict that MessagePack can hold:
str, int, float, bool, None, bytes, aware datetimes, lists and dicts of those. Anything else (tasks,
locks, open files) belongs in attributes of the service, not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Table: TypeAlias = dict[str, Any]
_Scopes: TypeAlias = dict[str, Table]

_SEPARATOR = "/"


class Store:
    """Tables of one service; saved to a file and read back at start."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._scopes: dict[str, _Scopes] = {}
        self._saved = b""
        if path is not None and path.exists():
            self._saved = path.read_bytes()
            self._scopes = msgspec.msgpack.decode(self._saved)

    def table(self, account_id: str, region: str, name: str) -> Table:
        """The table of that name, made empty at first use; change it in place."""
        scope = self._scopes.setdefault(f"{account_id}{_SEPARATOR}{region}", {})
        return scope.setdefault(name, {})

    def tables(self, name: str) -> Iterator[tuple[str, str, Table]]:
        """Account id, region and table for every scope that has a table of that name."""
        for scope, tables in list(self._scopes.items()):
            if name in tables:
                account_id, _, region = scope.partition(_SEPARATOR)
                yield account_id, region, tables[name]

    def clear(self) -> None:
        """Forget everything."""
        self._scopes.clear()

    def save(self) -> None:
        """Write the tables if they changed, whole or not at all."""
        if self._path is None:
            return
        encoded = msgspec.msgpack.encode(self._scopes)
        if encoded == self._saved:
            return
        temporary = self._path.with_suffix(".new")
        temporary.write_bytes(encoded)
        temporary.replace(self._path)
        self._saved = encoded
