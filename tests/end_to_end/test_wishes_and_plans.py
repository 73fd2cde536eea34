"""How an environment is asked for: dry run, saved plans, deadlines, the background, expiry, locks.

One environment without its canary goes through the whole file, in the order of the tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.command_line import Ran
from tests.end_to_end.conftest import (
    SPECIFICATIONS,
    Place,
    PlaceWithoutFlink,
    without_flink,
)
from tests.end_to_end.counting import client, counted_in_aws
from videoctl.model.names import control_bucket
from videoctl.model.regions import PRIMARY

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.timeout(900)]

NAME: Final = "loadtest"
ACCOUNT: Final = "000000000000"


@pytest.fixture(scope="module")
def place(place_without_flink: Place) -> Place:
    """Flink has no part in this."""
    return place_without_flink


@pytest.fixture(scope="module")
def specifications(place_without_flink: PlaceWithoutFlink) -> Path:
    """A copy of the place's specifications that tests may change."""
    copied = place_without_flink.home.parent / "changed"
    shutil.copytree(place_without_flink.specifications, copied)
    return copied


@pytest.fixture(scope="module")
def plan_file(place: Place) -> Path:
    """Where the plan of the first create is kept."""
    return place.home.parent / "plan.json"


def env(place: Place, verb: str, *words: str, **variables: str) -> Ran:
    """An `env` command about the environment, answered in JSON."""
    return place("env", verb, NAME, *words, "-o", "json", timeout=600, **variables)


def with_retention(specifications: Path, hours: int) -> dict[str, str]:
    """Variables that name specifications with another retention of the late stream."""
    path = specifications / f"{NAME}.toml"
    committed = without_flink((SPECIFICATIONS / path.name).read_text())
    head, table, rest = committed.partition("[streams.late]")
    changed = rest.replace("retention_hours = 24", f"retention_hours = {hours}")
    path.write_text(head + table + changed)
    return {"VIDEOCTL_ENVIRONMENTS": str(specifications)}


def retention_in_aws(place: Place) -> int:
    """The late stream's retention, in hours, as Kinesis says it."""
    summary = client(place, "kinesis").describe_stream_summary(StreamName=f"video-{NAME}-late")
    return int(summary["StreamDescriptionSummary"]["RetentionPeriodHours"])


def control_object(place: Place, key: str) -> tuple[Any, str, dict[str, Any]]:
    """An object of the control bucket: its client, bucket and content."""
    s3 = client(place, "s3")
    bucket = control_bucket(ACCOUNT, PRIMARY)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return s3, bucket, json.loads(body)


def test_a_dry_run_calls_nothing_that_writes(place: Place) -> None:
    """It prints the plan with its cost; afterwards there is no stack, no record, no resource."""
    ran = env(place, "create", "--dry-run", "--ttl", "8h")
    assert ran.code == 0
    assert ran.document["resource_changes"]["create"] > 100
    assert ran.document["cost_per_month_usd"] > 0
    assert env(place, "status").document["state"] == "absent"
    assert counted_in_aws(place, NAME) == {}
    assert place("history", "-o", "json").document["runs"] == []


def test_a_plan_is_saved_and_fits_nothing_else(
    place: Place, specifications: Path, plan_file: Path
) -> None:
    """Another specification, environment or wish than the saved one is refused; nothing changes."""
    saved = env(place, "plan", "--ttl", "8h", "--skip-canary", "--save", str(plan_file))
    assert saved.code == 0
    given = ("--yes", "--plan", str(plan_file))
    changed = env(place, "create", *given, **with_retention(specifications, 48))
    assert (changed.code, changed.document["code"]) == (3, "plan-stale")
    assert "update-stack" in changed.document["message"]
    other = place("env", "create", "dev", *given, "-o", "json")
    assert (other.code, other.document["code"]) == (3, "plan-stale")
    wish = env(place, "create", *given, "--ttl", "9h")
    assert wish.code == 2
    assert "--ttl" in wish.document["message"]
    assert env(place, "status").document["state"] == "absent"


