"""How anyone can see that a step is done: a closed union, and `holds` over an observation.

One condition serves five readers: the dry run shows which steps already hold, the executor skips
those and polls the others, resume looks again instead of trusting memory, the dashboard colours a
row by it, and the runbook prints it as the check.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from videoctl.model.regions import Region
from videoctl.planning import flink_conditions
from videoctl.planning.flink_conditions import (
    ApplicationIsSettled,
    ApplicationWasStarted,
    ApplicationWasStopped,
    FlinkCondition,
    JobReads,
    ParallelismIs,
    ShardCountIs,
    SnapshotIsReady,
    StateIsSaved,
)
from videoctl.planning.observation import ABSENT, Facet, ObservedEnvironment
from videoctl.planning.presence import missing_resources


@dataclass(frozen=True, kw_only=True)
class RecordIs:
    """The environment is recorded and expires at `expires_at` (None: never)."""

    expires_at: datetime | None
    kind: Literal["record-is"] = "record-is"


@dataclass(frozen=True, kw_only=True)
class RecordIsGone:
    """The environment has no record."""

    kind: Literal["record-is-gone"] = "record-is-gone"


@dataclass(frozen=True, kw_only=True)
class NothingPending:
    """No interrupted operation is left in the stack's state."""

    kind: Literal["nothing-pending"] = "nothing-pending"


@dataclass(frozen=True, kw_only=True)
class StackLockIsFree:
    """Nobody holds the engine's lock."""

    kind: Literal["stack-lock-is-free"] = "stack-lock-is-free"


@dataclass(frozen=True, kw_only=True)
class StackIsCurrent:
    """The last update succeeded with this fingerprint, and nothing it made is missing.

    Attributes:
        fingerprint: what it must have built.
        not_before: it must have ended since; None: any time. What was changed behind the stack's
            back is mended only by an update that read everything since.

    """

    fingerprint: str
    not_before: datetime | None = None
    kind: Literal["stack-is-current"] = "stack-is-current"


@dataclass(frozen=True, kw_only=True)
class StackIsGone:
    """The backend knows no such stack, or one without resources."""

    kind: Literal["stack-is-gone"] = "stack-is-gone"


@dataclass(frozen=True, kw_only=True)
class ServiceIsSteady:
    """The ingest service runs `desired_count` tasks, and as many targets are healthy."""

    region: Region
    desired_count: int
    kind: Literal["service-is-steady"] = "service-is-steady"


@dataclass(frozen=True, kw_only=True)
class ServiceIsStopped:
    """No task of the ingest service runs, or there is no service."""

    region: Region
    kind: Literal["service-is-stopped"] = "service-is-stopped"


@dataclass(frozen=True, kw_only=True)
class EventSourceMappingIs:
    """The session function's event source mapping is Enabled, or Disabled (absent counts)."""

    region: Region
    state: Literal["Enabled", "Disabled"]
    kind: Literal["event-source-mapping-is"] = "event-source-mapping-is"


@dataclass(frozen=True, kw_only=True)
class ApplicationIs:
    """The Flink application is RUNNING, or READY (absent counts as not running)."""

    region: Region
    status: Literal["RUNNING", "READY"]
    kind: Literal["application-is"] = "application-is"


@dataclass(frozen=True, kw_only=True)
class DeletionProtectionIsOff:
    """No resource of the stack refuses to be deleted."""

    kind: Literal["deletion-protection-is-off"] = "deletion-protection-is-off"


@dataclass(frozen=True, kw_only=True)
class BucketIsEmpty:
    """The bucket holds no version of any object and no delete marker, or is gone."""

    region: Region
    bucket: str
    kind: Literal["bucket-is-empty"] = "bucket-is-empty"


@dataclass(frozen=True, kw_only=True)
class AcceleratorIsDeployed:
    """The accelerator's last change has reached every edge location."""

    kind: Literal["accelerator-is-deployed"] = "accelerator-is-deployed"


@dataclass(frozen=True, kw_only=True)
class CanaryArrived:
    """A canary went through every hop of this build.

    Attributes:
        fingerprint: the build it must have gone through.
        not_before: it must have been sent after this moment; None: any time.

    """

    fingerprint: str
    not_before: datetime | None = None
    kind: Literal["canary-arrived"] = "canary-arrived"


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """A person said the step is done; the journal keeps it, AWS cannot show it."""

    step: str
    kind: Literal["acknowledged"] = "acknowledged"


Condition = Annotated[
    RecordIs
    | RecordIsGone
    | NothingPending
    | StackLockIsFree
    | StackIsCurrent
    | StackIsGone
    | ServiceIsSteady
    | ServiceIsStopped
    | EventSourceMappingIs
    | ApplicationIs
    | DeletionProtectionIsOff
    | BucketIsEmpty
    | AcceleratorIsDeployed
    | CanaryArrived
    | Acknowledged
    | ApplicationIsSettled
    | SnapshotIsReady
    | StateIsSaved
    | ApplicationWasStopped
    | ApplicationWasStarted
    | JobReads
    | ShardCountIs
    | ParallelismIs,
    Field(discriminator="kind"),
]

_PRESENCE: Final = frozenset(
    {
        Facet.STACK,
        Facet.BUCKETS,
        Facet.STREAMS,
        Facet.DELIVERY,
        Facet.SERVICE,
        Facet.FLINK,
        Facet.FUNCTION,
        Facet.SESSION_STORE,
        Facet.ACCELERATOR,
    }
)


