"""kill -9 in the middle of `env create`, then the same command again."""

from __future__ import annotations

import contextlib
import subprocess

import psutil
import pytest

from tests.end_to_end.conftest import Place, is_at_step, is_making, read_until
from tests.end_to_end.counting import counted_in_aws, counted_in_state
from tests.sandbox.services.real import eventually

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.timeout(900)]

NAME = "loadtest"
CREATE = ("env", "create", NAME, "--yes", "--skip-canary")


@pytest.fixture(scope="module")
def place(place_without_flink: Place) -> Place:
    """Flink has no part in this."""
    return place_without_flink


def kill_videoctl(process: subprocess.Popen[str]) -> None:
    """Kill -9 of videoctl alone: its engine is left behind and finishes what it began."""
    process.kill()
    process.communicate()


def kill_everything(process: subprocess.Popen[str]) -> None:
    """Kill -9 of all that runs for it, as when the machine is lost."""
    videoctl = psutil.Process(process.pid)
    for one in (videoctl, *videoctl.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.communicate()


def kill_while_the_engine_is_at_it(place: Place) -> None:
    """Kill videoctl while calls are under way that its engine then waits for."""
    with (
        place.slowed("kinesis", "CreateStream", seconds=20),
        place.slowed("ec2", "CreateVpc", seconds=20),
    ):
        process = place.start(*CREATE, "-o", "ndjson")
        read_until(process, is_making("raw-stream"))
        kill_videoctl(process)


def kill_between_made_and_recorded(place: Place) -> None:
    """Kill everything once AWS has made what nobody has been told of."""
    with place.hanging("elbv2", "CreateLoadBalancer"):
        process = place.start(*CREATE, "-o", "ndjson")
        read_until(process, is_making("balancer"))
        eventually(lambda: counted_in_aws(place, NAME)["aws:lb/loadBalancer:LoadBalancer"], 120)
        kill_everything(process)


def kill_after_the_update(place: Place) -> None:
    """Kill everything in the step that starts what the update has built."""
    with place.hanging("ecs", "UpdateService"):
        process = place.start(*CREATE, "-o", "ndjson")
        read_until(process, is_at_step("set-desired-count:us-east-1"))
        kill_everything(process)


def test_killed_anywhere_the_same_command_completes_it(place: Place) -> None:
    """After kill -9 at three moments the same command ends done, nothing twice or orphaned."""
    kill_while_the_engine_is_at_it(place)
    kill_between_made_and_recorded(place)
    kill_after_the_update(place)
    again = place(*CREATE, "-o", "json", timeout=600)
    assert again.code == 0, again.stdout + again.stderr
    in_state = counted_in_state(place, NAME)
    assert in_state == counted_in_aws(place, NAME)
    assert in_state["aws:s3/bucket:Bucket"] == 5
    last, *killed = place("history", "--env", NAME, "-o", "json").document["runs"]
    assert (last["outcome"], last["completed_by"]) == ("done", None)
    assert len(killed) == 3
    assert {(run["outcome"], run["completed_by"]) for run in killed} == {
        ("interrupted", last["run_id"])
    }
    told = place("history", "--env", NAME).stdout
    for run in killed:
        assert f"{run['run_id']} was completed by {last['run_id']}" in told