def test_a_saved_plan_is_applied_as_it_is_and_once(place: Place, plan_file: Path) -> None:
    """Create does what was saved, expiry included; applied again it is stale."""
    expires_at = next(
        step["change"]["expires_at"]
        for step in json.loads(plan_file.read_text())["steps"]
        if step["name"] == "record-environment"
    )
    created = env(place, "create", "--yes", "--plan", str(plan_file))
    assert created.code == 0, created.stdout + created.stderr
    listed = place("env", "list", "-o", "json").document["environments"]
    mine = next(item for item in listed if item["name"] == NAME)
    assert datetime.fromisoformat(mine["expires_at"]) == datetime.fromisoformat(expires_at)
    again = env(place, "create", "--yes", "--plan", str(plan_file))
    assert (again.code, again.document["code"]) == (3, "plan-stale")


def test_a_change_in_the_code_is_drift_and_its_plan_is_applied_by_the_engine(
    place: Place, specifications: Path
) -> None:
    """Drift names what is not applied; the saved plan, the engine's own within, applies it."""
    code = with_retention(specifications, 48)
    drift = env(place, "drift", **code)
    assert drift.code == 7
    (difference,) = drift.document["differences"]
    assert (difference["between"], difference["properties"]) == (
        "code-and-state",
        ["retentionPeriod"],
    )
    file = place.home.parent / "change.json"
    saved = env(place, "plan", "--exit-code", "--skip-canary", "--save", str(file), **code)
    assert saved.code == 7
    assert [item["operation"] for item in saved.document["resources"]] == ["update"]
    assert json.loads(file.read_text())["stack"]["engine_plan"]["resourcePlans"]
    applied = env(place, "update", "--yes", "--plan", str(file), **code)
    assert applied.code == 0, applied.stdout
    assert retention_in_aws(place) == 48
    assert env(place, "drift", **code).code == 0


def test_a_deadline_ends_with_8_and_the_same_command_goes_on(
    place: Place, specifications: Path
) -> None:
    """--timeout stops the update in order and prints the state; without it the rest is done."""
    code = with_retention(specifications, 72)
    late = env(place, "update", "--yes", "--skip-canary", "--timeout", "1", **code)
    assert late.code == 8, late.stdout
    document = late.document
    assert document["outcome"] == "timed-out"
    assert "--timeout" in document["error"]["message"]
    assert document["end_state"]["state"]
    assert f"videoctl env update {NAME}" in document["next"]
    done = env(place, "update", "--yes", "--skip-canary", **code)
    assert done.code == 0, done.stdout
    assert retention_in_aws(place) == 72


def test_without_waiting_the_run_goes_on_and_holds_the_lock(
    place: Place, specifications: Path
) -> None:
    """--no-wait ends with 4 and the run's id; another run meanwhile ends with 5 and the owner."""
    code = with_retention(specifications, 96)
    left = env(place, "update", "--yes", "--skip-canary", "--no-wait", **code)
    assert left.code == 4, left.stdout + left.stderr
    run = left.document
    assert run["outcome"] == "incomplete"
    second = env(place, "update", "--yes", **code)
    assert (second.code, second.document["code"]) == (5, "lock-held")
    assert str(run["end_state"]["pid"]) in second.document["message"]
    ready = env(place, "status", "--wait", "ready", "--timeout", "120")
    assert ready.code == 0
    wait_until_free(place)
    runs = place("history", "--env", NAME, "-o", "json").document["runs"]
    assert next(item for item in runs if item["run_id"] == run["run_id"])["outcome"] == "done"
    assert retention_in_aws(place) == 96


def wait_until_free(place: Place) -> None:
    """Wait until nobody holds the environment's lock."""
    for _ in range(200):
        if not place("lock", "show", "--env", NAME, "-o", "json").document["held"]:
            return
    pytest.fail("the run never let go of the lock")


def leave_lock(place: Place, *, pid: int, host: str | None = None) -> None:
    """Put a lock where a run would: that of the last run, as if another process held it still.

    The lock's form is taken from a run that holds it now.
    """
    run = place.start("env", "repair", NAME, "--yes", "--skip-canary", "-o", "json")
    for _ in range(200):
        if place("lock", "show", "--env", NAME, "-o", "json").document["held"]:
            break
    s3, bucket, document = control_object(place, f"locks/{NAME}.json")
    out, talk = run.communicate(timeout=300)
    assert run.returncode == 0, out + talk
    document["holder"]["pid"] = pid
    if host is not None:
        document["holder"] = {**document["holder"], "host": host, "machine": host}
    s3.put_object(Bucket=bucket, Key=f"locks/{NAME}.json", Body=json.dumps(document).encode())


