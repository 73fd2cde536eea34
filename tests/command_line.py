"""The command line as scripts run it, every machine-readable answer held to its schema.

Whatever a test runs with `-o json` must print exactly one document, with `-o ndjson` one a line,
and each is validated by the schema it names: results, errors and usage errors alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"
TRACEBACK = "Traceback (most recent call last)"

CTRL_C = (sys.executable, "-I", "-S", str(Path(__file__).parent / "fakes" / "ctrl_c.py"))
HEARS_CTRL_C = (*CTRL_C, "heard")
"""Put before a command: Ctrl-C reaches it, however the tests were started."""
IGNORES_CTRL_C = (*CTRL_C, "ignored")
"""Put before a command: it starts as a script's `command &` does."""


@cache
def _validator(kind: str, version: str) -> Any:
    schema = json.loads((SCHEMAS / f"{kind}.{version}.json").read_text())
    return jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def validate(document: dict[str, Any]) -> None:
    """Hold a document against the schema it names."""
    _, kind, version = document["schema"].split("/")
    _validator(kind, version).validate(document)


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

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The documents of `-o ndjson`, each held against its committed schema."""
        found = [json.loads(line) for line in self.stdout.splitlines()]
        for document in found:
            validate(document)
            assert document["time"].endswith("Z")
            assert document["code"]
        return found

    def check(self, output_format: str | None) -> None:
        """Hold what was printed against what this output format promises."""
        assert TRACEBACK not in self.stderr, self.stderr
        if output_format == "json":
            document = self.document
            is_error = document["schema"] == "videoctl/error/v1"
            assert not is_error or document["exit_code"] == self.code
        elif output_format == "ndjson":
            assert self.documents
        else:
            assert TRACEBACK not in self.stdout, self.stdout


def output_format(words: Sequence[str]) -> str | None:
    """The format asked for on a command line; None where it is left to the settings."""
    for position, word in enumerate(words):
        if word in {"-o", "--output"} and position + 1 < len(words):
            return words[position + 1]
        if word.startswith("--output="):
            return word.partition("=")[2]
    return None


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
    """Runs `videoctl` as a process, with the variables and in the directory of the test."""

    home: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def variables(self) -> dict[str, str]:
        """The environment of its commands."""
        return dict(os.environ)

    @property
    def directory(self) -> Path | None:
        """Where its commands run; None: where the test does."""
        return None

    def __call__(
        self, *words: str, timeout: float = 300, typed: str | None = None, **variables: str
    ) -> Ran:
        """Run one command line to its end, `typed` on its standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "videoctl", *words],
            capture_output=True,
            text=True,
            timeout=timeout,
            input=typed or "",
            env={**self.variables(), **variables},
            cwd=self.directory,
            check=False,
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        ran.check(output_format(words))
        return ran

    def start(
        self, *words: str, hears_ctrl_c: bool = True, **variables: str
    ) -> subprocess.Popen[str]:
        """Start one command line and leave it running, in a process group of its own."""
        signals = HEARS_CTRL_C if hears_ctrl_c else IGNORES_CTRL_C
        process = subprocess.Popen(
            [*signals, sys.executable, "-m", "videoctl", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**self.variables(), **variables},
            cwd=self.directory,
            start_new_session=True,
        )
        self.started.append(process)
        return process
