"""Tests of the Managed Flink control plane, with and without something that runs jobs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2 import KinesisAnalyticsV2
from sandbox.services.kinesisanalyticsv2.applications import ALLOWED, Status
from sandbox.services.kinesisanalyticsv2.code import RUN_OPTIONS
from sandbox.services.kinesisanalyticsv2.jobs import Job, JobError
from sandbox.services.kinesisanalyticsv2.lifecycle import Clock
from tests.sandbox.services.calling import Caller

NAME = "agg"
OPTIONS = {"python": "main.py", "jarfile": "lib/pyflink-dependencies.jar"}


@dataclass
class RecordingRunner:
    """Runs jobs by taking note of them."""

    running: dict[str, Job] = field(default_factory=dict)
    failure: str | None = None
    snapshots: int = 0

    async def start(self, job: Job) -> None:
        """Note the job, or fail."""
        if self.failure is not None:
            raise JobError(self.failure)
        self.running[job.application_arn] = job

    async def snapshot(self, application_arn: str) -> str:
        """Count the savepoint, or fail."""
        if self.failure == "no savepoint":
            raise JobError(self.failure)
        self.snapshots += 1
        return f"savepoint-{self.snapshots}"

    async def stop(self, application_arn: str) -> None:
        """Forget the job."""
        self.running.pop(application_arn, None)

    def dashboard_url(self, application_arn: str) -> str:
        """Any address."""
        return "http://127.0.0.1:8081/"


def archive(*names: str) -> bytes:
    """A zip file with these members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, "content")
    return content.getvalue()


def creation(**changes: Any) -> dict[str, Any]:
    """Parameters of CreateApplication."""
    location = {"BucketARN": "arn:aws:s3:::artifacts", "FileKey": "agg.zip"}
    group = {"PropertyGroupId": RUN_OPTIONS, "PropertyMap": OPTIONS}
    return {
        "ApplicationName": NAME,
        "RuntimeEnvironment": "FLINK-1_20",
        "ServiceExecutionRole": "arn:aws:iam::000000000000:role/flink",
        "ApplicationConfiguration": {
            "ApplicationCodeConfiguration": {
                "CodeContentType": "ZIPFILE",
                "CodeContent": {"S3ContentLocation": location},
            },
            "EnvironmentProperties": {"PropertyGroups": [group]},
            "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True},
            **changes.pop("configuration", {}),
        },
        "Tags": [{"Key": "videoctl:component", "Value": "flink"}],
        **changes,
    }


@pytest.fixture
def flink() -> Iterator[Caller]:
    """The service with a complete code object in S3, and time that passes when told to."""
    caller = Caller(KinesisAnalyticsV2)
    caller.host.services.objects = {"agg.zip": archive(*OPTIONS.values())}

    caller.service.lifecycle.clock = Clock(sleep=caller.sleep)
    yield caller
    caller.close()


@pytest.fixture
def runner(flink: Caller) -> RecordingRunner:
    """Something that runs jobs, plugged in."""
    one = RecordingRunner()
    flink.service.lifecycle.runner = one
    return one


def detail(flink: Caller) -> dict[str, Any]:
    """The ApplicationDetail now."""
    found: dict[str, Any] = flink("DescribeApplication", ApplicationName=NAME)["ApplicationDetail"]
    return found


def status(flink: Caller) -> str:
    """The ApplicationStatus now."""
    return str(detail(flink)["ApplicationStatus"])


def operation(flink: Caller, operation_id: str) -> dict[str, Any]:
    """How an operation went."""
    answer = flink("DescribeApplicationOperation", ApplicationName=NAME, OperationId=operation_id)
    found: dict[str, Any] = answer["ApplicationOperationInfoDetails"]
    return found


def started(flink: Caller, **run: Any) -> dict[str, Any]:
    """Create, start and wait; gives the operation."""
    flink("CreateApplication", **creation())
    answer = flink("StartApplication", ApplicationName=NAME, RunConfiguration=run)
    flink.settle()
    return operation(flink, answer["OperationId"])


