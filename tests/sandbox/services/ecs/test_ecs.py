"""ECS on a running sandbox: services whose tasks are processes."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
from botocore.exceptions import ClientError

from sandbox import lifecycle
from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox

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


@pytest.fixture
def cluster(running: RealSandbox, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of the test's own."""
    made = Cluster(running, tmp_path)
    yield made
    made.close()


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """Error code of a failed call."""
    return str(caught.value.response["Error"]["Code"])


def test_a_service_runs_its_tasks_behind_the_load_balancer(cluster: Cluster) -> None:
    """Two processes, healthy targets, answers from both, counts and events as AWS shows them."""
    made = cluster.create(cluster.define(), 2, tags=[{"key": "team", "value": "video"}])
    assert (made["status"], made["runningCount"], made["desiredCount"]) == ("ACTIVE", 0, 2)
    service = cluster.steady()
    assert service["events"][0]["message"].endswith("has reached a steady state.")
    pids = {cluster.ask()[1] for _ in range(6)}
    assert len(pids) == 2
    tasks = cluster.tasks()
    assert {task["lastStatus"] for task in tasks} == {"RUNNING"}
    assert {task["group"] for task in tasks} == {"service:s"}
    assert tasks[0]["containers"][0]["lastStatus"] == "RUNNING"
    described = cluster.ecs.describe_clusters(clusters=[cluster.name])["clusters"][0]
    assert (described["runningTasksCount"], described["activeServicesCount"]) == (2, 1)
    tags = cluster.ecs.list_tags_for_resource(resourceArn=made["serviceArn"])["tags"]
    assert tags == [{"key": "team", "value": "video"}]


def test_scaling_starts_and_stops_tasks_gracefully(cluster: Cluster) -> None:
    """Out to two, in to none: the last task gets SIGTERM and drains."""
    cluster.create(cluster.define())
    cluster.steady()
    cluster.ecs.update_service(cluster=cluster.name, service="s", desiredCount=2)
    eventually(lambda: cluster.service["runningCount"] == 2)
    cluster.ecs.update_service(cluster=cluster.name, service="s", desiredCount=0)
    stopped = eventually(
        lambda: [t for t in cluster.tasks("STOPPED") if t["lastStatus"] == "STOPPED"]
    )
    assert (cluster.directory / "farewell").read_text() == "drained"
    assert cluster.service["runningCount"] == 0
    assert stopped[0]["stopCode"] == "ServiceSchedulerInitiated"
    assert stopped[0]["containers"][0]["exitCode"] == 0


def test_a_task_that_dies_is_replaced(cluster: Cluster) -> None:
    """kill -9 of the process: the task is STOPPED with its exit code, another one serves."""  # noqa: D403
    cluster.create(cluster.define())
    cluster.steady()
    _, pid = cluster.ask()
    os.kill(pid, signal.SIGKILL)
    stopped = eventually(
        lambda: [t for t in cluster.tasks("STOPPED") if t["lastStatus"] == "STOPPED"]
    )
    assert stopped[0]["stopCode"] == "EssentialContainerExited"
    assert stopped[0]["containers"][0]["exitCode"] == 137
    eventually(lambda: _answers_differently(cluster, pid))


def _answers_differently(cluster: Cluster, pid: int) -> bool:
    try:
        return cluster.ask()[1] != pid
    except httpx.HTTPError:
        return False


def test_a_deployment_loses_no_request(cluster: Cluster) -> None:
    """While one version replaces the other every request is answered, the last by the new one."""
    cluster.create(cluster.define("one"), 2)
    cluster.steady()
    cluster.ecs.update_service(
        cluster=cluster.name, service="s", taskDefinition=cluster.define("two")
    )
    versions = []
    with httpx.Client() as client:
        while [d["rolloutState"] for d in cluster.service["deployments"]] != ["COMPLETED"]:
            versions += [cluster.ask(client)[0] for _ in range(10)]
        assert {cluster.ask(client)[0] for _ in range(6)} == {"two"}
    assert "one" in versions
    assert len(cluster.service["deployments"]) == 1


