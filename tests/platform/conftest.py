"""A platform over a real sandbox, with a stack that is only played."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import world
from videoctl.aws.control_bucket import ControlBucket
from videoctl.aws.session import AwsSession, AwsSettings
from videoctl.execution.clock import SystemClock
from videoctl.execution.platform import Progress
from videoctl.execution.records import EnvironmentRecords
from videoctl.model.names import BucketKind, Names
from videoctl.model.regions import Region
from videoctl.model.specification import DeliverySpecification, EnvironmentSpecification
from videoctl.planning.changes import Change
from videoctl.planning.observation import StackFacts
from videoctl.planning.plan import ResourceChanges
from videoctl.planning.request import StackPreview
from videoctl.platform import AwsPlatform


@dataclass
class PlayedStack:
    """A stack that says what it is told and remembers what it was asked."""

    seen: StackFacts = field(default_factory=lambda: StackFacts(exists=False))
    calls: list[str] = field(default_factory=list)
    on_destroy: Callable[[], None] = lambda: None

    def facts(self) -> StackFacts:
        """What it was told to say."""
        return self.seen

    def preview(self, *, refresh: bool = False, with_engine_plan: bool = False) -> StackPreview:
        """Nothing would change."""
        return StackPreview(changes=ResourceChanges(same=1))

    def update(self, *, fingerprint: str, progress: Progress, **_: object) -> None:
        """Take the fingerprint."""
        self.calls.append("update")
        self.seen = StackFacts(exists=True, fingerprint=fingerprint, resource_count=1)

    def recover(self, *, progress: Progress) -> None:
        """Nothing is pending any more."""
        self.calls.append("recover")

    def release_lock(self, owner: str) -> None:
        """Nobody holds it any more."""
        self.calls.append(f"release {owner}")

    def lift_protection(self, *, progress: Progress) -> None:
        """Nothing is protected any more."""
        self.calls.append("lift")

    def destroy(self, *, progress: Progress) -> None:
        """Go, unless told to fail."""
        self.calls.append("destroy")
        self.on_destroy()
        self.seen = StackFacts(exists=False)

    def request_stop(self) -> None:
        """Remember."""
        self.calls.append("stop")

    def withdraw_stop(self) -> None:
        """Remember."""
        self.calls.append("withdraw")


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox."""

    home: Path
    endpoint_url: str
    environment: dict[str, str]

    def fault(self, *words: str) -> None:
        """Add a fault, or clear them all."""
        _run(self.home, "fault", *words)


@dataclass
class Place:
    """One environment in the sandbox."""

    spec: EnvironmentSpecification
    session: AwsSession
    stack: PlayedStack
    platform: AwsPlatform
    records: EnvironmentRecords


def _run(home: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "sandbox", *words, "--home", str(home), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of this test session."""
    home = tmp_path_factory.mktemp("sandbox")
    told = _run(home, "ensure")
    try:
        yield Sandbox(home, told["endpoint_url"], told["environment"])
    finally:
        _run(home, "down")


@pytest.fixture
def place(sandbox: Sandbox) -> Place:
    """An environment of the test's own that nobody made yet; its front door answers nobody."""
    return place_in(sandbox, "http://127.0.0.1:9/{dns_name}")


def place_in(sandbox: Sandbox, front_door: str, flink: str = "READY") -> Place:
    """An environment with a name of its own."""
    spec = replace(
        world.specification(flink=flink),
        name=f"t{uuid.uuid4().hex[:8]}",
        delivery=DeliverySpecification(buffer_seconds=0),
    )
    settings = AwsSettings(
        account_id=world.ACCOUNT,
        endpoint_url=sandbox.endpoint_url,
        environment=sandbox.environment,
    )
    session = AwsSession(settings)
    store = ControlBucket(session.client("s3", Region.US_EAST_1), f"video-control-{spec.name}")
    store.ensure()
    stack, records = PlayedStack(), EnvironmentRecords(store)
    platform = AwsPlatform(
        specification=spec,
        session=session,
        stack=stack,
        records=records,
        front_door_url=lambda dns_name: front_door.format(dns_name=dns_name),
        clock=SystemClock(),
    )
    return Place(spec, session, stack, platform, records)


def quiet(message: str, /, **detail: object) -> None:
    """Progress nobody reads."""


def apply(place: Place, change: Change) -> None:
    """One change."""
    place.platform.apply(change, token="plan-1/step", progress=quiet)


def make_bucket(place: Place, kind: BucketKind, region: Region = Region.US_EAST_1) -> str:
    """One versioned bucket of the environment."""
    client = place.session.client("s3", region)
    name = Names(place.spec.name, place.session.account_id).bucket(kind, region)
    where = {} if region is Region.US_EAST_1 else {"LocationConstraint": region.value}
    options = {"CreateBucketConfiguration": where} if where else {}
    client.call("CreateBucket", Bucket=name, **options)
    client.call("PutBucketVersioning", Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name
