"""Plans that build, change and mend an environment: pure functions of what was seen and asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoctl.planning import changes, conditions, timeouts
from videoctl.planning.canary import canary_route, route_seconds
from videoctl.planning.checks import create_checks, existence_check
from videoctl.planning.conditions import holds
from videoctl.planning.observation import ABSENT
from videoctl.planning.plan import Step, StepMode, make_plan
from videoctl.planning.presence import missing_resources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.plan import Action, Check, Plan
    from videoctl.planning.request import EnvironmentRequest


def needs_preview(observed: ObservedEnvironment, fingerprint: str) -> bool:
    """Whether an update could replace something: a stack exists and is not what is wanted."""
    stack = observed.stack
    return stack is not None and stack.resource_count > 0 and stack.fingerprint != fingerprint


def plan_create(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: EnvironmentRequest,
) -> Plan:
    """The plan of `env create`: whatever is there already is skipped, so it can be run again."""
    return _plan("create", specification, observed, request)


def plan_update(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: EnvironmentRequest,
) -> Plan:
    """The plan of `env update`: as create, but refuses where there is nothing to update."""
    return _plan("update", specification, observed, request, extra=(existence_check(observed),))


def plan_repair(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: EnvironmentRequest,
) -> Plan:
    """The plan of `env repair`: locks and pending operations one by one, then read and mend all.

    A lock whose process cannot be shown to be gone is released only once a person has said so; the
    check that makes `env create` refuse it is therefore left out here.
    """
    plan = _plan(
        "repair", specification, observed, request, extra=(existence_check(observed),), refresh=True
    )
    checks = tuple(check for check in plan.checks if check.check != "stack-lock")
    return make_plan(
        action="repair",
        environment=plan.environment,
        observed_at=plan.observed_at,
        steps=plan.steps,
        checks=checks,
        resource_changes=plan.resource_changes,
        resources=plan.resources,
        is_severe=plan.is_severe,
    )


def _plan(
    action: Action,
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: EnvironmentRequest,
    *,
    extra: tuple[Check, ...] = (),
    refresh: bool = False,
) -> Plan:
    expires_at = _expires_at(observed, request)
    drifted = refresh or has_drifted(observed)
    since = observed.observed_at.replace(microsecond=0) if refresh else None
    build = (
        *release_stack_lock(observed),
        _recover(),
        _update_stack(request, refresh=drifted, since=since),
        *_run_state(specification, observed),
    )
    steps = (_record(expires_at), *build)
    if request.with_canary:
        is_idle = all(holds(step.done_when, observed) for step in build)
        steps = (*steps, _canary(specification, observed, request, is_idle=is_idle))
    return make_plan(
        action=action,
        environment=specification.name,
        observed_at=observed.observed_at,
        steps=steps,
        checks=(*extra, *create_checks(specification, observed, request, expires_at)),
        resource_changes=request.preview.changes if request.preview else None,
        resources=request.preview.resources if request.preview else (),
        is_severe=specification.protected,
    )


def _expires_at(observed: ObservedEnvironment, request: EnvironmentRequest) -> datetime | None:
    if request.expires_at is not None:
        return request.expires_at
    if request.ttl is not None:
        return (observed.observed_at + request.ttl).replace(microsecond=0)
    return observed.record.expires_at if observed.record else None


def has_drifted(observed: ObservedEnvironment) -> bool:
    """Whether the state lists resources of which some were seen to be missing: refresh then."""
    stack = observed.stack
    if stack is None or stack.resource_count == 0:
        return False
    return stack.fingerprint is not None and bool(missing_resources(observed))


def _record(expires_at: datetime | None) -> Step:
    return Step(
        name="record-environment",
        title=f"Record the environment, {_until(expires_at)}",
        reason="first, so that a half-built environment is still found and expires",
        region=None,
        change=changes.RecordEnvironment(expires_at=expires_at),
        done_when=conditions.RecordIs(expires_at=expires_at),
        timeout_seconds=timeouts.RECORD_SECONDS,
    )


def _until(expires_at: datetime | None) -> str:
    return (
        f"which expires at {expires_at:%Y-%m-%d %H:%M:%SZ}" if expires_at else "which never expires"
    )


def release_stack_lock(observed: ObservedEnvironment) -> Iterator[Step]:
    """A step for the engine's own lock, where somebody is seen to hold it."""
    stack = observed.stack
    if stack is None or stack.lock_owner is None:
        return
    yield Step(
        name="release-stack-lock",
        title=f"Release the engine's lock of {stack.lock_owner}",
        reason="an update that was killed leaves its lock, and the engine knows no lease",
        region=None,
        change=changes.ReleaseStackLock(owner=stack.lock_owner),
        done_when=conditions.StackLockIsFree(),
        mode=StepMode.AUTOMATIC if stack.lock_owner_is_gone else StepMode.MANUAL_APPROVAL,
        timeout_seconds=timeouts.STACK_LOCK_SECONDS,
    )


