"""Records of new tasks."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from sandbox.services.base import Call
from sandbox.services.ecs.tables import tag_map
from sandbox.services.elbv2 import LOCAL_ADDRESS

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json


def task_record(
    account_id: str,
    region: str,
    cluster_arn: str,
    definition: Json,
    *,
    group: str,
    started_by: str,
    launch_type: str = "FARGATE",
    tags: dict[str, str] | None = None,
    load_balancers: list[Json] | None = None,
    overrides: Json | None = None,
) -> Json:
    """A task in status PROVISIONING.

    Members that begin with a capital are the sandbox's own: `Tags`; `Ports` with the load balancers
    to register with, the free port of each container port, and the registered targets.
    """
    cluster = cluster_arn.rpartition("/")[2]
    task_id = uuid.uuid4().hex
    place = f"arn:aws:ecs:{region}:{account_id}"
    task_arn = f"{place}:task/{cluster}/{task_id}"
    interface_id = str(uuid.uuid4())
    record: dict[str, Any] = {
        "taskArn": task_arn,
        "clusterArn": cluster_arn,
        "taskDefinitionArn": definition["taskDefinitionArn"],
        "group": group,
        "startedBy": started_by,
        "launchType": launch_type,
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "availabilityZone": f"{region}a",
        "connectivity": "CONNECTED",
        "cpu": definition.get("cpu", "256"),
        "memory": definition.get("memory", "512"),
        "createdAt": Call.now(),
        "desiredStatus": "RUNNING",
        "lastStatus": "PROVISIONING",
        "healthStatus": "UNKNOWN",
        "overrides": overrides or {"containerOverrides": []},
        "attachments": [_network_interface(interface_id)],
        "attributes": [],
        "version": 1,
        "enableExecuteCommand": False,
        "containers": [
            _container_record(container, place, f"{cluster}/{task_id}", interface_id)
            for container in definition["containerDefinitions"]
        ],
        "Tags": tags or {},
        "Ports": {"load_balancers": load_balancers or [], "ports": {}},
    }
    return record


def _container_record(container: Json, place: str, task: str, interface_id: str) -> Json:
    """One container of a new task; `task` is cluster name and task id."""
    return {
        "containerArn": f"{place}:container/{task}/{uuid.uuid4()}",
        "taskArn": f"{place}:task/{task}",
        "name": container["name"],
        "image": container["image"],
        "lastStatus": "PENDING",
        "healthStatus": "UNKNOWN",
        "networkBindings": [],
        "networkInterfaces": [{"attachmentId": interface_id, "privateIpv4Address": LOCAL_ADDRESS}],
        "cpu": str(container.get("cpu", 0)),
    }


def _network_interface(interface_id: str) -> Json:
    return {
        "id": interface_id,
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED",
        "details": [{"name": "privateIPv4Address", "value": LOCAL_ADDRESS}],
    }


def propagated_tags(service: Json, definition: Json) -> dict[str, str]:
    """Tags that tasks of a service get."""
    tags: dict[str, str] = {}
    if service.get("enableECSManagedTags"):
        cluster = service["clusterArn"].rpartition("/")[2]
        tags = {"aws:ecs:clusterName": cluster, "aws:ecs:serviceName": service["serviceName"]}
    if service.get("propagateTags") == "SERVICE":
        tags |= service["Tags"]
    elif service.get("propagateTags") == "TASK_DEFINITION":
        tags |= tag_map(definition.get("tags"))
    return tags
