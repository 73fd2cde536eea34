"""`env create` asked to stop: Ctrl-C once and twice, and what a script left in the background."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

import pytest

from tests.end_to_end.conftest import Place, has_made, is_at_step, is_making, read_until

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.timeout(900)]

NAME = "datamart"
CREATE = ("env", "create", NAME, "--yes", "--skip-canary")
INTERRUPTED = 130


@pytest.fixture(scope="module")
def place(place_without_flink: Place) -> Place:
    """Flink has no part in this."""
    return place_without_flink


def is_stopping(event: dict[str, Any]) -> bool:
    """The event that says that the engine was asked to stop."""
    return str(event.get("message")).startswith("stopping")


def ended(process: subprocess.Popen[str]) -> str:
    """Wait for a run that was asked to stop; what it said last. It ends with 130."""
    out, talk = process.communicate(timeout=120)
    assert process.returncode == INTERRUPTED, out + talk
    return out + talk


def outcomes(place: Place) -> list[str | None]:
    """How the environment's runs ended, the latest first."""
    runs = place("history", "--env", NAME, "-o", "json").document["runs"]
    return [run["outcome"] for run in runs]


def test_ctrl_c_twice_ends_at_once(place: Place) -> None:
    """The second Ctrl-C does not wait for a call that hangs, and says what it left."""
    with place.hanging("kinesis", "CreateStream"):
        process = place.start(*CREATE, "-o", "ndjson")
        read_until(process, is_making("raw-stream"))
        process.send_signal(signal.SIGINT)
        read_until(process, is_stopping)
        process.send_signal(signal.SIGINT)
        said = ended(process)
    assert "at once" in said
    assert "run the same command again" in said
    assert outcomes(place) == ["interrupted"]


def test_ctrl_c_once_finishes_what_began(place: Place) -> None:
    """The first Ctrl-C leaves nothing half made: no pending operation, no lock of the engine."""
    with place.slowed("ecs", "CreateService", seconds=20):
        process = place.start(*CREATE, "-o", "ndjson")
        read_until(process, has_made(1))
        process.send_signal(signal.SIGINT)
        ended(process)
    file = place.home / "stacks" / ".pulumi" / "stacks" / "videoctl" / f"{NAME}.json"
    assert not json.loads(file.read_text())["checkpoint"]["latest"].get("pending_operations")
    assert outcomes(place)[0] == "interrupted"
    assert place("lock", "show", "--env", NAME, "-o", "json").document["held"] is False


def test_what_a_script_left_running_hears_sigterm_alone(place: Place) -> None:
    """Started with Ctrl-C ignored it goes on through one, and SIGTERM stops it in order."""
    with place.slowed("ecs", "UpdateService", seconds=20):
        process = place.start(*CREATE, "-o", "ndjson", hears_ctrl_c=False)
        read_until(process, is_at_step("update-stack"))
        process.send_signal(signal.SIGINT)
        read_until(process, is_at_step("set-desired-count:us-east-1"))
        process.send_signal(signal.SIGTERM)
        ended(process)
    assert outcomes(place)[0] == "interrupted"


def test_the_same_command_completes_what_was_stopped(place: Place) -> None:
    """After any number of stops the same command ends done, and history says so of each."""
    again = place(*CREATE, "-o", "json", timeout=600)
    assert again.code == 0, again.stdout + again.stderr
    last, *stopped = place("history", "--env", NAME, "-o", "json").document["runs"]
    assert last["outcome"] == "done"
    assert stopped
    assert {run["completed_by"] for run in stopped} == {last["run_id"]}
