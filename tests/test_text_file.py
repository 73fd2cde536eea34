"""Files a person wrote: read as text, or told with the place of what is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from videoctl.errors import Fault
from videoctl.text_file import LARGEST_BYTES, UnreadableFileError, read_text_file


def fault_of(path: Path) -> Fault:
    """What is wrong with a file."""
    with pytest.raises(UnreadableFileError) as told:
        read_text_file(path, shown="shown.toml")
    assert told.value.fault.file == "shown.toml"
    return told.value.fault


def test_a_text_is_read_to_its_last_byte(tmp_path: Path) -> None:
    """UTF-8 of any script, up to the largest size."""
    path = tmp_path / "text"
    text = "name = 'è💥'\n" + "#" * (LARGEST_BYTES - 100)
    path.write_text(text, encoding="utf-8")
    assert read_text_file(path, shown="text") == text


def test_what_is_no_utf_8_is_told_with_line_and_byte(tmp_path: Path) -> None:
    """The line on which the first wrong byte stands."""
    path = tmp_path / "latin"
    path.write_bytes(b"a = 1\nb = 2\nname = '\xe8'\n")
    assert (fault_of(path).line, fault_of(path).message) == (3, "is no UTF-8: byte 0xe8")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """A file named by mistake does not fill the memory."""
    path = tmp_path / "huge"
    with path.open("wb") as stream:
        stream.truncate(100 * LARGEST_BYTES)
    assert "104,857,600 bytes" in fault_of(path).message


@pytest.mark.parametrize("kind", ["directory", "pipe", "device", "absent"])
def test_what_is_no_file_is_told_at_once(tmp_path: Path, kind: str) -> None:
    """Nothing waits for a pipe or reads a device to its end."""
    path = tmp_path / "thing"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    expected = "No such file" if kind == "absent" else "no regular file"
    assert expected in fault_of(path).message
