"""The http-handler container: `python -m jobs.http_handler`."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from jobs.http_handler import logs
from jobs.http_handler.app import build_app
from jobs.http_handler.background import Background
from jobs.http_handler.counters import Counters, log_counters
from jobs.http_handler.health import HealthFlag
from jobs.http_handler.settings import HandlerSettings, SettingsError, read_settings
from jobs.http_handler.sidecar_client import SidecarClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette

USAGE_EXIT_CODE: Final = 2
KEEP_ALIVE_SECONDS: Final = 75


class Handler:
    """The process: the application and what runs beside it."""

    def __init__(self, settings: HandlerSettings) -> None:
        self._settings = settings
        self._counters = Counters()
        # The sidecar answers within its own limits; a second more is for the way.
        patience_seconds = settings.give_up_seconds + settings.request_timeout_seconds + 1
        self._sidecar = SidecarClient(settings.kpl_sidecar_port, patience_seconds)
        self._flag: HealthFlag | None = None
        self.app = build_app(
            settings, self._sidecar, self._counters, self._problems, lifespan=self._lifespan
        )

    def _problems(self) -> list[str]:
        problem = self._flag.problem if self._flag is not None else None
        return [problem] if problem is not None else []

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(Background())
            if self._settings.health_flag_bucket and self._settings.health_flag_key:
                await self._watch_flag(stack, tasks)
            seconds = self._settings.metrics_log_seconds
            tasks.start(log_counters(lambda: self._counters, seconds))
            self._sidecar.start()
            stack.push_async_callback(self._sidecar.stop)
            yield

    async def _watch_flag(self, stack: AsyncExitStack, tasks: Background) -> None:
        settings = self._settings
        config = AioConfig(
            connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1, "mode": "standard"}
        )
        client = await stack.enter_async_context(
            get_session().create_client("s3", region_name=settings.aws_region, config=config)
        )
        flag = HealthFlag(client, settings.health_flag_bucket or "", settings.health_flag_key or "")
        self._flag = flag
        tasks.start(flag.poll(settings.health_flag_seconds))


def main() -> None:
    """Serve until SIGTERM, then finish the requests that are under way."""
    logs.configure("http-handler")
    try:
        settings = read_settings(HandlerSettings, os.environ)
    except SettingsError as error:
        sys.stderr.write(f"error: the environment variables are wrong\n{error}\n")
        sys.exit(USAGE_EXIT_CODE)
    # The server raises the signal again once it has drained: that is a normal end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    uvicorn.run(
        Handler(settings).app,
        host=settings.http_handler_host,
        port=settings.http_handler_port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        # Longer than the load balancer's idle timeout, so that it is the one who closes.
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.drain_seconds),
    )


if __name__ == "__main__":
    main()
