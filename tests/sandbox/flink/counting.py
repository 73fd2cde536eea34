"""The counting job as an application of a running sandbox."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.sandbox.services.real import RealSandbox, eventually

BUCKET = "artifacts"
OPTIONS = {"python": "main.py"}
_PROGRAM = Path(__file__).parent / "counting_job" / "main.py"
_SECONDS = 600.0


def package() -> bytes:
    """The code object."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(_PROGRAM, "main.py")
    return content.getvalue()


class Counting:
    """One application that counts, and what tests ask of it."""

    def __init__(self, sandbox: RealSandbox, directory: Path, name: str = "counting") -> None:
        self.sandbox = sandbox
        self.name = name
        self.output = directory / name
        self.log_group = ""
        self.settings = {
            "output": self.output.as_uri(), "rows.per.second": "200", "last": "300000",
        }  # fmt: skip

    @property
    def client(self) -> Any:
        """Managed Flink, where the sandbox listens now."""
        return self.sandbox.client("kinesisanalyticsv2")

    def create(self, **settings: str) -> None:
        """Upload the code and make the application; checkpoints come each second."""
        self.settings |= settings
        s3 = self.sandbox.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="counting.zip", Body=package())
        location = {"BucketARN": f"arn:aws:s3:::{BUCKET}", "FileKey": "counting.zip"}
        self.client.create_application(
            ApplicationName=self.name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole="arn:aws:iam::000000000000:role/flink",
            ApplicationConfiguration={
                "ApplicationCodeConfiguration": {
                    "CodeContentType": "ZIPFILE",
                    "CodeContent": {"S3ContentLocation": location},
                },
                "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True},
                "ApplicationSystemRollbackConfiguration": {"RollbackEnabled": True},
                "EnvironmentProperties": {"PropertyGroups": self.groups()},
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "CheckpointInterval": 1000,
                        "MinPauseBetweenCheckpoints": 100,
                    },
                },
            },
        )

    def groups(self, **changes: str) -> list[dict[str, Any]]:
        """Property groups of the application."""
        return [
            {
                "PropertyGroupId": "kinesis.analytics.flink.run.options",
                "PropertyMap": OPTIONS,
            },
            {"PropertyGroupId": "counting", "PropertyMap": self.settings | changes},
        ]

    def detail(self) -> dict[str, Any]:
        """The ApplicationDetail now."""
        answer = self.client.describe_application(ApplicationName=self.name)
        found: dict[str, Any] = answer["ApplicationDetail"]
        return found

    def start(self, **run: Any) -> dict[str, Any]:
        """StartApplication, to its end; gives the operation."""
        answer = self.client.start_application(ApplicationName=self.name, RunConfiguration=run)
        return self.ended(answer["OperationId"])

    def stop(self, *, force: bool = False) -> dict[str, Any]:
        """StopApplication, to its end; gives the operation."""
        answer = self.client.stop_application(ApplicationName=self.name, Force=force)
        return self.ended(answer["OperationId"])

    def update(self, **changes: Any) -> dict[str, Any]:
        """UpdateApplication, to its end; gives the operation."""
        token = self.detail()["ConditionalToken"]
        answer = self.client.update_application(
            ApplicationName=self.name, ConditionalToken=token, **changes
        )
        return self.ended(answer["OperationId"])

    def ended(self, operation_id: str) -> dict[str, Any]:
        """An operation, as soon as it is not under way."""

        def outcome() -> dict[str, Any] | None:
            answer = self.client.describe_application_operation(
                ApplicationName=self.name, OperationId=operation_id
            )
            found: dict[str, Any] = answer["ApplicationOperationInfoDetails"]
            return None if found["OperationStatus"] == "IN_PROGRESS" else found

        found = eventually(outcome, _SECONDS)
        assert found is not None
        return found

    def log_to(self, group: str, stream: str) -> None:
        """Make a log stream and attach it."""
        logs = self.sandbox.client("logs")
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:log-stream:{stream}"
        self.log_group = group
        self.client.add_application_cloud_watch_logging_option(
            ApplicationName=self.name,
            ConditionalToken=self.detail()["ConditionalToken"],
            CloudWatchLoggingOption={"LogStreamARN": arn},
        )

    def logged(self, logger: str) -> list[dict[str, Any]]:
        """Log events of the loggers whose name ends so."""
        answer = self.sandbox.client("logs").filter_log_events(logGroupName=self.log_group)
        found = [json.loads(event["message"]) for event in answer["events"]]
        return [one for one in found if one["logger"].endswith(logger)]

    def metrics(self) -> set[str]:
        """Names of the metrics CloudWatch has of it."""
        answer = self.sandbox.client("cloudwatch").list_metrics(
            Namespace="AWS/KinesisAnalytics",
            Dimensions=[{"Name": "Application", "Value": self.name}],
        )
        return {one["MetricName"] for one in answer["Metrics"]}

    def dashboard(self) -> str:
        """A presigned address of the Flink dashboard."""
        answer = self.client.create_application_presigned_url(
            ApplicationName=self.name, UrlType="FLINK_DASHBOARD_URL"
        )
        return str(answer["AuthorizedUrl"])

    def snapshots(self) -> list[dict[str, Any]]:
        """All snapshots."""
        answer = self.client.list_application_snapshots(ApplicationName=self.name)
        found: list[dict[str, Any]] = answer["SnapshotSummaries"]
        return found

    def delete(self) -> None:
        """DeleteApplication, to its end."""
        created = self.detail()["CreateTimestamp"]
        self.client.delete_application(ApplicationName=self.name, CreateTimestamp=created)

        def is_gone() -> bool:
            listed = self.client.list_applications()["ApplicationSummaries"]
            return self.name not in {one["ApplicationName"] for one in listed}

        eventually(is_gone, _SECONDS)

    def counted(self) -> Counter[int]:
        """How often each number is in a finished file."""
        return Counter(
            json.loads(line)["n"]
            for path in self.output.glob("part-*")
            for line in path.read_text().splitlines()
        )

    def grows_beyond(self, count: int) -> None:
        """Wait until more numbers than that are counted."""
        eventually(lambda: len(self.counted()) > count, _SECONDS)

    def assert_exact(self, tasks: int = 1) -> None:
        """No number is left out or comes twice; each task counts a range of its own."""

        def has_no_gap() -> bool:
            seen = self.counted()
            return 1 in seen and sum(1 for number in seen if number - 1 not in seen) <= tasks

        eventually(has_no_gap, _SECONDS)
        assert set(self.counted().values()) == {1}
