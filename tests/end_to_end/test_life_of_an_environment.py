"""An environment from create to destroy, as a person types it, its Flink job running."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.conftest import Ran, validate
from tests.end_to_end.conftest import Place, is_at_step, read_until
from tests.end_to_end.counting import client
from tests.jobs.bad_bodies import bad_bodies
from tests.jobs.reading import read_stream

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.engine,
    pytest.mark.flink,
    pytest.mark.timeout(1200),
]

NAME = "slowprod"
CREATE = ("env", "create", NAME, "--yes")
SECONDS = 900.0
EVENTS = 3000
FIRE = (
    *("loadtest", "generate", "--to", NAME, "--events", str(EVENTS)),
    *("--run", "life", "--once", "--sessions"),
)
HOPS = [
    ("front-door", True),
    ("raw-stream", True),
    ("raw-bucket", True),
    ("flink", True),
    ("session-stream", True),
    ("session-bucket", True),
    ("session-store", True),
]


@pytest.fixture(scope="module")
def created(place: Place) -> Ran:
    """The create that ends done, with its JSON result; one before it was killed at Flink's start.

    The cluster takes longer to start than the killed run's successor takes to look at it.
    """
    with place.start(*CREATE, "-o", "ndjson") as killed:
        read_until(killed, is_at_step("start-application:us-east-1"))
        os.killpg(killed.pid, signal.SIGKILL)
    return place(*CREATE, "-o", "json", timeout=SECONDS)


def test_create_builds_everything_and_proves_it_with_a_canary(created: Ran) -> None:
    """Create ends done, and a canary was seen from the front door to the session store."""
    assert created.code == 0, created.stderr
    document = created.document
    assert document["outcome"] == "done"
    assert [(hop["hop"], hop["seen"]) for hop in document["end_state"]["canary"]] == HOPS
    assert document["end_state"]["state"] == "ready-except-ticket"


def test_a_create_killed_while_flink_starts_does_not_start_it_twice(
    place: Place, created: Ran
) -> None:
    """The same command completes the killed run; the service was asked once."""
    assert created.code == 0
    last, killed = place("history", "--env", NAME, "-o", "json").document["runs"]
    assert (last["outcome"], killed["completed_by"]) == ("done", last["run_id"])
    operations = client(place, "kinesisanalyticsv2").list_application_operations(
        ApplicationName=f"video-{NAME}-agg"
    )["ApplicationOperationInfoList"]
    assert [one["Operation"] for one in operations].count("StartApplication") == 1


def test_every_hop_is_alive(place: Place, created: Ran) -> None:
    """Right after create, status sees each hop up, Flink among them, and nothing to mend.

    That the job was started since is no drift.
    """
    assert created.code == 0
    drift = place("env", "drift", NAME, "-o", "json")
    assert (drift.code, drift.document["differences"]) == (0, [])
    status = place("env", "status", NAME, "-o", "json").document
    assert {hop["hop"]: hop["state"] for hop in status["hops"] if hop["state"] != "up"} == {}
    assert "flink" in {hop["hop"] for hop in status["hops"]}
    assert len(status["open_items"]) == 1
    assert "ticket" in status["open_items"][0]


def test_a_second_create_changes_nothing(place: Place, created: Ran) -> None:
    """Every step holds already: nothing is called that writes."""
    assert created.code == 0
    again = place(*CREATE, "-o", "json")
    assert again.code == 0
    assert {step["status"] for step in again.document["steps"]} == {"skipped"}


def test_looking_gives_valid_documents(place: Place, created: Ran) -> None:
    """Status, show, list, plan, check, history and lock are valid JSON, and say what is true."""
    assert created.code == 0
    status = place("env", "status", NAME, "-o", "json", "--wait", "ready").document
    assert status["state"] == "ready-except-ticket"
    assert status["ticket"]["state"] == "none"
    shown = place("env", "show", NAME, "-o", "json").document
    assert shown["front_door"].endswith("/v1/events")
    listed = place("env", "list", "-o", "json").document["environments"]
    states = {item["name"]: item["state"] for item in listed}
    assert states[NAME] == "ready-except-ticket"
    assert states["dev"] == "absent"
    plan = place("env", "plan", NAME, "--exit-code", "-o", "json")
    assert plan.code == 0
    assert plan.document["resource_changes"]["create"] == 0
    check = place("env", "check", NAME, "-o", "json")
    assert check.code == 0, check.stdout
    validate(check.document)
    runs = place("history", "-o", "json").document["runs"]
    assert [run["outcome"] for run in runs] == ["done", "done", "interrupted"]
    lock = place("lock", "show", "--env", NAME, "-o", "json").document
    assert lock["held"] is False


def test_a_canary_is_sent_again_and_counted_nowhere(place: Place, created: Ran) -> None:
    """`env check --canary` shows every hop; no object of players' data holds a canary."""
    assert created.code == 0
    check = place("env", "check", NAME, "--canary", "-o", "json")
    assert check.code == 0, check.stdout
    flight = check.document["canary"]
    assert flight["complete"] is True
    assert [(hop["hop"], hop["seen"]) for hop in flight["hops"]] == HOPS
    s3 = client(place, "s3")
    buckets = place("env", "show", NAME, "-o", "json").document["regions"][0]["buckets"]
    for kind in ("raw", "session", "late"):
        listed = s3.list_objects_v2(Bucket=buckets[kind]).get("Contents", [])
        kinds = {item["Key"].partition("/")[0] for item in listed}
        assert kinds <= {"canary", "ticks"}, kind


