"""The answer to one request of the handler, as it comes together."""

from __future__ import annotations

import asyncio

from jobs.http_handler.wire import Status


class Ticket:
    """One `Status` byte for each record of a request.

    Attributes:
        done: the statuses, once the last of them is known.

    """

    def __init__(self, records: int) -> None:
        self._statuses = bytearray(bytes([Status.NOT_STORED]) * records)
        self._open = records
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if not records:
            self.done.set_result(b"")

    def refuse(self, status: Status) -> asyncio.Future[bytes]:
        """The same status for every record, at once."""
        if not self.done.done():
            self.done.set_result(bytes([status]) * len(self._statuses))
        return self.done

    def settle(self, index: int, *, is_stored: bool) -> None:
        """Note what became of one record."""
        if is_stored:
            self._statuses[index] = Status.STORED
        self._open -= 1
        if self._open == 0:
            self.done.set_result(bytes(self._statuses))
