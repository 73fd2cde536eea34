"""Build what jobs need beside their sources: the one jar of the Flink job, by Maven.

The jar is kept in the cache by what it is made from, so a fresh checkout of the same sources finds
it there. Needs nothing but Python, and Maven with a JDK where the jar has to be made.
"""

from __future__ import annotations

import fcntl
import filecmp
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JOB = ROOT / "jobs" / "agg"
JAR = JOB / "lib" / "pyflink-dependencies.jar"
CACHE = Path(
    os.environ.get("VIDEOCTL_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "videoctl"
)
PACKAGES = ("maven", "openjdk-17-jdk-headless")
LOG_LINES = 15


class BuildError(Exception):
    """The jar cannot be made; says why and the line that mends it."""


def sources() -> list[Path]:
    """What the jar is made from, in a fixed order."""
    return [JOB / "pom.xml", *sorted((JOB / "src" / "main").rglob("*.java"))]


def stamp() -> str:
    """A digest of the sources and their places."""
    total = hashlib.sha256()
    for file in sources():
        content = file.read_bytes()
        total.update(f"{file.relative_to(JOB).as_posix()} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def ensure_jar() -> bool:
    """Put the jar where the package wants it; whether anything had to be done."""
    kept = CACHE / "jobs" / f"pyflink-dependencies-{stamp()[:16]}.jar"
    if kept.is_file() and JAR.is_file() and filecmp.cmp(kept, JAR, shallow=False):
        return False
    kept.parent.mkdir(parents=True, exist_ok=True)
    with (kept.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another checkout may be making the same
        if not kept.is_file():
            make(kept)
    JAR.parent.mkdir(exist_ok=True)
    fresh = JAR.with_suffix(f".{os.getpid()}")
    shutil.copyfile(kept, fresh)
    fresh.replace(JAR)
    return True


def make(target: Path) -> None:
    """Run Maven on a copy of the sources, so that nothing of it stays in the checkout."""
    maven = ensure_maven()
    say("building jobs/agg/lib/pyflink-dependencies.jar")
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        shutil.copy(JOB / "pom.xml", place)
        shutil.copytree(JOB / "src", Path(place) / "src")
        done = subprocess.run(
            [maven, "--batch-mode", "--no-transfer-progress", "package"],
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1800,
            check=False,
        )
        if done.returncode != 0:
            tail = "\n".join(done.stdout.strip().splitlines()[-LOG_LINES:])
            raise BuildError(f"`mvn package` ended with {done.returncode}:\n{tail}")
        (Path(place) / "target" / JAR.name).replace(target)


def ensure_maven() -> str:
    """Maven on PATH; installed when this is root on Debian, else the line to run."""
    if found := shutil.which("mvn"):
        return found
    line = f"apt-get install {' '.join(PACKAGES)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise BuildError(f"Maven is not on PATH; run: sudo {line}")
    say("installing maven")
    for command in (
        ["update", "-q"],
        ["install", "-q", "-y", "--no-install-recommends", *PACKAGES],
    ):
        done = subprocess.run(["apt-get", *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BuildError(f"`apt-get {command[0]}` failed; run: {line}\n{done.stderr.strip()}")
    found = shutil.which("mvn")
    if found is None:
        raise BuildError(f"Maven is not on PATH after: {line}")
    return found


def say(message: str) -> None:
    """A progress line on stderr."""
    sys.stderr.write(f"jobs: {message}\n")
    sys.stderr.flush()


def main() -> int:
    """Build what is missing; quick when nothing is."""
    try:
        ensure_jar()
    except (BuildError, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"error: {error}\nhint: mend it and run: make jobs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
