"""Managed Service for Apache Flink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from videoctl.aws.errors import NotFound

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application: ApplicationStatus, RuntimeEnvironment and version."""

    status: str
    runtime_environment: str
    version_id: int
    conditional_token: str | None


class KinesisAnalyticsV2Gateway:
    """Managed Flink of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def describe_application(self, application: str) -> Application | None:
        """The application called `application`."""
        try:
            answer = self._client.call("DescribeApplication", ApplicationName=application)
        except NotFound:
            return None
        found = answer["ApplicationDetail"]
        return Application(
            status=found["ApplicationStatus"],
            runtime_environment=found["RuntimeEnvironment"],
            version_id=found["ApplicationVersionId"],
            conditional_token=found.get("ConditionalToken"),
        )

    def snapshot_count(self, application: str) -> int:
        """How many snapshots the application has."""
        try:
            found = self._client.items(
                "ListApplicationSnapshots", "SnapshotSummaries", ApplicationName=application
            )
            return sum(1 for _ in found)
        except NotFound:
            return 0

    def start_application(self, application: str, *, from_latest_snapshot: bool) -> None:
        """Start it; it goes through STARTING to RUNNING."""
        restore = (
            "RESTORE_FROM_LATEST_SNAPSHOT" if from_latest_snapshot else "SKIP_RESTORE_FROM_SNAPSHOT"
        )
        self._client.call(
            "StartApplication",
            ApplicationName=application,
            RunConfiguration={
                "ApplicationRestoreConfiguration": {"ApplicationRestoreType": restore}
            },
        )

    def stop_application(self, application: str, *, force: bool) -> None:
        """Stop it; it goes through STOPPING (FORCE_STOPPING) to READY."""
        self._client.call("StopApplication", ApplicationName=application, Force=force)
