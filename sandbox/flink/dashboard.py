"""The Flink dashboard of one application behind a presigned address, as the service has it.

The address can be opened for three minutes and begins a session, which a cookie carries. Through
it Flink's web interface and REST API are read and never changed. The port stays the same when the
JobManager is replaced.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

TOKEN_SECONDS: Final = 180.0
"""How long a presigned address can be opened."""
_PARAMETER: Final = "authToken"
_TIMEOUT_SECONDS: Final = 20.0
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_PASSED_ON: Final = frozenset({"content-type", "cache-control", "etag", "last-modified"})


class _Server(uvicorn.Server):
    """uvicorn inside a process whose signals are somebody else's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Dashboard:
    """Serves one application's dashboard on a port of its own.

    Args:
        application_arn: whose dashboard it is; names the cookie.
        job_manager_url: gives the address of the JobManager now, None when there is none.
        clock: epoch seconds.

    """

    def __init__(
        self,
        application_arn: str,
        job_manager_url: Callable[[], str | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._job_manager_url = job_manager_url
        self._clock = clock
        self._cookie = f"flink-{application_arn.rpartition('/')[2]}"
        self._tokens: dict[str, tuple[float, int]] = {}
        self._sessions: dict[str, float] = {}
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False)
        self.application = Starlette(routes=[Route("/{path:path}", self._answer, methods=_METHODS)])
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(self.application, log_config=None, access_log=False, lifespan="off")
        )

    async def serve(self) -> None:
        """Answer until `close`."""
        await self._server.serve(sockets=[self._socket])

    async def close(self) -> None:
        """Stop answering."""
        self._server.should_exit = True
        self._socket.close()
        await self._client.aclose()

    def presigned_url(self, session_seconds: int) -> str:
        """An address that can be opened for three minutes; the session lasts as asked."""
        now = self._clock()
        self._tokens = {one: kept for one, kept in self._tokens.items() if kept[0] > now}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (now + TOKEN_SECONDS, session_seconds)
        return f"http://127.0.0.1:{self.port}/?{urlencode({_PARAMETER: token})}"

    async def _answer(self, request: Request) -> Response:
        opened = self._open_session(request.query_params.get(_PARAMETER))
        if opened is None and not self._has_session(request.cookies.get(self._cookie)):
            return _refusal(403, "The presigned URL has expired, or there is no session.")
        if request.method not in {"GET", "HEAD"}:
            return _refusal(405, "The dashboard of a managed application changes nothing.")
        answer = await self._from_job_manager(request)
        if opened is not None:
            session, seconds = opened
            answer.set_cookie(
                self._cookie, session, max_age=seconds, httponly=True, samesite="strict"
            )
        return answer

    def _open_session(self, token: str | None) -> tuple[str, int] | None:
        expires, seconds = self._tokens.get(token or "", (0.0, 0))
        now = self._clock()
        if expires <= now:
            return None
        self._sessions = {one: end for one, end in self._sessions.items() if end > now}
        session = secrets.token_urlsafe(24)
        self._sessions[session] = now + seconds
        return session, seconds

    def _has_session(self, session: str | None) -> bool:
        return self._sessions.get(session or "", 0.0) > self._clock()

    async def _from_job_manager(self, request: Request) -> Response:
        base = self._job_manager_url()
        query = request.query_params.multi_items()
        passed_on = httpx.QueryParams([one for one in query if one[0] != _PARAMETER])
        try:
            if base is None:
                return _refusal(503, "The application has no JobManager now.")
            url = f"{base}/{request.path_params['path']}"
            found = await self._client.get(url, params=passed_on)
        except httpx.HTTPError as error:
            return _refusal(503, f"The JobManager does not answer: {error!r}")
        headers = {name: value for name, value in found.headers.items() if name in _PASSED_ON}
        return Response(found.content, found.status_code, headers)


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"errors": [message]}, status_code=status)
