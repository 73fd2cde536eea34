"""Files that are generated together: what writing them would change, and writing them."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from videoctl.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Change = Literal["new", "changed", "same"]


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """One file of the set.

    Attributes:
        path: below the directory, with slashes.
        change: what writing it means for what is there.
        text: what it is to hold.

    """

    path: str
    change: Change
    text: str


def compared(directory: Path, texts: Mapping[str, str]) -> tuple[GeneratedFile, ...]:
    """The files, each with what is there already.

    Raises:
        ConfigurationError: what is there cannot be read.

    """
    return tuple(
        GeneratedFile(path, _change(directory / path, text), text) for path, text in texts.items()
    )


def write(directory: Path, files: tuple[GeneratedFile, ...]) -> None:
    """Write what is new or changed, each file in one rename; other files stay as they are.

    Raises:
        ConfigurationError: a file cannot be written; those before it are.

    """
    for file in files:
        if file.change != "same":
            path = directory / file.path
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                _replace(path, file.text)
            except OSError as error:
                raise _unusable(path, "written", error) from error


def _change(path: Path, text: str) -> Change:
    try:
        return "same" if path.read_bytes() == text.encode() else "changed"
    except FileNotFoundError:
        return "new"
    except OSError as error:
        raise _unusable(path, "read", error) from error


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)  # others' Grafana reads it
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _unusable(path: Path, verb: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be {verb}: {error.strerror or error}",
        hint="name a directory you may write, and run the same command again",
        code="directory-unusable",
    )
