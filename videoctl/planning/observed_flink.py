"""What was seen of a Managed Flink application and of the Flink job behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

NO_JOB: Final = "NONE"
"""State of a job that was looked for and is not there."""

UNREADABLE: Final = "UNREADABLE"
"""State of a job whose dashboard could not be read; every other state is Flink's own."""


@dataclass(frozen=True, kw_only=True)
class ObservedSnapshot:
    """One snapshot: SnapshotStatus (CREATING, READY, DELETING, FAILED), and when it was begun."""

    name: str
    status: str
    created_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ObservedOperation:
    """One operation on an application, such as StartApplication.

    Attributes:
        status: OperationStatus: IN_PROGRESS, CANCELLED, SUCCESSFUL, FAILED.
        error: what the service says of a failure.

    """

    operation_id: str
    operation: str
    status: str
    started_at: datetime
    ended_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class ObservedApplication:
    """The Managed Flink application of one region: ApplicationStatus, or ABSENT.

    Attributes:
        parallelism: what it is configured with.
        current_parallelism: what it runs with; autoscaling changes it.
        checkpoint_interval_seconds: None: checkpointing is off, or not known.
        snapshots: the newest first.
        operations: the newest first.

    """

    status: str
    runtime_environment: str | None = None
    snapshot_count: int | None = None
    version_id: int | None = None
    parallelism: int | None = None
    current_parallelism: int | None = None
    parallelism_per_kpu: int | None = None
    autoscaling: bool | None = None
    snapshots_enabled: bool | None = None
    checkpoint_interval_seconds: float | None = None
    snapshots: tuple[ObservedSnapshot, ...] | None = None
    operations: tuple[ObservedOperation, ...] | None = None

    def snapshot(self, name: str) -> ObservedSnapshot | None:
        """The snapshot called `name`."""
        return next((one for one in self.snapshots or () if one.name == name), None)

    @property
    def newest_snapshot(self) -> ObservedSnapshot | None:
        """What it would be started from."""
        return next((one for one in self.snapshots or () if one.status == "READY"), None)

    @property
    def last_operation_at(self) -> datetime | None:
        """When the newest operation began, by the service's clock."""
        return self.operations[0].started_at if self.operations else None

    def latest(self, operation: str, since: datetime | None) -> ObservedOperation | None:
        """The newest operation of a kind that began after `since`."""
        return next(
            (
                one
                for one in self.operations or ()
                if one.operation == operation and (since is None or one.started_at > since)
            ),
            None,
        )


@dataclass(frozen=True, kw_only=True)
class ShardLag:
    """How far behind the end of a shard the job's source is."""

    shard_id: str
    behind_ms: float


@dataclass(frozen=True, kw_only=True)
class ObservedJob:
    """The Flink job as its own job manager tells of it.

    Attributes:
        state: Flink's job state (RUNNING, RESTARTING, FAILED, ...), NO_JOB or UNREADABLE.
        reason: why it is unreadable or not there.
        started_at: when this attempt of the job was submitted.
        running_since: when it was last switched to RUNNING.
        restarts: since it was submitted.
        completed_checkpoints: since it was submitted or restored.
        last_checkpoint_at: when the newest completed checkpoint was acknowledged.
        last_failed_checkpoint_at: when the newest failed one failed.
        records_read: by its sources since it was submitted.
        records_per_second: read by its sources now.
        shards: of the raw stream, by the source's own metrics; None: it reports none.
        configuration: the settings of the job manager that concern the timeouts, as written.
        seen_at: when it was looked at.

    """

    state: str
    reason: str | None = None
    job_id: str | None = None
    started_at: datetime | None = None
    running_since: datetime | None = None
    restarts: int | None = None
    completed_checkpoints: int | None = None
    last_checkpoint_at: datetime | None = None
    last_failed_checkpoint_at: datetime | None = None
    records_read: int | None = None
    records_per_second: float | None = None
    shards: tuple[ShardLag, ...] | None = None
    configuration: tuple[tuple[str, str], ...] | None = None
    seen_at: datetime | None = None

    @property
    def behind_ms(self) -> float | None:
        """How far the shard that is furthest behind is; None: not reported."""
        return max((one.behind_ms for one in self.shards), default=None) if self.shards else None
