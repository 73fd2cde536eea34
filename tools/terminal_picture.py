"""Run a command as on a terminal and draw what it printed as an SVG, for the README.

Usage: python tools/terminal_picture.py OUT.svg COMMAND [ARG ...]
"""

from __future__ import annotations

import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 118
LINES = 48
_CURSOR = re.compile(r"\x1b\[(?:\d+A|2K|\?25[lh]|\d*[GK])|\r(?!\n)")


def run(command: list[str]) -> str:
    """Everything the command writes to its terminal."""
    written = bytearray()

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 65536)
        written.extend(data)
        return data

    os.environ.update(COLUMNS=str(COLUMNS), LINES=str(LINES), TERM="xterm-256color")
    status = pty.spawn(command, read)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"error: {' '.join(command)} failed")
    return written.decode("utf-8", "replace")


def last_frame(text: str) -> str:
    """What stays on the screen: of a live display, its last drawing."""
    frames = re.split(r"(?:\x1b\[1A\x1b\[2K)+", text)
    head = frames[0].split("\r", 1)[0] if len(frames) > 1 else ""
    return _CURSOR.sub("", (head + frames[-1]).replace("\r\n", "\n"))


def main() -> None:
    """Draw one command."""
    out, *command = sys.argv[1:]
    console = Console(record=True, width=COLUMNS, file=Path(os.devnull).open("w"))  # noqa: SIM115
    console.print(f"$ {' '.join(command)}", style="bold")
    console.print(Text.from_ansi(last_frame(run(command))))
    Path(out).write_text(console.export_svg(title="videoctl", clear=False))


if __name__ == "__main__":
    main()
