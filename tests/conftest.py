"""Fixtures every test may use: a home of its own, and the command line as people type it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import SCHEMAS, CommandLine, Ran, end_all, validate
from tests.fakes.examples import register_profiles

register_profiles()

__all__ = ["SCHEMAS", "CommandLine", "Ran", "validate"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A VIDEOCTL_HOME of the test's own, and no settings from the person running it."""
    place = tmp_path / "home"
    for variable in ("TARGET", "OUTPUT", "ENV", "ENVIRONMENTS", "CONFIG"):
        monkeypatch.delenv(f"VIDEOCTL_{variable}", raising=False)
    monkeypatch.setenv("VIDEOCTL_HOME", str(place))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return place


@pytest.fixture
def videoctl(home: Path) -> Iterator[CommandLine]:
    """The command line, in the test's own home."""
    command_line = CommandLine(home)
    yield command_line
    end_all(command_line.started)
