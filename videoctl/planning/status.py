"""The state of an environment and of each hop an event takes, from one observation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from videoctl.model.regions import Region
from videoctl.planning.checks import TIMESTREAM_ACTION
from videoctl.planning.figures import with_measures
from videoctl.planning.flink_health import dead_job, unread_job
from videoctl.planning.observation import (
    ABSENT,
    CanaryResult,
    ObservedEnvironment,
    ObservedRegion,
)
from videoctl.planning.presence import missing_resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.figures import HopMeasure, HopPlace

TicketState = Literal["not-needed", "none", "drafted", "filed", "answered", "restarted", "verified"]


_TICKET_WORDS: Final = {
    "none": "not written",
    "drafted": "drafted and not filed",
    "filed": "filed and not answered",
    "answered": "answered, and the application not restarted since",
    "restarted": "answered, and its values not proven",
}


UNREADABLE_SHOWN: Final = 2
"""How many failed looks are told in full."""


class EnvironmentState(StrEnum):
    """What an environment is in, in one word."""

    ABSENT = "absent"
    CREATING = "creating"
    READY = "ready"
    READY_EXCEPT_TICKET = "ready-except-ticket"
    DEGRADED = "degraded"
    FAILED = "failed"
    DESTROYING = "destroying"


class HopState(StrEnum):
    """What one hop is in."""

    UP = "up"
    STARTING = "starting"
    DOWN = "down"
    ABSENT = "absent"
    NOT_APPLICABLE = "not-applicable"
    """By specification or run state it carries no data now; `reason` says why."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Hop:
    """One hop in one region.

    Attributes:
        rate_per_second: how much passes, in `rate_unit`; None: not measured.
        rate_unit: what is counted: flows, requests, records, ...
        lag_seconds: how long what passes has waited; None: not measured.
        measured_at: of what moment rate and lag are.
        seen_at: when it was looked at; None: it was not.
        reason: what makes it other than up.

    """

    hop: str
    region: Region | None
    state: HopState
    rate_per_second: float | None = None
    rate_unit: str | None = None
    lag_seconds: float | None = None
    measured_at: datetime | None = None
    seen_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class LastRun:
    """What the journal and the lock say of the latest run.

    Attributes:
        action: `create`, `destroy`, ...
        outcome: None while it has not ended.
        is_running: its process holds the lock now.

    """

    action: str
    outcome: str | None
    is_running: bool


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """State, hops, ticket and what is left to do.

    `last_canary` is the last one that `env create` or `update` saw at every hop.
    """

    environment: str
    state: EnvironmentState
    hops: tuple[Hop, ...]
    ticket: TicketState
    open_items: tuple[str, ...]
    unreadable: tuple[str, ...] = ()
    last_canary: CanaryResult | None = None


def environment_status(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    *,
    last_run: LastRun | None = None,
    ticket: TicketState = "none",
    measures: Mapping[HopPlace, HopMeasure] | None = None,
) -> EnvironmentStatus:
    """The status of an environment that was fully observed; without `measures` no figures."""
    effective: TicketState = ticket if specification.needs_flink_ticket else "not-needed"
    hops = tuple(with_measures(hop, measures or {}) for hop in _hops(specification, observed))
    state = _state(observed, hops, last_run, effective)
    return EnvironmentStatus(
        environment=specification.name,
        state=state,
        hops=hops,
        ticket=effective,
        open_items=tuple(_open_items(observed, hops, last_run, state, effective)),
        unreadable=(*observed.unreadable, *_unread_facts(observed)),
        last_canary=_last_canary(observed),
    )


def _last_canary(observed: ObservedEnvironment) -> CanaryResult | None:
    """The last one that went through every hop, of whatever build."""
    proof = observed.record.canary if observed.record else None
    return proof.result if proof else None


def hop_places(
    specification: EnvironmentSpecification, observed: ObservedEnvironment
) -> tuple[HopPlace, ...]:
    """Every hop of an environment, in the order of an event's way."""
    return tuple((hop.hop, hop.region) for hop in _hops(specification, observed))


