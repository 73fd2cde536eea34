"""The `awslogs` driver: lines of a container's log file as events of a log stream."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sandbox.log_lines import LineFollower, batches
from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.loopback import Loopback
    from sandbox.protocol.wire import Json


class LogShipping:
    """Follows one container's log file; does nothing for other log drivers."""

    def __init__(self, aws: Loopback, container: Json, task_id: str, path: Path) -> None:
        configuration = container.get("logConfiguration", {})
        self._is_on = configuration.get("logDriver") == "awslogs"
        self._options: dict[str, str] = configuration.get("options", {})
        prefix = self._options.get("awslogs-stream-prefix", "ecs")
        self._stream = f"{prefix}/{container['name']}/{task_id}"
        self._aws = aws
        self._follower = LineFollower(path)

    async def prepare(self) -> None:
        """Make the log stream; raises when the log group is missing, as a real task fails then."""
        if not self._is_on:
            return
        group = self._options.get("awslogs-group", "")
        if self._options.get("awslogs-create-group") == "true":
            await self._make("CreateLogGroup", logGroupName=group)
        try:
            await self._make("CreateLogStream", logGroupName=group, logStreamName=self._stream)
        except ServiceError as error:
            raise ServiceError(
                "ResourceInitializationError",
                f"failed to validate logger args: log group {group}: {error.message}",
            ) from error

    async def ship(self) -> None:
        """Send the lines written since the last time."""
        if not self._is_on:
            return
        now = int(time.time() * 1000)
        for batch in batches(self._follower.take()):
            events = [
                {"timestamp": now, "message": line.decode(errors="replace")} for line in batch
            ]
            await self._aws.invoke(
                "logs",
                "PutLogEvents",
                logGroupName=self._options["awslogs-group"],
                logStreamName=self._stream,
                logEvents=events,
            )

    async def _make(self, operation: str, **names: str) -> None:
        try:
            await self._aws.invoke("logs", operation, **names)
        except ServiceError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
