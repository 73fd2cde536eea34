"""One environment in a real sandbox, and `videoctl` run in this process against it.

The engine builds the environment once; afterwards its stack is only played, so that hundreds of
command lines take a minute. What is left is every AWS call that videoctl makes itself.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.endpoint
import httpx
import pytest
from botocore.exceptions import ClientError

from tests.conftest import Ran
from tests.end_to_end.conftest import SPECIFICATIONS, Place, without_flink
from tests.platform.conftest import PlayedStack
from videoctl import cli, context, session, target
from videoctl.aws.session import AwsSession
from videoctl.execution.clock import SystemClock
from videoctl.execution.processes import ProcessIdentity, this_process
from videoctl.model.names import BucketKind, Names, control_bucket
from videoctl.model.regions import Region
from videoctl.planning.observation import StackFacts
from videoctl.provisioning.changes import Drift
from videoctl.settings import load

NAME = "small"
EAST = Region.US_EAST_1


SHARED: list[AwsSession] = []
"""The session all command lines use."""


def shared_clients() -> list[Any]:
    """boto3's clients of it."""
    return [made._client for kept in SHARED for made in kept._clients.values()]


@dataclass(frozen=True, order=True)
class Call:
    """One AWS call."""

    service: str
    operation: str
    region: str

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} in {self.region}"


@dataclass
class EnvironmentStack(PlayedStack):
    """The environment's stack, which is what it is told."""

    def drift(self) -> Drift:
        """Nothing differs."""
        return Drift(changes=(), unchecked=(), checked=self.seen.resource_count)


class HastyClock(SystemClock):
    """The machine's clock, but for sleeps: they count in full and take a twentieth of a second."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped = 0.0

    def monotonic(self) -> float:
        """Seconds, those slept through included."""
        return super().monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Be done with it."""
        super().sleep(min(seconds, 0.05))
        self._skipped += max(0.0, seconds - 0.05)


