"""Sizes of record data."""

from __future__ import annotations


def blob_bytes(data: str | bytes) -> int:
    """Length of a blob that is kept as base64, or as it is."""
    if isinstance(data, bytes):
        return len(data)
    return len(data) // 4 * 3 - data.endswith("=") - data.endswith("==")
