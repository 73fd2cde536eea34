"""What tests of Managed Flink share: an application, its code, and something that runs jobs."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.flink.jobs import Job, JobError
from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2.code import RUN_OPTIONS
from tests.sandbox.services.calling import Caller

NAME = "agg"
OPTIONS = {"python": "main.py", "jarfile": "lib/pyflink-dependencies.jar"}


@dataclass
class RecordingRunner:
    """Runs jobs by taking note of them."""

    running: dict[str, Job] = field(default_factory=dict)
    failure: str | None = None
    snapshots: int = 0
    resumed: list[Job] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

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

    async def resume(self, job: Job) -> None:
        """Note the job as one that was resumed, or fail."""
        await self.start(job)
        self.resumed.append(job)

    async def suspend(self, application_arn: str) -> str:
        """A savepoint, then nothing runs; or fail."""
        location = await self.snapshot(application_arn)
        del self.running[application_arn]
        return location

    async def discard(self, location: str) -> None:
        """Note the savepoint as deleted."""
        self.discarded.append(location)

    async def forget(self, application_arn: str) -> None:
        """Note the application as deleted."""
        self.forgotten.append(application_arn)

    async def stop(self, application_arn: str) -> None:
        """Forget the job."""
        self.running.pop(application_arn, None)

    async def dashboard_url(self, application_arn: str, session_seconds: int) -> str:
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


def moment(seconds: float) -> datetime:
    """A timestamp parameter."""
    return datetime.fromtimestamp(seconds, UTC)