def test_the_lock_of_a_dead_process_is_taken_over(place: Place) -> None:
    """`lock show` says that its holder is gone, and the next run does not ask."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    leave_lock(place, pid=dead.pid)
    shown = place("lock", "show", "--env", NAME, "-o", "json").document
    assert (shown["held"], shown["pid"], shown["is_abandoned"]) == (True, dead.pid, True)
    assert "gone" in place("lock", "show", "--env", NAME).stdout
    taking = env(place, "repair", "--yes", "--skip-canary")
    assert taking.code == 0, taking.stdout
    assert f"(pid {dead.pid}), which is gone" in taking.stderr


def test_the_lock_of_another_machine_is_broken_by_a_person_only(place: Place) -> None:
    """Create ends with 5; `lock break` needs a reason and a yes, and keeps who broke it and why."""
    leave_lock(place, pid=4242, host="elsewhere")
    held = env(place, "create", "--yes")
    assert (held.code, held.document["code"]) == (5, "lock-held")
    assert "elsewhere" in held.document["message"]
    words = ("lock", "break", "--env", NAME, "-o", "json")
    assert place(*words).code == 2
    assert place(*words, "--reason", "test").code == 2
    would = place(*words, "--reason", "test", "--dry-run").document
    assert would["broken"] is False
    broken = place(*words, "--reason", "the laptop is off", "--yes").document
    assert broken["broken"] is True
    assert place("lock", "show", "--env", NAME, "-o", "json").document["held"] is False
    s3, bucket, _ = control_object(place, f"environments/{NAME}.json")
    kept = s3.list_objects_v2(Bucket=bucket, Prefix=f"locks/broken/{NAME}/")["Contents"]
    record = json.loads(s3.get_object(Bucket=bucket, Key=kept[-1]["Key"])["Body"].read())
    assert (record["reason"], "elsewhere" in record["holder"]) == ("the laptop is off", True)


def test_extend_moves_the_expiry_and_never_back(place: Place) -> None:
    """From now on, as long as asked; a shorter time leaves it; a dry run moves nothing."""
    longer = env(place, "extend", "--ttl", "2d").document["expires_at"]
    left = datetime.fromisoformat(longer) - datetime.now(UTC)
    assert timedelta(hours=47) < left < timedelta(hours=49)
    assert env(place, "extend", "--ttl", "1h").document["expires_at"] == longer
    assert env(place, "extend", "--ttl", "9d", "--dry-run").document["expires_at"] > longer
    assert env(place, "extend", "--ttl", "1h").document["expires_at"] == longer
    assert env(place, "extend", "--ttl", "soon").code == 2
    assert place("env", "extend", "dev", "--ttl", "1h", "-o", "json").code == 3


def reap(place: Place, *words: str) -> Ran:
    """`env reap`, answered in JSON."""
    return place("env", "reap", *words, "-o", "json", timeout=600)


def test_reap_destroys_what_is_expired_and_nothing_protected(place: Place) -> None:
    """Nothing while nothing is due; then asked for, with data only if allowed, never production."""
    assert reap(place).document["expired"] == []
    s3, bucket, record = control_object(place, f"environments/{NAME}.json")
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for name in (NAME, "prod"):
        expired = {**record, "environment": name, "expires_at": past}
        s3.put_object(
            Bucket=bucket, Key=f"environments/{name}.json", Body=json.dumps(expired).encode()
        )
    s3.put_object(Bucket=f"video-{NAME}-raw-{PRIMARY}-{ACCOUNT}", Key="kept", Body=b"{}")

    assert reap(place).code == 2
    would = reap(place, "--dry-run").document
    assert {item["name"] for item in would["expired"]} == {NAME, "prod"}
    assert would["destroyed"] == []
    kept = reap(place, "--yes")
    assert kept.code == 4
    reasons = {item["name"]: item["reason"] for item in kept.document["skipped"]}
    assert "protected" in reasons["prod"]
    assert "bucket-empty" in reasons[NAME]
    assert counted_in_aws(place, NAME)

    gone = reap(place, "--yes", "--delete-data")
    assert gone.code == 0, gone.stdout + gone.stderr
    assert gone.document["destroyed"] == [NAME]
    assert counted_in_aws(place, NAME) == {}
    assert [item["name"] for item in gone.document["skipped"]] == ["prod"]