@pytest.fixture(scope="module")
def firing(place: Place, created: Ran) -> subprocess.Popen[str]:
    """Viewers fired at it, to be counted once their minute is closed; other tests go on."""
    assert created.code == 0
    return place.start(*FIRE, "-o", "json")


def test_bad_bodies_are_refused_at_the_front_door(
    place: Place, created: Ran, firing: subprocess.Popen[str]
) -> None:
    """4xx with the reason of each item; the good events of a batch are accepted and stored."""
    assert created.code == 0
    url = place("env", "show", NAME, "-o", "json").document["front_door"]
    accepted, refused = [], []
    for name, bad in bad_bodies().items():
        answer = httpx.post(url, content=bad.body, headers=dict(bad.headers), timeout=60)
        items = answer.json()["rejected"]
        found = {item["index"]: item["reason"] for item in items}
        assert (name, answer.status_code, found) == (name, bad.status, dict(bad.reasons))
        accepted += bad.good
        refused += [item["event_id"] for item in items if item["event_id"]]
    kinesis = client(place, "kinesis")
    stored = Counter(
        record.event.get("event_id") for record in read_stream(kinesis, f"video-{NAME}-raw")
    )
    assert {name: stored[name] for name in accepted} == Counter(accepted)
    assert [name for name in refused if stored[name]] == []


def test_two_creates_at_once_second_ends_with_the_owner(place: Place, created: Ran) -> None:
    """While one run holds the lock, another one ends with 5 and says who holds it."""
    assert created.code == 0
    first = place.start("env", "repair", NAME, "--yes", "--skip-canary", "-o", "json")
    try:
        held = _await_lock(place)
        second = place("env", "create", NAME, "--yes", "-o", "json")
        assert second.code == 5, second.stdout
        assert second.document["code"] == "lock-held"
        assert str(held["pid"]) in second.document["message"]
    finally:
        out, talk = first.communicate(timeout=300)
    assert first.returncode == 0, talk + out


def _await_lock(place: Place) -> dict[str, Any]:
    for _ in range(100):
        held = place("lock", "show", "--env", NAME, "-o", "json").document
        if held["held"]:
            return held
    pytest.fail("the first run never held the lock")


def test_drift_is_seen_and_repaired(place: Place, created: Ran) -> None:
    """A change made behind Pulumi's back is a difference, exit 7, until repair takes it back."""
    assert created.code == 0
    assert place("env", "drift", NAME, "-o", "json").code == 0
    kinesis = client(place, "kinesis")
    kinesis.increase_stream_retention_period(
        StreamName=f"video-{NAME}-late", RetentionPeriodHours=99
    )
    drift = place("env", "drift", NAME, "-o", "json")
    assert drift.code == 7
    assert any("late-stream" in item["name"] for item in drift.document["differences"])
    repaired = place("env", "repair", NAME, "--yes", "--skip-canary", "-o", "json")
    assert repaired.code == 0, repaired.stderr
    assert place("env", "drift", NAME, "-o", "json").code == 0


def test_every_event_is_counted_once_by_flink_as_well(
    place: Place, created: Ran, firing: subprocess.Popen[str]
) -> None:
    """Acknowledged = found in S3 = in session windows and late; a row a window; sent once only."""
    out, talk = firing.communicate(timeout=SECONDS)
    assert firing.returncode == 0, out + talk
    first = Ran(0, out, talk).document
    found = first["found"]
    assert first["sent"] == first["acknowledged"] == found["raw"] == EVENTS
    assert found["session_events"] + found["late"] == EVENTS
    assert found["store_rows"] == found["session_windows"] > 0
    again = place(*FIRE, "-o", "json")
    assert again.code == 0, again.stdout
    assert "nothing was sent again" in again.stderr
    assert again.document == first


def test_destroy_needs_the_name_and_consent_to_lose_data(place: Place, created: Ran) -> None:
    """Without --confirm it is a usage error, without --delete-data a refusal; nothing changes."""
    assert created.code == 0
    assert place("env", "destroy", NAME, "-o", "json").code == 2
    assert place("env", "destroy", NAME, "--confirm", "dev", "-o", "json").code == 2
    refused = place("env", "destroy", NAME, "--confirm", NAME, "-o", "json")
    assert refused.code == 3
    assert any("raw" in (fault["key"] or "") for fault in refused.document["details"])


def test_destroy_leaves_only_state_journal_and_lock(place: Place, created: Ran) -> None:
    """After destroy --delete-data no resource of the environment is left."""
    assert created.code == 0
    gone = place("env", "destroy", NAME, "--confirm", NAME, "--delete-data", "-o", "json")
    assert gone.code == 0, gone.stderr + gone.stdout
    buckets = [item["Name"] for item in client(place, "s3").list_buckets()["Buckets"]]
    assert [name for name in buckets if NAME in name] == []
    assert client(place, "kinesis").list_streams()["StreamNames"] == []
    status = place("env", "status", NAME, "-o", "json").document
    assert status["state"] == "absent"
