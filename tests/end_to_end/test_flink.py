"""`videoctl flink` on an application that runs a real job: killed, gone on with, nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.end_to_end.conftest import Place
from tests.sandbox.flink.counting import Counting
from tests.sandbox.services.real import eventually

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.engine,
    pytest.mark.flink,
    pytest.mark.timeout(1200),
]

REGION = "us-east-1"
STREAM = "video-dev-raw"
WHERE = ("--env", "dev", "--region", REGION)
SECONDS = 600.0


class Endpoint:
    """Where the place's sandbox listens, as the counting application wants it."""

    def __init__(self, place: Place) -> None:
        self.url = str(place("sandbox", "status", "-o", "json").document["endpoint_url"])

    def client(self, service: str) -> Any:
        """A boto3 client that talks to it."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )


@pytest.fixture(scope="module")
def counting(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counting]:
    """The Flink application of `dev` with a job that counts, READY, and a raw stream of a shard."""
    assert place("sandbox", "up").code == 0
    endpoint = Endpoint(place)
    endpoint.client("kinesis").create_stream(StreamName=STREAM, ShardCount=1)
    directory = tmp_path_factory.mktemp("counted")
    found = Counting(endpoint, directory, "video-dev-agg")  # type: ignore[arg-type]
    found.create()
    yield found
    place("sandbox", "down")


def application(place: Place) -> dict[str, Any]:
    """The application as `flink status` tells it."""
    (found,) = place("flink", "status", *WHERE, "-o", "json").document["applications"]
    return dict(found)


def killed(place: Place, step: str, *words: str) -> None:
    """Run a command, and kill it while it is at a step."""
    with place.start("flink", *words, *WHERE, "--yes", "-o", "ndjson") as run:
        assert run.stdout is not None
        events = map(json.loads, run.stdout)
        assert any(
            event["code"] == "step-started" and str(event.get("step")).startswith(step)
            for event in events
        ), f"{step} was never begun"
        os.killpg(run.pid, signal.SIGKILL)


def gone_on_with(place: Place, *words: str) -> dict[str, Any]:
    """The same command again, to its end; the steps by status."""
    ran = place("flink", *words, *WHERE, "--yes", "-o", "json", timeout=SECONDS)
    assert ran.code == 0, ran.stdout
    assert ran.document["outcome"] == "done"
    return {step["name"].partition(":")[0]: step["status"] for step in ran.document["steps"]}


def test_an_application_that_was_never_started(place: Place, counting: Counting) -> None:
    """Nothing is known of its timeouts, there is nothing to save, and a restart starts it."""
    found = application(place)
    assert (found["application_status"], found["healthy"]) == ("READY", False)
    assert {one["effective_ms"] for one in found["timeouts"]} == {None}
    refused = place("flink", "snapshot", *WHERE, "--yes", "-o", "json")
    assert (refused.code, refused.document["code"]) == (3, "refused")
    assert place("flink", "timeouts", *WHERE, "--exit-code").code == 7
    gone_on_with(place, "restart")
    found = application(place)
    assert (found["application_status"], found["healthy"]) == ("RUNNING", True), found["reasons"]
    assert found["job"]["records_read"] > 0


def test_timeouts_are_the_job_managers_own(place: Place, counting: Counting) -> None:
    """Flink's defaults are not what production needs, and that is told as durations."""
    document = place("flink", "timeouts", *WHERE, "-o", "json").document
    (found,) = document["applications"]
    assert [(one["key"], one["effective_ms"], one["in_force"]) for one in found["timeouts"]] == [
        ("heartbeat.timeout", 50_000, False),
        ("pekko.ask.timeout", 10_000, False),
    ]


def test_a_dry_run_changes_nothing(place: Place, counting: Counting) -> None:
    """The steps are shown; no operation is added."""
    before = application(place)["operations"]
    plan = place("flink", "restart", *WHERE, "--dry-run", "-o", "json").document
    assert [step["status"] for step in plan["steps"]] == ["notStarted"] * 4
    assert application(place)["operations"] == before


def test_nobody_is_restarted_unasked(place: Place, counting: Counting) -> None:
    """Without a terminal and without --yes: usage, naming the flag."""
    ran = place("flink", "restart", *WHERE, "-o", "json")
    assert (ran.code, ran.document["code"]) == (2, "confirmation-missing")


def test_a_restart_that_is_killed_again_and_again_is_finished_by_the_same_command(
    place: Place, counting: Counting
) -> None:
    """One snapshot of its own, one stop, one start, however often it was cut off."""
    before = Counter(one["Operation"] for one in _operations(counting))
    named = _own_snapshots(counting)
    for step in ("take-snapshot", "stop-application", "restart-application"):
        killed(place, step, "restart")
    gone_on_with(place, "restart")
    added = Counter(one["Operation"] for one in _operations(counting)) - before
    assert (added["StopApplication"], added["StartApplication"]) == (1, 1)
    assert len(_own_snapshots(counting) - named) == 1
    assert application(place)["healthy"] is True


