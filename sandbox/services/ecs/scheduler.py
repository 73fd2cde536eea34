"""The service scheduler: keeps the desired number of tasks of each service running."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from sandbox.services.base import Call
from sandbox.services.ecs import launching
from sandbox.services.ecs.rollout import TaskView, decide

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.ecs import Ecs

_TICK_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_STOPPED_KEPT_SECONDS = 3600
_EVENTS_KEPT = 100


async def keep_scheduling(ecs: Ecs) -> None:
    """Look at every service several times a second, for as long as the server runs."""
    while True:
        for account_id, region, services in ecs.store.tables("services"):
            for service in list(services.values()):
                if service["status"] != "INACTIVE":
                    await _schedule(ecs, account_id, region, service)
        _forget_old_tasks(ecs)
        await asyncio.sleep(_TICK_SECONDS)


async def _schedule(ecs: Ecs, account_id: str, region: str, service: Json) -> None:
    tasks = ecs.tasks_of(account_id, region, service)
    primary = service["deployments"][0]
    _replace_unhealthy(ecs, account_id, region, service, tasks)
    alive = [task for task in tasks if task["desiredStatus"] == "RUNNING"]
    views = tuple(
        TaskView(
            arn=task["taskArn"],
            is_current=task["startedBy"] == primary["id"],
            is_healthy=_is_healthy(ecs, account_id, region, task),
            started=task["createdAt"],
        )
        for task in alive
    )
    configuration = service["deploymentConfiguration"]
    decision = decide(
        service["desiredCount"] if service["status"] == "ACTIVE" else 0,
        views,
        minimum_healthy_percent=configuration["minimumHealthyPercent"],
        maximum_percent=configuration["maximumPercent"],
    )
    for arn in decision.stop:
        if arn in ecs.runs:
            reason = f"Scaling activity initiated by (deployment {primary['id']})"
            ecs.runs[arn].stop("ServiceSchedulerInitiated", reason)
    if decision.start and Call.now() >= primary["Retry"]["not_before"]:
        await _start_tasks(ecs, account_id, region, service, decision.start)
    _settle(ecs, account_id, region, service)


def _is_healthy(ecs: Ecs, account_id: str, region: str, task: Json) -> bool:
    if task["lastStatus"] != "RUNNING":
        return False
    return all(
        ecs.load_balancing.target_state(account_id, region, group_arn, port) == "healthy"
        for group_arn, port in task["Ports"].get("targets", [])
    )


def _replace_unhealthy(
    ecs: Ecs, account_id: str, region: str, service: Json, tasks: list[Json]
) -> None:
    """Stop running tasks whose target failed its health checks, once their grace is over."""
    grace = service.get("healthCheckGracePeriodSeconds") or 0
    for task in tasks:
        run = ecs.runs.get(task["taskArn"])
        if run is None or task["lastStatus"] != "RUNNING":
            continue
        if Call.now() < task["startedAt"] + grace:
            continue
        for group_arn, port in task["Ports"].get("targets", []):
            state = ecs.load_balancing.target_state(account_id, region, group_arn, port)
            if state == "unhealthy":
                reason = f"Task failed ELB health checks in (target-group {group_arn})"
                run.stop("ServiceSchedulerInitiated", reason)


async def _start_tasks(ecs: Ecs, account_id: str, region: str, service: Json, count: int) -> None:
    primary = service["deployments"][0]
    definition = await ecs.task_definition(region, primary["taskDefinition"])
    for _ in range(count):
        record = launching.task_record(
            account_id,
            region,
            service["clusterArn"],
            definition,
            group=f"service:{service['serviceName']}",
            started_by=primary["id"],
            launch_type=service["launchType"],
            tags=launching.propagated_tags(service, definition),
            load_balancers=service["loadBalancers"],
        )
        ecs.launch(account_id, region, record, definition)
    _event(service, f"(service {service['serviceName']}) has started {count} tasks.")


def note_end(service: Json, task: Json) -> None:
    """A task of the service ended: by itself means that the next one waits, longer each time."""
    primary = service["deployments"][0]
    failed = task["stopCode"] in {"TaskFailedToStart", "EssentialContainerExited"}
    if task["startedBy"] != primary["id"] or not failed:
        return
    retry = primary["Retry"]
    lived = task["stoppedAt"] - task.get("startedAt", task["stoppedAt"])
    retry["failures"] = 1 if lived > _LONGEST_PAUSE_SECONDS else retry["failures"] + 1
    primary["failedTasks"] += 1
    pause = min(_FIRST_PAUSE_SECONDS * 2 ** (retry["failures"] - 1), _LONGEST_PAUSE_SECONDS)
    retry["not_before"] = Call.now() + pause
    _event(service, f"(service {service['serviceName']}) task stopped: {task['stoppedReason']}")


def _settle(ecs: Ecs, account_id: str, region: str, service: Json) -> None:
    """Close deployments that are through, and services whose last task is gone."""
    tasks = ecs.tasks_of(account_id, region, service)
    primary = service["deployments"][0]
    if service["status"] == "DRAINING":
        if not tasks:
            service.update(status="INACTIVE", deployments=[])
        return
    used = {task["startedBy"] for task in tasks}
    service["deployments"] = [
        primary,
        *(old for old in service["deployments"][1:] if old["id"] in used),
    ]
    current = [task for task in tasks if task["startedBy"] == primary["id"]]
    healthy = sum(_is_healthy(ecs, account_id, region, task) for task in current)
    steady = healthy == len(current) == service["desiredCount"] and len(service["deployments"]) == 1
    if steady and primary["rolloutState"] == "IN_PROGRESS":
        primary.update(
            rolloutState="COMPLETED",
            rolloutStateReason=f"ECS deployment {primary['id']} completed.",
            updatedAt=Call.now(),
        )
        _event(service, f"(service {service['serviceName']}) has reached a steady state.")


def _event(service: Json, message: str) -> None:
    event = {"id": str(uuid.uuid4()), "createdAt": Call.now(), "message": message}
    service["events"] = [event, *service["events"]][:_EVENTS_KEPT]


def _forget_old_tasks(ecs: Ecs) -> None:
    oldest = Call.now() - _STOPPED_KEPT_SECONDS
    for _, _, tasks in ecs.store.tables("tasks"):
        for arn, task in list(tasks.items()):
            if task["lastStatus"] == "STOPPED" and task["stoppedAt"] < oldest:
                del tasks[arn]