def _state(
    observed: ObservedEnvironment,
    hops: tuple[Hop, ...],
    last_run: LastRun | None,
    ticket: TicketState,
) -> EnvironmentState:
    if last_run is not None and last_run.is_running:
        running = {
            "create": EnvironmentState.CREATING,
            "destroy": EnvironmentState.DESTROYING,
        }
        if last_run.action in running:
            return running[last_run.action]
    stack = observed.stack
    no_stack = stack is not None and (not stack.exists or stack.resource_count == 0)
    if no_stack and all(hop.state in {HopState.ABSENT, HopState.NOT_APPLICABLE} for hop in hops):
        return EnvironmentState.ABSENT
    unfinished = last_run is not None and last_run.outcome != "done"
    if all(hop.state in {HopState.UP, HopState.NOT_APPLICABLE} for hop in hops):
        if stack is None or stack.pending_operations or stack.fingerprint is None:
            return EnvironmentState.DEGRADED
        is_open = ticket not in {"not-needed", "verified"}
        return EnvironmentState.READY_EXCEPT_TICKET if is_open else EnvironmentState.READY
    if unfinished and last_run is not None and last_run.action in {"create", "destroy"}:
        return EnvironmentState.FAILED
    return EnvironmentState.DEGRADED


def _open_items(
    observed: ObservedEnvironment,
    hops: tuple[Hop, ...],
    last_run: LastRun | None,
    state: EnvironmentState,
    ticket: TicketState,
) -> Iterator[str]:
    if state is EnvironmentState.ABSENT:
        return
    stack = observed.stack
    if stack is not None and stack.pending_operations:
        yield f"{len(stack.pending_operations)} resource operations were interrupted"
    if (
        stack is not None
        and stack.lock_owner is not None
        and not (last_run and last_run.is_running)
    ):
        yield f"the engine's lock is held by {stack.lock_owner}"
    if last_run is not None and not last_run.is_running and last_run.outcome != "done":
        yield f"the last {last_run.action} ended {last_run.outcome or 'without an outcome'}"
    unreadable = (*observed.unreadable, *_unread_facts(observed))
    yield from _unreadable_items(unreadable)
    for line in missing_resources(observed):
        yield f"missing: {line}"
    for hop in hops:
        is_told = hop.state is HopState.UNKNOWN and unreadable
        if not is_told and hop.state not in {
            HopState.UP,
            HopState.NOT_APPLICABLE,
            HopState.ABSENT,
        }:
            yield f"{hop.hop} in {hop.region or 'all regions'} is {hop.state}: {hop.reason}"
    if ticket not in {"not-needed", "verified"}:
        yield f"the Flink timeout ticket is {_TICKET_WORDS[ticket]}: production traffic needs it"


def _unreadable_items(unreadable: tuple[str, ...]) -> Iterator[str]:
    """What could not be read; of many failures, which mostly have one cause, the first in full."""
    if len(unreadable) <= UNREADABLE_SHOWN:
        for line in unreadable:
            yield f"could not be read: {line}"
        return
    parts = [line.partition(": ") for line in unreadable]
    yield f"could not be read: {', '.join(what for what, _, _ in parts)}"
    yield f"the first of these failed with: {parts[0][2]}"


def _unread_facts(observed: ObservedEnvironment) -> Iterator[str]:
    """What could not be read and the observation keeps as a fact."""
    for seen in observed.regions:
        if seen.timestream_access == "denied":
            yield (
                f"session-store in {seen.region}: timestream-write:ListDatabases in {seen.region}"
                f" is not allowed; it needs {TIMESTREAM_ACTION}"
            )
        because = unread_job(seen.application, seen.job)
        if because is not None:
            yield f"flink-job in {seen.region}: {because}"


def _hops(specification: EnvironmentSpecification, observed: ObservedEnvironment) -> Iterator[Hop]:
    yield _accelerator_hop(observed)
    for region in specification.regions:
        seen = observed.region(region)
        yield from _region_hops(specification, observed, seen)


def _accelerator_hop(observed: ObservedEnvironment) -> Hop:
    status = observed.accelerator.status if observed.accelerator else None
    return _hop("front-door", None, observed, status, up={"DEPLOYED"}, starting={"IN_PROGRESS"})


