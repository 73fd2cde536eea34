"""Tests of a server that is started again while applications are in some status."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.services.kinesisanalyticsv2 import KinesisAnalyticsV2, lifecycle
from sandbox.services.kinesisanalyticsv2.applications import Status, begin_operation
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.flink_doubles import (
    NAME,
    RecordingRunner,
    creation,
    detail,
    error_of,
    operation,
    started,
    status,
)


def restarted(flink: Caller) -> RecordingRunner:
    """Another server with the same state, and what runs its jobs; all work has come to its end."""
    flink.run(flink.service.stop())
    runner = RecordingRunner()
    flink.service = KinesisAnalyticsV2(flink.host, flink.store)  # type: ignore[arg-type]
    flink.service.lifecycle.runner = runner
    flink.service.lifecycle.clock = lifecycle.Clock(sleep=flink.sleep)
    flink.run(flink.service.start())
    flink.settle()
    return runner


def record(flink: Caller) -> dict[str, Any]:
    """The record behind the application."""
    found: dict[str, Any] = flink.store.table("000000000000", "us-east-1", "applications")[NAME]
    return found


def test_a_running_job_is_resumed(flink: Caller, runner: RecordingRunner) -> None:
    """RUNNING before and after; the job is that of the same run."""
    started(flink)
    run_id = record(flink)["run_id"]
    again = restarted(flink)
    assert status(flink) == "RUNNING"
    (job,) = again.resumed
    assert job.run_id == run_id


def test_a_stop_that_was_lost_has_failed(flink: Caller, runner: RecordingRunner) -> None:
    """Its job runs again: nothing says that a snapshot was taken."""
    started(flink)
    stop = flink("StopApplication", ApplicationName=NAME)
    again = restarted(flink)
    assert status(flink) == "RUNNING"
    assert again.resumed
    assert "restarted" in error_of(operation(flink, stop["OperationId"]))


def test_a_start_goes_on(flink: Caller, runner: RecordingRunner) -> None:
    """The same operation ends SUCCESSFUL."""
    flink("CreateApplication", **creation())
    start = flink("StartApplication", ApplicationName=NAME)
    again = restarted(flink)
    assert status(flink) == "RUNNING"
    assert again.running
    assert operation(flink, start["OperationId"])["OperationStatus"] == "SUCCESSFUL"


def test_a_forced_stop_is_done(flink: Caller, runner: RecordingRunner) -> None:
    """The job died with the server, which is what was asked for."""
    started(flink)
    stop = flink("StopApplication", ApplicationName=NAME, Force=True)
    again = restarted(flink)
    assert status(flink) == "READY"
    assert not again.running
    assert operation(flink, stop["OperationId"])["OperationStatus"] == "SUCCESSFUL"


@pytest.mark.parametrize(
    "current", [Status.UPDATING, Status.AUTOSCALING, Status.MAINTENANCE, Status.ROLLING_BACK]
)
def test_restarts_end_with_the_current_version(
    flink: Caller, runner: RecordingRunner, current: Status
) -> None:
    """What was to run then runs, and the operation says so."""
    started(flink)
    one = record(flink)
    one["status"] = current.value
    under_way = begin_operation(one, "UpdateApplication", 1.0)
    assert restarted(flink).resumed
    assert status(flink) == "RUNNING"
    found = operation(flink, under_way["OperationId"])
    assert found["OperationStatus"] == "SUCCESSFUL"


def test_a_job_that_cannot_be_resumed(flink: Caller, runner: RecordingRunner) -> None:
    """READY, and the list of operations says why."""
    started(flink)
    flink.host.services.objects = {}
    assert not restarted(flink).running
    assert status(flink) == "READY"
    (latest, *_) = flink("ListApplicationOperations", ApplicationName=NAME)[
        "ApplicationOperationInfoList"
    ]
    assert "agg.zip" in error_of(operation(flink, latest["OperationId"]))


def test_a_deletion_goes_on(flink: Caller, runner: RecordingRunner) -> None:
    """What was deleted is gone, with its files."""
    started(flink)
    arn = detail(flink)["ApplicationARN"]
    record(flink)["status"] = Status.DELETING.value
    assert restarted(flink).forgotten == [arn]
    assert not flink("ListApplications")["ApplicationSummaries"]


def test_a_ready_application_stays_ready(flink: Caller) -> None:
    """Nothing is started that did not run."""
    flink("CreateApplication", **creation())
    assert not restarted(flink).running
    assert status(flink) == "READY"
