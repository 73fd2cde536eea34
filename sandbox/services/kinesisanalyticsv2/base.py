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


class ApplicationService(Service):
    """Applications by name, and the one piece of work each may have under way."""

    name = "kinesisanalyticsv2"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lifecycle = Lifecycle(Clock())
        self._work: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """No job outlives the server: what was under way has failed, what ran is READY."""
        for _, _, table in self.store.tables(APPLICATIONS):
            for name, record in list(table.items()):
                if record["status"] == Status.DELETING:
                    del table[name]
                    continue
                if record["status"] != Status.READY:
                    record["status"] = Status.READY.value
                self._abandon(record, "FAILED", "The sandbox was restarted.")

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
        task = self._work[record["arn"]] = self.spawn(work, f"{what} {record['name']}")
        task.add_done_callback(lambda done: self._forget(record["arn"], done))

    def _forget(self, arn: str, done: asyncio.Task[None]) -> None:
        if self._work.get(arn) is done:
            del self._work[arn]

    async def interrupt(self, record: Json) -> None:
        """End what is under way; its operation is CANCELLED."""
        task = self._work.pop(record["arn"], None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
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
