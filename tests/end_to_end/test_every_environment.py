"""The environments that no other file builds, from create to destroy: each as it is committed.

The file's sandbox is shared, and so is each environment: built once, looked at, destroyed last.
Only production's Flink applications are started: a cluster takes half a minute, twice here.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from tests.command_line import Ran
from tests.end_to_end.conftest import SPECIFICATIONS, Place, PlaceWithoutFlink
from tests.end_to_end.counting import client, counted_in_aws, counted_in_state

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.flink, pytest.mark.timeout(1200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment, and what is needed to write to it."""

    name: str
    state: str
    regions: tuple[str, ...] = ("us-east-1",)
    is_protected: bool = False
    carries_events: bool = False
    """Whether Flink runs and create proves every hop with a canary: minutes, so once here, where
    most can go wrong."""

    @property
    def consent(self) -> tuple[str, ...]:
        """The flag that answers for an ordinary write."""
        return ("--confirm", self.name) if self.is_protected else ("--yes",)


BOTH = ("us-east-1", "us-west-2")
ENVIRONMENTS = (
    Environment(name="datamart", state="ready"),
    Environment(name="loadtest", state="ready"),
    Environment(name="dev", state="ready", regions=BOTH),
    Environment(
        name="prod",
        state="ready-except-ticket",
        regions=BOTH,
        is_protected=True,
        carries_events=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An environment, the place it is in, and how its create ended."""

    place: Place
    environment: Environment
    create: Ran

    def env(self, verb: str, *words: str) -> Ran:
        """An `env` command about it, answered in JSON."""
        assert self.create.code == 0, self.create.stdout + self.create.stderr
        return self.place("env", verb, self.environment.name, *words, "-o", "json", timeout=600)


@pytest.fixture(scope="module", params=ENVIRONMENTS, ids=lambda item: item.name)
def built(place_without_flink: PlaceWithoutFlink, request: pytest.FixtureRequest) -> Built:
    """Each environment in turn, built once."""
    environment: Environment = request.param
    place = place_without_flink
    words = ["env", "create", environment.name, *environment.consent]
    if environment.carries_events:
        shutil.copy(SPECIFICATIONS / f"{environment.name}.toml", place.specifications)
    else:
        words.append("--skip-canary")
    create = place(*words, "-o", "json", timeout=900)
    return Built(place=place, environment=environment, create=create)


def test_create_builds_it_whole(built: Built) -> None:
    """Create ends done; what AWS has is what the stack's state says, region by region."""
    run = built.create.document
    assert run["outcome"] == "done", built.create.stdout
    assert run["end_state"]["state"] == built.environment.state
    in_aws = [
        counted_in_aws(built.place, built.environment.name, region)
        for region in built.environment.regions
    ]
    in_state = counted_in_state(built.place, built.environment.name)
    for token in ("aws:kinesis/stream:Stream", "aws:lambda/function:Function", "aws:ec2/vpc:Vpc"):
        assert in_state[token] == sum(found[token] for found in in_aws) > 0
    if built.environment.carries_events:
        assert {hop["seen"] for hop in run["end_state"]["canary"]} == {True}
        assert {hop["region"] for hop in run["end_state"]["canary"]} == {None, *BOTH}


def test_every_look_says_that_nothing_is_to_be_done(built: Built) -> None:
    """Status, plan, drift and check of what was just built agree: it is as it should be."""
    status = built.env("status", "--wait", "ready", "--timeout", "60").document
    assert status["state"] == built.environment.state
    assert {hop["region"] for hop in status["hops"]} == {None, *built.environment.regions}
    plan = built.env("plan", "--skip-canary", "--exit-code")
    assert plan.code == 0
    changes = plan.document["resource_changes"]
    assert (changes["create"], changes["update"], changes["replace"], changes["delete"]) == (
        0,
        0,
        0,
        0,
    )
    assert changes["same"] == built.create.document["end_state"]["resources"]
    assert plan.document["cost_per_month_usd"] > 0
    drift = built.env("drift")
    assert (drift.code, drift.document["differences"]) == (0, [])
    check = built.env("check")
    assert check.code == 0, check.stdout
    assert {item["verdict"] for item in check.document["checks"]} <= {"pass", "not-applicable"}


def test_update_finds_nothing_to_do(built: Built) -> None:
    """Update skips every step; a protected environment needs nothing typed for nothing."""
    update = built.env("update", "--skip-canary")
    assert update.code == 0, update.stdout
    assert {step["status"] for step in update.document["steps"]} == {"skipped"}


def test_destroy_needs_the_name_and_leaves_nothing(built: Built) -> None:
    """Refused without the name; with it and --delete-data, state, journal and lock alone remain."""
    name, place = built.environment.name, built.place
    unnamed = built.env("destroy", "--delete-data", "--yes")
    assert (unnamed.code, unnamed.document["hint"]) == (2, f"add --confirm {name}")
    gone = built.env("destroy", "--confirm", name, "--delete-data")
    assert gone.code == 0, gone.stdout + gone.stderr
    steps = {step["name"]: step["status"] for step in gone.document["steps"]}
    assert ("lift-deletion-protection" in steps) is built.environment.is_protected
    assert set(steps.values()) <= {"completed", "skipped"}
    for region in built.environment.regions:
        assert counted_in_aws(place, name, region) == {}
    assert built.env("status").document["state"] == "absent"
    assert kept_in_control_bucket(place, name) <= {"journal", "locks"}


def kept_in_control_bucket(place: Place, name: str) -> set[str]:
    """The kinds of objects about an environment that are kept beside it."""
    s3: Any = client(place, "s3")
    buckets = [item["Name"] for item in s3.list_buckets()["Buckets"]]
    return {
        item["Key"].partition("/")[0]
        for bucket in buckets
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        if name in item["Key"]
    }