def facets(condition: Condition) -> frozenset[Facet]:
    """What must be looked at to judge `condition`."""
    match condition:
        case RecordIs() | RecordIsGone() | CanaryArrived():
            return frozenset({Facet.RECORD})
        case NothingPending() | StackLockIsFree() | StackIsGone() | DeletionProtectionIsOff():
            return frozenset({Facet.STACK})
        case StackIsCurrent():
            return _PRESENCE
        case ServiceIsSteady() | ServiceIsStopped():
            return frozenset({Facet.SERVICE})
        case EventSourceMappingIs():
            return frozenset({Facet.FUNCTION})
        case ApplicationIs():
            return frozenset({Facet.FLINK})
        case BucketIsEmpty():
            return frozenset({Facet.BUCKETS})
        case AcceleratorIsDeployed():
            return frozenset({Facet.ACCELERATOR})
        case Acknowledged():
            return frozenset()
        case _:
            return flink_conditions.facets(condition)


def hopeless(condition: Condition, observed: ObservedEnvironment) -> str | None:
    """Why a condition that was worked towards will not come to hold any more; None while it may."""
    if isinstance(condition, FlinkCondition):
        return flink_conditions.hopeless(condition, observed)
    return None


def holds(  # noqa: C901, PLR0912 (one case a kind: splitting the match would hide a missing one)
    condition: Condition,
    observed: ObservedEnvironment,
    acknowledged: frozenset[str] = frozenset(),
) -> bool:
    """Whether `condition` is seen to hold; what was not looked at does not hold.

    Args:
        condition: the condition.
        observed: what was seen, at least the condition's facets.
        acknowledged: names of the steps a person has acknowledged.

    """
    if not facets(condition) <= observed.facets:
        return False
    match condition:
        case RecordIs(expires_at=expires_at):
            return observed.record is not None and observed.record.expires_at == expires_at
        case RecordIsGone():
            return observed.record is None and not observed.unreadable
        case NothingPending():
            return observed.stack is not None and not observed.stack.pending_operations
        case StackLockIsFree():
            return observed.stack is not None and observed.stack.lock_owner is None
        case StackIsCurrent():
            return _stack_is_current(observed, condition)
        case StackIsGone():
            return observed.stack is not None and _is_gone(observed)
        case ServiceIsSteady(region=region, desired_count=desired_count):
            return _service_is_steady(observed, region, desired_count)
        case ServiceIsStopped(region=region):
            return _service_is_stopped(observed, region)
        case EventSourceMappingIs(region=region, state=state):
            return _mapping_is(observed, region, state)
        case ApplicationIs(region=region, status=status):
            return _application_is(observed, region, status)
        case DeletionProtectionIsOff():
            return observed.stack is not None and observed.stack.protected_count == 0
        case BucketIsEmpty(bucket=bucket):
            found = observed.bucket(bucket)
            return found is not None and (not found.exists or found.has_objects is False)
        case AcceleratorIsDeployed():
            accelerator = observed.accelerator
            return accelerator is not None and accelerator.status == "DEPLOYED"
        case CanaryArrived():
            return _canary_arrived(observed, condition)
        case Acknowledged(step=step):
            return step in acknowledged
        case _:
            return flink_conditions.holds(condition, observed)


def _stack_is_current(observed: ObservedEnvironment, condition: StackIsCurrent) -> bool:
    stack = observed.stack
    if stack is None:
        return False
    since = condition.not_before
    is_recent = since is None or (stack.updated_at is not None and stack.updated_at >= since)
    return (
        stack.exists
        and is_recent
        and stack.fingerprint == condition.fingerprint
        and not stack.pending_operations
        and not missing_resources(observed)
    )


def _is_gone(observed: ObservedEnvironment) -> bool:
    stack = observed.stack
    return stack is not None and (not stack.exists or stack.resource_count == 0)


def _service_is_steady(observed: ObservedEnvironment, region: Region, desired_count: int) -> bool:
    seen = observed.region(region)
    if seen.service is None or seen.targets is None:
        return False
    return (
        seen.service.desired_count == desired_count
        and seen.service.running_count >= desired_count
        and seen.targets.healthy_count >= desired_count
    )


def _service_is_stopped(observed: ObservedEnvironment, region: Region) -> bool:
    service = observed.region(region).service
    if service is None:
        return False
    return service.status == ABSENT or (
        service.desired_count == 0 and service.running_count == 0 and service.pending_count == 0
    )


def _mapping_is(observed: ObservedEnvironment, region: Region, state: str) -> bool:
    seen = observed.region(region).event_source_mapping_state
    return seen == state or (state == "Disabled" and seen == ABSENT)


def _application_is(observed: ObservedEnvironment, region: Region, status: str) -> bool:
    application = observed.region(region).application
    if application is None:
        return False
    return application.status == status or (status == "READY" and application.status == ABSENT)


def _canary_arrived(observed: ObservedEnvironment, condition: CanaryArrived) -> bool:
    proof = observed.record.canary if observed.record else None
    if proof is None or proof.fingerprint != condition.fingerprint or not proof.result.complete:
        return False
    return condition.not_before is None or proof.result.sent_at >= condition.not_before
