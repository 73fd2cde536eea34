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

from sandbox.flink.jobs import JobError, JobRunner
from sandbox.services.kinesisanalyticsv2 import applications, configuration, launching
from sandbox.services.kinesisanalyticsv2.applications import Status

if TYPE_CHECKING:
    from sandbox.flink.jobs import Job
    from sandbox.loopback import Loopback
    from sandbox.protocol.wire import Json
    from sandbox.services.kinesisanalyticsv2.code_store import CodeStore

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
        self.code_store: CodeStore | None = None
        """Set by whoever has a disk; without it code is fetched from S3 at each start."""

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

    async def resume(
        self, aws: Loopback, region: str, record: Json, operation: Json | None
    ) -> None:
        """The server was restarted: run the job again as it was, from its newest state.

        `operation` is what was under way, whose effect is to run the current version. A job that
        cannot be run is READY, and an operation that nobody asked for says why.
        """
        try:
            job = await launching.job(aws, region, record, self.code_store)
            await self._need_runner().resume(job)
        except JobError as error:
            record["status"] = Status.READY.value
            told = operation or applications.begin_operation(
                record, "StartApplication", self.clock.now()
            )
            self._end(told, "FAILED", f"After a restart of the sandbox: {error}")
            return
        record["status"] = Status.RUNNING.value
        if operation is not None:
            self._end(operation, "SUCCESSFUL")

    async def stop(self, record: Json, operation: Json, *, force: bool) -> None:
        """STOPPING with a snapshot where enabled, or FORCE_STOPPING without; then READY."""
        await self.clock.sleep(STEP_SECONDS)
        try:
            if force:
                await self._halt(record)
            else:
                await self._suspend(record, "STOP")
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
        rolls_back = configuration.rollback_enabled(record["versions"][previous]["configuration"])
        try:
            await self._suspend(record, "UPDATEAPPLICATION")
        except JobError as error:
            self._take_back(record, previous)
            record["status"] = Status.RUNNING.value
            self._end(operation, "FAILED", str(error))
            return
        try:
            await self._launch(aws, region, record, must_be_stable=rolls_back)
        except JobError as error:
            if not rolls_back:
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
        self._take_back(record, version)
        record["rolled_back_from"], record["rolled_back_to"] = left, int(version)
        record["run"] = {}
        try:
            await self._halt(record)
            await self._launch(aws, region, record)
        except JobError as error:
            record["status"] = Status.READY.value
            self._end(operation, "FAILED", str(error))
            return
        record["status"] = Status.RUNNING.value
        self._end(operation, "SUCCESSFUL")

    def _take_back(self, record: Json, version: str) -> None:
        """A new version, with everything as it was in `version`."""
        parts = record["versions"][version]
        record.update({name: parts[name] for name in parts if name not in {"created_at", "token"}})
        applications.new_version(record, self.clock.now())

    async def restart(
        self,
        aws: Loopback,
        region: str,
        record: Json,
        operation: Json,
        parallelism: int | None,
    ) -> None:
        """AUTOSCALING or MAINTENANCE: the service restarts the job, with another parallelism."""
        await self.clock.sleep(STEP_SECONDS)
        try:
            await self._suspend(record, operation["Operation"].upper())
        except JobError as error:
            record["status"] = Status.RUNNING.value
            self._end(operation, "FAILED", str(error))
            return
        record["run"] = {}
        if parallelism is not None:
            record["current_parallelism"] = parallelism
        try:
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
            await self._keep(snapshot, lambda runner: runner.snapshot(record["arn"]))
        except JobError as error:
            self._end(operation, "FAILED", str(error))
            return
        self._end(operation, "SUCCESSFUL")

    async def discard(self, snapshot: Json) -> None:
        """Delete the savepoint of a snapshot."""
        if self.runner is not None and snapshot["location"] is not None:
            await self.runner.discard(snapshot["location"])

    async def delete(self, record: Json) -> None:
        """DELETING: the job ends with the application, and its snapshots with it."""
        await self.clock.sleep(STEP_SECONDS)
        await self._halt(record)
        if self.runner is not None:
            await self.runner.forget(record["arn"])

    async def _launch(
        self, aws: Loopback, region: str, record: Json, *, must_be_stable: bool = False
    ) -> None:
        launching.begin_run(record)
        job: Job = await launching.job(
            aws, region, record, self.code_store, must_be_stable=must_be_stable
        )
        await self._need_runner().start(job)

    def _need_runner(self) -> JobRunner:
        if self.runner is None:
            raise JobError(_NO_RUNNER)
        return self.runner

    async def _halt(self, record: Json) -> None:
        if self.runner is not None:
            await self.runner.stop(record["arn"])

    async def _suspend(self, record: Json, reason: str) -> None:
        """End the job, with a snapshot where these are enabled."""
        if not configuration.snapshots_enabled(record["configuration"]):
            await self._halt(record)
            return
        now = self.clock.now()
        moments = itertools.count(round(now * _MILLISECONDS))
        names = (f"{reason}-{record['name']}-{moment}" for moment in moments)
        name = next(name for name in names if name not in record["snapshots"])
        snapshot = applications.begin_snapshot(record, name, now)
        await self._keep(snapshot, lambda runner: runner.suspend(record["arn"]))

    async def _keep(self, snapshot: Json, taken: Callable[[JobRunner], Awaitable[str]]) -> None:
        try:
            snapshot["location"] = await taken(self._need_runner())
        except JobError:
            snapshot["SnapshotStatus"] = "FAILED"
            raise
        snapshot["SnapshotStatus"] = "READY"

    def _end(
        self, operation: Json, status: str, error: str | None = None, **details: object
    ) -> None:
        applications.end_operation(operation, status, self.clock.now(), error, **details)