def _region_hops(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    seen: ObservedRegion,
) -> Iterator[Hop]:
    region = seen.region
    yield _ingest_hop(observed, seen)
    for stream in seen.streams or ():
        yield _hop(
            f"{stream.kind}-stream",
            region,
            observed,
            stream.status,
            up={"ACTIVE", "UPDATING"},
            starting={"CREATING"},
        )
    for delivery in seen.delivery_streams or ():
        yield _hop(
            f"{delivery.kind}-delivery",
            region,
            observed,
            delivery.status,
            up={"ACTIVE"},
            starting={"CREATING"},
        )
    for bucket in seen.buckets or ():
        status = "exists" if bucket.exists else ABSENT
        yield _hop(f"{bucket.kind}-bucket", region, observed, status, up={"exists"})
    yield _flink_hop(specification, observed, seen)
    yield _hop(
        "session-function",
        region,
        observed,
        seen.event_source_mapping_state,
        up={"Enabled"},
        starting={"Creating", "Enabling", "Updating"},
    )
    tables = seen.timestream_tables
    store = None if tables is None else "exists" if tables else ABSENT
    yield _hop("session-store", region, observed, store, up={"exists"})


def _ingest_hop(observed: ObservedEnvironment, seen: ObservedRegion) -> Hop:
    service, targets = seen.service, seen.targets
    if service is None or service.status == ABSENT:
        return _hop("ingest", seen.region, observed, service.status if service else None, up=set())
    healthy = targets.healthy_count if targets else 0
    counts = (
        f"{service.running_count} of {service.desired_count} tasks run, {healthy} targets healthy"
    )
    if service.desired_count > 0 and healthy >= service.desired_count:
        state = HopState.UP
    elif healthy == 0 and service.pending_count == 0 and service.running_count == 0:
        state = HopState.DOWN
    else:
        state = HopState.STARTING
    return Hop(
        hop="ingest",
        region=seen.region,
        state=state,
        seen_at=observed.observed_at,
        reason=None if state is HopState.UP else counts,
    )


def _flink_hop(
    specification: EnvironmentSpecification, observed: ObservedEnvironment, seen: ObservedRegion
) -> Hop:
    status = seen.application.status if seen.application else None
    dead = dead_job(seen.application, seen.job)
    if dead is not None:
        return Hop(
            hop="flink",
            region=seen.region,
            state=HopState.DOWN,
            seen_at=observed.observed_at,
            reason=dead,
        )
    because = unread_job(seen.application, seen.job)
    if because is not None:
        return Hop(
            hop="flink",
            region=seen.region,
            state=HopState.UNKNOWN,
            reason=f"RUNNING, but its job cannot be looked at: {because}",
        )
    if status == "READY" and specification.flink.desired_status == "READY":
        return Hop(
            hop="flink",
            region=seen.region,
            state=HopState.NOT_APPLICABLE,
            seen_at=observed.observed_at,
            reason="READY by specification",
        )
    return _hop(
        "flink",
        seen.region,
        observed,
        status,
        up={"RUNNING"},
        starting={"STARTING", "UPDATING", "AUTOSCALING", "MAINTENANCE", "ROLLING_BACK"},
    )


def _hop(
    name: str,
    region: Region | None,
    observed: ObservedEnvironment,
    status: str | None,
    *,
    up: set[str],
    starting: set[str] | None = None,
) -> Hop:
    if status is None:
        return Hop(hop=name, region=region, state=HopState.UNKNOWN, reason="could not be read")
    if status in up:
        state = HopState.UP
    elif status == ABSENT:
        state = HopState.ABSENT
    elif status in (starting or set()):
        state = HopState.STARTING
    else:
        state = HopState.DOWN
    return Hop(
        hop=name,
        region=region,
        state=state,
        seen_at=observed.observed_at,
        reason=None if state is HopState.UP else status,
    )


def end_state(
    specification: EnvironmentSpecification, observed: ObservedEnvironment, last_run: LastRun
) -> dict[str, Any]:
    """What a run left, for its document: state, resources, and whatever is not as it should be."""
    status = environment_status(specification, observed, last_run=last_run)
    return {
        "state": status.state.value,
        "resource_count": observed.stack.resource_count if observed.stack else None,
        "hops_up": sum(hop.state is HopState.UP for hop in status.hops),
        "hops_total": len(status.hops),
        "open_items": list(status.open_items),
    }
