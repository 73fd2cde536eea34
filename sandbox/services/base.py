"""What every service of the sandbox is made of; the package's docstring says how to add one."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from sandbox.host import Host
    from sandbox.protocol.errors import ServiceError
    from sandbox.protocol.wire import Json
    from sandbox.store import Store, Table

_READING_PREFIXES = ("Describe", "List", "Get", "Head", "Lookup", "Search", "Query", "Select")


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what: the identity of one request.

    Attributes:
        service: boto3's name of the service.
        operation: the operation's name in the model, such as `CreateAccelerator`.
        region: region of the request's credential scope.
        account_id: 12 digits.
        request_id: what the answer carries as its request id.
        is_internal: a service of the sandbox asks, and no account.

    """

    service: str
    operation: str
    region: str
    account_id: str
    request_id: str
    is_internal: bool = False

    def arn(self, resource: str, *, service: str | None = None, region: str | None = None) -> str:
        """ARN of a resource of this account, by default of this service and region."""
        place = self.region if region is None else region
        return f"arn:aws:{service or self.service}:{place}:{self.account_id}:{resource}"

    @staticmethod
    def now() -> float:
        """Epoch seconds, as answers and tables may hold them."""
        return time.time()


def is_reading(operation: str) -> bool:
    """Whether an operation, by its name, changes nothing."""
    return operation.startswith(_READING_PREFIXES)


class Service:
    """One AWS service: a method for each operation, named as boto3 names it."""

    name: ClassVar[str]
    """boto3's name of the service."""
    passes_on: ClassVar[bool] = False
    """Whether operations without a method here are MiniStack's."""
    only_region: ClassVar[str | None] = None
    """The one region whose endpoint exists; None where every region has one."""
    validation_code: ClassVar[str] = "ValidationException"
    """Error code for a request that breaks a constraint of the model."""
    data_operations: ClassVar[frozenset[str]] = frozenset()
    """Writing operations that are answered before their effect is on disk."""

    counts_requests: ClassVar[bool] = False
    """Whether `answered` does anything."""

    def __init__(self, host: Host, store: Store) -> None:
        self.host = host
        self.store = store
        self.log = logging.getLogger(f"sandbox.{self.name}")
        self._tasks: set[asyncio.Task[None]] = set()

    def table(self, call: Call, name: str) -> Table:
        """The table of that name for the caller's account and region."""
        return self.store.table(call.account_id, call.region, name)

    async def start(self) -> None:
        """Begin background work; state is loaded and other services can be called."""

    async def stop(self) -> None:
        """End background work in good order."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def reset(self) -> None:
        """Forget what is not in tables; the tables are emptied by the server."""

    def answered(
        self, call: Call, parameters: Json, seconds: float, error: ServiceError | None
    ) -> None:
        """A request from outside was answered, in `seconds`, or refused; for services that count.

        A request a fault refuses before it is understood has no parameters but what was read.
        """

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` in the background until it ends or the service stops; failures are logged."""
        task = asyncio.create_task(work, name=f"{self.name}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("%s failed", task.get_name(), exc_info=error)
