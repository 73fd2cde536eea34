"""Homes of their own for benchmarks: nothing of the person running them is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENTS = Path(__file__).resolve().parent.parent / "stacks" / "environments"
VIDEOCTL = str(Path(sys.executable).with_name("videoctl"))


class Home:
    """One VIDEOCTL_HOME with a sandbox of its own, its endpoint perhaps behind a proxy."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environ = {
            **os.environ,
            "VIDEOCTL_HOME": str(directory / "home"),
            "XDG_CONFIG_HOME": str(directory / "config"),
        }

    def run(self, *words: str) -> dict[str, Any]:
        """One videoctl command line; its JSON document.

        Raises:
            RuntimeError: it did not end with 0.

        """
        done = subprocess.run(
            [VIDEOCTL, *words, "-o", "json"],
            capture_output=True,
            text=True,
            env=self.environ,
            cwd=self.directory,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def leave_flink_ready(self) -> None:
        """Have the committed environments with their Flink applications created and not started."""
        directory = self.directory / "environments"
        directory.mkdir()
        for file in ENVIRONMENTS.glob("*.toml"):
            running, ready = 'desired_status = "RUNNING"', 'desired_status = "READY"'
            (directory / file.name).write_text(file.read_text().replace(running, ready))
        self.environ["VIDEOCTL_ENVIRONMENTS"] = str(directory)

    def reach_through(self, endpoint_url: str) -> None:
        """Send the AWS calls of every command through another endpoint, such as a proxy."""
        home = str(Path(self.environ["VIDEOCTL_HOME"]) / "sandbox")
        command = [sys.executable, "-m", "sandbox", "ensure", "--home", home, "-o", "json"]
        state = (self.directory / "stacks").as_uri()
        (self.directory / "videoctl.toml").write_text(
            "[targets.sandbox]\n"
            f"ensure_command = {json.dumps(command)}\n"
            f"state_backend_url = {json.dumps(state)}\n"
            f"endpoint_url = {json.dumps(endpoint_url)}\n"
            f"environment = {{ AWS_ENDPOINT_URL = {json.dumps(endpoint_url)} }}\n"
        )


@contextmanager
def home() -> Iterator[Home]:
    """A home that is removed, with its sandbox stopped, at the end."""
    with tempfile.TemporaryDirectory(prefix="videoctl-bench-") as directory:
        place = Home(Path(directory))
        try:
            yield place
        finally:
            place.run("sandbox", "down")
