"""The handler's side of the connection to its sidecar."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING, Final, Protocol

from jobs.http_handler.wire import AskState, Put, PutDone, State, Status, frame, read_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.http_handler.wire import Message

log = logging.getLogger(__name__)

RECONNECT_SECONDS: Final = 0.2
STATE_SECONDS: Final = 2.0
"""How long the sidecar may take to say how it is."""


class Producer(Protocol):
    """Where the handler puts records."""

    async def put(self, records: Sequence[tuple[str, bytes]]) -> bytes:
        """One `Status` byte a record: (partition key, data)."""
        ...

    async def state(self) -> State:
        """How the producer is."""
        ...


class SidecarClient:
    """One connection to the sidecar, kept up; requests fail at once while it is down.

    Args:
        port: where the sidecar listens, on 127.0.0.1.
        put_seconds: how long an answer to a put may take: the sidecar's own limit and some more.

    """

    def __init__(self, port: int, put_seconds: float) -> None:
        self._port = port
        self._put_seconds = put_seconds
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, and connect again whenever the connection is lost."""
        self._task = asyncio.create_task(self._stay_connected())

    async def stop(self) -> None:
        """Close the connection, which tells the sidecar that no more records come."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def put(self, records: Sequence[tuple[str, bytes]]) -> bytes:
        """One `Status` byte a record; NOT_STORED for all when the sidecar does not answer."""
        answer = await self._ask(Put(next(self._numbers), list(records)), self._put_seconds)
        if isinstance(answer, PutDone) and len(answer.statuses) == len(records):
            return answer.statuses
        return bytes([Status.NOT_STORED]) * len(records)

    async def state(self) -> State:
        """What the sidecar says of itself, or that it says nothing."""
        answer = await self._ask(AskState(next(self._numbers)), STATE_SECONDS)
        if isinstance(answer, State):
            return answer
        return State(0, ["the KPL sidecar does not answer"], {})

    async def _ask(self, message: Put | AskState, seconds: float) -> Message | None:
        if self._writer is None:
            return None
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[message.number] = answer
        try:
            self._writer.write(frame(message))
            async with asyncio.timeout(seconds):
                return await answer
        except (TimeoutError, ConnectionError):
            return None
        finally:
            del self._waiting[message.number]

    async def _stay_connected(self) -> None:
        while True:
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(RECONNECT_SECONDS)
                continue
            log.info("connected to the sidecar")
            try:
                await self._read(reader)
            except OSError as error:
                log.warning("connection to the sidecar lost", extra={"fields": {"error": error}})
            finally:
                self._disconnect()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while (message := await read_message(reader)) is not None:
            answer = self._waiting.get(message.number)
            # Whoever asked may have stopped waiting.
            if answer is not None and not answer.done():
                answer.set_result(message)
        raise ConnectionResetError("closed by the sidecar")

    def _disconnect(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("the sidecar is gone"))
