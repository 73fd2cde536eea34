"""Packages of what runs inside the platform: the same bytes from the same sources, anywhere.

Entries are sorted, carry one fixed time and mode, and are stored, not deflated: zlib's output
differs between versions, and the content's hash is part of the object's key, so it must not.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can tell."""

FILE_MODE: Final = 0o100644
HASH_LENGTH: Final = 16
_LEFT_OUT: Final = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job that AWS runs from a zip.

    Attributes:
        directory: under `jobs/`; its content becomes the root of the zip.
        entry_point: the file the service starts; without it there is nothing to run.
        left_out: what the zip does without, by its name at the root of the directory.
        built: a file that is made, not written, without which the job does not run; empty: none.
        build_command: what makes it.

    """

    directory: str
    entry_point: str
    left_out: frozenset[str] = frozenset()
    built: str = ""
    build_command: str = ""


FLINK_CODE: Final = "flink_code"
"""Artefact name of the Flink application's code."""

JOBS: Final[Mapping[str, Job]] = {
    FLINK_CODE: Job(
        "agg",
        "main.py",
        left_out=frozenset({"README.md", "pom.xml", "src", "target", "__init__.py"}),
        built="lib/pyflink-dependencies.jar",
        build_command="make jobs",
    ),
    "session_function": Job("kds_timestream_buf_sess", "handler.py"),
}
"""What environments are built with: artefact name, as the program asks for it, to the job."""

SYSTEM_JOBS: Final[Mapping[str, Mapping[str, Job]]] = {
    "kinesis-data-3": {"object_copy_function": Job("object_copy", "handler.py")},
}
"""What the other systems are built with, by the system's name: no environment changes with it."""


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What was packed.

    Attributes:
        paths: zip by artefact name; the file name holds a hash of the content.
        missing: what an artefact lacks to be started, by artefact name; the service says the same
            when it is asked to start it.

    """

    paths: Mapping[str, Path]
    missing: Mapping[str, str]


def build_artifacts(
    directory: Path, sources: Path | None = None, jobs: Mapping[str, Job] = JOBS
) -> Artifacts:
    """Pack every job into `directory`; what is there already with the same content stays.

    Args:
        directory: where the zips go; made if missing.
        sources: the `jobs` directory; the installed one by default.
        jobs: what to pack; the jobs of environments by default.

    """
    sources = Path(str(resources.files("jobs"))) if sources is None else sources
    directory.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    missing: dict[str, str] = {}
    for name, job in jobs.items():
        source = sources / job.directory
        if source.is_dir():
            paths[name] = _written(directory, job, source)
        if not (source / job.entry_point).is_file():
            missing[name] = f"jobs/{job.directory}/{job.entry_point} does not exist"
        elif job.built and not (source / job.built).is_file():
            missing[name] = (
                f"jobs/{job.directory}/{job.built} is not built; run: {job.build_command}"
            )
    return Artifacts(paths, missing)


def pack(source: Path, target: BinaryIO, left_out: frozenset[str] = frozenset()) -> None:
    """Write the content of a directory as a zip, caches and compiled files left out.

    Args:
        source: the directory.
        target: a seekable file; at no time is a whole entry in memory.
        left_out: names at its root that are left out, too.

    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in _files(source, left_out):
            entry = zipfile.ZipInfo(file.relative_to(source).as_posix(), FIXED_TIME)
            entry.external_attr = FILE_MODE << 16
            entry.create_system = 3  # Unix, whatever this machine is
            entry.file_size = file.stat().st_size  # decides whether the entry is a zip64 one
            with file.open("rb") as content, archive.open(entry, "w") as packed:
                shutil.copyfileobj(content, packed)


def _files(source: Path, left_out: frozenset[str]) -> Iterator[Path]:
    found = [file for file in source.rglob("*") if file.is_file()]
    for file in sorted(found, key=lambda item: item.relative_to(source).as_posix()):
        is_wanted = file.relative_to(source).parts[0] not in left_out
        if is_wanted and not _LEFT_OUT.intersection(file.parts) and file.suffix != ".pyc":
            yield file


def _written(directory: Path, job: Job, source: Path) -> Path:
    """The zip, which is not written again where it is there: a full disk stops no later run."""
    path = directory / f"{job.directory}-{_digest(source, job.left_out)}.zip"
    if _is_whole(path):
        return path
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        with fresh.open("wb") as target:
            pack(source, target, job.left_out)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def _digest(source: Path, left_out: frozenset[str]) -> str:
    """Of the names and the content of everything that is packed."""
    whole = hashlib.sha256()
    for file in _files(source, left_out):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        whole.update(f"{digest} {file.relative_to(source).as_posix()}\n".encode())
    return whole.hexdigest()[:HASH_LENGTH]


def _is_whole(path: Path) -> bool:
    """Whether the zip is there, to its end, and every entry is as its checksum says."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False
