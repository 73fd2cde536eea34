"""Tests of the statuses of a Flink application, with something that runs jobs plugged in."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2.applications import ALLOWED, Status
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.flink_doubles import (
    NAME,
    RecordingRunner,
    archive,
    creation,
    detail,
    error_of,
    moment,
    operation,
    refused,
    started,
    status,
)


def test_start_and_stop(flink: Caller, runner: RecordingRunner) -> None:
    """READY, STARTING, RUNNING, STOPPING with a snapshot, READY; the next start restores it."""
    assert started(flink)["OperationStatus"] == "SUCCESSFUL"
    assert status(flink) == "RUNNING"
    stop = flink("StopApplication", ApplicationName=NAME)
    assert status(flink) == "STOPPING"
    flink.settle()
    assert operation(flink, stop["OperationId"])["OperationStatus"] == "SUCCESSFUL"
    assert status(flink) == "READY"
    assert not runner.running
    (snapshot,) = flink("ListApplicationSnapshots", ApplicationName=NAME)["SnapshotSummaries"]
    assert snapshot["SnapshotStatus"] == "READY"
    flink("StartApplication", ApplicationName=NAME)
    flink.settle()
    (job,) = runner.running.values()
    assert job.restore_from == "savepoint-1"


def test_a_restore_can_be_skipped_or_named(flink: Caller, runner: RecordingRunner) -> None:
    """ApplicationRestoreType decides what the job begins with."""
    started(flink)
    flink("CreateApplicationSnapshot", ApplicationName=NAME, SnapshotName="first")
    flink.settle()
    for restore, expected in (
        ({"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}, None),
        (
            {
                "ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT",
                "SnapshotName": "first",
            },
            "savepoint-1",
        ),
    ):
        flink("StopApplication", ApplicationName=NAME)
        flink.settle()
        run = {"ApplicationRestoreConfiguration": restore}
        flink("StartApplication", ApplicationName=NAME, RunConfiguration=run)
        flink.settle()
        (job,) = runner.running.values()
        assert job.restore_from == expected
    flink("StopApplication", ApplicationName=NAME)
    flink.settle()
    missing = {
        "ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT",
        "SnapshotName": "second",
    }
    run = {"ApplicationRestoreConfiguration": missing}
    error = refused(flink, "StartApplication", ApplicationName=NAME, RunConfiguration=run)
    assert "second" in error.message


def test_a_forced_stop_takes_no_snapshot(flink: Caller, runner: RecordingRunner) -> None:
    """Force ends a start that is under way; its operation is CANCELLED."""
    flink("CreateApplication", **creation())
    start = flink("StartApplication", ApplicationName=NAME)
    flink("StopApplication", ApplicationName=NAME, Force=True)
    assert status(flink) == "FORCE_STOPPING"
    flink.settle()
    assert status(flink) == "READY"
    assert operation(flink, start["OperationId"])["OperationStatus"] == "CANCELLED"
    assert runner.snapshots == 0


def test_a_failed_snapshot_keeps_the_job_running(flink: Caller, runner: RecordingRunner) -> None:
    """A stop whose savepoint fails is FAILED, and the application still RUNNING."""
    started(flink)
    runner.failure = "no savepoint"
    stop = flink("StopApplication", ApplicationName=NAME)
    flink.settle()
    assert error_of(operation(flink, stop["OperationId"])) == "no savepoint"
    assert status(flink) == "RUNNING"


def test_an_update_restarts_a_running_job(flink: Caller, runner: RecordingRunner) -> None:
    """UPDATING, a snapshot, the new version from it, RUNNING."""
    started(flink)
    answer = flink(
        "UpdateApplication",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        RuntimeEnvironmentUpdate="FLINK-2_2",
    )
    assert status(flink) == "UPDATING"
    flink.settle()
    (job,) = runner.running.values()
    assert (job.runtime_environment, job.restore_from) == ("FLINK-2_2", "savepoint-1")
    found = operation(flink, answer["OperationId"])
    assert found["ApplicationVersionChangeDetails"] == {
        "ApplicationVersionUpdatedFrom": 1,
        "ApplicationVersionUpdatedTo": 2,
    }


@pytest.mark.parametrize("rollback", [False, True])
def test_a_failed_update(flink: Caller, runner: RecordingRunner, *, rollback: bool) -> None:
    """Without system rollback READY; with it the old version runs again, and says so."""
    block = {"ApplicationSystemRollbackConfiguration": {"RollbackEnabled": rollback}}
    flink("CreateApplication", **creation(configuration=block))
    flink("StartApplication", ApplicationName=NAME)
    flink.settle()
    broken = archive("other.py")
    flink.host.services.objects = {**(flink.host.services.objects or {}), "new.zip": broken}
    location = {"S3ContentLocationUpdate": {"FileKeyUpdate": "new.zip"}}
    answer = flink(
        "UpdateApplication",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        ApplicationConfigurationUpdate={
            "ApplicationCodeConfigurationUpdate": {"CodeContentUpdate": location}
        },
    )
    flink.settle()
    found = operation(flink, answer["OperationId"])
    assert "main.py" in error_of(found)
    if not rollback:
        assert status(flink) == "READY"
        return
    assert status(flink) == "RUNNING"
    undo = operation(flink, found["OperationFailureDetails"]["RollbackOperationId"])
    assert undo["OperationStatus"] == "SUCCESSFUL"
    assert detail(flink)["ApplicationVersionRolledBackTo"] == 1


def test_a_rollback_by_hand(flink: Caller, runner: RecordingRunner) -> None:
    """RollbackApplication needs a snapshot and an earlier version, and runs that version."""
    started(flink)
    error = refused(
        flink, "RollbackApplication", ApplicationName=NAME, CurrentApplicationVersionId=1
    )
    assert error.code == "InvalidRequestException"
    flink(
        "UpdateApplication",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        RuntimeEnvironmentUpdate="FLINK-2_2",
    )
    flink.settle()
    flink("RollbackApplication", ApplicationName=NAME, CurrentApplicationVersionId=2)
    assert status(flink) == "ROLLING_BACK"
    flink.settle()
    (job,) = runner.running.values()
    assert job.runtime_environment == "FLINK-1_20"
    assert detail(flink)["ApplicationVersionId"] == 3


ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "started": ("StartApplication", {}),
    "Stopped": ("StopApplication", {}),
    "force stopped": ("StopApplication", {"Force": True}),
    "updated": ("UpdateApplication", {"CurrentApplicationVersionId": 1}),
    "rolled back": ("RollbackApplication", {"CurrentApplicationVersionId": 1}),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("current", list(Status))
def test_what_a_status_does_not_allow(flink: Caller, action: str, current: Status) -> None:
    """Every action from every status: refused with ResourceInUseException where not allowed."""
    flink("CreateApplication", **creation())
    record = flink.store.table("000000000000", "us-east-1", "applications")[NAME]
    record["status"] = current.value
    name, parameters = ACTIONS[action]
    try:
        flink(name, ApplicationName=NAME, **parameters)
    except ServiceError as error:
        is_refused = error.code == "ResourceInUseException"
    else:
        is_refused = False
    assert is_refused == (current not in ALLOWED[action])


def test_deleting_needs_the_creation_time(flink: Caller, runner: RecordingRunner) -> None:
    """Another timestamp is refused; the right one ends the job and removes the application."""
    started(flink)
    created = detail(flink)["CreateTimestamp"]
    wrong = refused(flink, "DeleteApplication", ApplicationName=NAME, CreateTimestamp=moment(1.0))
    assert wrong.code == "ConcurrentModificationException"
    flink("DeleteApplication", ApplicationName=NAME, CreateTimestamp=moment(created))
    assert status(flink) == "DELETING"
    flink.settle()
    assert refused(flink, "DescribeApplication", ApplicationName=NAME).code == (
        "ResourceNotFoundException"
    )
    assert not runner.running


def test_snapshots(flink: Caller, runner: RecordingRunner) -> None:
    """Only a RUNNING application has snapshots taken; names are unique; deletion wants the time."""
    flink("CreateApplication", **creation())
    snapshot = {"ApplicationName": NAME, "SnapshotName": "first"}
    assert refused(flink, "CreateApplicationSnapshot", **snapshot).code == "InvalidRequestException"
    flink("StartApplication", ApplicationName=NAME)
    flink.settle()
    flink("CreateApplicationSnapshot", **snapshot)
    assert refused(flink, "CreateApplicationSnapshot", **snapshot).code == "ResourceInUseException"
    flink.settle()
    described = flink("DescribeApplicationSnapshot", **snapshot)["SnapshotDetails"]
    assert described["SnapshotStatus"] == "READY"
    error = refused(
        flink, "DeleteApplicationSnapshot", **snapshot, SnapshotCreationTimestamp=moment(1.0)
    )
    assert "different SnapshotCreationTimestamp" in error.message
    created = moment(described["SnapshotCreationTimestamp"])
    flink("DeleteApplicationSnapshot", **snapshot, SnapshotCreationTimestamp=created)
    assert not flink("ListApplicationSnapshots", ApplicationName=NAME)["SnapshotSummaries"]


def test_the_dashboard_needs_a_running_job(flink: Caller, runner: RecordingRunner) -> None:
    """CreateApplicationPresignedUrl is for RUNNING applications."""
    flink("CreateApplication", **creation())
    request = {"ApplicationName": NAME, "UrlType": "FLINK_DASHBOARD_URL"}
    error = refused(flink, "CreateApplicationPresignedUrl", **request)
    assert error.code == "ResourceInUseException"
    flink("StartApplication", ApplicationName=NAME)
    flink.settle()
    assert flink("CreateApplicationPresignedUrl", **request)["AuthorizedUrl"].startswith("http")