def test_refused_and_throttled_calls_end_with_one_error_and_the_restart_can_be_repeated(
    place: Place, counting: Counting
) -> None:
    """Refused is 6 with the IAM action, throttled for good is 1; what they left, a restart mends.

    A few throttled calls are made again, and not told.
    """
    before = Counter(one["Operation"] for one in _operations(counting))
    with fault(place, "deny", "CreateApplicationSnapshot"):
        assert failed(place, 6, "CreateApplicationSnapshot")["application_status"] == "RUNNING"
    with fault(place, "deny", "StopApplication"):
        assert failed(place, 6, "StopApplication")["application_status"] == "RUNNING"
    with (
        fault(place, "throttle", "CreateApplicationSnapshot", "--times", "2"),
        fault(place, "throttle", "StopApplication", "--times", "2"),
        fault(place, "deny", "StartApplication"),
    ):
        assert failed(place, 6, "StartApplication")["application_status"] == "READY"
    with fault(place, "throttle", "StartApplication"):
        assert failed(place, 1, "StartApplication")["application_status"] == "READY"
    with fault(place, "throttle", "StartApplication", "--times", "2"):
        gone_on_with(place, "restart")
    added = Counter(one["Operation"] for one in _operations(counting)) - before
    assert (added["StopApplication"], added["StartApplication"]) == (1, 1)
    assert application(place)["healthy"] is True


@contextlib.contextmanager
def fault(place: Place, kind: str, operation: str, *more: str) -> Iterator[None]:
    """While inside, calls of that operation fail; all faults are over afterwards."""
    where = ("--service", "kinesisanalyticsv2", "--operation", operation, *more)
    assert place("sandbox", "fault", "add", kind, *where, "-o", "json").code == 0
    try:
        yield
    finally:
        assert place("sandbox", "fault", "clear", "-o", "json").code == 0


def failed(place: Place, code: int, operation: str) -> dict[str, Any]:
    """A restart that ends with this code for that operation; the application it leaves."""
    ran = place("flink", "restart", *WHERE, "--yes", "-o", "json", timeout=SECONDS)
    assert ran.code == code, ran.stdout
    assert f"kinesisanalyticsv2:{operation} in {REGION}" in ran.document["error"]["message"]
    action = f"kinesisanalytics:{operation}"
    assert code == 1 or action in ran.document["error"]["hint"], ran.document["error"]
    assert ran.document["error"]["hint"]
    assert f"videoctl flink restart --env dev --region {REGION}" in ran.document["next"]
    assert "Traceback" not in ran.stdout + ran.stderr
    (left,) = (one for one in ran.document["end_state"]["applications"] if one["region"] == REGION)
    return dict(left)


def test_a_killed_reshard_is_finished_by_the_same_command(place: Place, counting: Counting) -> None:
    """Shards and parallelism are as asked, each changed once, with the job at rest meanwhile.

    The job goes on where it rested: its two tasks share what was left to count in halves.
    """
    killed(place, "update-shard-count", "reshard", "--shards", "2")
    rested = len(counting.counted())
    gone_on_with(place, "reshard", "--shards", "2")
    found = application(place)
    assert (found["open_shards"], found["configured_parallelism"]) == (2, 2)
    left = int(counting.settings["last"]) - rested
    halves = {rested + left // 2 + 1, rested + (left + 1) // 2 + 1}
    eventually(
        lambda: rested + 1 in counting.counted() and halves & set(counting.counted()), SECONDS
    )
    assert min(number for number in counting.counted() if number > rested + left // 4) in halves
    assert gone_on_with(place, "reshard", "--shards", "2") == {}
    refused = place("flink", "reshard", *WHERE, "--shards", "9", "--yes", "-o", "json")
    assert refused.code == 3
    assert "--shards 4" in refused.document["hint"]


def test_nothing_was_lost_over_all_of_it(place: Place, counting: Counting) -> None:
    """The job counts: its files hold every number once, of the two tasks' halves without a gap."""
    counting.stop()
    counting.assert_exact(tasks=2)


def test_a_start_that_fails_says_why(place: Place, counting: Counting) -> None:
    """The run ends failed with the service's words, the state it left and what to type next."""
    counting.update(
        ApplicationConfigurationUpdate={
            "EnvironmentPropertyUpdates": {
                "PropertyGroups": counting.groups(**{"fail.with": "no such luck"})
            }
        }
    )
    ran = place("flink", "restart", *WHERE, "--yes", "-o", "json", timeout=SECONDS)
    assert ran.code == 1
    assert "StartApplication failed" in ran.document["error"]["message"]
    (left,) = (one for one in ran.document["end_state"]["applications"] if one["region"] == REGION)
    assert left["application_status"] == "READY"
    assert f"videoctl flink restart --env dev --region {REGION}" in ran.document["next"]
    counting.update(
        ApplicationConfigurationUpdate={
            "EnvironmentPropertyUpdates": {"PropertyGroups": counting.groups()}
        }
    )
    assert gone_on_with(place, "restart")["restart-application"] == "completed"


def _operations(counting: Counting) -> list[dict[str, Any]]:
    answer = counting.client.list_application_operations(ApplicationName=counting.name)
    return list(answer["ApplicationOperationInfoList"])


def _own_snapshots(counting: Counting) -> set[str]:
    answer = counting.client.list_application_snapshots(ApplicationName=counting.name)
    names = {one["SnapshotName"] for one in answer["SnapshotSummaries"]}
    return {name for name in names if name.startswith("videoctl-")}
