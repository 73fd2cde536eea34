"""The Flink applications of one environment, and the stream they read: looked at and changed.

Every change looks first, so that one whose answer was lost is not made twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoctl.aws.errors import Busy, NotFound
from videoctl.aws.flink_dashboard import FlinkDashboard
from videoctl.aws.kinesis import KinesisGateway
from videoctl.aws.kinesisanalyticsv2 import KinesisAnalyticsV2Gateway
from videoctl.errors import FailedError, VideoctlError
from videoctl.model import flink_timeouts
from videoctl.planning.observation import ABSENT
from videoctl.planning.observed_flink import (
    NO_JOB,
    UNREADABLE,
    ObservedApplication,
    ObservedJob,
    ObservedOperation,
    ObservedSnapshot,
    ShardLag,
)

if TYPE_CHECKING:
    from videoctl.aws.flink_dashboard import JobReading
    from videoctl.aws.kinesisanalyticsv2 import Application
    from videoctl.aws.session import AwsSession
    from videoctl.execution.clock import Clock
    from videoctl.model.names import Names, StreamKind
    from videoctl.model.regions import Region

_SETTINGS = frozenset(
    {flink_timeouts.HEARTBEAT_KEY, flink_timeouts.ASK_KEY, flink_timeouts.OLD_ASK_KEY}
)
"""What is kept of a job manager's configuration."""

_NO_APPLICATION = "there is no application"


class FlinkPlatform:
    """Flink and its stream in every region.

    Args:
        names: of the environment.
        session: makes AWS clients.
        clock: time.

    """

    def __init__(self, names: Names, session: AwsSession, clock: Clock) -> None:
        self._names = names
        self._session = session
        self._clock = clock

    def application(self, region: Region) -> ObservedApplication:
        """The application with its snapshots and operations."""
        gateway, name = self._gateway(region), self._names.flink_application
        found = gateway.describe_application(name)
        if found is None:
            return ObservedApplication(status=ABSENT)
        snapshots = tuple(
            ObservedSnapshot(name=one.name, status=one.status, created_at=one.created_at)
            for one in gateway.snapshots(name)
        )
        return ObservedApplication(
            status=found.status,
            runtime_environment=found.runtime_environment,
            snapshot_count=len(snapshots),
            version_id=found.version_id,
            parallelism=found.parallelism,
            current_parallelism=found.current_parallelism,
            parallelism_per_kpu=found.parallelism_per_kpu,
            autoscaling=found.autoscaling,
            snapshots_enabled=found.snapshots_enabled,
            checkpoint_interval_seconds=found.checkpoint_interval_seconds,
            snapshots=snapshots,
            operations=tuple(
                ObservedOperation(
                    operation_id=one.operation_id,
                    operation=one.operation,
                    status=one.status,
                    started_at=one.started_at,
                    ended_at=one.ended_at,
                    error=one.error,
                )
                for one in gateway.operations(name)
            ),
        )

    def job(self, region: Region) -> ObservedJob:
        """The job behind the application; one that cannot be read says why, and raises nothing.

        Its dashboard is asked for only while the application is RUNNING: else there is none.
        """
        seen_at = self._clock.now()
        gateway, name = self._gateway(region), self._names.flink_application
        try:
            found = gateway.describe_application(name)
            if found is None or found.status != "RUNNING":
                status = f"the application is {found.status}" if found else _NO_APPLICATION
                return ObservedJob(state=NO_JOB, reason=status, seen_at=seen_at)
            url = gateway.dashboard_url(name)
            with FlinkDashboard.opened(url) as dashboard:
                reading = dashboard.job()
        except NotFound:
            return ObservedJob(state=NO_JOB, reason=_NO_APPLICATION, seen_at=seen_at)
        except Busy:
            reason = "the application is not RUNNING"
            return ObservedJob(state=NO_JOB, reason=reason, seen_at=seen_at)
        except VideoctlError as error:
            return ObservedJob(state=UNREADABLE, reason=error.message, seen_at=seen_at)
        if reading is None:
            reason = "the job manager knows no job"
            return ObservedJob(state=NO_JOB, reason=reason, seen_at=seen_at)
        return _observed(reading, self._clock)

    def start(self, region: Region) -> None:
        """Start the application from its newest snapshot, if it has one."""
        gateway, name = self._gateway(region), self._names.flink_application
        if self._found(region).status in {"STARTING", "RUNNING"}:
            return
        is_saved = any(one.status == "READY" for one in gateway.snapshots(name))
        gateway.start_application(name, from_latest_snapshot=is_saved)

    def stop(self, region: Region, *, force: bool) -> None:
        """Stop the application."""
        status = self._found(region).status
        if status in {"READY", "FORCE_STOPPING"} or (status == "STOPPING" and not force):
            return
        self._gateway(region).stop_application(self._names.flink_application, force=force)

    def take_snapshot(self, region: Region, snapshot: str) -> None:
        """Begin a snapshot, unless one of that name was begun before."""
        gateway, name = self._gateway(region), self._names.flink_application
        if all(one.name != snapshot for one in gateway.snapshots(name)):
            gateway.create_snapshot(name, snapshot)

    def set_parallelism(self, region: Region, parallelism: int) -> None:
        """Configure another parallelism, on the version that is there now."""
        found = self._found(region)
        if found.parallelism != parallelism:
            gateway = self._gateway(region)
            gateway.set_parallelism(self._names.flink_application, parallelism, found=found)

    def update_shard_count(self, region: Region, kind: StreamKind, count: int) -> None:
        """Begin another number of open shards, unless the stream is at it or has them."""
        gateway = KinesisGateway(self._session.client("kinesis", region))
        stream = self._names.stream(kind)
        found = gateway.describe_stream_summary(stream)
        if found is None:
            raise FailedError(
                f"there is no stream {stream} in {region}",
                hint=f"videoctl env create {self._names.environment}",
                code="stream-absent",
            )
        if found.status != "UPDATING" and found.open_shard_count != count:
            gateway.update_shard_count(stream, count)

    def _found(self, region: Region) -> Application:
        found = self._gateway(region).describe_application(self._names.flink_application)
        if found is None:
            raise FailedError(
                f"there is no application {self._names.flink_application} in {region}",
                hint=f"videoctl env create {self._names.environment}",
                code="application-absent",
            )
        return found

    def _gateway(self, region: Region) -> KinesisAnalyticsV2Gateway:
        return KinesisAnalyticsV2Gateway(self._session.client("kinesisanalyticsv2", region))


def _observed(reading: JobReading, clock: Clock) -> ObservedJob:
    shards, settings = reading.shards, reading.configuration
    return ObservedJob(
        state=reading.state,
        job_id=reading.job_id,
        started_at=reading.started_at,
        running_since=reading.running_since,
        restarts=reading.restarts,
        completed_checkpoints=reading.completed_checkpoints,
        last_checkpoint_at=reading.last_checkpoint_at,
        last_failed_checkpoint_at=reading.last_failed_checkpoint_at,
        records_read=reading.records_read,
        records_per_second=reading.records_per_second,
        shards=None
        if shards is None
        else tuple(ShardLag(shard_id=one, behind_ms=shards[one]) for one in sorted(shards)),
        configuration=None
        if settings is None
        else tuple((key, settings[key]) for key in sorted(_SETTINGS & settings.keys())),
        seen_at=clock.now(),
    )
