"""Check the Flink job's zip as Managed Flink would find it: `python -m tools.lint_job_zip`.

Looks at the package that videoctl uploads, the run options that the stack sets, the properties the
job knows, and whether Flink, Python and connector go together.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jobs.agg import properties
from tools import bootstrap
from videoctl.provisioning.artifacts import FLINK_CODE, JOBS, pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
RUNTIME: Final = "FLINK-1_20"
JAR: Final = "lib/pyflink-dependencies.jar"
MANIFEST: Final = "META-INF/MANIFEST.MF"
PERMITTED_RUN_OPTIONS: Final = frozenset({"python", "jarfile", "pyFiles", "pyArchives"})
"""Managed Flink developer guide, creating a Python application."""

PERMITTED_SETTINGS: Final = (
    "pipeline.",
    "execution.runtime-mode",
    "python.execution-mode",
    "python.operator-chaining.enabled",
    "table.exec.",
    "table.optimizer.",
)
"""What code may set of Flink's own configuration (developer guide, programmatic configuration)."""

_FLINK_SETTING: Final = re.compile(
    r"(akka|blob|client|execution|fs|heartbeat|high-availability|io|jobmanager|metrics|pekko"
    r"|pipeline|python|rest|restart-strategy|security|slot|state|table|taskmanager|web"
    r")(\.[a-z0-9-]+)+"
)


@dataclass(frozen=True, slots=True)
class Versions:
    """What has to go together.

    Attributes:
        flink: Flink minor version of the runtime.
        python: of the runtime's workers and driver.
        connector: of the Kinesis connector that was built for it, or is known to run on it.
        java: newest class files the runtime's Java reads.

    """

    flink: str
    python: str
    connector: str
    java: int


MATRIX: Final[Mapping[str, Versions]] = {RUNTIME: Versions("1.20", "3.11", "4.3.0-1.19", 11)}
"""Runtime to versions (developer guide, Python applications; the connector as tried here)."""


def zip_faults(package: bytes, run_options: Mapping[str, str]) -> Iterator[str]:
    """What the service would stumble over in the zip."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        names = set(archive.namelist())
        for option in sorted(set(run_options) - PERMITTED_RUN_OPTIONS):
            yield f"run option {option} is not supported by the service"
        if "python" not in run_options:
            yield "run option python is missing: the application would not start"
        for option, value in sorted(run_options.items()):
            yield from (
                f"run option {option} names {path}, which is not in the zip"
                for path in value.split(",")
                if path not in names
            )
        jars = sorted(name for name in names if name.endswith(".jar"))
        if jars != [JAR]:
            yield f"the zip must hold one jar, {JAR}; it holds: {', '.join(jars) or 'none'}"
        modules = {name for name in names if name.endswith(".py")}
        unnamed = modules - set(",".join(run_options.values()).split(","))
        yield from (f"{name} is in the zip and in no run option" for name in sorted(unnamed))
        yield from (f"{name} is no part of a package" for name in sorted(names - modules - {JAR}))
        for name in sorted(modules):
            yield from setting_faults(name, archive.read(name).decode())


def setting_faults(name: str, source: str) -> Iterator[str]:
    """Flink settings that code of the zip names and must not set."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            key = node.value
            if _FLINK_SETTING.fullmatch(key) and not key.startswith(PERMITTED_SETTINGS):
                yield f"{name}:{node.lineno}: {key} is not among the settings that code may change"


def property_faults(
    given: frozenset[str], known: frozenset[str], accepted: frozenset[str]
) -> Iterator[str]:
    """Property keys that the stack sets and the job does not know."""
    for key in sorted(given - known - accepted):
        yield f"property {key} is set by the stack, and the job does not know it"


def manifest(package: bytes) -> dict[str, str]:
    """The main attributes of the jar in the zip."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        jar = io.BytesIO(archive.read(JAR))
    with zipfile.ZipFile(jar) as archive:
        lines = archive.read(MANIFEST).decode().splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def version_faults(
    runtime: str, jar: Mapping[str, str], apache_flink: str, python: str
) -> Iterator[str]:
    """Where Flink, Python, Java and connector do not go together.

    Args:
        runtime: RuntimeEnvironment of the application.
        jar: the jar's manifest.
        apache_flink: the version that the Flink environment pins.
        python: the version of that environment's Python.

    """
    known = MATRIX.get(runtime)
    if known is None:
        yield f"runtime {runtime} is unknown here; known: {', '.join(MATRIX)}"
        return
    flink = jar.get("Flink-Version", "none")
    for what, found, wanted in (
        ("the jar is compiled for Flink", ".".join(flink.split(".")[:2]), known.flink),
        ("the environment pins apache-flink", ".".join(apache_flink.split(".")[:2]), known.flink),
        ("the environment's Python is", python, known.python),
        ("the connector is", jar.get("Kinesis-Connector-Version", "none"), known.connector),
    ):
        if found != wanted:
            yield f"{what} {found}; {runtime} wants {wanted}"
    if int(jar.get("Java-Release", "99")) > known.java:
        yield f"the jar is for Java {jar.get('Java-Release')}; {runtime} has {known.java}"


def run_options() -> dict[str, str]:
    """What the stack sets, read rather than imported: the stack's SDK takes a while to load."""
    source = ast.parse((ROOT / "stacks" / "modules" / "kda.py").read_text())
    for node in source.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "RUN_OPTIONS":
            assert node.value is not None
            found: dict[str, str] = ast.literal_eval(node.value)
            return found
    raise LookupError("stacks/modules/kda.py has no RUN_OPTIONS")


def all_faults() -> list[str]:
    """Everything wrong with this checkout's package."""
    job = JOBS[FLINK_CODE]
    target = io.BytesIO()
    pack(ROOT / "jobs" / job.directory, target, job.left_out)
    package = target.getvalue()
    pins = (ROOT / "requirements" / "flink.in").read_text()
    apache_flink = re.search(r"^apache-flink==([\d.]+)", pins, re.MULTILINE)
    faults = list(zip_faults(package, run_options()))
    stack = (ROOT / "stacks" / "components" / "session_aggregation.py").read_text()
    given = frozenset(re.findall(r'^\s+"([a-z]+(?:\.[a-z]+)+)":', stack, re.MULTILINE))
    faults += property_faults(given, properties.KEYS, properties.ACCEPTED_KEYS)
    if not any(JAR in fault for fault in faults):
        pinned = apache_flink[1] if apache_flink else "none"
        faults += version_faults(RUNTIME, manifest(package), pinned, bootstrap.FLINK_PYTHON)
    return faults


def main() -> int:
    """Print every fault; 0 when there is none."""
    faults = all_faults()
    for fault in faults:
        sys.stderr.write(f"error: {fault}\n")
    if faults:
        sys.stderr.write("hint: the package is jobs/agg; build it with: make jobs\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
