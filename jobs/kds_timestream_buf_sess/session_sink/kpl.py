"""The KPL's aggregated record format, read without any package.

Flink writes session windows un-aggregated; should a producer aggregate one day, nothing is lost.
The format is magic bytes, a protobuf message and its MD5. The message needs three fields of two
wire types, and the packages that read it bring compiled code, which a plain zip cannot carry.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC: Final = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES: Final = 16
_RECORDS_FIELD: Final = 3
_DATA_FIELD: Final = 3
_VARINT: Final = 0
_BYTES: Final = 2


def user_records(data: bytes) -> list[bytes]:
    """The user records of a Kinesis record; the record itself when it is no aggregate.

    Raises:
        ValueError: the digest is right and the message is not.

    """
    message, digest = data[len(MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if not data.startswith(MAGIC) or hashlib.md5(message, usedforsecurity=False).digest() != digest:
        return [data]
    return [_data_of(record) for number, record in _fields(message) if number == _RECORDS_FIELD]


def _data_of(record: bytes) -> bytes:
    for number, value in _fields(record):
        if number == _DATA_FIELD:
            return value
    raise ValueError("a record of the aggregate has no data")


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of the length-delimited fields; integers are skipped."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            _, position = _varint(message, position)
        elif wire_type == _BYTES:
            length, position = _varint(message, position)
            if position + length > len(message):
                raise ValueError("a field of the aggregate ends early")
            yield number, message[position : position + length]
            position += length
        else:
            raise ValueError(f"the aggregate has a field of wire type {wire_type}")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  (the top bit says that more follows)
            return value, position
        shift += 7
    raise ValueError("a number of the aggregate ends early")
