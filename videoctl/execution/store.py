"""Where locks, mirrored journals and records are kept: small objects, put on a condition."""

from __future__ import annotations

from typing import Protocol


class StoredObject(Protocol):
    """One object as it was read."""

    @property
    def body(self) -> bytes:
        """Its bytes."""

    @property
    def etag(self) -> str:
        """Changes with each write; the condition of the next one."""

    @property
    def age_seconds(self) -> float:
        """Since it was written, by the store's own clock."""


class ObjectStore(Protocol):
    """Strongly consistent, conditional storage: S3."""

    def get(self, key: str) -> StoredObject | None:
        """The object, or None."""

    def put(self, key: str, body: bytes) -> str:
        """Write whatever is there; the new etag."""

    def put_new(self, key: str, body: bytes) -> str | None:
        """Write if there is no such object; None when there is."""

    def replace(self, key: str, body: bytes, *, etag: str) -> str | None:
        """Write if the object is still the one with `etag`; None when it is not."""

    def delete(self, key: str, *, etag: str | None = None) -> bool:
        """Delete, with `etag` only if it is still that one; False when it is not."""

    def keys(self, prefix: str) -> tuple[str, ...]:
        """All keys under `prefix`, sorted."""
