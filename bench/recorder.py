"""A recording proxy in front of the sandbox: every call of a run, with its answer."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from aiohttp import ClientSession, TCPConnector, web

if TYPE_CHECKING:
    from types import TracebackType

HOP_HEADERS = frozenset({"host", "connection", "transfer-encoding", "content-length", "expect"})
MAX_BODY_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call and its answer; times by a monotonic clock."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    began: float
    ended: float
    status: int
    answer: bytes


class Recorder:
    """Forwards to `upstream` and keeps what went through; a context manager."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._session: ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self.calls: list[Recorded] = []
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    async def _start(self) -> str:
        self._session = ClientSession(connector=TCPConnector(limit=0), auto_decompress=False)
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        return f"http://127.0.0.1:{port}"

    async def _end(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        began = time.monotonic()
        body = await request.read()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in HOP_HEADERS
        }
        async with self._session.request(
            request.method,
            self._upstream + request.raw_path,
            data=body,
            headers=headers,
            allow_redirects=False,
        ) as answered:
            answer = await answered.read()
        self.calls.append(
            Recorded(
                request.method,
                request.raw_path,
                headers,
                body,
                began,
                time.monotonic(),
                answered.status,
                answer,
            )
        )
        kept: dict[str, Any] = {
            name: value
            for name, value in answered.headers.items()
            if name.lower() not in HOP_HEADERS
        }
        return web.Response(status=answered.status, body=answer, headers=kept)
