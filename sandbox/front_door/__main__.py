"""`python -m sandbox.front_door SOCKET_DESCRIPTOR ENDPOINT_URL`: serve until ended."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys

import uvloop

from sandbox.front_door.proxy import Player
from sandbox.front_door.table import RoutingTable
from sandbox.front_door.traffic import Traffic
from sandbox.front_door.upstream import Pools

_BACKLOG = 1024


async def serve(listening: socket.socket, endpoint_url: str) -> None:
    """Accept players on `listening` until SIGTERM."""
    table, pools, traffic = RoutingTable(), Pools(), Traffic()
    loop = asyncio.get_running_loop()
    following = loop.create_task(table.follow(endpoint_url))
    telling = loop.create_task(traffic.keep_telling(endpoint_url))
    server = await loop.create_server(
        lambda: Player(table, pools, traffic), sock=listening, backlog=_BACKLOG
    )
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.close()
    following.cancel()
    pools.close()
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)


def main() -> None:
    """Take the listening socket over from the server."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.ERROR)
    listening = socket.socket(fileno=int(sys.argv[1]))
    uvloop.run(serve(listening, sys.argv[2]))


if __name__ == "__main__":
    main()
