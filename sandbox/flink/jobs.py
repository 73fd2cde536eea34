"""What runs a Flink job: the border between the control plane and a real cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.protocol.wire import Json


class JobError(Exception):
    """The job did not do what it was told; the message becomes the operation's ErrorString."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything a cluster has to know about an application's job.

    Attributes:
        application_arn: whose job it is; one job an application.
        region: region of the application.
        runtime_environment: such as `FLINK-1_20`.
        code: the zip file.
        parallelism: of the job, which gets as many slots.
        checkpoint_interval_ms: None where checkpointing is off.
        min_pause_between_checkpoints_ms: the least time from one to the next.
        log_level: DEBUG, INFO, WARN or ERROR.
        property_groups: PropertyGroupId and PropertyMap of each.
        run_options: what names the Python program and its jar; None for a Java application.
        run_id: one start of the application; what it writes is found again by it.
        restore_from: state to begin with, as `snapshot` gave it; None for none.
        allow_non_restored_state: whether state without an operator may be dropped.
        must_be_stable: a job whose tasks fail at once has not started; otherwise it has, and
            restarts by its restart strategy.
        tuning: Flink settings that AWS Support has put into force for the application.

    """

    application_arn: str
    region: str
    runtime_environment: str
    code: bytes
    parallelism: int
    checkpoint_interval_ms: int | None
    min_pause_between_checkpoints_ms: int
    log_level: str
    property_groups: list[Json]
    run_options: Mapping[str, str] | None
    run_id: str
    restore_from: str | None
    allow_non_restored_state: bool
    must_be_stable: bool = False
    tuning: Mapping[str, str] = field(default_factory=dict)


class JobRunner(Protocol):
    """Runs jobs. All methods may raise `JobError`."""

    async def start(self, job: Job) -> None:
        """Run the job; return when Flink says RUNNING."""
        ...

    async def resume(self, job: Job) -> None:
        """Run the job again after its cluster was lost, from the newest state of its run."""
        ...

    async def snapshot(self, application_arn: str) -> str:
        """Take a savepoint of the running job and give where it is."""
        ...

    async def suspend(self, application_arn: str) -> str:
        """Stop the job with a savepoint, nothing running after it, and give where it is."""
        ...

    async def stop(self, application_arn: str) -> None:
        """End the job, at once and without a savepoint; nothing to do when there is none."""
        ...

    async def discard(self, location: str) -> None:
        """Delete the savepoint at a location."""
        ...

    async def forget(self, application_arn: str) -> None:
        """Delete everything an application left; its job is stopped."""
        ...

    async def dashboard_url(self, application_arn: str, session_seconds: int) -> str:
        """A presigned address of the job's Flink dashboard, which is its REST API too."""
        ...
