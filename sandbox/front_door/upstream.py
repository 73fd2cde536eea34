"""Connections to the targets: kept open, used for one request at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

if TYPE_CHECKING:
    from collections.abc import Callable

Address = tuple[str, int]
_CONNECT_SECONDS = 5.0
_BODILESS_STATUSES = frozenset({204, 304})


class Upstream(asyncio.Protocol):
    """One connection to a target; passes response bytes on unread but for where they end."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.transport: asyncio.Transport | None = None
        self.is_open = True
        self.began_response = False
        self.status = 0
        self._parser = httptools.HttpResponseParser(self)
        self._on_bytes: Callable[[bytes], None] | None = None
        self._on_end: Callable[[bool], None] | None = None
        self._is_head = False
        self._complete = False

    def begin(
        self,
        on_bytes: Callable[[bytes], None],
        on_end: Callable[[bool], None],
        *,
        is_head: bool,
    ) -> None:
        """Take one exchange: bytes as they come, then the end (False: it broke off)."""
        self._on_bytes, self._on_end = on_bytes, on_end
        self._is_head = is_head
        self._complete = False
        self.began_response = False
        self._parser = httptools.HttpResponseParser(self)

    def abandon(self) -> None:
        """The client is gone: nobody waits for the answer any more."""
        self._on_bytes = self._on_end = None
        self.is_open = False
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the target accepted."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by type

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes of a response."""
        if self._on_bytes is None:
            self.abandon()
            return
        self.began_response = True
        self._on_bytes(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.is_open = False
            self._finish(False)
            return
        if self._complete:
            self._finish(True)

    def on_headers_complete(self) -> None:
        """httptools: a HEAD response, like 204 and 304, ends with its headers."""
        status = self.status = self._parser.get_status_code()
        if self._is_head or status in _BODILESS_STATUSES:
            self._complete = True

    def on_message_complete(self) -> None:
        """httptools: the response has ended."""
        if self._parser.get_status_code() >= 200:  # noqa: PLR2004 - 1xx announce the response
            self._complete = True
            self.is_open = self.is_open and self._parser.should_keep_alive()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the target closed."""
        self.is_open = False
        self._finish(exc is None and self.began_response)

    def _finish(self, whole: bool) -> None:
        on_end, self._on_bytes, self._on_end = self._on_end, None, None
        if on_end is not None:
            on_end(whole)


class Pools:
    """Open connections by address."""

    def __init__(self) -> None:
        self._idle: dict[Address, deque[Upstream]] = {}

    def take(self, address: Address) -> Upstream | None:
        """An open connection nobody uses."""
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        return None

    async def connect(self, address: Address) -> Upstream:
        """A new connection; raises `OSError`."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, protocol = await loop.create_connection(lambda: Upstream(address), *address)
        return protocol

    def close(self) -> None:
        """Close the connections nobody uses."""
        for idle in self._idle.values():
            for connection in idle:
                connection.abandon()
        self._idle.clear()

    def give_back(self, connection: Upstream) -> None:
        """Keep a connection for the next request."""
        if connection.is_open:
            self._idle.setdefault(connection.address, deque()).append(connection)
