"""Commands with a deadline and a voice."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from videoctl.provisioning import limited
from videoctl.provisioning.limited import Failure, run_limited
from videoctl.provisioning.run_record import mark


def run(script: str, *, timeout_seconds: float = 20) -> tuple[Failure | None, list[str]]:
    """Run a Python script; how it failed, and what it said."""
    lines: list[str] = []
    failed = run_limited(
        [sys.executable, "-c", script],
        environ=os.environ,
        timeout_seconds=timeout_seconds,
        progress=lines.append,
    )
    return failed, lines


def test_its_lines_are_progress() -> None:
    """Both streams, without empty lines."""
    failed, lines = run("import sys; print('one\\n'); print('two', file=sys.stderr)")
    assert failed is None
    assert sorted(lines) == ["one", "two"]


def test_the_last_line_is_why_it_failed() -> None:
    """That is where commands put the reason."""
    failed, _ = run("import sys; print('first'); sys.exit('the reason')")
    assert failed == Failure("the reason")
    assert run("raise SystemExit(3)")[0] == Failure("exit 3, nothing said")


def test_the_deadline_ends_it_with_everything_it_started(tmp_path: Path) -> None:
    """A grandchild does not live on."""
    file = tmp_path / "pid"
    script = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"open({str(file)!r}, 'w').write(str(p.pid)); time.sleep(60)"
    )
    failed, _ = run(script, timeout_seconds=1.5)
    assert failed is not None
    assert failed.timed_out
    grandchild = int(file.read_text())
    limit = time.monotonic() + 5
    while mark(grandchild).is_alive:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_silence_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of minutes shows that it goes on."""
    monkeypatch.setattr(limited, "HEARTBEAT_SECONDS", 0.1)
    _, lines = run("import time; time.sleep(0.5)")
    assert lines[0].startswith("still at it after")


def test_what_cannot_be_run_is_a_failure(tmp_path: Path) -> None:
    """Not an exception."""
    failed = run_limited(
        [str(tmp_path / "absent")], environ={}, timeout_seconds=1, progress=lambda _: None
    )
    assert failed is not None
    assert "cannot be run" in failed.last_line
