"""What all operations of Managed Service for Apache Flink share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service
from sandbox.services.kinesisanalyticsv2 import applications
from sandbox.services.kinesisanalyticsv2.applications import Status
from sandbox.services.kinesisanalyticsv2.lifecycle import Clock, Lifecycle

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from sandbox.protocol.wire import Json
    from sandbox.store import Table

APPLICATIONS: Final = "applications"
_DEFAULT_PAGE: Final = 50
_RESTARTED: Final = "The sandbox was restarted."
_RESTARTING: Final = frozenset(
    {Status.UPDATING, Status.AUTOSCALING, Status.MAINTENANCE, Status.ROLLING_BACK}
)
"""Statuses that end with the current version running."""


class ApplicationService(Service):
    """Applications by name, and the one piece of work each may have under way."""

    name = "kinesisanalyticsv2"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lifecycle = Lifecycle(Clock())
        self._work: dict[str, set[asyncio.Task[None]]] = {}

    async def start(self) -> None:
        """Carry on where the last server ended: what ran, runs again from its newest state."""
        for _, region, table in self.store.tables(APPLICATIONS):
            for record in list(table.values()):
                self._carry_on(region, table, record)

    def every_record(self) -> list[tuple[str, Json]]:
        """Region and record of every application there is."""
        return [
            (region, record)
            for _, region, table in self.store.tables(APPLICATIONS)
            for record in table.values()
        ]

    def _carry_on(self, region: str, table: Table, record: Json) -> None:
        status, aws = record["status"], self.host.aws(region)
        under_way = next(
            (one for one in record["operations"] if one["OperationStatus"] == "IN_PROGRESS"), None
        )
        if status == Status.DELETING:
            self.begin(record, self._delete(table, record), "delete")
        elif status == Status.STARTING and under_way is not None:
            self.begin(record, self.lifecycle.start(aws, region, record, under_way), "start")
        elif status == Status.FORCE_STOPPING:
            self._abandon(record, "SUCCESSFUL", None)
            record["status"] = Status.READY.value
        elif status in {Status.RUNNING, Status.STOPPING}:
            # A stop, or a snapshot, of a job that was lost meanwhile.
            self._abandon(record, "FAILED", _RESTARTED)
            record["status"] = Status.RUNNING.value
            self.begin(record, self.lifecycle.resume(aws, region, record, None), "resume")
        elif status in _RESTARTING:
            self.begin(record, self.lifecycle.resume(aws, region, record, under_way), "resume")
        else:
            self._abandon(record, "FAILED", _RESTARTED)

    async def _delete(self, table: Table, record: Json) -> None:
        await self.lifecycle.delete(record)
        table.pop(record["name"], None)

    def applications(self, call: Call) -> Table:
        """Records of the caller's account and region by name."""
        return self.table(call, APPLICATIONS)

    def _application(self, call: Call, request: Json) -> Json:
        """The record a request names; raises `ResourceNotFoundException`."""
        name = request["ApplicationName"]
        record: Json | None = self.applications(call).get(name)
        if record is None:
            raise ServiceError("ResourceNotFoundException", f"Application '{name}' does not exist.")
        return record

    def begin(self, record: Json, work: Coroutine[Any, Any, None], what: str) -> None:
        """Carry on in the background."""
        task = self.spawn(work, f"{what} {record['name']}")
        self._work.setdefault(record["arn"], set()).add(task)
        task.add_done_callback(lambda done: self._forget(record["arn"], done))

    def _forget(self, arn: str, done: asyncio.Task[None]) -> None:
        left = self._work.get(arn, set())
        left.discard(done)
        if not left:
            self._work.pop(arn, None)

    async def interrupt(self, record: Json) -> None:
        """End what is under way; its operation is CANCELLED."""
        tasks = list(self._work.get(record["arn"], ()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._abandon(record, "CANCELLED", None)

    def _abandon(self, record: Json, status: str, error: str | None) -> None:
        now = self.lifecycle.clock.now()
        for operation in record["operations"]:
            if operation["OperationStatus"] == "IN_PROGRESS":
                applications.end_operation(operation, status, now, error)
        for snapshot in record["snapshots"].values():
            if snapshot["SnapshotStatus"] == "CREATING":
                snapshot["SnapshotStatus"] = "FAILED"


def page(names: Iterable[str], request: Json) -> tuple[list[str], str | None]:
    """One page of names, which are in order, and the token of the next one."""
    token = request.get("NextToken")
    every = list(names)
    if token is not None:
        if token not in every:
            raise ServiceError("InvalidArgumentException", "The NextToken is not valid.")
        every = every[every.index(token) + 1 :]
    limit = request.get("Limit", _DEFAULT_PAGE)
    shown = every[:limit]
    return shown, shown[-1] if len(every) > limit else None