def error_of(found: dict[str, Any]) -> str:
    """Why an operation failed."""
    assert found["OperationStatus"] == "FAILED"
    return str(found["OperationFailureDetails"]["ErrorInfo"]["ErrorString"])


def refused(flink: Caller, name: str, **parameters: Any) -> ServiceError:
    """The error an operation ends with."""
    with pytest.raises(ServiceError) as caught:
        flink(name, **parameters)
    return caught.value


def test_a_new_application_is_ready(flink: Caller) -> None:
    """Version 1, READY, with the service's defaults filled in and the code's size."""
    flink("CreateApplication", **creation())
    found = detail(flink)
    assert found["ApplicationStatus"] == "READY"
    assert found["ApplicationVersionId"] == 1
    assert found["ApplicationARN"] == (
        "arn:aws:kinesisanalytics:us-east-1:000000000000:application/agg"
    )
    described = found["ApplicationConfigurationDescription"]
    blocks = described["FlinkApplicationConfigurationDescription"]
    assert blocks["CheckpointConfigurationDescription"]["CheckpointInterval"] == 60_000
    assert blocks["ParallelismConfigurationDescription"]["CurrentParallelism"] == 1
    content = described["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
    assert content["CodeSize"] > 0
    assert content["S3ApplicationCodeLocationDescription"]["FileKey"] == "agg.zip"


def test_the_code_object_must_exist(flink: Caller) -> None:
    """CreateApplication says which key of which bucket it could not get."""
    flink.host.services.objects = {}
    error = refused(flink, "CreateApplication", **creation())
    assert error.code == "InvalidArgumentException"
    assert "unable to get the specified fileKey: agg.zip in the specified bucket: artifacts" in (
        error.message
    )


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"RuntimeEnvironment": "SQL-1_0"}, "UnsupportedOperationException", "SQL applications"),
        ({"RuntimeEnvironment": "FLINK-1_13"}, "UnsupportedOperationException", "is deprecated"),
        (
            {"ServiceExecutionRole": "arn:aws:iam::111111111111:role/flink"},
            "InvalidArgumentException",
            "should belong to account '000000000000'",
        ),
        (
            {
                "CloudWatchLoggingOptions": [
                    {"LogStreamARN": "arn:aws:logs:us-east-1:0:log-group:g"}
                ]
            },
            "InvalidArgumentException",
            "CloudWatch log stream ARN",
        ),
        ({"ApplicationName": "a b"}, "ValidationException", "regular expression pattern"),
    ],
)
def test_wrong_applications_are_refused(
    flink: Caller, changes: dict[str, Any], code: str, message: str
) -> None:
    """What the service refuses is refused, in its words."""
    error = refused(flink, "CreateApplication", **creation(**changes))
    assert (error.code, message in error.message) == (code, True)


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (
            {
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {
                        "ConfigurationType": "DEFAULT",
                        "CheckpointInterval": 1000,
                    }
                }
            },
            "custom values for the checkpoint configuration",
        ),
        (
            {
                "FlinkApplicationConfiguration": {
                    "ParallelismConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "ParallelismPerKPU": 9,
                    }
                }
            },
            "supported limit 8",
        ),
        (
            {
                "FlinkApplicationConfiguration": {
                    "ParallelismConfiguration": {"ConfigurationType": "CUSTOM", "Parallelism": 65}
                }
            },
            "65 KPUs",
        ),
        (
            {
                "EnvironmentProperties": {
                    "PropertyGroups": [
                        {"PropertyGroupId": "a", "PropertyMap": {"k": "v"}},
                        {"PropertyGroupId": "a", "PropertyMap": {"k": "v"}},
                    ]
                }
            },
            "duplicate PropertyGroupId : 'a'",
        ),
        (
            {
                "ApplicationCodeConfiguration": {
                    "CodeContentType": "ZIPFILE",
                    "CodeContent": {"TextContent": "x"},
                }
            },
            "ZIPFILE code content type",
        ),
    ],
)
def test_wrong_configurations_are_refused(
    flink: Caller, configuration: dict[str, Any], message: str
) -> None:
    """Each rule of the configuration holds at creation."""
    error = refused(flink, "CreateApplication", **creation(configuration=configuration))
    assert message in error.message


