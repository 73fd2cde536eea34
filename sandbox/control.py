"""The control paths under `/_sandbox/`: health, status, faults, requests, metrics, routes, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import MsgspecError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import FaultError

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.server import Server

_LONGEST_WAIT_SECONDS = 20.0


class Control:
    """The control paths of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.application = Starlette(
            routes=[
                Route("/_sandbox/health", self.health),
                Route("/_sandbox/status", self.status),
                Route("/_sandbox/requests", self.requests, methods=["GET", "DELETE"]),
                Route("/_sandbox/faults", self.faults, methods=["GET", "POST", "DELETE"]),
                Route("/_sandbox/reset", self.reset, methods=["POST"]),
                Route("/_sandbox/routes", self.routes),
                Route("/_sandbox/metrics", self.metrics, methods=["POST"]),
                Route("/_sandbox/traffic", self.traffic, methods=["POST"]),
            ]
        )

    async def health(self, _request: Request) -> Response:
        """Whether the server answers AWS calls yet."""
        return JSONResponse({"ready": self._server.ready, "pid": self._server.pid})

    async def status(self, _request: Request) -> Response:
        """What runs and since when."""
        return JSONResponse(self._server.status())

    async def requests(self, request: Request) -> Response:
        """The last requests, `?after=NUMBER` only later ones; DELETE forgets them."""
        log = self._server.log
        if request.method == "DELETE":
            log.clear()
            return JSONResponse({"count": log.count})
        after = int(request.query_params.get("after", "0"))
        return JSONResponse({"count": log.count, "requests": log.entries(after)})

    async def faults(self, request: Request) -> Response:
        """The faults in force; POST adds one, DELETE ends all."""
        faults = self._server.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            try:
                faults.add(**await request.json())
            except (FaultError, TypeError) as error:
                return JSONResponse({"message": str(error)}, status_code=400)
        self._server.routes.changed()
        return JSONResponse({"faults": [fault.describe() for fault in faults.active()]})

    async def reset(self, _request: Request) -> Response:
        """Empty all state."""
        await self._server.reset()
        return JSONResponse(self._server.status())

    async def routes(self, request: Request) -> Response:
        """The front door's table; with `?after=VERSION&wait=SECONDS` as soon as it is newer."""
        seen = int(request.query_params.get("after", "-1"))
        wait = min(float(request.query_params.get("wait", "0")), _LONGEST_WAIT_SECONDS)
        return JSONResponse(await self._server.routes.newer_than(seen, wait))

    async def metrics(self, _request: Request) -> Response:
        """Publish what is counted so far, open minutes included, instead of waiting for them."""
        self._server.host.metrics.publish_all()
        return JSONResponse({})

    async def traffic(self, request: Request) -> Response:
        """What went through the front door since its last report."""
        try:
            self._server.traffic.take(await request.body())
        except MsgspecError as error:
            return JSONResponse({"message": str(error)}, status_code=400)
        return JSONResponse({})
