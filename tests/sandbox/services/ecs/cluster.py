"""A cluster whose services run a tiny HTTP program behind a load balancer."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING, Any

import httpx

from sandbox import lifecycle
from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from botocore.exceptions import ClientError

    from tests.sandbox.services.real import RealSandbox

REGION = "us-east-1"
PROGRAM = """
import os, pathlib, signal, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        sick = pathlib.Path(os.environ["SICK_FILE"]).exists()
        body = f"{os.environ['VERSION']} {os.getpid()}".encode()
        self.send_response(500 if sick and self.path == "/health" else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass

server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["HANDLER_PORT"])), Handler)
def stop(*arguments):
    if os.environ.get("STUBBORN"):
        return
    pathlib.Path(os.environ["FAREWELL_FILE"]).write_text("drained")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("listening", os.environ["AWS_REGION"], flush=True)
server.serve_forever()
"""


class Cluster:
    """A cluster with a load balancer, and services of a tiny HTTP program."""

    def __init__(self, sandbox: RealSandbox, directory: Path) -> None:
        self.sandbox = sandbox
        self.directory = directory
        self.name = f"c{uuid.uuid4().hex[:10]}"
        self.ecs = sandbox.client("ecs")
        self.logs = sandbox.client("logs")
        self.elb = sandbox.client("elbv2")
        self.program = directory / "program.py"
        self.program.write_text(PROGRAM)
        self.arn = self.ecs.create_cluster(clusterName=self.name)["cluster"]["clusterArn"]
        self.logs.create_log_group(logGroupName=f"/{self.name}")
        self._balance()

    def _balance(self) -> None:
        balancer = self.elb.create_load_balancer(Name=self.name)["LoadBalancers"][0]
        self.dns_name = balancer["DNSName"]
        self.group = self.elb.create_target_group(
            Name=self.name,
            Protocol="HTTP",
            Port=80,
            TargetType="ip",
            HealthCheckPath="/health",
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}],
        )

    def define(self, version: str = "one", **changes: Any) -> str:
        """ARN of a new revision of the task definition."""
        environment = {
            "HANDLER_PORT": "8080",
            "VERSION": version,
            "SICK_FILE": str(self.directory / "sick"),
            "FAREWELL_FILE": str(self.directory / "farewell"),
            **changes.pop("environment", {}),
        }
        container = {
            "name": "handler",
            "image": "example:latest",
            "command": [sys.executable, str(self.program)],
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": n, "value": v} for n, v in environment.items()],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": f"/{self.name}", "awslogs-region": REGION},
            },
            "stopTimeout": 2,
            **changes,
        }
        return str(
            self.ecs.register_task_definition(
                family=self.name,
                networkMode="awsvpc",
                requiresCompatibilities=["FARGATE"],
                cpu="256",
                memory="512",
                containerDefinitions=[container],
            )["taskDefinition"]["taskDefinitionArn"]
        )

    def create(self, definition: str, count: int = 1, **more: Any) -> dict[str, Any]:
        """The service `s`."""
        made: dict[str, Any] = self.ecs.create_service(
            cluster=self.name,
            serviceName="s",
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            loadBalancers=[
                {
                    "targetGroupArn": self.group,
                    "containerName": "handler",
                    "containerPort": 8080,
                }
            ],
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            **more,
        )["service"]
        return made

    @property
    def service(self) -> dict[str, Any]:
        """The service `s` as described."""
        found: dict[str, Any] = self.ecs.describe_services(cluster=self.name, services=["s"])[
            "services"
        ][0]
        return found

    def steady(self) -> dict[str, Any]:
        """The service once its deployment is completed."""

        def look() -> dict[str, Any] | None:
            found = self.service
            done = [d["rolloutState"] for d in found["deployments"]] == ["COMPLETED"]
            return found if done and found["runningCount"] == found["desiredCount"] else None

        found = eventually(look)
        assert found is not None
        return found

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        """Tasks by desired status."""
        arns = self.ecs.list_tasks(cluster=self.name, desiredStatus=status)["taskArns"]
        if not arns:
            return []
        found: list[dict[str, Any]] = self.ecs.describe_tasks(cluster=self.name, tasks=arns)[
            "tasks"
        ]
        return found

    def ask(self, client: Any = httpx) -> tuple[str, int]:
        """Version and pid of the task that answers through the load balancer."""
        server = lifecycle.find(self.sandbox.home)
        assert server is not None
        url = f"http://127.0.0.1:{server.front_door_port}/{self.dns_name}/x"
        version, pid = client.get(url, timeout=5).raise_for_status().text.split()
        return version, int(pid)

    def close(self) -> None:
        """Stop all its tasks."""
        services = self.ecs.list_services(cluster=self.name)["serviceArns"]
        for arn in services:
            self.ecs.delete_service(cluster=self.name, service=arn, force=True)
        for task in self.tasks():
            self.ecs.stop_task(cluster=self.name, task=task["taskArn"])
        eventually(lambda: self.tasks() == [])


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """Error code of a failed call."""
    return str(caught.value.response["Error"]["Code"])