@pytest.mark.parametrize(
    ("members", "options", "message"),
    [
        (("main.py",), OPTIONS, "lib/pyflink-dependencies.jar, named by the run option jarfile"),
        (("lib/pyflink-dependencies.jar",), OPTIONS, "main.py, named by the run option python"),
        (("main.py",), {"jarfile": "main.py"}, "The property python is missing"),
        (("main.py",), {"python": "main.py", "pyModule": "m"}, "pyModule is not supported"),
        (("main.py",), {"python": "main.py", "pyFiles": "agg/"}, "agg/, named by"),
    ],
)
def test_starting_says_what_is_missing(
    flink: Caller,
    runner: RecordingRunner,
    members: tuple[str, ...],
    options: dict[str, str],
    message: str,
) -> None:
    """The operation fails with the file or option by name, and the application is READY again."""
    flink.host.services.objects = {"agg.zip": archive(*members)}
    group = {"PropertyGroupId": RUN_OPTIONS, "PropertyMap": options}
    properties = {"EnvironmentProperties": {"PropertyGroups": [group]}}
    flink("CreateApplication", **creation(configuration=properties))
    answer = flink("StartApplication", ApplicationName=NAME)
    assert status(flink) == "STARTING"
    flink.settle()
    assert message in error_of(operation(flink, answer["OperationId"]))
    assert status(flink) == "READY"
    assert not runner.running


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a zip", "not a zip file"),
        (archive(*OPTIONS.values()).replace(b"content", b"CONTENT", 1), "damaged at main.py"),
    ],
)
def test_a_broken_zip_is_told(flink: Caller, content: bytes, message: str) -> None:
    """What cannot be unpacked cannot be started."""
    flink.host.services.objects = {"agg.zip": content}
    assert message in error_of(started(flink))


def test_a_java_application_needs_a_jar(flink: Caller) -> None:
    """Without run options the code must be or hold a jar."""
    flink.host.services.objects = {"agg.zip": archive("readme.txt")}
    flink(
        "CreateApplication",
        **creation(configuration={"EnvironmentProperties": {"PropertyGroups": []}}),
    )
    answer = flink("StartApplication", ApplicationName=NAME)
    flink.settle()
    assert "No valid JAR file found" in error_of(operation(flink, answer["OperationId"]))


def test_without_a_runner_nothing_pretends_to_run(flink: Caller) -> None:
    """A complete application is told that there is no cluster; it never says RUNNING."""
    assert "no Flink cluster" in error_of(started(flink))
    assert status(flink) == "READY"


def test_an_application_without_code_does_not_start(flink: Caller) -> None:
    """StartApplication refuses what has no code configuration."""
    request = creation()
    del request["ApplicationConfiguration"]["ApplicationCodeConfiguration"]
    flink("CreateApplication", **request)
    error = refused(flink, "StartApplication", ApplicationName=NAME)
    assert error.code == "InvalidApplicationConfigurationException"


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