def test_an_unhealthy_task_is_replaced(cluster: Cluster) -> None:
    """A task whose target fails its checks is stopped, and its service starts another."""
    cluster.create(cluster.define())
    first = cluster.tasks()[0]["taskArn"] if cluster.steady() else ""
    (cluster.directory / "sick").touch()
    eventually(lambda: first not in [task["taskArn"] for task in cluster.tasks()])
    (cluster.directory / "sick").unlink()
    cluster.steady()
    found = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[first])["tasks"][0]
    assert found["stoppedReason"].startswith("Task failed ELB health checks")


def test_a_task_that_ignores_sigterm_is_killed(cluster: Cluster) -> None:
    """After its stop timeout, with the exit code of SIGKILL."""
    cluster.create(cluster.define(environment={"STUBBORN": "1"}))
    cluster.steady()
    _, pid = cluster.ask()
    cluster.ecs.update_service(cluster=cluster.name, service="s", desiredCount=0)
    eventually(lambda: not psutil.pid_exists(pid))
    stopped = eventually(
        lambda: [t for t in cluster.tasks("STOPPED") if t["lastStatus"] == "STOPPED"]
    )
    assert stopped[0]["containers"][0]["exitCode"] == 137


def test_output_is_in_the_log_group(cluster: Cluster) -> None:
    """What a container prints arrives as log events, and in a file of the sandbox."""
    cluster.create(cluster.define())
    cluster.steady()
    events = eventually(
        lambda: cluster.logs.filter_log_events(logGroupName=f"/{cluster.name}")["events"]
    )
    assert [event["message"] for event in events] == [f"listening {REGION}"]
    files = list((cluster.sandbox.home.logs / "ecs" / REGION / cluster.name).rglob("handler.log"))
    assert files[0].read_text() == f"listening {REGION}\n"


def test_a_command_that_cannot_run_backs_off(cluster: Cluster) -> None:
    """Failed starts are counted and told, and the pause between them grows."""
    cluster.create(cluster.define(command=["/nonexistent"]))
    failed = eventually(lambda: (d := cluster.service["deployments"][0])["failedTasks"] >= 2 and d)
    assert failed["rolloutState"] == "IN_PROGRESS"
    assert "task stopped" in cluster.service["events"][0]["message"] or failed["failedTasks"] >= 2
    stopped = cluster.tasks("STOPPED")[0]
    assert stopped["stopCode"] == "EssentialContainerExited"


def test_a_missing_log_group_fails_the_task_as_in_aws(cluster: Cluster) -> None:
    """The reason names the log group."""
    cluster.logs.delete_log_group(logGroupName=f"/{cluster.name}")
    cluster.create(cluster.define())
    stopped = eventually(lambda: cluster.tasks("STOPPED"))[0]
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert f"/{cluster.name}" in stopped["stoppedReason"]


def test_a_task_runs_without_a_service(cluster: Cluster) -> None:
    """RunTask with overrides; StopTask with a reason; the exit code is kept."""
    task = cluster.ecs.run_task(
        cluster=cluster.name,
        taskDefinition=cluster.define(),
        count=1,
        launchType="FARGATE",
        startedBy="test",
        overrides={
            "containerOverrides": [
                {"name": "handler", "command": [sys.executable, "-c", "raise SystemExit(3)"]}
            ]
        },
    )["tasks"][0]
    assert task["lastStatus"] in {"PROVISIONING", "PENDING", "RUNNING"}
    ended = eventually(lambda: _stopped(cluster, task["taskArn"]))
    assert ended["containers"][0]["exitCode"] == 3
    assert ended["startedBy"] == "test"
    second = cluster.ecs.run_task(cluster=cluster.name, taskDefinition=cluster.name)["tasks"][0]
    cluster.ecs.stop_task(cluster=cluster.name, task=second["taskArn"], reason="enough")
    ended = eventually(lambda: _stopped(cluster, second["taskArn"]))
    assert (ended["stopCode"], ended["stoppedReason"]) == ("UserInitiated", "enough")


