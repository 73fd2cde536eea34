"""Plans: what videoctl means to do, as data that can be shown, saved, applied and resumed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from videoctl.errors import ConfigurationError, Fault
from videoctl.model.regions import Region
from videoctl.planning.changes import Change, DestroyStack
from videoctl.planning.conditions import Condition, RecordIs, holds

if TYPE_CHECKING:
    from videoctl.planning.observation import ObservedEnvironment

SCHEMA_VERSION: Final = 1
"""Version of the plan's own format; a journal or file of another version is refused."""

PLAN_SCHEMA: Final = "videoctl/plan/v1"


NAMES_SHOWN: Final = 3
"""How many resources are named in a line; a whole environment has hundreds."""


class StepMode(StrEnum):
    """Who does a step."""

    AUTOMATIC = "automatic"
    MANUAL_APPROVAL = "manual-approval"
    """videoctl does it, once a person has said so."""
    MANUAL = "manual"
    """A person does it and acknowledges."""


class StepStatus(StrEnum):
    """Where a step stands; ARC Region switch's words."""

    NOT_STARTED = "notStarted"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It already held: nothing was called."""
    PENDING_APPROVAL = "pendingApproval"
    CANCELED = "canceled"


class Verdict(StrEnum):
    """What a check found."""

    PASS = "pass"  # noqa: S105 (a verdict, no password)
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change and how to see that it is done.

    Attributes:
        name: stable, kebab-case, unique in the plan: `set-desired-count:us-east-1`.
        title: imperative sentence shown everywhere.
        reason: why it stands here in the order.
        region: where it acts; None when it is global.
        change: what to do.
        done_when: how anyone can see it is done.
        mode: who does it.
        timeout_seconds: how long `done_when` may take after the change was made.
        undo: the change that takes it back, if there is one.

    """

    name: str
    title: str
    reason: str
    region: Region | None
    change: Change
    done_when: Condition
    mode: StepMode = StepMode.AUTOMATIC
    timeout_seconds: float = 300.0
    undo: Change | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at before acting; all are made, none stops the others.

    Attributes:
        check: stable kebab-case word, with the place after a colon: `timestream-access:us-east-1`.
        seen: what was seen.
        limit: what it must be.
        verdict: what follows.
        cure: the command or action that mends it.
        flag: the option that accepts it all the same; None where nothing does.
        missing_action: the IAM action that is not allowed, where it fails for that.

    """

    check: str
    seen: str
    limit: str
    verdict: Verdict
    cure: str | None = None
    flag: str | None = None
    missing_action: str | None = None


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """A reason not to act: a failed check, in one line, with what mends or overrides it.

    `is_permission`: credentials or a policy are at fault, and nothing else.
    """

    check: str
    message: str
    cure: str | None
    flag: str | None
    is_permission: bool = False


@dataclass(frozen=True, kw_only=True)
class ResourceChanges:
    """How many resources an update would create, update, replace, delete and leave."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    same: int = 0


@dataclass(frozen=True, kw_only=True)
class PreviewedResource:
    """One resource a preview would change.

    Attributes:
        name: the resource's name in the program.
        type_token: Pulumi's type, such as `aws:s3/bucket:Bucket`.
        operation: `create`, `update`, `replace` or `delete`.
        properties: the properties that differ.

    """

    name: str
    type_token: str
    operation: str
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What may be lost at one stage; None is unknown, never nothing."""

    stage: str
    events: int | None
    bytes: int | None
    seconds: float | None
    source: str
    seen_at: datetime | None


Action = Literal[
    "create", "update", "destroy", "repair", "flink-snapshot", "flink-restart", "flink-reshard"
]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An ordered list of steps for one environment.

    Attributes:
        plan_id: digest of what the plan says, so that the same plan has the same id.
        action: the verb on the command line.
        environment: whose plan it is.
        observed_at: the moment it was made from.
        steps: in order; a later one may rely on an earlier one.
        checks: everything looked at.
        resource_changes: what the engine's preview counted; None when no preview was made.
        resources: what would become of each resource that does not stay as it is.
        loss: what may be lost.
        is_severe: it is carried out only with the environment's name typed.
        words: the words after `videoctl` that make this plan; empty: `env ACTION NAME`.

    """

    plan_id: str
    action: Action
    environment: str
    observed_at: datetime
    steps: tuple[Step, ...]
    checks: tuple[Check, ...] = ()
    resource_changes: ResourceChanges | None = None
    resources: tuple[PreviewedResource, ...] = ()
    loss: tuple[Loss, ...] = ()
    is_severe: bool = False
    words: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def command(self) -> str:
        """The command line that carries it out."""
        words = ["videoctl", *(self.words or ("env", self.action, self.environment))]
        if self.is_severe:
            words += ["--confirm", self.environment]
        if any(isinstance(step.change, DestroyStack) and step.change.delete_data
               for step in self.steps):  # fmt: skip
            words.append("--delete-data")
        return " ".join(words)

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """Every failed check: while there is one, nothing is done."""
        return tuple(
            Blocker(
                check=check.check,
                message=f"{check.seen} (must be: {check.limit})",
                cure=check.cure,
                flag=check.flag,
                is_permission=check.check == "account" or check.missing_action is not None,
            )
            for check in self.checks
            if check.verdict is Verdict.FAIL
        )

    def step(self, name: str) -> Step | None:
        """The step called `name`."""
        return next((step for step in self.steps if step.name == name), None)

    def pending(
        self, observed: ObservedEnvironment, acknowledged: frozenset[str] = frozenset()
    ) -> tuple[Step, ...]:
        """The steps whose condition does not hold yet, in order."""
        return tuple(
            step for step in self.steps if not holds(step.done_when, observed, acknowledged)
        )


