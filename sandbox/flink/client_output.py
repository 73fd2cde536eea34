"""What Flink's client printed when a program failed, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_FAILED: Final = "CodeError.InvalidApplicationCode: Run python process failed"
_NO_JOB: Final = "The program ended and submitted no job."
_AFTER_THE_PROGRAM: Final = "org.apache.flink.client.program.ProgramAbortException"
_CAUSE: Final = "Caused by: "


def failure_of(output: Path, exit_code: int) -> str:
    """Why a client that ended with `exit_code` left no job."""
    if exit_code == 0:
        return _NO_JOB
    return f"{_FAILED}: {cause_in(output.read_text(errors='replace'))}"


def cause_in(text: str) -> str:
    """The line that names the failure: Java's last cause, else the end of Python's traceback."""
    lines = text.partition(_AFTER_THE_PROGRAM)[0].splitlines()
    causes = [line for line in lines if line.startswith(_CAUSE)]
    if causes:
        return causes[-1].removeprefix(_CAUSE)
    # Java's own trace is indented, and Python's too but for the line that names the exception.
    unindented = [line for line in lines if line.strip() and not line[0].isspace()]
    return unindented[-1] if unindented else "it printed nothing"
