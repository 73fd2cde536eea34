"""What services and tasks share: their tables, references to them, and the running tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service
from sandbox.services.elbv2 import LoadBalancing

if TYPE_CHECKING:
    from sandbox.host import Host
    from sandbox.protocol.wire import Json
    from sandbox.services.ecs.task_run import TaskRun
    from sandbox.store import Store

_DEFAULT_CLUSTER = "default"


class EcsTables(Service):
    """The tables `services` and `tasks`, by ARN."""

    def __init__(self, host: Host, store: Store) -> None:
        super().__init__(host, store)
        self.runs: dict[str, TaskRun] = {}

    @property
    def load_balancing(self) -> LoadBalancing:
        """The service whose target groups tasks are registered in."""
        assert self.host.registry is not None
        service = self.host.registry.get("elbv2")
        assert isinstance(service, LoadBalancing)
        return service

    async def cluster(self, call: Call, request: Json) -> Json:
        """The active cluster a request names; `default` when it names none."""
        reference = request.get("cluster") or _DEFAULT_CLUSTER
        answer = await self.host.aws(call.region).pass_on(
            "ecs", "DescribeClusters", {"clusters": [reference]}
        )
        active = [c for c in answer.get("clusters", []) if c["status"] == "ACTIVE"]
        if not active:
            raise ServiceError("ClusterNotFoundException", "Cluster not found.")
        found: Json = active[0]
        return found

    async def task_definition(self, region: str, reference: str) -> Json:
        """A task definition by family, family:revision or ARN."""
        answer = await self.host.aws(region).invoke(
            "ecs", "DescribeTaskDefinition", taskDefinition=reference
        )
        found: Json = answer["taskDefinition"]
        return found

    def service_named(self, call: Call, cluster: Json, reference: str) -> Json:
        """A service by name or ARN that is not INACTIVE."""
        found = self.find_service(call, cluster, reference)
        if found is None:
            raise ServiceError("ServiceNotFoundException", "Service not found.")
        if found["status"] == "INACTIVE":
            raise ServiceError("ServiceNotActiveException", "Service was not ACTIVE.")
        return found

    def find_service(self, call: Call, cluster: Json, reference: str) -> Json | None:
        """A service by name or ARN, INACTIVE ones included."""
        name = reference.rpartition("/")[2]
        arn = call.arn(f"service/{cluster['clusterName']}/{name}")
        found: Json | None = self.table(call, "services").get(arn)
        return found

    def find_task(self, call: Call, cluster: Json, reference: str) -> Json | None:
        """A task by id or ARN."""
        task_id = reference.rpartition("/")[2]
        arn = call.arn(f"task/{cluster['clusterName']}/{task_id}")
        found: Json | None = self.table(call, "tasks").get(arn)
        return found

    def tasks_of(self, account_id: str, region: str, service: Json) -> list[Json]:
        """Tasks of a service that are not STOPPED."""
        group = f"service:{service['serviceName']}"
        return [
            task
            for task in self.store.table(account_id, region, "tasks").values()
            if task["clusterArn"] == service["clusterArn"]
            and task["group"] == group
            and task["lastStatus"] != "STOPPED"
        ]

    def bury(self, account_id: str, region: str, task: Json) -> None:
        """A task whose processes went with the last server is STOPPED."""
        if task["lastStatus"] == "STOPPED":
            return
        now = Call.now()
        task.update(
            lastStatus="STOPPED",
            desiredStatus="STOPPED",
            stopCode="TerminationNotice",
            stoppedReason="The sandbox ended while the task was running",
            stoppedAt=now,
            stoppingAt=now,
        )
        for container in task["containers"]:
            container["lastStatus"] = "STOPPED"
        for _, port in task["Ports"].get("targets", []):
            self.load_balancing.forget_target(account_id, region, port)


def visible(record: Json, *hidden: str) -> Json:
    """A record without the members that are only ours: those that begin with a capital."""
    return {
        name: value
        for name, value in record.items()
        if not name[:1].isupper() and name not in hidden and value is not None
    }


def tag_list(tags: dict[str, str]) -> list[dict[str, Any]]:
    """Tags in ECS's form."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tag_map(tags: list[dict[str, Any]] | None) -> dict[str, str]:
    """Tags from ECS's form."""
    return {tag["key"]: tag.get("value", "") for tag in tags or []}
