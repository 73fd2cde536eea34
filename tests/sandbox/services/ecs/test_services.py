"""ECS services on a running sandbox: their tasks are processes behind a load balancer."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from tests.sandbox.services.ecs.cluster import Cluster
from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.sandbox


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
