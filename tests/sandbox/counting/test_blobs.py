"""Sizes of record data."""

from __future__ import annotations

import base64

from sandbox.counting.blobs import blob_bytes


def test_sizes_are_those_of_the_decoded_data() -> None:
    """Every length modulo three, with and without padding, none and many."""
    blobs = [b"x" * length for length in range(10)]
    records = [{"Data": base64.b64encode(blob).decode()} for blob in blobs]
    assert blob_bytes(records) == sum(map(len, blobs))
    assert [blob_bytes([record]) for record in records] == list(range(10))
    assert blob_bytes([]) == blob_bytes([{}]) == 0
