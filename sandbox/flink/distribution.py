"""Finds the Flink that is installed beside this sandbox, and the Java that runs it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox.flink.jobs import JobError
from sandbox.lifecycle import FLINK_HOME_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RUNTIME_ENVIRONMENT: Final = "FLINK-1_20"
"""The one runtime whose version is installed (requirements/flink.in)."""
JAVA_CURE: Final = "sudo apt-get install openjdk-17-jre-headless"
FLINK_CURE: Final = "make setup"
_ROOT: Final = Path(__file__).resolve().parents[2]
_ENVIRONMENT: Final = ".venv-flink"
_DIST_PREFIX: Final = "flink-dist"


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed Flink.

    Attributes:
        python: the interpreter programs run with.
        home: Flink's directories `lib`, `opt`, `plugins`, `conf`.
        java: the executable.

    """

    python: Path
    home: Path
    java: Path

    def class_path(self, *extra: Path) -> str:
        """Flink's jars and others, the distribution's own last, as Flink's scripts have them."""
        jars = sorted((self.home / "lib").glob("*.jar"))
        last = [jar for jar in jars if jar.name.startswith(_DIST_PREFIX)]
        python_jars = sorted((self.home / "opt").glob("flink-python-*.jar"))
        others = [jar for jar in jars if jar not in last]
        return os.pathsep.join(map(str, [*others, *extra, *python_jars, *last]))

    def module_options(self) -> list[str]:
        """What Flink needs opened in the Java modules, from its own configuration file."""
        for line in (self.home / "conf" / "config.yaml").read_text().splitlines():
            name, _, value = line.strip().partition(": ")
            if name == "all" and value.startswith("--add-"):
                return value.split()
        return []


@dataclass(frozen=True, slots=True)
class Part:
    """Something of this machine that Flink needs.

    Attributes:
        part: what it is.
        seen: where it is, or that it is not.
        cure: what installs it; None where it is there.

    """

    part: str
    seen: str
    cure: str | None


def parts(environment: Mapping[str, str] = os.environ) -> tuple[Part, ...]:
    """What running a Flink application takes of this machine, and what of it is missing."""
    java = _find_java(environment)
    looked = tuple(_candidates(environment))
    homes = [home for directory in looked if (home := _home(directory)) is not None]
    nowhere = f"not in {', '.join(map(str, looked))}"
    return (
        Part("java", str(java) if java else "none on PATH", None if java else JAVA_CURE),
        Part("flink", str(homes[0]) if homes else nowhere, None if homes else FLINK_CURE),
    )


def found(environment: Mapping[str, str] = os.environ) -> Distribution:
    """The installed Flink; raises `JobError` with the line that installs what is missing."""
    java = _java(environment)
    for directory in _candidates(environment):
        home = _home(directory)
        if home is not None:
            return Distribution(directory / "bin" / "python", home, java)
    looked = ", ".join(map(str, _candidates(environment)))
    raise JobError(f"Apache Flink is not installed (looked in {looked}). Run: {FLINK_CURE}")


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if environment.get(FLINK_HOME_VARIABLE):
        yield Path(environment[FLINK_HOME_VARIABLE])
        return
    yield Path(sys.prefix).parent / _ENVIRONMENT
    if Path(sys.prefix).parent != _ROOT:
        yield _ROOT / _ENVIRONMENT


def _home(directory: Path) -> Path | None:
    homes = sorted(directory.glob("lib/python*/site-packages/pyflink"))
    complete = [home for home in homes if any((home / "lib").glob(f"{_DIST_PREFIX}-1.20.*.jar"))]
    return complete[0] if complete and (directory / "bin" / "python").exists() else None


def _java(environment: Mapping[str, str]) -> Path:
    java = _find_java(environment)
    if java is None:
        raise JobError(f"Flink needs Java, and there is none on PATH. Run: {JAVA_CURE}")
    return java


def _find_java(environment: Mapping[str, str]) -> Path | None:
    java_home = environment.get("JAVA_HOME")
    candidate = Path(java_home) / "bin" / "java" if java_home else None
    if candidate is not None and candidate.exists():
        return candidate
    on_path = shutil.which("java", path=environment.get("PATH"))
    return Path(on_path) if on_path is not None else None
