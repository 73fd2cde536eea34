"""Make a Pulumi engine where none is found: the official installer, then a build with Go.

What is made is moved into the cache in one rename, under a lock, so that two installs at once make
one engine and an interrupted one leaves nothing that could be taken for an engine.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from videoctl.provisioning.engine import (
    ENGINE_VERSION,
    ROOT_VARIABLE,
    Attempt,
    Engine,
    EngineMissingError,
    cached_root,
    find_engine,
    inspect,
    version_text,
)
from videoctl.provisioning.engine_build import build_with_go
from videoctl.provisioning.limited import Failure, run_limited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Progress = Callable[[str], None]

INSTALLER_TIMEOUT_SECONDS: Final = 300
INSTALLER_HOST: Final = "https://get.pulumi.com/install.sh"
REACH_TIMEOUT_SECONDS: Final = 10

_INSTALL_SCRIPT: Final = """
import socket, sys
socket.setdefaulttimeout({reach})
from pulumi.automation import PulumiCommand
from semver import VersionInfo
try:
    PulumiCommand.install(root=sys.argv[1], version=VersionInfo(*{version}))
except Exception as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
"""


def ensure_engine(progress: Progress, environ: Mapping[str, str] | None = None) -> Engine:
    """Find an engine or make one; the second call finds what the first made.

    Args:
        progress: told one line at a time what is going on; silent when an engine is found.
        environ: environment variables; the process's own by default.

    Raises:
        EngineMissingError: when no way leads to an engine; names each way, reason and cure.

    """
    environ = os.environ if environ is None else environ
    found = find_engine(environ)
    if isinstance(found, Engine):
        return found
    if environ.get(ROOT_VARIABLE):
        raise EngineMissingError(found)
    root = cached_root(environ)
    with _locked(root, progress):
        found = find_engine(environ)
        if isinstance(found, Engine):
            return found
        return _make(root, found, progress, environ)


def _make(
    root: Path, attempts: tuple[Attempt, ...], progress: Progress, environ: Mapping[str, str]
) -> Engine:
    ways = (("the official installer", _install, "installer"), ("go build", build_with_go, "build"))
    for way, make, found_by in ways:
        with tempfile.TemporaryDirectory(prefix=".making-", dir=root.parent) as made_in:
            progress(f"Pulumi engine {version_text(ENGINE_VERSION)}: trying {way}")
            failed = make(Path(made_in), progress, environ)
            made = failed or inspect(Path(made_in) / "bin" / "pulumi", found_by)
            if isinstance(made, Engine):
                _move(Path(made_in), root)
                progress(f"Pulumi engine {version_text(made.version)} is in {root}")
                return Engine(root / "bin" / "pulumi", made.version, found_by)
            progress(f"{way}: {made.reason}")
            attempts = (*attempts, Attempt(way, made.reason, made.cure))
    raise EngineMissingError(attempts)


def _install(made_in: Path, progress: Progress, environ: Mapping[str, str]) -> Attempt | None:
    """Run the SDK's own installer in a process of its own, because it knows no deadline."""
    import sys  # noqa: PLC0415 (only here)

    script = _INSTALL_SCRIPT.format(reach=REACH_TIMEOUT_SECONDS, version=ENGINE_VERSION)
    failed = run_limited(
        [sys.executable, "-c", script, str(made_in)],
        environ=environ,
        timeout_seconds=INSTALLER_TIMEOUT_SECONDS,
        progress=progress,
    )
    if failed is None:
        return None
    return Attempt(
        "the official installer",
        f"{INSTALLER_HOST}: {failed.last_line}",
        _network_cure(failed),
    )


def _network_cure(failed: Failure) -> str | None:
    unreachable = (
        "resolution",
        "resolve",
        "refused",
        "unreachable",
        "timed out",
        "Name or service",
    )
    is_network = failed.timed_out or any(word in failed.last_line for word in unreachable)
    return None if not is_network else f"make {INSTALLER_HOST} reachable (HTTPS_PROXY is honoured)"


def _move(made_in: Path, root: Path) -> None:
    """Put the finished directory in place; a broken predecessor is moved away first."""
    if root.exists():
        broken = Path(tempfile.mkdtemp(prefix=".broken-", dir=root.parent))
        root.rename(broken / "engine")
        shutil.rmtree(broken)
    # TemporaryDirectory removes what it made: an empty directory takes the finished one's place.
    made_in.chmod(0o755)
    made_in.rename(root)
    made_in.mkdir()


@contextmanager
def _locked(root: Path, progress: Progress) -> Iterator[None]:
    """Hold the install lock; the kernel releases it when its holder dies."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with (root.parent / ".install-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is installing the Pulumi engine; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
