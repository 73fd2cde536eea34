"""The server process: one port for all AWS services, a second for the front door."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox import children, control, counting, front_door_process, ministack_runtime
from sandbox.account import ACCOUNT_ID
from sandbox.durability import DESCRIPTION, Durability
from sandbox.faults import Faults
from sandbox.host import Host
from sandbox.metrics import Metrics
from sandbox.requestlog import RequestLog
from sandbox.router import CONNECTION_EXTENSION, Router
from sandbox.routes import Routes
from sandbox.services import registry
from sandbox.store import Store
from sandbox.traffic import TrafficReports

if TYPE_CHECKING:
    import socket

    from sandbox.home import Home

_LOG = logging.getLogger("sandbox.server")
_STOP_GRACE_SECONDS = 5
_KEEP_ALIVE_SECONDS = 75


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with the connection within reach so that a fault can cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION_EXTENSION: self.transport}  # type: ignore[dict-item]


class _Uvicorn(uvicorn.Server):
    """uvicorn, which stops our work before it stops listening."""

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self._server = server

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn: the end, after SIGTERM."""
        await self._server.quiesce()
        await super().shutdown(sockets)


class Server:
    """One running sandbox: its services, state, faults and child processes."""

    def __init__(self, home: Home, endpoint: socket.socket, front_door: socket.socket) -> None:
        self.home = home
        self.pid = os.getpid()
        self.ready = False
        self.started = time.time()
        self.faults = Faults()
        self.log = RequestLog()
        port = endpoint.getsockname()[1]
        self._front_door_socket = front_door
        ministack_runtime.prepare(home, port)
        self._ministack = ministack_runtime.application()
        self._children = children.Children(home.directory)
        self.host = Host(
            home=home,
            endpoint_url=f"http://127.0.0.1:{port}",
            children=self._children,
            ministack=self._ministack,
            faults=self.faults,
            metrics=Metrics(home.state),
        )
        services = [
            service(self.host, Store(home.state / f"{service.name}.msgpack"))
            for service in registry.discover()
        ]
        self.registry = registry.Registry(services)
        self.host.registry = self.registry
        self.routes = Routes(self.registry, self.faults)
        self.traffic = TrafficReports(self.registry)
        self.host.routes_changed = self.routes.changed
        self.host.routes_taken_over = self.routes.taken_over
        self._durability = Durability(home, self.registry, self.host.metrics)
        self.host.ministack_written = self._durability.note_write
        self.host.save = self._durability.save_after
        self._background: list[asyncio.Task[None]] = []
        self._router = Router(
            registry=self.registry,
            ministack=self._ministack,
            control=control.Control(self).application,
            faults=self.faults,
            log=self.log,
            durability=self._durability,
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI: the router, and around MiniStack's start and stop our own."""
        if scope["type"] != "lifespan":
            await self._router(scope, receive, send)
            return

        async def receive_event() -> Any:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self._durability.save_all()
                _LOG.info("stopped")
            return message

        async def send_event(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._start()
            await send(message)

        await self._ministack(scope, receive_event, send_event)

    async def _start(self) -> None:
        ministack_runtime.apply_corrections()
        counting.install(self.host.metrics, self.faults)
        self._durability.restore()
        for service in self.registry:
            await service.start()
        front_door = front_door_process.keep_running(
            self._children, self._front_door_socket, self.host
        )
        for work in (self.routes.keep_current(), self._durability.keep_saving(), front_door):
            self._background.append(asyncio.create_task(work))
        self.ready = True
        _LOG.info("ready on %s", self.host.endpoint_url)

    async def quiesce(self) -> None:
        """Stop all work while requests are still answered: tasks may need AWS to drain."""
        self.ready = False
        await self.routes.close()
        for task in self._background:
            task.cancel()
        for service in self.registry:
            await service.stop()
        await self._children.stop_all(_STOP_GRACE_SECONDS)

    async def reset(self) -> None:
        """Empty every service and forget faults and requests; the server keeps running."""
        for service in self.registry:
            await service.reset()
            service.store.clear()
        await asyncio.to_thread(ministack_runtime.reset)
        self._durability.clear()
        shutil.rmtree(self.home.logs, ignore_errors=True)
        self.home.prepare()
        self.faults.clear()
        self.log.clear()
        self.routes.changed()

    def status(self) -> dict[str, Any]:
        """What `sandbox status` prints of a running server."""
        return {
            "running": True,
            "endpoint_url": self.host.endpoint_url,
            "front_door_url": f"http://127.0.0.1:{self._front_door_socket.getsockname()[1]}",
            "account_id": ACCOUNT_ID,
            "pid": self.pid,
            "uptime_seconds": round(time.time() - self.started, 3),
            "services": self._service_names(),
            "faults": [fault.describe() for fault in self.faults.active()],
            "durability": DESCRIPTION,
            "requests": self.log.count,
        }

    def _service_names(self) -> list[str]:
        ours = {service.name for service in self.registry}
        return sorted(ours | set(ministack_runtime.service_names()))


def serve(home: Home, endpoint: socket.socket, front_door: socket.socket) -> None:
    """Run the server until it is told to stop; `home` is prepared and its lock is the caller's."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("sandbox").setLevel(logging.INFO)
    server = Server(home, endpoint, front_door)
    process = psutil.Process()
    _write(home, process.pid, process.create_time(), endpoint, front_door)
    config = uvicorn.Config(
        server,
        http=_Protocol,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_GRACE_SECONDS,
        backlog=1024,
    )
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _Uvicorn(config, server).run(sockets=[endpoint])
    home.process_file.unlink(missing_ok=True)
    sys.stdout.flush()


def _write(
    home: Home, pid: int, started: float, endpoint: socket.socket, front_door: socket.socket
) -> None:
    document = {
        "pid": pid,
        "started": started,
        "port": endpoint.getsockname()[1],
        "front_door_port": front_door.getsockname()[1],
    }
    temporary = home.process_file.with_suffix(".new")
    temporary.write_text(json.dumps(document))
    temporary.replace(home.process_file)
