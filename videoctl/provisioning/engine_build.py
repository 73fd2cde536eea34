"""Build the Pulumi engine from `engine/go.mod`, for machines that cannot download it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from videoctl.provisioning.engine import ENGINE_VERSION, Attempt, version_text
from videoctl.provisioning.limited import run_limited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Progress = Callable[[str], None]

BUILD_TIMEOUT_SECONDS: Final = 1800
PACKAGE_TIMEOUT_SECONDS: Final = 300
GO_TIMEOUT_SECONDS: Final = 30
COMMAND_PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_SYMBOL: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
USUAL_GO_DIRECTORIES: Final = ("/usr/local/go/bin", "/usr/lib/go/bin", "~/go/bin")
_GO_DIRECTIVE = re.compile(r"^go (\d+)\.(\d+)", re.MULTILINE)
_GO_VERSION = re.compile(r"go(\d+)\.(\d+)")
_GO_PACKAGE = re.compile(r"Candidate: \d*:?(\d+)\.(\d+)")


def source_directory() -> Path | None:
    """The directory that holds go.mod: bundled in the wheel, or the checkout's `engine/`."""
    bundled = Path(str(resources.files("videoctl"))) / "_bundled" / "engine"
    checkout = Path(str(resources.files("videoctl"))).parent / "engine"
    return next((place for place in (bundled, checkout) if (place / "go.mod").is_file()), None)


def build_with_go(made_in: Path, progress: Progress, environ: Mapping[str, str]) -> Attempt | None:
    """Build `bin/pulumi` under `made_in`; None when that succeeded.

    Takes some minutes the first time; Go's own caches make a second build quick.
    """
    source = source_directory()
    if source is None:
        return Attempt("go build", "engine/go.mod is not part of this installation")
    wanted = _wanted_go(source)
    go = _go_of_at_least(wanted, progress, environ)
    if isinstance(go, Attempt):
        return go
    work = made_in / "source"
    shutil.copytree(source, work)
    progress("building the Pulumi engine with Go: several minutes the first time")
    failed = run_limited(
        [
            str(go), "build", "-mod=readonly", "-trimpath", "-buildvcs=false",
            "-ldflags", f"-s -w -X {VERSION_SYMBOL}={version_text(ENGINE_VERSION)}",
            "-o", str(made_in / "bin" / "pulumi"), COMMAND_PACKAGE,
        ],
        environ={**environ, "CGO_ENABLED": "0", "GOFLAGS": ""},
        timeout_seconds=BUILD_TIMEOUT_SECONDS,
        progress=progress,
        directory=work,
    )  # fmt: skip
    shutil.rmtree(work, ignore_errors=True)
    if failed is None:
        return None
    cure = "see the lines above; Go needs its module proxy (GOPROXY) and some 3 GB of disk"
    return Attempt("go build", failed.last_line, cure)


def _wanted_go(source: Path) -> tuple[int, int]:
    found = _GO_DIRECTIVE.search((source / "go.mod").read_text(encoding="utf-8"))
    assert found is not None, "go.mod has no go directive"
    return int(found[1]), int(found[2])


def _go_of_at_least(
    wanted: tuple[int, int], progress: Progress, environ: Mapping[str, str]
) -> Path | Attempt:
    places = [environ.get("PATH", os.defpath), *map(os.path.expanduser, USUAL_GO_DIRECTORIES)]
    path = os.pathsep.join(places)
    reason = _too_old(shutil.which("go", path=path), wanted, environ)
    if reason:
        failed = _install_go(wanted, progress, environ)
        reason = failed or _too_old(shutil.which("go", path=path), wanted, environ)
    if reason:
        release = "{}.{}".format(*wanted)
        cure = f"install Go {release} or newer (https://go.dev/dl/) and run the command again"
        return Attempt("go build", reason, cure)
    return Path(str(shutil.which("go", path=path)))


def _too_old(go: str | None, wanted: tuple[int, int], environ: Mapping[str, str]) -> str | None:
    """Why this Go does not serve; None when it does (or can fetch its own newer toolchain)."""
    if go is None:
        return "Go is not installed"
    try:
        done = subprocess.run(
            [go, "version"], capture_output=True, text=True, env=dict(environ), check=False,
            timeout=GO_TIMEOUT_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{go} cannot be run: {error}"
    found = _GO_VERSION.search(done.stdout)
    if found and (int(found[1]), int(found[2])) >= wanted:
        return None
    said = done.stdout.strip() or done.stderr.strip() or "nothing"
    return f"Go {wanted[0]}.{wanted[1]} or newer is needed; {go} says {said[:120]!r}"


def _install_go(
    wanted: tuple[int, int], progress: Progress, environ: Mapping[str, str]
) -> str | None:
    """Install the system's Go where we may and it is new enough; None when that was done."""
    apt, cache = shutil.which("apt-get"), shutil.which("apt-cache")
    if apt is None or cache is None:
        return "Go is missing or too old, and there is no apt-get to install it with"
    if os.geteuid() != 0:
        return "Go is missing or too old; as root: apt-get install -y golang-go"
    try:
        policy = subprocess.run(
            [cache, "policy", "golang-go"], capture_output=True, text=True, check=False,
            timeout=GO_TIMEOUT_SECONDS,
        ).stdout  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"apt-cache gave no answer within {GO_TIMEOUT_SECONDS} s"
    found = _GO_PACKAGE.search(policy)
    offered = (int(found[1]), int(found[2])) if found else None
    if offered is None or offered < wanted:
        has = "no golang-go" if offered is None else "only golang-go {}.{}".format(*offered)
        return f"Go {wanted[0]}.{wanted[1]} or newer is needed, and the package lists have {has}"
    progress("installing Go: apt-get install -y golang-go")
    failed = run_limited(
        [apt, "install", "-y", "--no-install-recommends", "golang-go"],
        environ={**environ, "DEBIAN_FRONTEND": "noninteractive"},
        timeout_seconds=PACKAGE_TIMEOUT_SECONDS,
        progress=progress,
    )
    return None if failed is None else f"apt-get install golang-go: {failed.last_line}"
