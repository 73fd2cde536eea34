"""One environment built once, for the tests that look at it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CommandLine, Ran


class Place(CommandLine):
    """A home for a whole module; every command runs in it."""

    def variables(self) -> dict[str, str]:
        """The environment of its commands."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("VIDEOCTL_")}
        kept = {
            key: os.environ[key]
            for key in ("VIDEOCTL_CACHE", "VIDEOCTL_ENGINE_ROOT")
            if key in os.environ
        }
        config = {"XDG_CONFIG_HOME": str(self.home.parent / "config")}
        return {**clean, **kept, **config, "VIDEOCTL_HOME": str(self.home)}

    def __call__(self, *words: str, timeout: float = 300, **variables: str) -> Ran:
        """Run one command line to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "videoctl", *words],
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            env={**self.variables(), **variables},
            cwd=self.home.parent,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start one command line and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "videoctl", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**self.variables(), **variables},
            cwd=self.home.parent,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A home with a sandbox of its own, stopped at the end."""
    found = Place(Path(tmp_path_factory.mktemp("place")) / "home")
    yield found
    assert found("sandbox", "down").code == 0
