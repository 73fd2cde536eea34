"""Managed Service for Apache Flink."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from videoctl.aws.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videoctl.aws.client import AwsClient

RESTORE_LATEST: Final = "RESTORE_FROM_LATEST_SNAPSHOT"
RESTORE_NOTHING: Final = "SKIP_RESTORE_FROM_SNAPSHOT"
OPERATIONS_SHOWN: Final = 20
"""Newest operations that are looked at."""

_DASHBOARD_SECONDS: Final = 1800
"""How long a dashboard session lasts: the shortest the service allows."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_MS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application: ApplicationStatus, RuntimeEnvironment, version, configuration.

    Attributes:
        parallelism: configured; None where the service does not say.
        current_parallelism: what it runs with.
        checkpoint_interval_seconds: None: checkpointing is off.

    """

    status: str
    runtime_environment: str
    version_id: int
    conditional_token: str | None
    parallelism: int | None = None
    current_parallelism: int | None = None
    parallelism_per_kpu: int | None = None
    autoscaling: bool | None = None
    snapshots_enabled: bool | None = None
    checkpoint_interval_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A snapshot: SnapshotStatus and when it was begun; None where the service does not say."""

    name: str
    status: str
    created_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation on an application; `error` is the service's ErrorString."""

    operation_id: str
    operation: str
    status: str
    started_at: datetime
    ended_at: datetime | None = None
    error: str | None = None


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
        described = found.get("ApplicationConfigurationDescription", {})
        flink = described.get("FlinkApplicationConfigurationDescription", {})
        parallelism = flink.get("ParallelismConfigurationDescription", {})
        snapshots = described.get("ApplicationSnapshotConfigurationDescription", {})
        return Application(
            status=found["ApplicationStatus"],
            runtime_environment=found["RuntimeEnvironment"],
            version_id=found["ApplicationVersionId"],
            conditional_token=found.get("ConditionalToken"),
            parallelism=parallelism.get("Parallelism"),
            current_parallelism=parallelism.get("CurrentParallelism"),
            parallelism_per_kpu=parallelism.get("ParallelismPerKPU"),
            autoscaling=parallelism.get("AutoScalingEnabled"),
            snapshots_enabled=snapshots.get("SnapshotsEnabled"),
            checkpoint_interval_seconds=_checkpoint_interval(flink),
        )

    def snapshots(self, application: str) -> tuple[Snapshot, ...]:
        """Its snapshots, the newest first; none for an application that does not exist."""
        try:
            found = [
                Snapshot(
                    name=one["SnapshotName"],
                    status=one["SnapshotStatus"],
                    created_at=one.get("SnapshotCreationTimestamp"),
                )
                for one in self._client.items(
                    "ListApplicationSnapshots", "SnapshotSummaries", ApplicationName=application
                )
            ]
        except NotFound:
            return ()
        return tuple(sorted(found, key=lambda one: one.created_at or _LONG_AGO, reverse=True))

    def operations(self, application: str) -> tuple[Operation, ...]:
        """Its newest operations, the newest first; of the newest that failed, why."""
        try:
            answer = self._client.call(
                "ListApplicationOperations", ApplicationName=application, Limit=OPERATIONS_SHOWN
            )
        except NotFound:
            return ()
        listed: list[Any] = sorted(
            answer.get("ApplicationOperationInfoList", []),
            key=lambda one: one["StartTime"],
            reverse=True,
        )
        failed = [one["OperationId"] for one in listed if one["OperationStatus"] == "FAILED"]
        return tuple(
            Operation(
                operation_id=one["OperationId"],
                operation=one["Operation"],
                status=one["OperationStatus"],
                started_at=one["StartTime"],
                ended_at=one.get("EndTime"),
                error=self._error(application, one["OperationId"])
                if one["OperationId"] in failed[:1]
                else None,
            )
            for one in listed
        )

    def _error(self, application: str, operation_id: str) -> str | None:
        try:
            answer = self._client.call(
                "DescribeApplicationOperation",
                ApplicationName=application,
                OperationId=operation_id,
            )
        except NotFound:
            return None
        details = answer["ApplicationOperationInfoDetails"].get("OperationFailureDetails", {})
        error: str | None = details.get("ErrorInfo", {}).get("ErrorString")
        return error

    def create_snapshot(self, application: str, snapshot: str) -> None:
        """Begin a snapshot of the running application; it goes through CREATING to READY."""
        self._client.call(
            "CreateApplicationSnapshot", ApplicationName=application, SnapshotName=snapshot
        )

    def start_application(self, application: str, *, from_latest_snapshot: bool) -> None:
        """Start it; it goes through STARTING to RUNNING."""
        restore = RESTORE_LATEST if from_latest_snapshot else RESTORE_NOTHING
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

    def set_parallelism(self, application: str, parallelism: int, *, found: Application) -> None:
        """Configure another parallelism, unless the application is no longer as `found`.

        Raises:
            Busy: somebody changed it meanwhile: look again.

        """
        guard: dict[str, Any] = (
            {"ConditionalToken": found.conditional_token}
            if found.conditional_token
            else {"CurrentApplicationVersionId": found.version_id}
        )
        self._client.call(
            "UpdateApplication",
            ApplicationName=application,
            **guard,
            ApplicationConfigurationUpdate={
                "FlinkApplicationConfigurationUpdate": {
                    "ParallelismConfigurationUpdate": {
                        "ConfigurationTypeUpdate": "CUSTOM",
                        "ParallelismUpdate": parallelism,
                    }
                }
            },
        )

    def dashboard_url(self, application: str) -> str:
        """Where the Flink dashboard of the running application can be opened, within 3 minutes."""
        answer = self._client.call(
            "CreateApplicationPresignedUrl",
            ApplicationName=application,
            UrlType="FLINK_DASHBOARD_URL",
            SessionExpirationDurationInSeconds=_DASHBOARD_SECONDS,
        )
        return str(answer["AuthorizedUrl"])


def _checkpoint_interval(flink: Mapping[str, Any]) -> float | None:
    described = flink.get("CheckpointConfigurationDescription", {})
    interval = described.get("CheckpointInterval")
    if interval is None or not described.get("CheckpointingEnabled", True):
        return None
    return float(interval) / _MS