@dataclass
class InProcess:
    """Runs command lines in this process, and plays faults meanwhile."""

    place: Place
    found: target.Target
    stack: EnvironmentStack
    facts: StackFacts
    control: httpx.Client = field(init=False)
    clients: dict[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    settled_state: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.control = httpx.Client(base_url=f"{self.found.endpoint_url}/_sandbox")
        self.names = Names(NAME, self.found.account_id)
        self.control_bucket = control_bucket(self.found.account_id, EAST)

    def close(self) -> None:
        """Let go of every connection."""
        self.control.close()
        for client in (*self.clients.values(), *shared_clients()):
            client.close()

    def __call__(self, *words: str) -> Ran:
        """Run one command line to its end."""
        out, talk = io.StringIO(), io.StringIO()
        # What a process without logging set up does with its warnings.
        warnings = logging.StreamHandler(talk)
        warnings.setLevel(logging.WARNING)
        logging.getLogger("videoctl").addHandler(warnings)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(talk):
                code = cli.run([*words, "-o", "json"])
        finally:
            logging.getLogger("videoctl").removeHandler(warnings)
        return Ran(code, out.getvalue(), talk.getvalue())

    def client(self, service: str) -> Any:
        """A boto3 client of the sandbox."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                region_name=EAST.value,
                endpoint_url=self.found.endpoint_url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self.clients[service]

    def recorded(self, *words: str) -> tuple[Call, ...]:
        """Every distinct call one command line makes, in the order of the first."""
        self.calls.clear()
        ran = self(*words)
        assert ran.code == 0, ran.stdout + ran.stderr
        return tuple(dict.fromkeys(self.calls))

    @contextlib.contextmanager
    def fault(self, kind: str, *calls: Call, times: int | None = None) -> Iterator[None]:
        """These calls fail meanwhile; with `times`, each exactly as often."""
        for call in calls:
            added = self.control.post("/faults", json={"kind": kind, "times": times, **vars(call)})
            assert added.status_code == 200, added.text
        try:
            yield
        finally:
            left = self.control.get("/faults").json()["faults"]
            self.control.delete("/faults")
        assert times is None or left == []

    @contextlib.contextmanager
    def before(self, service: str, operation: str, act: Callable[[], object]) -> Iterator[None]:
        """Do something whenever a command line is about to make that call."""

        def hook(**_: object) -> None:
            act()

        event = f"before-call.{service}.{operation}"
        clients = shared_clients()
        for client in clients:
            client.meta.events.register(event, hook)
        try:
            yield
        finally:
            for client in clients:
                client.meta.events.unregister(event, hook)

    def settled(self) -> None:
        """The environment as a create leaves it, canary included."""
        if self.settled_state and self.end_state() == self.settled_state:
            return
        self.stack.seen = self.facts
        ran = self("env", "create", NAME, "--yes")
        assert ran.code == 0, ran.stdout
        self.settled_state = self.end_state()

    def without_control_bucket(self) -> None:
        """The account as it was before the first environment; what the stack made is there."""
        self.settled()
        self._drop_bucket(self.control_bucket)

    def without_canary(self) -> None:
        """No canary was ever sent."""
        self.settled()
        key = f"environments/{NAME}.json"
        self.client("s3").delete_object(Bucket=self.control_bucket, Key=key)

    def stopped(self) -> None:
        """As the engine leaves the resources: nothing runs yet."""
        self.settled()
        ecs, functions = self.client("ecs"), self.client("lambda")
        ecs.update_service(
            cluster=self.names.cluster, service=self.names.ingest_service, desiredCount=0
        )
        for mapping in self._mappings():
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    def with_data(self) -> None:
        """Everything is there, and the raw bucket holds an object."""
        self.settled()
        self.client("s3").put_object(Bucket=self.raw_bucket, Key="raw/kept", Body=b"{}")

    @property
    def raw_bucket(self) -> str:
        """Where acknowledged events lie."""
        return self.names.bucket(BucketKind.RAW, EAST)

    def end_state(self) -> dict[str, Any]:
        """What a run is there to bring about, told by AWS and not by videoctl."""
        s3, ecs = self.client("s3"), self.client("ecs")
        service = ecs.describe_services(
            cluster=self.names.cluster, services=[self.names.ingest_service]
        )["services"][0]
        raw = s3.list_object_versions(Bucket=self.raw_bucket)
        return {
            "tasks": service["desiredCount"],
            "mappings": [mapping["State"] for mapping in self._mappings()],
            "stack": (self.stack.seen.exists, self.stack.seen.fingerprint),
            "raw bucket is empty": not raw.get("Versions") and not raw.get("DeleteMarkers"),
            "control bucket": self._control_bucket_state(),
        }

    def _control_bucket_state(self) -> dict[str, Any]:
        """Protections, records and locks; what is not there is left out."""
        s3, bucket = self.client("s3"), self.control_bucket
        looks: dict[str, Callable[[], Any]] = {
            "versioning": lambda: s3.get_bucket_versioning(Bucket=bucket)["Status"],
            "policy": lambda: s3.get_bucket_policy(Bucket=bucket)["Policy"],
            "public access": lambda: s3.get_public_access_block(Bucket=bucket)[
                "PublicAccessBlockConfiguration"
            ],
            "encryption": lambda: s3.get_bucket_encryption(Bucket=bucket)[
                "ServerSideEncryptionConfiguration"
            ],
            "lifecycle": lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"],
            "records and locks": lambda: [
                item["Key"]
                for item in s3.list_objects_v2(Bucket=bucket)["Contents"]
                if not item["Key"].startswith("journal/")
            ],
        }
        found = {}
        for name, look in looks.items():
            with contextlib.suppress(ClientError, KeyError):
                found[name] = look()
        return found

    def _mappings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client("lambda").list_event_source_mappings(
            FunctionName=self.names.session_function
        )["EventSourceMappings"]
        return found

    def _drop_bucket(self, bucket: str) -> None:
        s3 = self.client("s3")
        page = s3.list_object_versions(Bucket=bucket)
        for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
        s3.delete_bucket(Bucket=bucket)


def write_specification(directory: Path) -> None:
    """Slow Prod in small: one task, no Flink cluster, and nothing waits for a buffer to fill."""
    directory.mkdir(parents=True)
    text = without_flink((SPECIFICATIONS / "slowprod.toml").read_text())
    for wanted, found in (
        (f'name = "{NAME}"', r'name = "slowprod"'),
        ("buffer_seconds = 1", r"buffer_seconds = \d+"),
        ("desired_count = 1", r"desired_count = \d+"),
    ):
        text, count = re.subn(rf"^{found}$", wanted, text, flags=re.MULTILINE)
        assert count == 1, found
    (directory / f"{NAME}.toml").write_text(text)


def built(place: Place, patch: pytest.MonkeyPatch) -> InProcess:
    """Build the environment with the real engine, then play its stack."""
    specifications = place.home.parent / "environments"
    write_specification(specifications)
    variables = {**place.variables(), "VIDEOCTL_ENVIRONMENTS": str(specifications)}
    for name in ("VIDEOCTL_HOME", "XDG_CONFIG_HOME", "VIDEOCTL_ENVIRONMENTS"):
        patch.setenv(name, variables[name])
    made = place(
        "env", "create", NAME, "--yes", "-o", "json", VIDEOCTL_ENVIRONMENTS=str(specifications)
    )
    assert made.code == 0, made.stdout
    stack = EnvironmentStack()
    found = _resolve_once(patch)
    in_process = InProcess(place, found, stack, StackFacts(exists=False))
    _share_clients(patch)
    _note_calls(patch, in_process.calls)
    patch.setattr(session.EnvironmentSession, "stack", stack)
    patch.setattr(session, "this_process", _ended_process)
    patch.setattr(botocore.endpoint, "time", _Impatient)
    _learn_facts(in_process)
    return in_process


def _resolve_once(patch: pytest.MonkeyPatch) -> target.Target:
    found = target.resolve(load({}), lambda _: None)
    patch.setattr(target, "resolve", lambda *_: found)
    return found


def _share_clients(patch: pytest.MonkeyPatch) -> None:
    """Making clients takes longer than all their calls; whose account it is is asked each time."""
    make: Callable[[context.Context], AwsSession] = context.Context.aws.func
    kept = SHARED
    kept.clear()

    def shared(of: context.Context) -> AwsSession:
        if not kept:
            kept.append(make(of))
        kept[0]._verified = of.__dict__.setdefault("asked", False)
        of.__dict__["asked"] = True
        return kept[0]

    patch.setattr(context.Context, "aws", property(shared))


def _note_calls(patch: pytest.MonkeyPatch, calls: list[Call]) -> None:
    """Note what videoctl's own clients call: the ingest tasks call as well, on their account."""
    make = AwsSession._make

    def noting(of: AwsSession, service: str, region: Region) -> Any:
        client = make(of, service, region)

        def note(model: Any, **_: Any) -> None:
            calls.append(Call(service, model.name, region.value))

        client.meta.events.register("before-call", note)
        return client

    patch.setattr(AwsSession, "_make", noting)


def _ended_process() -> ProcessIdentity:
    """A process that has ended by the time anybody asks, as a command line's has."""
    return replace(this_process(), started_at=0.0)


class _Impatient:
    """`time` for botocore's retries."""

    @staticmethod
    def sleep(_seconds: float) -> None:
        """They follow one another at once."""


def _learn_facts(in_process: InProcess) -> None:
    """The stack's fingerprint is what an update was last given."""
    ran = in_process("env", "create", NAME, "--yes")
    assert ran.code == 0, ran.stdout
    in_process.facts = replace(
        in_process.stack.seen, updated_at=datetime.now(UTC), resource_count=1
    )
    in_process.stack.seen = in_process.facts


def cures_of(ran: Ran) -> list[str]:
    """The hint of a document's error, whichever kind it is, or the cures of the failed checks."""
    document = json.loads(ran.stdout)
    error = document if document["schema"] == "videoctl/error/v1" else document.get("error")
    failed = [check for check in document.get("checks", ()) if check["verdict"] == "fail"]
    found = [error["hint"] if error else None, *(check["cure"] for check in failed)]
    return [cure for cure in found if cure]