def _recover() -> Step:
    return Step(
        name="recover-pending-operations",
        title="Take over what an interrupted update was making",
        reason="before the update, or it would make the same resources again",
        region=None,
        change=changes.RecoverPendingOperations(),
        done_when=conditions.NothingPending(),
        timeout_seconds=timeouts.STACK_SECONDS,
    )


def _update_stack(request: EnvironmentRequest, *, refresh: bool, since: datetime | None) -> Step:
    return Step(
        name="update-stack",
        title="Bring the stack to the specification",
        reason="everything after it needs the resources to exist",
        region=None,
        change=changes.UpdateStack(
            fingerprint=request.fingerprint,
            refresh=refresh,
            accepted_replacements=tuple(sorted(request.accepted_replacements)),
        ),
        done_when=conditions.StackIsCurrent(fingerprint=request.fingerprint, not_before=since),
        timeout_seconds=timeouts.STACK_SECONDS,
    )


def _run_state(
    specification: EnvironmentSpecification, observed: ObservedEnvironment
) -> Iterator[Step]:
    regions = active_regions(specification, observed)
    for region in regions:
        yield _desired_count(region, _wanted_count(specification, observed, region))
    for region in regions:
        yield _event_source_mapping(region)
    if specification.flink.desired_status == "RUNNING":
        for region in regions:
            yield _start_application(region)
    yield Step(
        name="accelerator-deployed",
        title="Wait until the accelerator is deployed",
        reason="before the canary: edge locations route by what was deployed",
        region=None,
        change=changes.Await(),
        done_when=conditions.AcceleratorIsDeployed(),
        timeout_seconds=timeouts.ACCELERATOR_SECONDS,
    )


def active_regions(
    specification: EnvironmentSpecification, observed: ObservedEnvironment
) -> tuple[Region, ...]:
    """The regions traffic is dialled to; all of them while there is no accelerator.

    Run state in a region that was failed away from is left as the failover left it: an update must
    not start there what the failover stopped.
    """
    groups = observed.accelerator.endpoint_groups if observed.accelerator else ()
    dialled_down = {
        group.region for group in groups if group.traffic_dial_percentage == 0 or group.weight == 0
    }
    return tuple(region for region in specification.regions if region not in dialled_down)


def _wanted_count(
    specification: EnvironmentSpecification, observed: ObservedEnvironment, region: Region
) -> int:
    """The count an operator has set, else the specification's: it only says how to start."""
    service = observed.region(region).service
    if service is not None and service.status != ABSENT and service.desired_count > 0:
        return service.desired_count
    return specification.fargate.desired_count


def _desired_count(region: Region, count: int) -> Step:
    what = "task" if count == 1 else "tasks"
    healthy = "1 target is" if count == 1 else f"{count} targets are"
    return Step(
        name=f"set-desired-count:{region}",
        title=f"Run {count} ingest {what} in {region}, until {healthy} healthy",
        reason="the front door answers only once targets are healthy",
        region=region,
        change=changes.SetDesiredCount(region=region, desired_count=count),
        done_when=conditions.ServiceIsSteady(region=region, desired_count=count),
        timeout_seconds=timeouts.SERVICE_SECONDS,
    )


def _event_source_mapping(region: Region) -> Step:
    return Step(
        name=f"enable-event-source-mapping:{region}",
        title=f"Enable the session function's event source mapping in {region}",
        reason="before the Flink application writes sessions it would have to catch up on",
        region=region,
        change=changes.SetEventSourceMapping(region=region, enabled=True),
        done_when=conditions.EventSourceMappingIs(region=region, state="Enabled"),
        timeout_seconds=timeouts.EVENT_SOURCE_MAPPING_SECONDS,
        undo=changes.SetEventSourceMapping(region=region, enabled=False),
    )


def _start_application(region: Region) -> Step:
    return Step(
        name=f"start-application:{region}",
        title=f"Start the Flink application in {region}",
        reason="the stack creates it READY; running is run state",
        region=region,
        change=changes.StartApplication(region=region),
        done_when=conditions.ApplicationIs(region=region, status="RUNNING"),
        timeout_seconds=timeouts.APPLICATION_SECONDS,
        undo=changes.StopApplication(region=region),
    )


def _canary(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: EnvironmentRequest,
    *,
    is_idle: bool,
) -> Step:
    """A canary through this build; while nothing else is to be done, an earlier one will do."""
    route = canary_route(specification, active_regions(specification, observed))
    return Step(
        name="send-canary",
        title="Send a canary event through every hop",
        reason="last: it proves what the steps before it built",
        region=None,
        change=changes.SendCanary(),
        done_when=conditions.CanaryArrived(
            fingerprint=request.fingerprint,
            not_before=None if is_idle else observed.observed_at,
        ),
        # Longer than the flight: the canary itself tells which hop it did not pass.
        timeout_seconds=route_seconds(route) + timeouts.RECORD_SECONDS,
    )
