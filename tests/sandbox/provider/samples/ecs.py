"""Samples of ECS resources."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.provider.samples import Made, Properties, Sample, World, ec2, unique

CLUSTER = "aws:ecs/cluster:Cluster"
TASK = "aws:ecs/taskDefinition:TaskDefinition"


def containers(command: str) -> str:
    """One container."""
    definition: dict[str, Any] = {
        "name": "http-handler",
        "image": "handler:latest",
        "essential": True,
        "command": ["sleep", command],
        "portMappings": [{"containerPort": 8080}],
        "environment": [{"name": "HTTP_HANDLER_PORT", "value": "8080"}],
    }
    return json.dumps([definition])


def task_inputs(family: str) -> Properties:
    """A Fargate task."""
    return {
        "family": family,
        "containerDefinitions": containers("60"),
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
        "taskRoleArn": "arn:aws:iam::000000000000:role/task",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "tags": {"Name": "task"},
    }


def _service(world: World) -> Properties:
    place = ec2.vpc(world)
    cluster = world.make(CLUSTER, {"name": unique("cluster")})
    task: Made = world.make(TASK, task_inputs(unique("family")))
    return {
        "name": unique("service"),
        "cluster": cluster["arn"],
        "taskDefinition": task["arn"],
        "desiredCount": 0,
        "launchType": "FARGATE",
        "networkConfiguration": {
            "subnets": [ec2.subnet(world, place).id],
            "securityGroups": [ec2.group(world, place).id],
            "assignPublicIp": False,
        },
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "propagateTags": "SERVICE",
        "tags": {"Name": "service"},
    }


SAMPLES = [
    Sample(
        CLUSTER,
        lambda _: {
            "name": unique("cluster"),
            "settings": [{"name": "containerInsights", "value": "enabled"}],
            "tags": {"Name": "cluster"},
        },
        changes={
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "tags": {"Name": "changed"},
        },
        replacements={"name": "another"},
        absent=frozenset({"configuration", "serviceConnectDefaults"}),
        import_id=lambda made: str(made["name"]),
    ),
    Sample(
        TASK,
        lambda _: task_inputs(unique("family")),
        changes={"tags": {"Name": "changed"}},
        replacements={
            "family": "another",
            "containerDefinitions": containers("61"),
            "cpu": "512",
            "memory": "1024",
            "networkMode": "host",
            "taskRoleArn": "arn:aws:iam::000000000000:role/another",
        },
        absent=frozenset(
            {"ephemeralStorage", "ipcMode", "pidMode", "placementConstraints"}
            | {"proxyConfiguration", "volumes"}
        ),
        not_imported=frozenset({"skipDestroy", "trackLatest", "containerDefinitions"}),
        import_id=lambda made: str(made["arn"]),
    ),
    Sample(
        "aws:ecs/service:Service",
        _service,
        changes={
            "deploymentMaximumPercent": 150,
            "enableExecuteCommand": True,
            "tags": {"Name": "changed"},
        },
        replacements={
            "name": "another",
            "cluster": "arn:aws:ecs:us-east-1:000000000000:cluster/another",
            "launchType": "EC2",
        },
        absent=frozenset(
            {
                "alarms",
                "availabilityZoneRebalancing",
                "capacityProviderStrategies",
                "deploymentConfiguration",
                "deploymentController",
                "forceDelete",
                "forceNewDeployment",
                "healthCheckGracePeriodSeconds",
                "iamRole",
                "loadBalancers",
                "orderedPlacementStrategies",
                "placementConstraints",
                "serviceConnectConfiguration",
                "serviceRegistries",
                "triggers",
                "volumeConfiguration",
                "vpcLatticeConfigurations",
            }
        ),
        not_imported=frozenset({"sigintRollback", "waitForSteadyState"}),
        import_id=lambda made: "/".join(str(made["arn"]).split("/")[-2:]),
    ),
]
