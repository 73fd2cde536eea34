"""Tests of what the service does by itself, and of what restarts do with state."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2 import scaling
from sandbox.services.kinesisanalyticsv2.scaling import Load
from tests.sandbox.services.calling import Caller
from tests.sandbox.services.flink_doubles import (
    NAME,
    RecordingRunner,
    detail,
    error_of,
    moment,
    operation,
    refused,
    started,
    status,
)

HOUR = 3600.0


def record(flink: Caller) -> dict[str, Any]:
    """The record behind the application."""
    found: dict[str, Any] = flink.store.table("000000000000", "us-east-1", "applications")[NAME]
    return found


def parallelism(flink: Caller) -> tuple[int, int]:
    """Parallelism and CurrentParallelism."""
    blocks = detail(flink)["ApplicationConfigurationDescription"]
    block = blocks["FlinkApplicationConfigurationDescription"][
        "ParallelismConfigurationDescription"
    ]
    return block["Parallelism"], block["CurrentParallelism"]


def scale(flink: Caller, wanted: int) -> None:
    """The service begins to scale."""

    async def begin() -> None:
        flink.service.begin_scaling("us-east-1", record(flink), wanted)

    flink.run(begin())


def maintain(flink: Caller) -> None:
    """The service begins maintenance."""

    async def begin() -> None:
        flink.service.begin_maintenance("us-east-1", record(flink))

    flink.run(begin())


@pytest.mark.parametrize(
    ("load", "wanted"),
    [
        (Load(), 4),
        (Load(high_since=HOUR - 899), 4),
        (Load(high_since=HOUR - 900), 8),
        (Load(low_since=HOUR - 6 * HOUR + 1), 4),
        (Load(low_since=HOUR - 6 * HOUR), 2),
    ],
)
def test_when_the_service_scales(load: Load, wanted: int) -> None:
    """Fifteen minutes of high load double, six hours of low load halve."""
    found = scaling.wanted_parallelism(load, current=4, configured=1, per_kpu=1, now=HOUR)
    assert found == wanted


def test_scaling_has_limits() -> None:
    """Not beyond 64 KPUs or maxParallelism, not below the configured parallelism."""
    high, low = Load(high_since=1.0), Load(low_since=1.0)
    now = 10 * HOUR
    assert (
        scaling.wanted_parallelism(high, current=60, configured=1, per_kpu=1, now=now),
        scaling.wanted_parallelism(high, current=100, configured=1, per_kpu=8, now=now),
        scaling.wanted_parallelism(low, current=6, configured=4, per_kpu=1, now=now),
    ) == (64, 128, 4)


def test_load_is_judged_without_a_break() -> None:
    """One sample between the limits begins the time anew."""
    load = scaling.seen(Load(), 80.0, 10.0)
    assert scaling.seen(load, 90.0, 20.0) == Load(high_since=10.0)
    assert scaling.seen(load, 50.0, 20.0) == Load()
    assert scaling.seen(load, 5.0, 20.0) == Load(low_since=20.0)


def test_autoscaling(flink: Caller, runner: RecordingRunner) -> None:
    """AUTOSCALING takes force stops only, and ends RUNNING, from a snapshot, with the new slots."""
    started(flink)
    scale(flink, 2)
    assert status(flink) == "AUTOSCALING"
    assert refused(flink, "StopApplication", ApplicationName=NAME).code == "ResourceInUseException"
    flink.settle()
    assert status(flink) == "RUNNING"
    (job,) = runner.running.values()
    assert (job.parallelism, job.restore_from) == (2, "savepoint-1")
    assert parallelism(flink) == (1, 2)
    (latest, *_) = record(flink)["operations"]
    assert (latest["Operation"], latest["OperationStatus"]) == ("AutoScaling", "SUCCESSFUL")


def test_a_configured_parallelism_replaces_a_scaled_one(
    flink: Caller, runner: RecordingRunner
) -> None:
    """UpdateApplication sets both."""
    started(flink)
    scale(flink, 2)
    flink.settle()
    block = {"ConfigurationTypeUpdate": "CUSTOM", "ParallelismUpdate": 3}
    flink(
        "UpdateApplication",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        ApplicationConfigurationUpdate={
            "FlinkApplicationConfigurationUpdate": {"ParallelismConfigurationUpdate": block}
        },
    )
    flink.settle()
    assert parallelism(flink) == (3, 3)


def test_maintenance(flink: Caller, runner: RecordingRunner) -> None:
    """MAINTENANCE, a restart from a snapshot, RUNNING; only what runs is maintained."""
    started(flink)
    maintain(flink)
    assert status(flink) == "MAINTENANCE"
    maintain(flink)
    flink.settle()
    assert status(flink) == "RUNNING"
    assert runner.snapshots == 1


def test_a_restart_of_a_dead_job_fails(flink: Caller, runner: RecordingRunner) -> None:
    """Without a savepoint there is no restart; the application says RUNNING as before."""
    started(flink)
    runner.failure = "no savepoint"
    scale(flink, 2)
    flink.settle()
    assert status(flink) == "RUNNING"
    assert parallelism(flink) == (1, 1)
    assert error_of(record(flink)["operations"][0]) == "no savepoint"


def test_what_support_puts_into_force(flink: Caller, runner: RecordingRunner) -> None:
    """For a prefix of names, from the next start; a new application has the defaults again."""
    started(flink)
    tuned = {"heartbeat.timeout": "300000"}
    assert flink.service.tune("000000000000", "us-east-1", "other", tuned) == []
    assert flink.service.tune("000000000000", "us-east-1", "ag", tuned) == [NAME]
    (job,) = runner.running.values()
    assert job.tuning == {}
    flink("StopApplication", ApplicationName=NAME)
    flink.settle()
    flink("StartApplication", ApplicationName=NAME)
    flink.settle()
    (job,) = runner.running.values()
    assert job.tuning == tuned
    created = moment(detail(flink)["CreateTimestamp"])
    flink("DeleteApplication", ApplicationName=NAME, CreateTimestamp=created)
    flink.settle()
    started(flink)
    (job,) = runner.running.values()
    assert job.tuning == {}


def test_support_changes_no_other_setting(flink: Caller) -> None:
    """What the service does not name as modifiable is refused, all of it at once."""
    with pytest.raises(ServiceError, match=r"a\.b, c\.d"):
        flink.service.tune("000000000000", "us-east-1", "", {"c.d": "1", "a.b": "2"})


def test_an_update_forgets_what_the_start_said(flink: Caller, runner: RecordingRunner) -> None:
    """A job started without its state goes on from the update's own snapshot."""
    skip = {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}
    started(
        flink,
        ApplicationRestoreConfiguration=skip,
        FlinkRunConfiguration={"AllowNonRestoredState": True},
    )
    flink("UpdateApplication", ApplicationName=NAME, CurrentApplicationVersionId=1)
    flink.settle()
    (job,) = runner.running.values()
    assert (job.restore_from, job.allow_non_restored_state) == ("savepoint-1", False)


