"""The kpl-sidecar container: `python -m jobs.http_handler.kpl_sidecar`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from typing import Final

import uvloop
from aiobotocore.session import get_session

from jobs.http_handler import logs
from jobs.http_handler.background import Background
from jobs.http_handler.counters import Counters, log_counters
from jobs.http_handler.kinesis import KinesisStream, client_config
from jobs.http_handler.publisher import Publisher
from jobs.http_handler.settings import SettingsError, SidecarSettings, read_settings
from jobs.http_handler.sidecar_server import SidecarServer
from jobs.http_handler.ticks import keep_ticking

log = logging.getLogger(__name__)

USAGE_EXIT_CODE: Final = 2
FIRST_LISTING_SECONDS: Final = 1.0
"""How often the shards are asked for until they are known."""
DRAIN_POLL_SECONDS: Final = 0.05


async def run(settings: SidecarSettings) -> bool:
    """Serve the handler until SIGTERM, then until nothing is left; whether all went well."""
    stopping = _stop_signal()
    counters = Counters()
    session = get_session()
    async with (
        session.create_client(
            "kinesis", region_name=settings.aws_region, config=client_config(settings)
        ) as client,
        Background() as tasks,
    ):
        stream = KinesisStream(client, settings.raw_stream, settings.request_timeout_seconds)
        publisher = Publisher(stream, settings, tasks, counters, time.monotonic)
        sidecar = SidecarServer(publisher, counters)
        server = await asyncio.start_server(
            sidecar.serve, "127.0.0.1", settings.kpl_sidecar_port, limit=1024 * 1024
        )
        tasks.start(publisher.run())
        tasks.start(_keep_listing(publisher, settings.shard_map_seconds))
        tasks.start(log_counters(lambda: counters, settings.metrics_log_seconds))
        if settings.tick_seconds:
            tasks.start(keep_ticking(publisher, settings.aws_region, settings.tick_seconds))
        log.info("started", extra={"fields": {"stream": settings.raw_stream}})
        await _first_of(stopping, tasks.failed)
        log.info("draining", extra={"fields": {"pending": publisher.pending}})
        await _drain(publisher, sidecar, settings.drain_seconds)
        server.close()
        log.info("stopped", extra={"fields": {"counters": counters}})
        return not tasks.failed.is_set()


async def _keep_listing(publisher: Publisher, seconds: float) -> None:
    while True:
        await publisher.refresh_shards()
        await asyncio.sleep(seconds if publisher.is_ready else FIRST_LISTING_SECONDS)


async def _drain(publisher: Publisher, sidecar: SidecarServer, seconds: float) -> None:
    """Wait until the handler has gone and everything is decided, or the time is up."""
    publisher.drain()
    deadline = time.monotonic() + seconds
    # Two conditions of two objects, looked at for seconds once in a process's life.
    while (sidecar.connections or publisher.pending) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(DRAIN_POLL_SECONDS)


async def _first_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def main() -> None:
    """Run until SIGTERM."""
    logs.configure("kpl-sidecar")
    try:
        settings = read_settings(SidecarSettings, os.environ)
    except SettingsError as error:
        sys.stderr.write(f"error: the environment variables are wrong\n{error}\n")
        sys.exit(USAGE_EXIT_CODE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        went_well = runner.run(run(settings))
    sys.exit(0 if went_well else 1)


if __name__ == "__main__":
    main()
