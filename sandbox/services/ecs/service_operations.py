"""Services: create, update, delete, describe, list."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox import ministack_runtime
from sandbox.protocol.errors import ServiceError
from sandbox.services.ecs.tables import EcsTables, tag_list, tag_map, visible
from sandbox.services.paging import page

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_PENDING_STATUSES = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})
_PAGE_SIZE = 10
_UPDATABLE = (
    "availabilityZoneRebalancing",
    "desiredCount",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "loadBalancers",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
    "serviceRegistries",
)
_REDEPLOYING = frozenset({"loadBalancers", "networkConfiguration"})
_DEFAULT_DEPLOYMENT = {
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
}


class ServiceOperations(EcsTables):
    """Operations on services."""

    async def create_service(self, call: Call, request: Json) -> Json:
        """A service; its tasks start within a moment."""
        cluster = await self.cluster(call, request)
        existing = self.find_service(call, cluster, request["serviceName"])
        if existing is not None and existing["status"] != "INACTIVE":
            token = request.get("clientToken")
            if token is None or existing["ClientToken"] != token:
                raise ServiceError(
                    "InvalidParameterException", "Creation of service was not idempotent."
                )
            return {"service": self._describe(call, existing)}
        if not request.get("taskDefinition"):
            raise ServiceError("InvalidParameterException", "TaskDefinition can not be blank.")
        definition = await self.task_definition(call.region, request["taskDefinition"])
        self._refuse_what_does_not_run(request)
        self._check_load_balancers(call, request.get("loadBalancers", []), definition)
        record = self._new_service(call, cluster, request, definition)
        self.table(call, "services")[record["serviceArn"]] = record
        return {"service": self._describe(call, record)}

    async def update_service(self, call: Call, request: Json) -> Json:
        """New settings; another task definition or `forceNewDeployment` replaces the tasks."""
        cluster = await self.cluster(call, request)
        service = self.service_named(call, cluster, request["service"])
        reference = request.get("taskDefinition") or service["taskDefinition"]
        definition = await self.task_definition(call.region, reference)
        arn = definition["taskDefinitionArn"]
        self._refuse_what_does_not_run(request)
        self._check_load_balancers(
            call, request.get("loadBalancers") or service["loadBalancers"], definition
        )
        redeploys = (
            request.get("forceNewDeployment", False)
            or arn != service["taskDefinition"]
            or any(n in request and request[n] != service.get(n) for n in _REDEPLOYING)
        )
        service |= {name: request[name] for name in _UPDATABLE if name in request}
        service["taskDefinition"] = arn
        service["deploymentConfiguration"] |= request.get("deploymentConfiguration", {})
        if redeploys:
            old = [{**d, "status": "ACTIVE"} for d in service["deployments"]]
            service["deployments"] = [_new_deployment(call, service), *old]
        elif "desiredCount" in request:
            service["deployments"][0]["updatedAt"] = call.now()
        return {"service": self._describe(call, service)}

    async def delete_service(self, call: Call, request: Json) -> Json:
        """DRAINING until its tasks have stopped, then INACTIVE."""
        cluster = await self.cluster(call, request)
        service = self.service_named(call, cluster, request["service"])
        if service["desiredCount"] > 0 and not request.get("force"):
            raise ServiceError(
                "InvalidParameterException",
                "The service cannot be stopped while it is scaled above 0.",
            )
        service.update(status="DRAINING", desiredCount=0)
        return {"service": self._describe(call, service)}

    async def describe_services(self, call: Call, request: Json) -> Json:
        """Services by name or ARN."""
        cluster = await self.cluster(call, request)
        services, failures = [], []
        for reference in request["services"]:
            found = self.find_service(call, cluster, reference)
            if found is None:
                name = reference.rpartition("/")[2]
                arn = call.arn(f"service/{cluster['clusterName']}/{name}")
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                shown = self._describe(call, found)
                if "TAGS" not in request.get("include", []):
                    shown.pop("tags")
                services.append(shown)
        return {"services": services, "failures": failures}

    async def list_services(self, call: Call, request: Json) -> Json:
        """ARNs of the services of a cluster."""
        cluster = await self.cluster(call, request)
        arns = [
            arn
            for arn, service in self.table(call, "services").items()
            if service["clusterArn"] == cluster["clusterArn"]
            and service["status"] != "INACTIVE"
            and request.get("launchType", service["launchType"]) == service["launchType"]
        ]
        limit = request.get("maxResults", _PAGE_SIZE)
        shown, token = page(
            arns, limit, request.get("nextToken"), error_code="InvalidParameterException"
        )
        return {"serviceArns": shown, **({"nextToken": token} if token else {})}

    def _new_service(self, call: Call, cluster: Json, request: Json, definition: Json) -> Json:
        name = request["serviceName"]
        record: dict[str, Any] = {
            "serviceArn": call.arn(f"service/{cluster['clusterName']}/{name}"),
            "serviceName": name,
            "clusterArn": cluster["clusterArn"],
            "status": "ACTIVE",
            "desiredCount": request.get("desiredCount", 0),
            "launchType": request.get("launchType", "FARGATE"),
            "platformVersion": request.get("platformVersion", "LATEST"),
            "platformFamily": "Linux",
            "taskDefinition": definition["taskDefinitionArn"],
            "deploymentConfiguration": {
                **_DEFAULT_DEPLOYMENT,
                **request.get("deploymentConfiguration", {}),
            },
            "loadBalancers": [],
            "serviceRegistries": [],
            "events": [],
            "createdAt": call.now(),
            "createdBy": f"arn:aws:iam::{call.account_id}:root",
            "placementConstraints": [],
            "placementStrategy": [],
            "roleArn": f"arn:aws:iam::{call.account_id}:role/aws-service-role/ecs.amazonaws.com/"
            "AWSServiceRoleForECS",
            "schedulingStrategy": request.get("schedulingStrategy", "REPLICA"),
            "deploymentController": request.get("deploymentController", {"type": "ECS"}),
            "enableECSManagedTags": False,
            "enableExecuteCommand": False,
            "propagateTags": "NONE",
            "availabilityZoneRebalancing": "DISABLED",
            "Tags": tag_map(request.get("tags")),
            "ClientToken": request.get("clientToken"),
        }
        record |= {member: request[member] for member in _UPDATABLE if member in request}
        record["deployments"] = [_new_deployment(call, record)]
        return record

    def _describe(self, call: Call, service: Json) -> Json:
        tasks = self.tasks_of(call.account_id, call.region, service)
        shown = visible(service)
        shown |= _counts(tasks)
        shown["tags"] = tag_list(service["Tags"])
        shown["deployments"] = [
            {
                **visible(deployment),
                **_counts([t for t in tasks if t["startedBy"] == deployment["id"]]),
                "desiredCount": service["desiredCount"] if position == 0 else 0,
            }
            for position, deployment in enumerate(service["deployments"])
        ]
        return shown

    @staticmethod
    def _refuse_what_does_not_run(request: Json) -> None:
        """Say so where a service asks for what the sandbox would silently not do."""
        kind = request.get("deploymentController", {}).get("type", "ECS")
        breaker = request.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
        wanted = {
            f"deployment controller {kind}": kind != "ECS",
            "scheduling strategy DAEMON": request.get("schedulingStrategy") == "DAEMON",
            "a deployment circuit breaker": breaker.get("enable", False),
        }
        missing = [name for name, is_wanted in wanted.items() if is_wanted]
        if missing:
            raise ServiceError(
                "UnsupportedFeatureException", f"The sandbox has no {', no '.join(missing)}."
            )

    @staticmethod
    def _check_load_balancers(call: Call, balancers: list[Json], definition: Json) -> None:
        groups = ministack_runtime.regional_records("alb", "_tgs")
        containers = {c["name"]: c for c in definition["containerDefinitions"]}
        for balancer in balancers:
            arn = balancer.get("targetGroupArn", "")
            group = groups.get((call.account_id, call.region, arn))
            if group is None:
                raise ServiceError(
                    "InvalidParameterException", f"Unable to find the target group {arn}."
                )
            if not group["LoadBalancerArns"]:
                raise ServiceError(
                    "InvalidParameterException",
                    f"The target group with targetGroupArn {arn} does not have an associated load "
                    "balancer.",
                )
            container = containers.get(balancer.get("containerName", ""), {})
            ports = [m.get("containerPort") for m in container.get("portMappings", [])]
            if balancer.get("containerPort") not in ports:
                raise ServiceError(
                    "InvalidParameterException",
                    f"The container {balancer.get('containerName')} did not have a container port "
                    f"{balancer.get('containerPort')} defined.",
                )


def _new_deployment(call: Call, service: Json) -> Json:
    now = call.now()
    deployment_id = f"ecs-svc/{secrets.randbelow(10**19):019d}"
    return {
        "id": deployment_id,
        "status": "PRIMARY",
        "taskDefinition": service["taskDefinition"],
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "launchType": service["launchType"],
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": service.get("networkConfiguration"),
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {deployment_id} in progress.",
        "Retry": {"failures": 0, "not_before": 0.0},
    }


def _counts(tasks: list[Json]) -> dict[str, int]:
    return {
        "runningCount": sum(task["lastStatus"] == "RUNNING" for task in tasks),
        "pendingCount": sum(task["lastStatus"] in _PENDING_STATUSES for task in tasks),
    }
