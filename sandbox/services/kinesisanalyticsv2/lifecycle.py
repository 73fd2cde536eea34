"""What happens between two statuses of an application: the effects, one at a time, with their end.

Nothing here says RUNNING unless a job runner said so first.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2 import applications, code, configuration
from sandbox.services.kinesisanalyticsv2.applications import Status
from sandbox.services.kinesisanalyticsv2.jobs import Job, JobError, JobRunner

if TYPE_CHECKING:
    from sandbox.loopback import Loopback
    from sandbox.protocol.wire import Json

STEP_SECONDS: Final = 0.3
"""Least time in a passing status, so that who polls can see it; minutes in AWS."""
_NO_RUNNER: Final = (
    "The code object is complete, but this sandbox has no Flink cluster to run it on: applications "
    "can be created, updated and deleted, not started."
)
_MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the lifecycle sees it.

    Attributes:
        now: epoch seconds.
        sleep: waits that many seconds.

    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Lifecycle:
    """Carries out the operations on applications; `record` is changed in place."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.runner: JobRunner | None = None
        """Set by whoever brings a cluster; without it nothing starts."""

    async def start(self, aws: Loopback, region: str, record: Json, operation: Json) -> None:
        """STARTING, then RUNNING; or READY again, with the reason in the operation."""
        await self.clock.sleep(STEP_SECONDS)
        try:
            await self._launch(aws, region, record)
        except JobError as error:
            record["status"] = Status.READY.value
            self._end(operation, "FAILED", str(error))
            return
        record["status"] = Status.RUNNING.value
        self._end(operation, "SUCCESSFUL")

    async def stop(self, record: Json, operation: Json, *, force: bool) -> None:
        """STOPPING with a snapshot where enabled, or FORCE_STOPPING without; then READY."""
        await self.clock.sleep(STEP_SECONDS)
        try:
            if not force:
                await self._snapshot_if_enabled(record, "STOP")
            await self._halt(record)
        except JobError as error:
            record["status"] = Status.RUNNING.value
            self._end(operation, "FAILED", str(error))
            return
        record["status"] = Status.READY.value
        self._end(operation, "SUCCESSFUL")

    async def update(
        self, aws: Loopback, region: str, record: Json, operation: Json, previous: str
    ) -> None:
        """UPDATING: the job restarts on the new version; a failure may roll back to `previous`."""
        await self.clock.sleep(STEP_SECONDS)
        try:
            await self._snapshot_if_enabled(record, "UPDATEAPPLICATION")
            await self._halt(record)
            await self._launch(aws, region, record)
        except JobError as error:
            if not configuration.rollback_enabled(record["versions"][previous]["configuration"]):
                record["status"] = Status.READY.value
                self._end(operation, "FAILED", str(error))
                return
            rollback = applications.begin_operation(record, "RollbackApplication", self.clock.now())
            details = {"RollbackOperationId": rollback["OperationId"]}
            self._end(operation, "FAILED", str(error), **details)
            await self.roll_back(aws, region, record, rollback, previous)
            return
        record["status"] = Status.RUNNING.value
        self._end(operation, "SUCCESSFUL")

    async def roll_back(
        self, aws: Loopback, region: str, record: Json, operation: Json, version: str
    ) -> None:
        """ROLLING_BACK: the job restarts as it was in `version`, from the latest snapshot."""
        record["status"] = Status.ROLLING_BACK.value
        await self.clock.sleep(STEP_SECONDS)
        left = record["version"]
        parts = record["versions"][version]
        record.update({name: parts[name] for name in parts if name not in {"created_at", "token"}})
        applications.new_version(record, self.clock.now())
        record["rolled_back_from"], record["rolled_back_to"] = left, int(version)
        try:
            await self._halt(record)
            await self._launch(aws, region, record)
        except JobError as error:
            record["status"] = Status.READY.value
            self._end(operation, "FAILED", str(error))
            return
        record["status"] = Status.RUNNING.value
        self._end(operation, "SUCCESSFUL")

    async def snapshot(self, record: Json, snapshot: Json, operation: Json) -> None:
        """Take a savepoint; the snapshot is then READY or FAILED."""
        await self.clock.sleep(STEP_SECONDS)
        try:
            await self._take(record, snapshot)
        except JobError as error:
            self._end(operation, "FAILED", str(error))
            return
        self._end(operation, "SUCCESSFUL")

    async def delete(self, record: Json) -> None:
        """DELETING: the job ends with the application."""
        await self.clock.sleep(STEP_SECONDS)
        await self._halt(record)

    async def _launch(self, aws: Loopback, region: str, record: Json) -> None:
        settings, run = record["configuration"], record["run"] or {}
        try:
            content = await code.fetched(aws, settings)
            restore_from = applications.restore_location(record, run)
        except ServiceError as error:
            raise JobError(error.message) from error
        found = await asyncio.to_thread(code.problems, content, settings)
        if found or content is None:
            raise JobError(" ".join(found))
        if self.runner is None:
            raise JobError(_NO_RUNNER)
        job = Job(
            application_arn=record["arn"],
            region=region,
            runtime_environment=record["runtime"],
            code=content,
            configuration=settings,
            restore_from=restore_from,
            allow_non_restored_state=bool(
                run.get("FlinkRunConfiguration", {}).get("AllowNonRestoredState", False)
            ),
        )
        await self.runner.start(job)

    async def _halt(self, record: Json) -> None:
        if self.runner is not None:
            await self.runner.stop(record["arn"])

    async def _snapshot_if_enabled(self, record: Json, reason: str) -> None:
        if not configuration.snapshots_enabled(record["configuration"]):
            return
        now = self.clock.now()
        moments = itertools.count(round(now * _MILLISECONDS))
        names = (f"{reason}-{record['name']}-{moment}" for moment in moments)
        name = next(name for name in names if name not in record["snapshots"])
        await self._take(record, applications.begin_snapshot(record, name, now))

    async def _take(self, record: Json, snapshot: Json) -> None:
        if self.runner is None:
            snapshot["SnapshotStatus"] = "FAILED"
            raise JobError("There is no running job to take a snapshot of.")
        try:
            snapshot["location"] = await self.runner.snapshot(record["arn"])
        except JobError:
            snapshot["SnapshotStatus"] = "FAILED"
            raise
        snapshot["SnapshotStatus"] = "READY"

    def _end(
        self, operation: Json, status: str, error: str | None = None, **details: object
    ) -> None:
        applications.end_operation(operation, status, self.clock.now(), error, **details)
