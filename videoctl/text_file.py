"""Reading a text file a person wrote, with the place of what is wrong with it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from videoctl.errors import Fault

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES: Final = 1024 * 1024
"""No file a person writes for videoctl comes near; a larger one was named by mistake."""


class UnreadableFileError(Exception):
    """A file that cannot be read as text.

    Args:
        fault: why, with file and line.

    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def read_text_file(path: Path, *, shown: str) -> str:
    """The text of a UTF-8 file.

    Args:
        path: the file.
        shown: its name in faults.

    Raises:
        UnreadableFileError: it is missing, no regular file, too large, or no UTF-8.

    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFileError(Fault(message="is no regular file", file=shown))
        if status.st_size > LARGEST_BYTES:
            raise UnreadableFileError(
                Fault(
                    message=f"has {status.st_size:,} bytes; {LARGEST_BYTES:,} are allowed",
                    file=shown,
                )
            )
        content = path.read_bytes()
        return content.decode("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        fault = Fault(message=f"cannot be read: {reason}", file=shown)
        raise UnreadableFileError(fault) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = Fault(
            message=f"is no UTF-8: byte 0x{content[error.start]:02x}", file=shown, line=line
        )
        raise UnreadableFileError(fault) from error
