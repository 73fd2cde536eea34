"""What this machine or the target lacks, each with its cure: probes that change nothing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from videoctl.errors import VideoctlError
from videoctl.planning.plan import Check, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from videoctl.context import Context

MINIMUM_PYTHON: Final = (3, 11)
MINIMUM_FREE_GIB: Final = 2
GIB: Final = 2**30
SANDBOX_PACKAGES: Final = ("ministack", "uvicorn", "starlette", "duckdb")
CLOCK_TOLERANCE_SECONDS: Final = 60.0
"""Signed requests are refused when the clock is off by five minutes; this warns well before."""


def examine(context: Context) -> tuple[Check, ...]:
    """Every check; none stops the others."""
    return tuple(_checks(context))


def _checks(context: Context) -> Iterator[Check]:
    yield _python()
    yield _home(context.settings.home)
    yield _disk(context.settings.home)
    yield _terminal()
    yield _engine(context)
    yield _packages(context)
    yield from _target(context)


def _check(name: str, seen: str, limit: str, verdict: Verdict, cure: str | None = None) -> Check:
    return Check(check=name, seen=seen, limit=limit, verdict=verdict, cure=cure)


def _python() -> Check:
    seen = ".".join(map(str, sys.version_info[:3]))
    fits = sys.version_info >= MINIMUM_PYTHON
    verdict = Verdict.PASS if fits else Verdict.FAIL
    return _check("python", seen, "3.11 or newer", verdict, None if fits else "install Python 3.11")


def _home(home: Path) -> Check:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        seen = f"{home}: {error.strerror}"
        return _check("home", seen, "writable", Verdict.FAIL, "set VIDEOCTL_HOME to a directory")
    return _check("home", str(home), "writable", Verdict.PASS)


def _disk(home: Path) -> Check:
    place = next(path for path in (home, *home.parents) if path.exists())
    free_gib = shutil.disk_usage(place).free / GIB
    fits = free_gib >= MINIMUM_FREE_GIB
    return _check(
        "disk",
        f"{free_gib:.1f} GiB free",
        f"{MINIMUM_FREE_GIB} GiB",
        Verdict.PASS if fits else Verdict.WARN,
        None if fits else "free some, or set VIDEOCTL_HOME to a larger disk",
    )


def _terminal() -> Check:
    if not sys.stdout.isatty():
        return _check("terminal", "stdout is no terminal", "any", Verdict.NOT_APPLICABLE)
    columns, rows = shutil.get_terminal_size()
    fits = (columns, rows) >= (80, 24) and os.environ.get("TERM") != "dumb"
    return _check(
        "terminal",
        f"{columns}x{rows}, TERM={os.environ.get('TERM', '')}",
        "80x24",
        Verdict.PASS if fits else Verdict.WARN,
        None if fits else "enlarge the window; plain lines are used meanwhile",
    )


def _engine(context: Context) -> Check:
    from videoctl.provisioning.engine import Engine, find_engine, version_text  # noqa: PLC0415

    found = find_engine(context.engine_environment())
    if isinstance(found, Engine):
        seen = f"{version_text(found.version)} at {found.executable}"
        return _check("engine", seen, "v3.250.0 or newer", Verdict.PASS)
    why = "; ".join(f"{attempt.way}: {attempt.reason}" for attempt in found)
    return _check("engine", why, "v3.250.0 or newer", Verdict.FAIL, "videoctl engine install")


def _packages(context: Context) -> Check:
    """What runs inside the platform, of which the Flink job's jar is built and not written."""
    missing = context.artifacts.missing
    return _check(
        "job-packages",
        "; ".join(missing.values()) if missing else "complete",
        "complete",
        Verdict.FAIL if missing else Verdict.PASS,
        "make jobs" if missing else None,
    )


def _target(context: Context) -> Iterator[Check]:
    name = context.settings.target_name
    if context.settings.target.ensure_command is not None:
        missing = [package for package in SANDBOX_PACKAGES if find_spec(package) is None]
        yield _check(
            "local-target-packages",
            f"missing: {', '.join(missing)}" if missing else "installed",
            "installed",
            Verdict.FAIL if missing else Verdict.PASS,
            "pip install 'videoctl[sandbox]'" if missing else None,
        )
        if missing:
            return
    try:
        caller = context.caller()
    except VideoctlError as error:
        yield _check(f"target:{name}", error.message, "reachable", Verdict.FAIL, error.hint)
        return
    for part in context.target.parts:
        yield _check(
            f"local-{part.part}",
            part.seen,
            "installed",
            Verdict.FAIL if part.cure else Verdict.PASS,
            part.cure,
        )
    wanted = context.target.account_id
    yield _check(
        f"target:{name}",
        f"account {caller.account_id}",
        f"account {wanted}",
        Verdict.PASS if caller.account_id == wanted else Verdict.FAIL,
        None if caller.account_id == wanted else "use the target's profile, or correct account_id",
    )
    skew_seconds = caller.clock_skew_seconds
    if skew_seconds is None:
        yield _check("clock", "the target gave no date", "within 60 s", Verdict.UNKNOWN)
        return
    fits = abs(skew_seconds) <= CLOCK_TOLERANCE_SECONDS
    yield _check(
        "clock",
        f"{skew_seconds:+.0f} s against the target",
        "within 60 s",
        Verdict.PASS if fits else Verdict.FAIL,
        None if fits else "set the clock: signed requests are refused beyond five minutes",
    )
