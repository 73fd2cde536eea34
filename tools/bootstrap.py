"""Set up a fresh checkout: uv, the two virtual environments, the Pulumi engine, the job's jar.

Needs Python 3.11 or newer, and Maven where the cache lacks the jar. Each part is skipped when its
stamp says that it was made from the same requirements; a second run takes about a second.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
CACHE = Path(
    os.environ.get("VIDEOCTL_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "videoctl"
)
STAMP = ".videoctl-stamp"
FLINK_PYTHON = "3.11"
"""What Managed Flink's runtime FLINK-1_20 runs."""


class SetupError(Exception):
    """Set-up cannot go on; says what is missing and the line that mends it."""


def say(message: str) -> None:
    """A progress line on stderr."""
    sys.stderr.write(f"setup: {message}\n")
    sys.stderr.flush()


def digest(*parts: str | Path) -> str:
    """A stamp of what something is made from."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return total.hexdigest()


def is_current(directory: Path, stamp: str) -> bool:
    """Whether `directory` was made from exactly this."""
    file = directory / STAMP
    return file.is_file() and file.read_text() == stamp


def run(*command: str | Path, timeout: int = 1800, **variables: str) -> None:
    """Run one set-up command; its output is shown only when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise SetupError(f"`{' '.join(words[:6])}` ended with {done.returncode}:\n{tail}")


def ensure_venv_module() -> None:
    """Debian splits venv off Python: install it when root, else say the line to run."""
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(
            f"this Python cannot make virtual environments; run: sudo apt-get install {package}"
        )
    say(f"installing {package}")
    run("apt-get", "update", "-q")
    run("apt-get", "install", "-q", "-y", package)


def ensure_uv() -> Path:
    """Uv in the cache, hash-pinned; the installer of everything else."""
    home = CACHE / "uv"
    uv = home / "bin" / "uv"
    stamp = digest(REQUIREMENTS / "uv.txt", sys.version)
    if is_current(home, stamp) and uv.exists():
        return uv
    ensure_venv_module()
    say("installing uv")
    shutil.rmtree(home, ignore_errors=True)
    run(sys.executable, "-m", "venv", home)
    run(
        home / "bin" / "python", "-m", "pip", "install", "-q", "--require-hashes",
        "--disable-pip-version-check", "-r", REQUIREMENTS / "uv.txt",
    )  # fmt: skip
    (home / STAMP).write_text(stamp)
    return uv


def make_environment(uv: Path, directory: Path, python: str, requirements: Path) -> None:
    """A virtual environment that holds exactly one hash-pinned requirement file."""
    if not (directory / "bin" / "python").exists():
        run(uv, "venv", "-q", "--python", python, directory)
    (directory / STAMP).unlink(missing_ok=True)
    run(
        uv, "pip", "sync", "-q", "--require-hashes", requirements,
        VIRTUAL_ENV=str(directory),
    )  # fmt: skip


def ensure_main_environment(uv: Path) -> None:
    """`.venv`: videoctl, the sandbox and the tools of contributors."""
    directory = ROOT / ".venv"
    requirements = REQUIREMENTS / "dev.txt"
    stamp = digest(requirements, ROOT / "pyproject.toml", sys.version)
    if is_current(directory, stamp):
        return
    say("making .venv (videoctl, sandbox, tools)")
    make_environment(uv, directory, sys.executable, requirements)
    run(
        uv, "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", ROOT,
        VIRTUAL_ENV=str(directory),
    )  # fmt: skip
    (directory / STAMP).write_text(stamp)


def start_flink_environment(uv: Path) -> subprocess.Popen[bytes] | None:
    """`.venv-flink` beside the rest: Python 3.11, which uv brings where the system has another."""
    directory = ROOT / ".venv-flink"
    if is_current(directory, flink_stamp()):
        return None
    say("making .venv-flink (Python 3.11, apache-flink), in the background")
    return subprocess.Popen([sys.executable, __file__, "--flink-environment", str(uv)], cwd=ROOT)


def await_flink_environment(maker: subprocess.Popen[bytes] | None) -> None:
    """Wait for the background part, if one was started."""
    if maker is not None and maker.wait() != 0:
        raise SetupError("the Flink environment could not be made; see above")


def start_jobs() -> subprocess.Popen[bytes]:
    """The Flink job's jar beside the rest; at once when it is there or in the cache."""
    return subprocess.Popen([sys.executable, ROOT / "tools" / "build_jobs.py"], cwd=ROOT)


def await_jobs(builder: subprocess.Popen[bytes]) -> None:
    """Wait for the jar."""
    if builder.wait() != 0:
        raise SetupError("the Flink job could not be built; see above")


def flink_stamp() -> str:
    """What `.venv-flink` is made from."""
    return digest(REQUIREMENTS / "flink.txt")


def ensure_engine() -> None:
    """The Pulumi engine, found or installed by videoctl itself."""
    done = subprocess.run(
        [ROOT / ".venv" / "bin" / "videoctl", "engine", "install", "--quiet", "-o", "json"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise SetupError(
            "the Pulumi engine is not installed; run: .venv/bin/videoctl engine install"
        )


def main(arguments: list[str]) -> int:
    """Everything a checkout needs, in order; the Flink environment is made beside it."""
    began = time.monotonic()
    try:
        if arguments[:1] == ["--flink-environment"]:
            directory = ROOT / ".venv-flink"
            make_environment(
                Path(arguments[1]), directory, FLINK_PYTHON, REQUIREMENTS / "flink.txt"
            )
            (directory / STAMP).write_text(flink_stamp())
            return 0
        uv = ensure_uv()
        flink, jobs = start_flink_environment(uv), start_jobs()
        ensure_main_environment(uv)
        ensure_engine()
        await_flink_environment(flink)
        await_jobs(jobs)
    except (SetupError, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"error: set-up stopped: {error}\nhint: mend it and run make again\n")
        return 1
    quiet_seconds = 5
    if time.monotonic() - began > quiet_seconds:
        say(f"done in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
