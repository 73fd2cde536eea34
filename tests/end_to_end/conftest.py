"""One environment built once, for the tests that look at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import CommandLine


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

    @property
    def directory(self) -> Path:
        """Where its commands run: no project file is above it."""
        return self.home.parent


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A home with a sandbox of its own, stopped at the end."""
    found = Place(Path(tmp_path_factory.mktemp("place")) / "home")
    yield found
    assert found("sandbox", "down").code == 0
