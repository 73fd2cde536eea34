"""Fixtures every test may use: a home of its own, and the command line as people type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes.examples import register_profiles

CTRL_C = (sys.executable, "-I", "-S", str(Path(__file__).parent / "fakes" / "ctrl_c.py"))
HEARS_CTRL_C = (*CTRL_C, "heard")
"""Put before a command: Ctrl-C reaches it, however the tests were started."""
IGNORES_CTRL_C = (*CTRL_C, "ignored")
"""Put before a command: it starts as a script's `command &` does."""

register_profiles()

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of one file share a worker, and so do all that run the stacks' programs.

    They share recordings that take a worker ten seconds of loading the AWS SDK and running them.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            together = "tests/stacks/"
            return together if nodeid.startswith(together) else super()._split_scope(nodeid)

    return Scheduling(config, log)


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


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command line gave."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout, held against its committed schema."""
        found: dict[str, Any] = json.loads(self.stdout)
        validate(found)
        return found


def validate(document: dict[str, Any]) -> None:
    """Hold a document against the schema it names."""
    _, kind, version = document["schema"].split("/")
    schema = json.loads((SCHEMAS / f"{kind}.{version}.json").read_text())
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(document)


def end_all(started: Iterable[subprocess.Popen[str]]) -> None:
    """Kill what still runs and close every pipe.

    A test that failed leaves both, and Python would complain of them in whatever test is next.
    """
    for process in started:
        process.kill()
        with process:
            pass


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs `videoctl` as a process."""

    home: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(self, *words: str, timeout: float = 300, **variables: str) -> Ran:
        """Run one command line to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "videoctl", *words],
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **variables},
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start one command line and leave it running, in a process group of its own."""
        process = subprocess.Popen(
            [*HEARS_CTRL_C, sys.executable, "-m", "videoctl", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **variables},
            start_new_session=True,
        )
        self.started.append(process)
        return process


@pytest.fixture
def videoctl(home: Path) -> Iterator[CommandLine]:
    """The command line, in the test's own home."""
    command_line = CommandLine(home)
    yield command_line
    end_all(command_line.started)