def _stopped(cluster: Cluster, arn: str) -> dict[str, Any] | None:
    found: dict[str, Any] = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[arn])["tasks"][
        0
    ]
    return found if found["lastStatus"] == "STOPPED" else None


def test_a_service_drains_before_it_is_gone(cluster: Cluster) -> None:
    """Deletion needs zero tasks or force; INACTIVE services make room for a new one."""
    definition = cluster.define()
    cluster.create(definition)
    cluster.steady()
    with pytest.raises(ClientError) as caught:
        cluster.ecs.delete_service(cluster=cluster.name, service="s")
    assert code_of(caught) == "InvalidParameterException"
    with pytest.raises(ClientError) as caught:
        cluster.ecs.delete_cluster(cluster=cluster.name)
    assert code_of(caught) == "ClusterContainsServicesException"
    with pytest.raises(ClientError) as caught:
        cluster.create(definition)
    assert "idempotent" in str(caught.value)
    deleted = cluster.ecs.delete_service(cluster=cluster.name, service="s", force=True)["service"]
    assert deleted["status"] == "DRAINING"
    eventually(lambda: cluster.service["status"] == "INACTIVE")
    assert cluster.ecs.list_services(cluster=cluster.name)["serviceArns"] == []
    assert cluster.create(definition)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda c, n: c.describe_services(cluster="nowhere", services=["s"]),
         "ClusterNotFoundException"),
        (lambda c, n: c.update_service(cluster=n, service="nothing"), "ServiceNotFoundException"),
        (lambda c, n: c.run_task(cluster=n, taskDefinition="nothing"), "ClientException"),
        (lambda c, n: c.stop_task(cluster=n, task="nothing"), "InvalidParameterException"),
        (lambda c, n: c.create_service(cluster=n, serviceName="x"), "InvalidParameterException"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(cluster: Cluster, call: Any, code: str) -> None:
    """Each with AWS's error code."""
    with pytest.raises(ClientError) as caught:
        call(cluster.ecs, cluster.name)
    assert code_of(caught) == code


def test_a_service_that_asks_for_what_is_missing_is_refused(cluster: Cluster) -> None:
    """A circuit breaker would silently do nothing, so the sandbox says no."""
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    with pytest.raises(ClientError) as caught:
        cluster.create(cluster.define(), deploymentConfiguration=breaker)
    assert code_of(caught) == "UnsupportedFeatureException"


def test_missing_references_are_failures_not_errors(cluster: Cluster) -> None:
    """Describe calls answer what they know and name what they do not."""
    services = cluster.ecs.describe_services(cluster=cluster.name, services=["nothing"])
    assert [failure["reason"] for failure in services["failures"]] == ["MISSING"]
    tasks = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=["nothing"])
    assert [failure["reason"] for failure in tasks["failures"]] == ["MISSING"]


def test_tasks_die_with_a_killed_server_and_come_back(own: RealSandbox, tmp_path: Path) -> None:
    """kill -9 of the server: no process is left, and the next server starts new tasks."""  # noqa: D403
    own.start()
    cluster = Cluster(own, tmp_path)
    cluster.create(cluster.define())
    cluster.steady()
    _, pid = cluster.ask()
    old = cluster.tasks()[0]["taskArn"]
    own.kill()
    eventually(lambda: not _is_alive(pid))
    own.start()
    cluster.steady()
    assert cluster.ask()[1] != pid
    found = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[old])["tasks"][0]
    assert (found["lastStatus"], found["stopCode"]) == ("STOPPED", "TerminationNotice")
    targets = cluster.elb.describe_target_health(TargetGroupArn=cluster.group)
    assert len(targets["TargetHealthDescriptions"]) == 1


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
