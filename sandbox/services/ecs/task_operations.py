"""Tasks: run, stop, describe, list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.protocol.errors import ServiceError
from sandbox.services.ecs import launching
from sandbox.services.ecs.scheduler import note_end
from sandbox.services.ecs.tables import EcsTables, tag_list, tag_map, visible
from sandbox.services.ecs.task_run import TaskRun
from sandbox.services.paging import page

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_MOST_TASKS_A_CALL = 10
_PAGE_SIZE = 100


class TaskOperations(EcsTables):
    """Operations on tasks."""

    async def run_task(self, call: Call, request: Json) -> Json:
        """Start tasks that belong to no service."""
        count = request.get("count", 1)
        if not 1 <= count <= _MOST_TASKS_A_CALL:
            raise ServiceError("InvalidParameterException", "count must be between 1 and 10.")
        cluster = await self.cluster(call, request)
        definition = await self.task_definition(call.region, request["taskDefinition"])
        records = []
        for _ in range(count):
            record = launching.task_record(
                call.account_id,
                call.region,
                cluster["clusterArn"],
                definition,
                group=request.get("group", f"family:{definition['family']}"),
                started_by=request.get("startedBy", ""),
                launch_type=request.get("launchType", "FARGATE"),
                tags=tag_map(request.get("tags")),
                overrides=request.get("overrides"),
            )
            self.launch(call.account_id, call.region, record, definition)
            records.append(visible(record))
        return {"tasks": records, "failures": []}

    async def stop_task(self, call: Call, request: Json) -> Json:
        """Stop a task as SIGTERM and its stop timeout allow."""
        cluster = await self.cluster(call, request)
        task = self.find_task(call, cluster, request["task"])
        if task is None:
            raise ServiceError("InvalidParameterException", "The referenced task was not found.")
        run = self.runs.get(task["taskArn"])
        if run is not None:
            run.stop("UserInitiated", request.get("reason", "Task stopped by user"))
        return {"task": visible(task)}

    async def describe_tasks(self, call: Call, request: Json) -> Json:
        """Tasks by id or ARN; stopped ones are kept for an hour."""
        cluster = await self.cluster(call, request)
        tasks, failures = [], []
        for reference in request["tasks"]:
            found = self.find_task(call, cluster, reference)
            if found is None:
                task_id = reference.rpartition("/")[2]
                arn = call.arn(f"task/{cluster['clusterName']}/{task_id}")
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                shown = visible(found)
                if "TAGS" in request.get("include", []):
                    shown["tags"] = tag_list(found["Tags"])
                tasks.append(shown)
        return {"tasks": tasks, "failures": failures}

    async def list_tasks(self, call: Call, request: Json) -> Json:
        """ARNs of tasks, by default of those that shall run."""
        cluster = await self.cluster(call, request)
        wanted = request.get("desiredStatus", "RUNNING")
        if request.get("serviceName"):
            self.service_named(call, cluster, request["serviceName"])
        arns = [
            arn
            for arn, task in self.table(call, "tasks").items()
            if task["clusterArn"] == cluster["clusterArn"]
            and task["desiredStatus"] == wanted
            and _matches(task, request)
        ]
        limit = request.get("maxResults", _PAGE_SIZE)
        shown, token = page(
            arns, limit, request.get("nextToken"), error_code="InvalidParameterException"
        )
        return {"taskArns": shown, **({"nextToken": token} if token else {})}

    def launch(self, account_id: str, region: str, record: Json, definition: Json) -> None:
        """Note a task, on disk before anyone can hear of it, and run it in the background."""
        self.store.table(account_id, region, "tasks")[record["taskArn"]] = record
        self.store.save()
        run = TaskRun(self, account_id, region, record, definition)
        self.runs[record["taskArn"]] = run
        self.spawn(self._live(account_id, region, run), record["taskArn"])

    async def _live(self, account_id: str, region: str, run: TaskRun) -> None:
        try:
            await run.live()
        finally:
            self.runs.pop(run.record["taskArn"], None)
        group = run.record["group"]
        for service in self.store.table(account_id, region, "services").values():
            if (
                group == f"service:{service['serviceName']}"
                and service["clusterArn"] == run.record["clusterArn"]
                and service["deployments"]
            ):
                note_end(service, run.record)


def _matches(task: Json, request: Json) -> bool:
    service, family = request.get("serviceName"), request.get("family")
    started_by, launch_type = request.get("startedBy"), request.get("launchType")
    definition = task["taskDefinitionArn"].rpartition("/")[2].rpartition(":")[0]
    return (
        (not service or task["group"] == f"service:{service.rpartition('/')[2]}")
        and (not family or definition == family)
        and (not started_by or task["startedBy"] == started_by)
        and (not launch_type or task["launchType"] == launch_type)
    )
