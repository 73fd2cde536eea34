"""Frames between handler and sidecar."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from jobs.http_handler.wire import AskState, Put, PutDone, State, frame, read_message

if TYPE_CHECKING:
    from jobs.http_handler.wire import Message

MESSAGES = [
    Put(1, [("session", b"\x00data"), ("s", b"")]),
    AskState(2),
    PutDone(1, bytes([0, 1, 2])),
    State(2, ["why"], {"records": 2}),
]


def read_all(data: bytes) -> list[Message]:
    """Every message in these bytes."""

    async def run() -> list[Message]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        found = []
        while (message := await read_message(reader)) is not None:
            found.append(message)
        return found

    return asyncio.run(run())


def test_messages_come_back_in_their_order():
    """Several frames one after the other."""
    assert read_all(b"".join(map(frame, MESSAGES))) == MESSAGES


@pytest.mark.parametrize(
    "data", [frame(MESSAGES[0])[:-1], b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xc1", b"\x00\x00"]
)
def test_rubbish_breaks_the_connection(data):
    """A frame that ends early, is too long, or holds no message."""
    with pytest.raises(ConnectionError):
        read_all(data)
