"""The plan that destroys an environment, in the order that loses nothing unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoctl.planning import changes, conditions, timeouts
from videoctl.planning.checks import (
    DATA_BUCKETS,
    account_check,
    bucket_checks,
    confirmation_check,
    readiness_checks,
    snapshot_checks,
    stack_lock_check,
)
from videoctl.planning.environment import release_stack_lock
from videoctl.planning.plan import Check, Step, Verdict, make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import ObservedBucket, ObservedEnvironment
    from videoctl.planning.plan import Plan
    from videoctl.planning.request import DestroyRequest


def plan_destroy(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: DestroyRequest,
) -> Plan:
    """Stop what writes, empty the buckets if asked, destroy the stack, forget the record.

    Writers go first: a bucket emptied while Firehose still flushes into it does not stay empty.
    Without `delete_data` a bucket that holds objects refuses the whole plan.
    """
    steps = (
        *release_stack_lock(observed),
        _recover(),
        *(_stop_service(region) for region in specification.regions),
        *(_stop_application(region, observed) for region in specification.regions),
        *(_disable_mapping(region) for region in specification.regions),
        *_lift_protection(observed),
        *_empty_buckets(observed, request),
        _destroy_stack(request),
        _forget(),
    )
    return make_plan(
        action="destroy",
        environment=specification.name,
        observed_at=observed.observed_at,
        steps=steps,
        checks=_checks(specification, observed, request),
        is_severe=True,
    )


def _checks(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: DestroyRequest,
) -> tuple[Check, ...]:
    engine = (c for c in readiness_checks(request.readiness) if c.check == "engine")
    return (
        account_check(observed, request.account_id),
        *engine,
        stack_lock_check(observed),
        confirmation_check(specification.name, request.confirmed_name),
        *_protection_check(specification),
        *bucket_checks(observed, delete_data=request.delete_data),
        *snapshot_checks(observed),
    )


def _protection_check(specification: EnvironmentSpecification) -> Iterator[Check]:
    if specification.protected:
        yield Check(
            check="protection",
            seen="a protected environment; its deletion protection is lifted first",
            limit="not protected",
            verdict=Verdict.WARN,
        )


def _recover() -> Step:
    return Step(
        name="recover-pending-operations",
        title="Take over what an interrupted update was making",
        reason="what the state does not know would outlive the stack",
        region=None,
        change=changes.RecoverPendingOperations(),
        done_when=conditions.NothingPending(),
        timeout_seconds=timeouts.STACK_SECONDS,
    )


def _stop_service(region: Region) -> Step:
    return Step(
        name=f"stop-service:{region}",
        title=f"Stop the ingest tasks in {region}",
        reason="first, so that no new event is acknowledged and then deleted",
        region=region,
        change=changes.SetDesiredCount(region=region, desired_count=0),
        done_when=conditions.ServiceIsStopped(region=region),
        timeout_seconds=timeouts.SERVICE_SECONDS,
    )


def _stop_application(region: Region, observed: ObservedEnvironment) -> Step:
    application = observed.region(region).application
    status = application.status if application else None
    force = status in {"STARTING", "UPDATING", "AUTOSCALING", "STOPPING"}
    return Step(
        name=f"stop-application:{region}",
        title=f"Stop the Flink application in {region}{' by force' if force else ''}",
        reason="it writes to the session and late streams",
        region=region,
        change=changes.StopApplication(region=region, force=force),
        done_when=conditions.ApplicationIs(region=region, status="READY"),
        timeout_seconds=timeouts.APPLICATION_SECONDS,
    )


def _disable_mapping(region: Region) -> Step:
    return Step(
        name=f"disable-event-source-mapping:{region}",
        title=f"Disable the session function's event source mapping in {region}",
        reason="Lambda would go on polling a stream that is going",
        region=region,
        change=changes.SetEventSourceMapping(region=region, enabled=False),
        done_when=conditions.EventSourceMappingIs(region=region, state="Disabled"),
        timeout_seconds=timeouts.EVENT_SOURCE_MAPPING_SECONDS,
    )


def _lift_protection(observed: ObservedEnvironment) -> Iterator[Step]:
    if observed.stack is not None and observed.stack.protected_count:
        yield Step(
            name="lift-deletion-protection",
            title="Lift the deletion protection",
            reason="what holds data, the accelerator and the load balancers refuse to be deleted",
            region=None,
            change=changes.LiftDeletionProtection(),
            done_when=conditions.DeletionProtectionIsOff(),
            timeout_seconds=timeouts.STACK_SECONDS,
        )


def _empty_buckets(observed: ObservedEnvironment, request: DestroyRequest) -> Iterator[Step]:
    for seen in observed.regions:
        for bucket in seen.buckets or ():
            if bucket.kind not in DATA_BUCKETS or request.delete_data:
                yield _empty_bucket(seen.region, bucket)


def _empty_bucket(region: Region, bucket: ObservedBucket) -> Step:
    is_data = bucket.kind in DATA_BUCKETS
    return Step(
        name=f"empty-bucket:{bucket.name}",
        title=f"Delete every version of every object in {bucket.name}",
        reason="S3 deletes empty buckets only"
        + ("; --delete-data allows it" if is_data else "; artefacts are built from the source"),
        region=region,
        change=changes.EmptyBucket(region=region, bucket=bucket.name),
        done_when=conditions.BucketIsEmpty(region=region, bucket=bucket.name),
        timeout_seconds=timeouts.EMPTYING_SECONDS,
    )


def _destroy_stack(request: DestroyRequest) -> Step:
    return Step(
        name="destroy-stack",
        title="Destroy the stack",
        reason="once nothing writes and the buckets are empty",
        region=None,
        change=changes.DestroyStack(delete_data=request.delete_data),
        done_when=conditions.StackIsGone(),
        timeout_seconds=timeouts.STACK_SECONDS,
    )


def _forget() -> Step:
    return Step(
        name="forget-environment",
        title="Remove the environment's record",
        reason="last, so that an interrupted destroy is still found",
        region=None,
        change=changes.ForgetEnvironment(),
        done_when=conditions.RecordIsGone(),
        timeout_seconds=timeouts.RECORD_SECONDS,
    )
