"""Where the Pulumi engine is: the search order, and what makes a binary good enough.

Order: VIDEOCTL_ENGINE_ROOT, `pulumi` on PATH, the cache directory. What is not found is installed
by `videoctl.provisioning.engine_install`. Nothing here imports the Pulumi SDK: `--help` and
`doctor` must not pay for it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from platformdirs import user_cache_path

from videoctl.errors import FailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGINE_VERSION: Final = (3, 259, 0)
"""The engine pinned in `engine/go.mod`; equal to the SDK in `requirements/runtime.in`."""

MINIMUM_VERSION: Final = (3, 250, 0)
"""The oldest engine that may be used: events over gRPC, inline refresh and destroy."""

ROOT_VARIABLE: Final = "VIDEOCTL_ENGINE_ROOT"
CACHE_VARIABLE: Final = "VIDEOCTL_CACHE"
VERSION_TIMEOUT_SECONDS: Final = 30
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")

Version = tuple[int, int, int]


def version_text(version: Version) -> str:
    """A version as Pulumi writes it, such as `v3.259.0`."""
    return "v{}.{}.{}".format(*version)


@dataclass(frozen=True, slots=True)
class Engine:
    """A Pulumi engine that was run and answered.

    Attributes:
        executable: the absolute path of the `pulumi` binary.
        version: what it said of itself.
        found_by: how it was found: `environment`, `path`, `cache`, `installer` or `build`.

    """

    executable: Path
    version: Version
    found_by: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to an engine that did not lead there.

    Attributes:
        way: where it was looked for or how it was to be made.
        reason: why that failed, one line.
        cure: what to do about it, if anything can be done.

    """

    way: str
    reason: str
    cure: str | None = None


class EngineMissingError(FailedError):
    """No usable engine; `attempts` names every way that was tried."""

    default_code = "engine-missing"

    def __init__(self, attempts: tuple[Attempt, ...]) -> None:
        tried = "".join(f"\n  - {item.way}: {item.reason}{_cure(item)}" for item in attempts)
        cure = next((item.cure for item in attempts if item.cure), None)
        super().__init__(
            f"no Pulumi engine {version_text(MINIMUM_VERSION)} or newer was found or made:{tried}",
            hint=cure or f"set {ROOT_VARIABLE} to a directory that holds bin/pulumi",
        )
        self.attempts = attempts


def _cure(attempt: Attempt) -> str:
    return f" ({attempt.cure})" if attempt.cure else ""


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Where downloads and builds are kept, apart from any checkout: VIDEOCTL_CACHE or the usual."""
    named = environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("videoctl", appauthor=False)


def cached_root(environ: Mapping[str, str]) -> Path:
    """The directory whose `bin/pulumi` is the engine of the pinned version."""
    return cache_directory(environ) / "engine" / version_text(ENGINE_VERSION)


def inspect(executable: Path, found_by: str) -> Engine | Attempt:
    """Run a binary for its version: an engine, or why it is none (truncated, too old, hanging)."""
    way = f"{executable}"
    try:
        done = subprocess.run(
            [executable, "version"],
            capture_output=True,
            text=True,
            timeout=VERSION_TIMEOUT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except subprocess.TimeoutExpired:
        return Attempt(way, f"gave no version within {VERSION_TIMEOUT_SECONDS} s")
    except OSError as error:
        return Attempt(way, f"cannot be run: {error.strerror or error}")
    found = _VERSION.search(done.stdout)
    if done.returncode != 0 or not found:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        return Attempt(way, f"is broken: exit {done.returncode}, said {said[:200]!r}")
    version = (int(found[1]), int(found[2]), int(found[3]))
    if version < MINIMUM_VERSION or version[0] != MINIMUM_VERSION[0]:
        wanted = f"{version_text(MINIMUM_VERSION)} or newer, below v{MINIMUM_VERSION[0] + 1}"
        return Attempt(way, f"is {version_text(version)}; wanted: {wanted}")
    return Engine(executable.absolute(), version, found_by)


def find_engine(environ: Mapping[str, str] | None = None) -> Engine | tuple[Attempt, ...]:
    """Look for an engine without installing one; reads and runs, writes nothing.

    Returns:
        The engine, or each place looked at with the reason it did not serve.

    """
    environ = os.environ if environ is None else environ
    attempts: list[Attempt] = []
    for look in (_by_variable, _on_path, _in_cache):
        found = look(environ)
        if isinstance(found, Engine):
            return found
        attempts.append(found)
        if look is _by_variable and environ.get(ROOT_VARIABLE):
            return tuple(attempts)
    return tuple(attempts)


def _by_variable(environ: Mapping[str, str]) -> Engine | Attempt:
    root = environ.get(ROOT_VARIABLE)
    if not root:
        return Attempt(ROOT_VARIABLE, "is not set")
    executable = Path(root) / "bin" / "pulumi"
    found = (
        inspect(executable, "environment")
        if executable.exists()
        else Attempt(str(executable), "does not exist")
    )
    if isinstance(found, Engine):
        return found
    return Attempt(
        ROOT_VARIABLE,
        f"{found.way} {found.reason}",
        f"point {ROOT_VARIABLE} at a directory that holds bin/pulumi, or unset it",
    )


def _on_path(environ: Mapping[str, str]) -> Engine | Attempt:
    found = shutil.which("pulumi", path=environ.get("PATH", os.defpath))
    return inspect(Path(found), "path") if found else Attempt("pulumi on PATH", "is not there")


def _in_cache(environ: Mapping[str, str]) -> Engine | Attempt:
    executable = cached_root(environ) / "bin" / "pulumi"
    if not executable.exists():
        return Attempt(str(executable), "does not exist")
    return inspect(executable, "cache")
