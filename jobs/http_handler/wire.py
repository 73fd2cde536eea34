"""What the handler and its sidecar say to each other over the task's loopback address.

A connection carries frames: four bytes of length, big endian, and a MessagePack message. Requests
carry a number, answers the same number, in any order. One long-lived connection keeps the order of
requests, and costs a tenth of what an HTTP request for each would.
"""

from __future__ import annotations

import asyncio
import struct
from enum import IntEnum
from typing import Final

import msgspec

MAX_FRAME_BYTES: Final = 64 * 1024 * 1024
_LENGTH: Final = struct.Struct(">I")


class Status(IntEnum):
    """What became of one user record."""

    STORED = 0
    """Kinesis has it."""
    NOT_STORED = 1
    """Given up; it may be sent again."""
    QUEUE_FULL = 2
    """Not taken at all: too much is waiting for Kinesis already."""


class Put(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """Store these records; order within a partition key is kept.

    Attributes:
        number: of the request.
        records: partition key and data of each.

    """

    number: int
    records: list[tuple[str, bytes]]


class AskState(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """How are you."""

    number: int


class PutDone(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """One `Status` byte for each record of the request."""

    number: int
    statuses: bytes


class State(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """How the producer is.

    Attributes:
        number: of the request.
        problems: why it is not usable; empty when it is.
        counters: since it was started.

    """

    number: int
    problems: list[str]
    counters: dict[str, int]


Message = Put | AskState | PutDone | State

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final[msgspec.msgpack.Decoder[Message]] = msgspec.msgpack.Decoder(Message)


def frame(message: Message) -> bytes:
    """A message as it goes over the connection."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None when the other side has closed the connection.

    Raises:
        ConnectionError: the connection broke, or what came is no message.

    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME_BYTES:
            raise ConnectionError(f"a frame of {length} bytes")
        return _decoder.decode(await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ConnectionError("the connection ended within a frame") from error
        return None
    except msgspec.MsgspecError as error:
        raise ConnectionError(f"not a message: {error}") from error
