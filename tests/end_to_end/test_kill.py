"""kill -9 in the middle of `env create`, then the same command again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.conftest import Place
from tests.end_to_end.counting import counted_in_aws, counted_in_state

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.timeout(900)]

NAME = "loadtest"
CREATE = ("env", "create", NAME, "--yes", "--skip-canary")


def events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """The NDJSON events of a run, as they come."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def kill_after(place: Place, resources: int) -> None:
    """Start a create and kill it, without warning, once so many resources are done."""
    process = place.start(*CREATE, "-o", "ndjson")
    for event in events(process):
        if event.get("detail", {}).get("done", 0) >= resources:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_killed_anywhere_the_same_command_completes_it(place: Place) -> None:
    """After kill -9 at three moments the same command ends done, nothing twice or orphaned."""
    for resources in (1, 45, 100):
        kill_after(place, resources)
    again = place(*CREATE, "-o", "json", timeout=600)
    assert again.code == 0, again.stdout + again.stderr
    in_state = counted_in_state(place, NAME)
    assert in_state == counted_in_aws(place, NAME)
    assert in_state["aws:s3/bucket:Bucket"] == 5
    runs = place("history", "--env", NAME, "-o", "json").document["runs"]
    assert runs[0]["outcome"] == "done"
    assert [run["outcome"] for run in runs].count(None) >= 2
