"""ECS tasks and refusals on a running sandbox."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.services.ecs.cluster import REGION, Cluster, code_of
from tests.sandbox.services.real import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox


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
