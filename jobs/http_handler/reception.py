"""Receiving a request's body: admission, limits and decompression while it streams in."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from jobs.http_handler.bodies import BodyError, Inflater

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope

    from jobs.http_handler.settings import HandlerSettings


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


class BodyReader:
    """Reads bodies, and keeps what all requests hold in memory within bounds.

    Args:
        settings: the limits.

    """

    def __init__(self, settings: HandlerSettings) -> None:
        self._settings = settings
        self._requests = 0
        self._bytes = 0

    @asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[tuple[bytes, str]]:
        """The decoded body and its content type; the bytes count until the block is left.

        Raises:
            BodyError: 400, 408, 413, 415, or 429 when too much is under way.
            DisconnectedError: nobody waits for an answer.

        """
        headers = dict(scope["headers"])
        if self._requests >= self._settings.max_requests_in_flight:
            raise BodyError(429, "too-many-requests", "too many requests are under way")
        held = _Held()
        self._requests += 1
        try:
            body = await self._receive(headers, receive, held)
            yield body, headers.get(b"content-type", b"").decode("latin-1").lower()
        finally:
            self._requests -= 1
            self._bytes -= held.size_bytes

    async def _receive(self, headers: dict[bytes, bytes], receive: Receive, held: _Held) -> bytes:
        settings = self._settings
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > settings.max_body_bytes:
            raise _too_large(settings.max_body_bytes)
        inflater = _inflater(headers, settings.max_decoded_bytes)
        received_bytes = 0
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(settings.request_body_seconds):
                async for chunk in _chunks(receive):
                    received_bytes += len(chunk)
                    if received_bytes > settings.max_body_bytes:
                        raise _too_large(settings.max_body_bytes)
                    part = chunk if inflater is None else inflater.feed(chunk)
                    self._hold(held, len(part))
                    parts.append(part)
        except TimeoutError as error:
            message = f"the body took longer than {settings.request_body_seconds} s"
            raise BodyError(408, "body-too-slow", message) from error
        if inflater is not None and received_bytes:
            inflater.finish()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _hold(self, held: _Held, size_bytes: int) -> None:
        if self._bytes + size_bytes > self._settings.max_bytes_in_flight:
            raise BodyError(429, "too-many-requests", "too many bytes are under way")
        self._bytes += size_bytes
        held.size_bytes += size_bytes


class _Held:
    """Bytes that one request holds."""

    def __init__(self) -> None:
        self.size_bytes = 0


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        more = message.get("more_body", False)
        yield message.get("body", b"")


def _inflater(headers: dict[bytes, bytes], max_decoded_bytes: int) -> Inflater | None:
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding in {b"", b"identity"}:
        return None
    if encoding in {b"gzip", b"x-gzip"}:
        return Inflater(max_decoded_bytes)
    raise BodyError(415, "unknown-encoding", "Content-Encoding may be gzip")


def _too_large(limit: int) -> BodyError:
    return BodyError(413, "body-too-large", f"more than {limit} bytes")
