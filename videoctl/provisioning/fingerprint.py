"""One hash of everything an update is made from: program, input, artefacts, SDK."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM_PACKAGES: Final = ("stacks", "videoctl.model")
"""Packages whose source decides what a program declares."""

PINNED: Final = ("pulumi", "pulumi-aws")
LENGTH: Final = 32


def fingerprint(program: str, program_input: Any) -> str:
    """The fingerprint of an update; equal when nothing that could change its result has changed.

    Args:
        program: name in the registry.
        program_input: what it takes; paths of existing files in it count by their content, so that
            the same artefact built elsewhere is the same.

    """
    whole = hashlib.sha256()
    for package in PROGRAM_PACKAGES:
        for name, content in _sources(package):
            whole.update(f"{package}/{name}\0".encode() + hashlib.sha256(content).digest())
    for distribution in PINNED:
        whole.update(f"{distribution}=={metadata.version(distribution)}\0".encode())
    given = TypeAdapter(type(program_input)).dump_python(program_input, mode="json")
    canonical = json.dumps([program, _by_content(given)], sort_keys=True, separators=(",", ":"))
    whole.update(canonical.encode())
    return whole.hexdigest()[:LENGTH]


def _sources(package: str) -> Iterator[tuple[str, bytes]]:
    root = Path(str(resources.files(package)))
    for file in sorted(root.rglob("*.py")):
        yield file.relative_to(root).as_posix(), file.read_bytes()


def _by_content(value: Any) -> Any:
    """Absolute paths of files replaced by a hash of what is in them."""
    if isinstance(value, dict):
        return {key: _by_content(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_by_content(item) for item in value]
    if isinstance(value, str) and value.startswith("/") and Path(value).is_file():
        with Path(value).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    return value
