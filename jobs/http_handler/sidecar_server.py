"""The sidecar's side of the connection from its handler."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from jobs.http_handler.wire import AskState, Put, PutDone, State, frame, read_message

if TYPE_CHECKING:
    import asyncio

    from jobs.http_handler.counters import Counters
    from jobs.http_handler.publisher import Publisher

log = logging.getLogger(__name__)


class SidecarServer:
    """Answers the handler on 127.0.0.1.

    Args:
        publisher: stores the records.
        counters: of this process.

    """

    def __init__(self, publisher: Publisher, counters: Counters) -> None:
        self._publisher = publisher
        self._counters = counters
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the other side closes it."""
        self.connections += 1
        try:
            while (message := await read_message(reader)) is not None:
                if isinstance(message, Put):
                    self._put(message, writer)
                elif isinstance(message, AskState):
                    writer.write(frame(self._state(message.number)))
                else:
                    raise ConnectionError("an answer where a request was expected")
        except OSError as error:
            log.warning("connection from the handler lost", extra={"fields": {"error": error}})
        finally:
            self.connections -= 1
            writer.close()

    def _put(self, message: Put, writer: asyncio.StreamWriter) -> None:
        def answer(done: asyncio.Future[bytes]) -> None:
            # A handler that is gone gets no answer: it has not acknowledged these events.
            if not done.cancelled() and not writer.is_closing():
                writer.write(frame(PutDone(message.number, done.result())))

        self._publisher.submit(message.records).add_done_callback(answer)

    def _state(self, number: int) -> State:
        counters = {**self._counters, "records_pending": self._publisher.pending}
        return State(number, self._publisher.problems(), counters)
