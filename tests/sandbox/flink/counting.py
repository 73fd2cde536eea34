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
_SECONDS = 240.0


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
        self.settings = {
            "output": self.output.as_uri(), "rows.per.second": "200", "last": "1000000",
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

    def assert_exact(self) -> None:
        """Every number up to the highest is there once."""
        seen = self.counted()
        assert sorted(seen) == list(range(1, len(seen) + 1))
        assert set(seen.values()) == {1}
