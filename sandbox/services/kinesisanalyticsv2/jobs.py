"""What runs a Flink job: the border between the control plane and a real cluster."""

from __future__ import annotations

from dataclasses import dataclass
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
        configuration: the ApplicationConfiguration, in the spelling of CreateApplication.
        restore_from: state to begin with, as `snapshot` gave it; None for none.
        allow_non_restored_state: whether state without an operator may be dropped.

    """

    application_arn: str
    region: str
    runtime_environment: str
    code: bytes
    configuration: Json
    restore_from: str | None
    allow_non_restored_state: bool


class JobRunner(Protocol):
    """Runs jobs. All methods raise `JobError`."""

    async def start(self, job: Job) -> None:
        """Run the job; return when Flink says RUNNING."""
        ...

    async def snapshot(self, application_arn: str) -> str:
        """Take a savepoint of the running job and give where it is."""
        ...

    async def stop(self, application_arn: str) -> None:
        """End the job, at once and without a savepoint; nothing to do when there is none."""
        ...

    def dashboard_url(self, application_arn: str) -> str:
        """Where the Flink dashboard and REST API of the running job are."""
        ...