def test_an_update_of_a_ready_application(flink: Caller) -> None:
    """READY stays READY, the version counts up, the operation is done."""
    flink("CreateApplication", **creation())
    change = {
        "FlinkApplicationConfigurationUpdate": {
            "ParallelismConfigurationUpdate": {
                "ConfigurationTypeUpdate": "CUSTOM",
                "ParallelismUpdate": 4,
            }
        }
    }
    answer = flink(
        "UpdateApplication",
        ApplicationName=NAME,
        ConditionalToken=detail(flink)["ConditionalToken"],
        ApplicationConfigurationUpdate=change,
    )
    assert operation(flink, answer["OperationId"])["OperationStatus"] == "SUCCESSFUL"
    found = detail(flink)
    assert (found["ApplicationStatus"], found["ApplicationVersionId"]) == ("READY", 2)
    described = found["ApplicationConfigurationDescription"]
    parallelism = described["FlinkApplicationConfigurationDescription"][
        "ParallelismConfigurationDescription"
    ]
    assert parallelism["Parallelism"] == 4
    groups = described["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    assert groups[0]["PropertyMap"] == OPTIONS


def test_a_stale_update_is_refused(flink: Caller) -> None:
    """An old token, an old version, or neither: nothing is changed."""
    flink("CreateApplication", **creation())
    old = detail(flink)["ConditionalToken"]
    update = {
        "ApplicationName": NAME,
        "ServiceExecutionRoleUpdate": creation()["ServiceExecutionRole"],
    }
    flink("UpdateApplication", **update, ConditionalToken=old)
    for stale in ({"ConditionalToken": old}, {"CurrentApplicationVersionId": 1}):
        error = refused(flink, "UpdateApplication", **update, **stale)
        assert error.code == "ConcurrentModificationException"
    assert refused(flink, "UpdateApplication", **update).code == "InvalidArgumentException"
    assert detail(flink)["ApplicationVersionId"] == 2


def test_an_update_needs_the_new_code_object(flink: Caller) -> None:
    """New code that is not in S3 is refused, and the old version stays."""
    flink("CreateApplication", **creation())
    location = {"S3ContentLocationUpdate": {"FileKeyUpdate": "new.zip"}}
    change = {"ApplicationCodeConfigurationUpdate": {"CodeContentUpdate": location}}
    error = refused(
        flink,
        "UpdateApplication",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        ApplicationConfigurationUpdate=change,
    )
    assert "fileKey: new.zip" in error.message
    assert detail(flink)["ApplicationVersionId"] == 1


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
    wrong = refused(flink, "DeleteApplication", ApplicationName=NAME, CreateTimestamp=_time(1.0))
    assert wrong.code == "ConcurrentModificationException"
    flink("DeleteApplication", ApplicationName=NAME, CreateTimestamp=_time(created))
    assert status(flink) == "DELETING"
    flink.settle()
    assert refused(flink, "DescribeApplication", ApplicationName=NAME).code == (
        "ResourceNotFoundException"
    )
    assert not runner.running


def _time(seconds: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


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
        flink, "DeleteApplicationSnapshot", **snapshot, SnapshotCreationTimestamp=_time(1.0)
    )
    assert "different SnapshotCreationTimestamp" in error.message
    created = _time(described["SnapshotCreationTimestamp"])
    flink("DeleteApplicationSnapshot", **snapshot, SnapshotCreationTimestamp=created)
    assert not flink("ListApplicationSnapshots", ApplicationName=NAME)["SnapshotSummaries"]


def test_logging_network_and_tags(flink: Caller) -> None:
    """Each attachment makes a version of its own; tags do not."""
    flink("CreateApplication", **creation())
    arn = detail(flink)["ApplicationARN"]
    stream = "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s"
    added = flink(
        "AddApplicationCloudWatchLoggingOption",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        CloudWatchLoggingOption={"LogStreamARN": stream},
    )
    (option,) = added["CloudWatchLoggingOptionDescriptions"]
    network = flink(
        "AddApplicationVpcConfiguration",
        ApplicationName=NAME,
        CurrentApplicationVersionId=2,
        VpcConfiguration={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    )["VpcConfigurationDescription"]
    assert network["VpcId"] == "vpc-1"
    flink(
        "DeleteApplicationCloudWatchLoggingOption",
        ApplicationName=NAME,
        CurrentApplicationVersionId=3,
        CloudWatchLoggingOptionId=option["CloudWatchLoggingOptionId"],
    )
    flink(
        "DeleteApplicationVpcConfiguration",
        ApplicationName=NAME,
        CurrentApplicationVersionId=4,
        VpcConfigurationId=network["VpcConfigurationId"],
    )
    flink("TagResource", ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    flink("UntagResource", ResourceARN=arn, TagKeys=["videoctl:component"])
    assert flink("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    assert detail(flink)["ApplicationVersionId"] == 5
    versions = flink("ListApplicationVersions", ApplicationName=NAME)["ApplicationVersionSummaries"]
    assert [one["ApplicationVersionId"] for one in versions] == [5, 4, 3, 2, 1]
    third = flink("DescribeApplicationVersion", ApplicationName=NAME, ApplicationVersionId=3)
    assert (
        "VpcConfigurationDescriptions"
        in (third["ApplicationVersionDetail"]["ApplicationConfigurationDescription"])
    )


def test_the_maintenance_window_moves(flink: Caller) -> None:
    """Eight hours from the start given; the default depends on the region."""
    flink("CreateApplication", **creation())
    window = detail(flink)["ApplicationMaintenanceConfigurationDescription"]
    assert window["ApplicationMaintenanceWindowStartTime"] == "03:00"
    answer = flink(
        "UpdateApplicationMaintenanceConfiguration",
        ApplicationName=NAME,
        ApplicationMaintenanceConfigurationUpdate={
            "ApplicationMaintenanceWindowStartTimeUpdate": "20:30"
        },
    )
    window = answer["ApplicationMaintenanceConfigurationDescription"]
    assert window["ApplicationMaintenanceWindowEndTime"] == "04:30"


def test_the_dashboard_needs_a_running_job(flink: Caller, runner: RecordingRunner) -> None:
    """CreateApplicationPresignedUrl is for RUNNING applications."""
    flink("CreateApplication", **creation())
    request = {"ApplicationName": NAME, "UrlType": "FLINK_DASHBOARD_URL"}
    error = refused(flink, "CreateApplicationPresignedUrl", **request)
    assert error.code == "ResourceInUseException"
    flink("StartApplication", ApplicationName=NAME)
    flink.settle()
    assert flink("CreateApplicationPresignedUrl", **request)["AuthorizedUrl"].startswith("http")


def test_a_restarted_server_has_no_jobs(flink: Caller, runner: RecordingRunner) -> None:
    """What ran is READY, what was under way has FAILED, what was deleted is gone."""
    started(flink)
    stop = flink("StopApplication", ApplicationName=NAME)
    again = KinesisAnalyticsV2(flink.host, flink.store)  # type: ignore[arg-type]
    flink.run(again.start())
    assert status(flink) == "READY"
    assert "restarted" in error_of(operation(flink, stop["OperationId"]))


def test_lists_come_in_pages(flink: Caller) -> None:
    """Limit and NextToken walk through applications and operations."""
    for number in range(3):
        flink("CreateApplication", **creation(ApplicationName=f"app-{number}"))
    first = flink("ListApplications", Limit=2)
    second = flink("ListApplications", Limit=2, NextToken=first["NextToken"])
    names = [
        one["ApplicationName"]
        for answer in (first, second)
        for one in answer["ApplicationSummaries"]
    ]
    assert names == ["app-0", "app-1", "app-2"]
    assert second["NextToken"] is None
    error = refused(flink, "ListApplications", NextToken="nothing")
    assert error.code == "InvalidArgumentException"


def test_operations_are_listed_by_name_and_status(flink: Caller, runner: RecordingRunner) -> None:
    """ListApplicationOperations filters, the latest first."""
    started(flink)
    flink("StopApplication", ApplicationName=NAME)
    flink.settle()
    every = flink("ListApplicationOperations", ApplicationName=NAME)["ApplicationOperationInfoList"]
    assert [one["Operation"] for one in every] == ["StopApplication", "StartApplication"]
    starts = flink("ListApplicationOperations", ApplicationName=NAME, Operation="StartApplication")
    assert len(starts["ApplicationOperationInfoList"]) == 1
    failed = flink("ListApplicationOperations", ApplicationName=NAME, OperationStatus="FAILED")
    assert not failed["ApplicationOperationInfoList"]
