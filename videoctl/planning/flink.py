"""Plans on Flink applications: snapshot, restart, reshard; pure functions of what was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from videoctl.planning import conditions, flink_checks, flink_conditions, flink_steps
from videoctl.planning.checks import account_check
from videoctl.planning.flink_request import ENDING, STARTABLE
from videoctl.planning.observation import ABSENT
from videoctl.planning.observed_flink import ObservedApplication
from videoctl.planning.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.flink_request import FlinkRequest
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.plan import Check, Plan, Step


def plan_snapshot(observed: ObservedEnvironment, request: FlinkRequest) -> Plan:
    """The plan of `flink snapshot`."""
    steps: list[Step] = []
    checks = [account_check(observed, request.account_id)]
    for region in request.regions:
        application = _application(observed, region)
        checks += [
            flink_checks.running_check(observed, region),
            flink_checks.snapshots_enabled_check(observed, region),
            flink_checks.job_check(observed, region),
        ]
        steps += flink_steps.settle(region, application)
        name = flink_steps.snapshot_name(observed, region)
        taken = flink_steps.take_snapshot(region, name, application.last_operation_at)
        steps.append(_until_ready(taken, region, name))
    return make_plan(
        action="flink-snapshot",
        environment=observed.environment,
        observed_at=observed.observed_at,
        steps=tuple(steps),
        checks=tuple(checks),
        is_severe=request.protected,
        words=("flink", "snapshot", *_where(observed, request)),
    )


def plan_restart(observed: ObservedEnvironment, request: FlinkRequest) -> Plan:
    """The plan of `flink restart`: one region after the other, each to its end."""
    steps: list[Step] = []
    checks = [account_check(observed, request.account_id)]
    for region in request.regions:
        application = _application(observed, region)
        checks.append(flink_checks.status_check(observed, region))
        if not request.skip_snapshot:
            checks += _saving_checks(observed, region)
        if application.status not in STARTABLE:
            continue
        steps += flink_steps.bring_to_rest(
            observed, region, application, force=request.skip_snapshot
        )
        steps += _started(region, application, forced=request.skip_snapshot)
    flags = ("--skip-snapshot",) if request.skip_snapshot else ()
    return make_plan(
        action="flink-restart",
        environment=observed.environment,
        observed_at=observed.observed_at,
        steps=tuple(steps),
        checks=tuple(checks),
        loss=tuple(flink_checks.losses(observed, region) for region in request.regions)
        if request.skip_snapshot
        else (),
        is_severe=request.protected,
        words=("flink", "restart", *_where(observed, request), *flags),
    )


def plan_reshard(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: FlinkRequest,
) -> Plan:
    """The plan of `flink reshard`: nothing reads the stream while its shards change.

    Where the shards and the parallelism are as asked and the job runs, there is no step.
    """
    assert request.shards is not None, "reshard asks for shards"
    steps: list[Step] = []
    checks = [account_check(observed, request.account_id)]
    for region in request.regions:
        application = _application(observed, region)
        parallelism = max(application.parallelism or 0, request.shards)
        checks += [
            flink_checks.status_check(observed, region),
            flink_checks.mode_check(observed, region),
            flink_checks.shard_limit_check(observed, region, request.shards),
            flink_checks.most_parallelism_check(region, request.shards),
            flink_checks.reshard_specification_check(
                specification, region, request.shards, parallelism
            ),
            *_saving_checks(observed, region),
        ]
        if application.status in STARTABLE:
            steps += _reshard(specification, observed, region, request.shards)
    return make_plan(
        action="flink-reshard",
        environment=observed.environment,
        observed_at=observed.observed_at,
        steps=tuple(steps),
        checks=tuple(checks),
        is_severe=request.protected,
        words=("flink", "reshard", *_where(observed, request), "--shards", str(request.shards)),
    )


def _reshard(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    region: Region,
    shards: int,
) -> Iterator[Step]:
    seen, application = observed.region(region), _application(observed, region)
    reshard = flink_steps.update_shard_count(region, shards)
    parallelism = max(application.parallelism or 0, shards)
    widen = flink_steps.set_parallelism(region, parallelism)
    is_done = all(conditions.holds(step.done_when, observed) for step in (reshard, widen))
    starts = application.status != "READY" or specification.flink.desired_status == "RUNNING"
    if is_done and (application.status == "RUNNING" or not starts):
        return
    yield from flink_steps.bring_to_rest(observed, region, application, force=False)
    yield reshard
    yield widen
    if starts:
        reports = seen.job is not None and seen.job.shards is not None
        yield from _started(region, application, every_shard=reports)


def _started(
    region: Region,
    application: ObservedApplication,
    *,
    every_shard: bool = False,
    forced: bool = False,
) -> Iterator[Step]:
    since = application.last_operation_at
    will_be_saved = application.status not in {"READY", *ENDING} and not forced
    is_saved = will_be_saved or application.newest_snapshot is not None
    yield flink_steps.start(region, since, is_saved=is_saved)
    yield flink_steps.reads(region, since, every_shard=every_shard)


def _saving_checks(observed: ObservedEnvironment, region: Region) -> Iterator[Check]:
    """Whether the state can be saved; of no matter where nothing runs."""
    application = observed.region(region).application
    if application is not None and application.status == "READY":
        return
    yield flink_checks.snapshots_enabled_check(observed, region)
    yield flink_checks.job_check(observed, region)


def _until_ready(step: Step, region: Region, name: str) -> Step:
    condition = flink_conditions.SnapshotIsReady(region=region, snapshot=name)
    return replace(step, done_when=condition, reason="a restart or a rollback begins from it")


def _application(observed: ObservedEnvironment, region: Region) -> ObservedApplication:
    return observed.region(region).application or ObservedApplication(status=ABSENT)


def _where(observed: ObservedEnvironment, request: FlinkRequest) -> tuple[str, ...]:
    regions = tuple(word for region in request.regions for word in ("--region", str(region)))
    is_everywhere = len(request.regions) == len(observed.regions)
    return ("--env", observed.environment, *(() if is_everywhere else regions))
