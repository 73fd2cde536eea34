"""What reaches the terminal: stdout is data, stderr is talk.

With `-o json` exactly one document goes to stdout, errors too; with `-o ndjson` one event a line.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.console import Console

    from videoctl.errors import VideoctlError

VERDICT_STYLE = {
    "pass": "green",
    "ok": "green",
    "ready": "green",
    "done": "green",
    "warn": "yellow",
    "degraded": "yellow",
    "ready-except-ticket": "yellow",
    "fail": "red",
    "failed": "red",
    "refused": "red",
}
"""Colour of a verdict or state; words not listed stay plain."""


def jsonable(value: object) -> Any:
    """A value as JSON has it: dataclasses as objects, times RFC 3339 UTC, durations seconds."""
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(asdict(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(jsonable(key)): jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(inner) for inner in value]
    return value


class Output:
    """Writes one invocation's data and talk.

    Args:
        output_format: `text`, `json` or `ndjson`.
        quiet: leave out progress and notes; data, warnings and errors stay.

    """

    def __init__(
        self,
        output_format: str = "text",
        *,
        quiet: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.format = output_format
        self.quiet = quiet
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr

    @property
    def is_machine(self) -> bool:
        """Whether stdout is read by a program."""
        return self.format != "text"

    def console(self, *, stderr: bool = False) -> Console:
        """A rich console; wide and plain when it does not end at a terminal."""
        from rich.console import Console  # noqa: PLC0415  (rich is not loaded for --version)

        stream = self._stderr if stderr else self._stdout
        interactive = stream.isatty() and os.environ.get("TERM") != "dumb"
        return Console(
            file=stream,
            highlight=False,
            soft_wrap=not interactive,
            width=None if interactive else 240,
            no_color=True if os.environ.get("NO_COLOR") else None,
            emoji=False,
        )

    def document(
        self, kind: str, payload: Mapping[str, object], text: Callable[[Console], None]
    ) -> None:
        """The command's result: one JSON document, or what `text` draws for a person.

        Args:
            kind: the schema's name and version, such as `env-list/v1`.
            payload: the keys beside `schema`.
            text: draws the same for a terminal.

        """
        if self.format == "json":
            self._write({"schema": f"videoctl/{kind}", **payload}, indent=2)
        elif self.format == "ndjson":
            code = kind.partition("/")[0]
            self._write(
                {"schema": f"videoctl/{kind}", "time": datetime.now(UTC), "code": code, **payload}
            )
        else:
            text(self.console())

    def result(self, document: Mapping[str, object], text: Callable[[Console], None]) -> None:
        """The command's result where the document names its schema itself."""
        kind = str(document["schema"]).removeprefix("videoctl/")
        payload = {key: value for key, value in document.items() if key != "schema"}
        self.document(kind, payload, text)

    def event(self, payload: Mapping[str, object]) -> None:
        """One event of long work; only `-o ndjson` prints it on stdout."""
        if self.format == "ndjson":
            self._write(payload)

    def error(self, error: VideoctlError) -> None:
        """An error: a JSON document on stdout for programs, two lines and all faults for people."""
        payload = {
            "schema": "videoctl/error/v1",
            "code": error.code,
            "exit_code": int(error.exit_code),
            "message": error.message,
            "hint": error.hint,
            "details": [asdict(fault) for fault in error.details],
        }
        if self.format == "json":
            self._write(payload, indent=2)
            return
        if self.format == "ndjson":
            self._write({**payload, "time": datetime.now(UTC)})
            return
        console = self.console(stderr=True)
        console.print("error: ", style="bold red", end="")
        console.print(error.message, markup=False)
        for fault in error.details:
            place = ":".join(str(part) for part in (fault.file, fault.line) if part is not None)
            where = " ".join(part for part in (place, fault.key) if part)
            console.print(
                f"  {where}: {fault.message}" if where else f"  {fault.message}", markup=False
            )
        if error.hint:
            console.print("hint: ", style="bold", end="")
            console.print(error.hint, markup=False)

    def say(self, message: str) -> None:
        """A note for a person on stderr; silent with --quiet."""
        if not self.quiet:
            self.console(stderr=True).print(message, markup=False)

    def warn(self, message: str) -> None:
        """A warning on stderr, also with --quiet."""
        console = self.console(stderr=True)
        console.print("warning: ", style="bold yellow", end="")
        console.print(message, markup=False)

    def _write(self, payload: Mapping[str, object], *, indent: int | None = None) -> None:
        text = json.dumps(jsonable(payload), indent=indent, ensure_ascii=False, allow_nan=False)
        self._stdout.write(text + "\n")
        self._stdout.flush()


def table(
    console: Console,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[str] = (),
) -> None:
    """An aligned table: one space of air, no lines, verdict words coloured.

    Args:
        console: where to.
        columns: the headings.
        rows: cells; None is shown as a dash.
        right: headings of columns that hold numbers.

    """
    from rich.table import Table  # noqa: PLC0415  (rich is not loaded for --version)
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name in columns:
        drawn.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        cells = ["-" if cell is None else str(cell) for cell in row]
        drawn.add_row(*(Text(cell, style=VERDICT_STYLE.get(cell, "")) for cell in cells))
    if console.is_terminal:
        console.print(drawn)
        return
    with console.capture() as captured:
        console.print(drawn)
    # The padding of the last column would be trailing blanks in files and tickets.
    for line in captured.get().splitlines():
        console.file.write(line.rstrip() + "\n")
