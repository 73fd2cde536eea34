"""Code objects as they were when applications were made or changed.

The service never reads S3 again by itself: a start, a restart or a rollback runs what an operation
that named the code has fetched, whatever lies under the key by then.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sandbox.protocol.wire import Json


class CodeStore:
    """Files in one directory, named by the MD5 that descriptions show."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, content: bytes) -> None:
        """Store a code object, unless it is there."""
        name = hashlib.md5(content, usedforsecurity=False).hexdigest()
        path = self._directory / name
        if not path.exists():
            self._directory.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".new")
            temporary.write_bytes(content)
            temporary.replace(path)

    def get(self, checksum: str) -> bytes | None:
        """The code object of a CodeMD5."""
        try:
            return (self._directory / checksum).read_bytes()
        except FileNotFoundError:
            return None

    def prune(self, records: Iterable[Json]) -> None:
        """Delete what no version of any application names."""
        used = {
            version["code_facts"].get("CodeMD5")
            for record in records
            for version in record["versions"].values()
        }
        for path in self._directory.iterdir() if self._directory.exists() else ():
            if path.name not in used:
                path.unlink()