def test_an_update_may_say_what_to_restore(flink: Caller, runner: RecordingRunner) -> None:
    """RunConfigurationUpdate names a snapshot, and one that is not there is refused."""
    started(flink)
    flink("CreateApplicationSnapshot", ApplicationName=NAME, SnapshotName="first")
    flink.settle()

    def change(name: str, version: int) -> dict[str, Any]:
        restore = {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT", "SnapshotName": name}
        return {
            "ApplicationName": NAME,
            "CurrentApplicationVersionId": version,
            "RunConfigurationUpdate": {
                "ApplicationRestoreConfiguration": restore,
                "FlinkRunConfiguration": {"AllowNonRestoredState": True},
            },
        }

    assert "second" in refused(flink, "UpdateApplication", **change("second", 1)).message
    flink("UpdateApplication", **change("first", 1))
    flink.settle()
    (job,) = runner.running.values()
    assert (job.restore_from, job.allow_non_restored_state) == ("savepoint-1", True)


def test_an_update_without_a_savepoint_changes_nothing(
    flink: Caller, runner: RecordingRunner
) -> None:
    """The job runs on, and the version is as it was before."""
    started(flink)
    runner.failure = "no savepoint"
    done = flink(
        "UpdateApplication",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        RuntimeEnvironmentUpdate="FLINK-2_2",
    )
    flink.settle()
    assert error_of(operation(flink, done["OperationId"])) == "no savepoint"
    assert status(flink) == "RUNNING"
    assert detail(flink)["RuntimeEnvironment"] == "FLINK-1_20"


def test_a_deleted_snapshot_is_gone_from_disk(flink: Caller, runner: RecordingRunner) -> None:
    """DeleteApplicationSnapshot deletes the savepoint."""
    started(flink)
    flink("CreateApplicationSnapshot", ApplicationName=NAME, SnapshotName="first")
    flink.settle()
    name = {"ApplicationName": NAME, "SnapshotName": "first"}
    described = flink("DescribeApplicationSnapshot", **name)["SnapshotDetails"]
    created = moment(described["SnapshotCreationTimestamp"])
    flink("DeleteApplicationSnapshot", **name, SnapshotCreationTimestamp=created)
    assert runner.discarded == ["savepoint-1"]


def test_force_ends_a_snapshot_under_way(flink: Caller, runner: RecordingRunner) -> None:
    """Both pieces of work an application may have are ended; the snapshot has FAILED."""
    started(flink)
    flink("CreateApplicationSnapshot", ApplicationName=NAME, SnapshotName="first")
    flink("StopApplication", ApplicationName=NAME)
    flink("StopApplication", ApplicationName=NAME, Force=True)
    flink.settle()
    assert status(flink) == "READY"
    assert runner.snapshots == 0
    statuses = {one["SnapshotStatus"] for one in record(flink)["snapshots"].values()}
    assert statuses == {"FAILED"}