PLAN_ADAPTER: Final[TypeAdapter[Plan]] = TypeAdapter(Plan)
_STEPS_ADAPTER: Final[TypeAdapter[tuple[Step, ...]]] = TypeAdapter(tuple[Step, ...])


def make_plan(
    *,
    action: Action,
    environment: str,
    observed_at: datetime,
    steps: tuple[Step, ...],
    checks: tuple[Check, ...] = (),
    resource_changes: ResourceChanges | None = None,
    resources: tuple[PreviewedResource, ...] = (),
    loss: tuple[Loss, ...] = (),
    is_severe: bool = False,
    words: tuple[str, ...] = (),
) -> Plan:
    """A plan whose id is the digest of its action, environment, moment and steps."""
    work = _STEPS_ADAPTER.dump_python(steps, mode="json")
    body = json.dumps([action, environment, observed_at.isoformat(), work], sort_keys=True)
    return Plan(
        plan_id=f"plan-{hashlib.sha256(body.encode()).hexdigest()[:16]}",
        action=action,
        environment=environment,
        observed_at=observed_at,
        steps=steps,
        checks=checks,
        resource_changes=resource_changes,
        resources=resources,
        loss=loss,
        is_severe=is_severe,
        words=words,
    )


def differences(saved: Plan, fresh: Plan) -> tuple[str, ...]:
    """What a plan made now says otherwise than a saved one, in a person's words.

    Moments differ by nature (the canary must be younger than its plan), so conditions are left
    out: the steps' changes and the previewed resources decide. Create and update do the same.
    """
    if saved.environment != fresh.environment:
        return (f"it is for {saved.environment}, not {fresh.environment}",)
    found = []
    if saved.schema_version != fresh.schema_version:
        found.append(f"it is of version {saved.schema_version}, not {fresh.schema_version}")
    if saved.action != fresh.action and {saved.action, fresh.action} != {"create", "update"}:
        found.append(f"it is to {saved.action}, not to {fresh.action}")
    before = {step.name: (step.change, step.mode) for step in saved.steps}
    after = {step.name: (step.change, step.mode) for step in fresh.steps}
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if changed:
        found.append(f"other steps: {', '.join(changed)}")
    then, now = set(saved.resources), set(fresh.resources)
    if then != now or saved.resource_changes != fresh.resource_changes:
        names = sorted({item.name for item in then ^ now})
        hidden = len(names) - NAMES_SHOWN
        more = f" and {hidden} more" if hidden > 0 else ""
        which = f" ({', '.join(names[:NAMES_SHOWN])}{more})" if names else ""
        found.append(f"it changes {len(then)} resources, a plan made now {len(now)}{which}")
    return tuple(found)


def is_done_now(
    plan: Plan, observed: ObservedEnvironment, acknowledged: frozenset[str] = frozenset()
) -> bool:
    """Whether everything an earlier plan set out to do is seen to be done, by whichever run.

    Of the record only that there is one: a later run moves the expiry, as it should.
    """
    return all(
        isinstance(step.done_when, RecordIs) and observed.record is not None
        for step in plan.pending(observed, acknowledged)
    )


def plan_document(plan: Plan, observed: ObservedEnvironment | None = None) -> dict[str, Any]:
    """`videoctl/plan/v1`: the plan, with each step's status where an observation is at hand."""
    document: dict[str, Any] = PLAN_ADAPTER.dump_python(plan, mode="json")
    pending = {step.name for step in plan.pending(observed)} if observed else None
    for step in document["steps"]:
        is_pending = pending is None or step["name"] in pending
        step["status"] = StepStatus.NOT_STARTED if is_pending else StepStatus.SKIPPED
    return {"schema": PLAN_SCHEMA, **document}


def load_plan(document: dict[str, Any], *, file: str | None = None) -> Plan:
    """Read a `videoctl/plan/v1` document back.

    Raises:
        ConfigurationError: another schema or version, or faults, all of them named.

    """
    if document.get("schema") != PLAN_SCHEMA or document.get("schema_version") != SCHEMA_VERSION:
        raise ConfigurationError(
            f"{file or 'the document'} is no {PLAN_SCHEMA} document of version {SCHEMA_VERSION}",
            hint="make a new one with `videoctl env plan NAME --save FILE`",
            code="plan-unreadable",
        )
    try:
        return PLAN_ADAPTER.validate_python(document, strict=False)
    except ValidationError as error:
        raise ConfigurationError(
            f"{file or 'the document'} is not a plan videoctl can read",
            hint="make a new one with `videoctl env plan NAME --save FILE`",
            code="plan-unreadable",
            details=tuple(
                Fault(message=fault["msg"], file=file, key=".".join(map(str, fault["loc"])))
                for fault in error.errors()
            ),
        ) from error
