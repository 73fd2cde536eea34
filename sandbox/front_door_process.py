"""Keeps the front door running beside the server."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from sandbox.children import Children
    from sandbox.host import Host

_LOG = logging.getLogger("sandbox.front_door")
_PAUSE_SECONDS = 0.5
ROOT = Path(__file__).resolve().parents[1]
"""Where the packages of this installation lie."""


async def keep_running(children: Children, listening: socket.socket, host: Host) -> None:
    """Start the front door on a listening socket, and again whenever it ends."""
    log_file = host.home.directory / "front-door.log"
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "sandbox.front_door",
        str(listening.fileno()),
        host.endpoint_url,
    ]
    while True:
        with log_file.open("ab") as output:
            process = await children.start(
                command,
                environment=environment,
                output=output.fileno(),
                pass_descriptors=(listening.fileno(),),
            )
        code = await process.wait()
        children.forget(process)
        _LOG.warning("the front door ended with %d; starting it again", code)
        await asyncio.sleep(_PAUSE_SECONDS)
