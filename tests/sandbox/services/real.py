"""A sandbox server as a process of its own, and what tests ask of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import boto3

from sandbox import lifecycle
from sandbox.home import Home

Found = TypeVar("Found")


class RealSandbox:
    """One home directory with a server that can be stopped, killed and started again."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.endpoint_url = ""

    def start(self) -> None:
        """Start the server, unless it runs."""
        document = json.loads(self._run("ensure"))
        self.endpoint_url = document["endpoint_url"]

    def stop(self) -> None:
        """Stop it in good order."""
        self._run("down")

    def _run(self, verb: str) -> str:
        command = [sys.executable, "-m", "sandbox", verb, "--home", str(self.home.directory)]
        done = subprocess.run([*command, "-o", "json"], capture_output=True, text=True, check=True)
        return done.stdout

    def kill(self) -> None:
        """End it as `kill -9` does, and everything it started."""
        running = lifecycle.find(self.home)
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
        eventually(lambda: lifecycle.find(self.home) is None)
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of the server."""
        running = lifecycle.find(self.home)
        assert running is not None
        return running.pid

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client that talks to it."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )


def eventually(probe: Callable[[], Found], seconds: float = 30.0) -> Found:
    """What `probe` gives as soon as it is true; fails when it never is."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return found
