"""A delivery stream at work: read, process, buffer, deliver, and only then move the checkpoint.

At least once: a record is read again after a crash unless the object that holds it was written and
the checkpoint saved. Without a crash each record is delivered exactly once, restarts included,
because a stop delivers everything that was read.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.firehose import objects
from sandbox.services.firehose.buffers import Buffer, Buffers, Ledger, Position
from sandbox.services.firehose.configuration import MEBIBYTE, Destination
from sandbox.services.firehose.processing import Piece, Processor

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.loopback import Loopback
    from sandbox.services.firehose.counting import DeliveryCounter
    from sandbox.services.firehose.sources import Batch, Source

_FIRST_POLL_SECONDS: Final = 0.125
_LONGEST_POLL_SECONDS: Final = 1.0
"""Pause between two looks at a source that has had nothing for a while; the service's own."""
_SHORTEST_PAUSE_SECONDS: Final = 0.01
_FIRST_RETRY_SECONDS: Final = 1.0
_LONGEST_RETRY_SECONDS: Final = 30.0
_MOST_WAITING_BYTES: Final = 256 * MEBIBYTE
"""With this much undelivered nothing more is read: the source keeps it."""
_LOG = logging.getLogger("sandbox.firehose")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which delivery stream this is, as keys and log events name it."""

    name: str
    arn: str
    version: int


class Delivery:
    """Moves the records of one delivery stream until told to stop.

    Args:
        identity: the delivery stream.
        destination: where to and how.
        source: where from.
        aws: services of the region.
        counter: counts what is read and delivered.
        is_down: whether the service is out of order: it neither reads nor delivers then.
        monotonic: seconds of a clock that never goes back.

    """

    def __init__(
        self,
        identity: Identity,
        destination: Destination,
        source: Source,
        aws: Loopback,
        counter: DeliveryCounter,
        monotonic: Callable[[], float] = time.monotonic,
        is_down: Callable[[], bool] = lambda: False,
    ) -> None:
        self._identity = identity
        self._destination = destination
        self._source = source
        self._aws = aws
        self._counter = counter
        self._monotonic = monotonic
        self._is_down = is_down
        self._processor = Processor(destination)
        self._buffers = Buffers(destination)
        self._ledger = Ledger()
        self._stopping = asyncio.Event()
        self._poll_seconds = _FIRST_POLL_SECONDS
        self._retry_seconds = 0.0
        self._retry_at = 0.0
        self._reported = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the background."""
        self._task = asyncio.create_task(self._run(), name=f"firehose:{self._identity.name}")

    async def stop(self, *, flush: bool = True) -> None:
        """End; with `flush`, deliver what was read first. Undelivered records are read again."""
        self._stopping.set()
        if self._task is not None:
            await self._task
        if flush:
            self._retry_at = 0.0
            await self._deliver(everything=True)

    def sample(self) -> None:
        """Count how old the records are that wait now."""
        self._counter.sample(self._buffers)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                moved = await self.step()
            except Exception:  # noqa: BLE001 - logged; delivery starts over from the checkpoint
                _LOG.exception("delivery stream %s starts over", self._identity.name)
                self._start_over()
                moved = False
            if moved:
                self._poll_seconds = _FIRST_POLL_SECONDS
            else:
                await self._pause()

    def _start_over(self) -> None:
        self._buffers = Buffers(self._destination)
        self._ledger = Ledger()
        self._source.rewind()

    async def step(self) -> bool:
        """Read, process and deliver once; whether there was anything to read."""
        if self._is_down():
            return False
        batches = await self._read()
        for batch in batches:
            pieces = await asyncio.to_thread(self._process, batch)
            position = Position(batch.shard_id, batch.sequence_number)
            self._ledger.opened(position)
            now = self._monotonic()
            for piece in pieces:
                self._buffers.add(piece, position, now)
        await self._deliver()
        return bool(batches)

    async def _read(self) -> list[Batch]:
        if self._buffers.size_bytes >= _MOST_WAITING_BYTES:
            return []
        try:
            batches = await self._source.read()
        except ServiceError as error:
            self._report(f"cannot read the source: {error}")
            return []
        self._counter.read(self._source, batches)
        return batches

    def _process(self, batch: Batch) -> list[Piece]:
        return [
            piece
            for data, arrived_at in batch.records
            for piece in self._processor.pieces(data, arrived_at)
        ]

    async def _deliver(self, *, everything: bool = False) -> None:
        if self._monotonic() < self._retry_at:
            return
        due = self._buffers.due(self._monotonic(), everything=everything)
        while due:
            try:
                await self._put(due[0])
            except ServiceError as error:
                self._buffers.give_back(due)
                await self._failed(error)
                break
            self._buffers.delivered(due.pop(0))
            self._retry_seconds = 0.0
        settled = self._ledger.settled()
        if settled:
            self._source.settled(settled)

    async def _put(self, buffer: Buffer) -> None:
        identity = self._identity
        object_key, object_bytes = await objects.put(
            self._aws, self._destination, identity.name, identity.version, buffer
        )
        self._counter.delivered(buffer, object_bytes)
        self._reported = ""
        _LOG.debug(
            "%s: %d pieces, %d bytes in %s",
            identity.name,
            len(buffer.pieces),
            buffer.size_bytes,
            object_key,
        )

    async def _failed(self, error: ServiceError) -> None:
        """Try again later. The service gives up after 24 hours; nothing is given up here."""
        self._counter.failed()
        longer = self._retry_seconds * 2
        self._retry_seconds = min(max(longer, _FIRST_RETRY_SECONDS), _LONGEST_RETRY_SECONDS)
        self._retry_at = self._monotonic() + self._retry_seconds
        self._report(f"cannot deliver to {self._destination.bucket}: {error}")
        await self._log_to_cloudwatch(error)

    def _report(self, message: str) -> None:
        """Say it once, not at each retry."""
        if message != self._reported:
            _LOG.warning("delivery stream %s: %s", self._identity.name, message)
            self._reported = message

    async def _log_to_cloudwatch(self, error: ServiceError) -> None:
        group, stream = self._destination.log_group, self._destination.log_stream
        if group is None or stream is None:
            return
        message = {
            "deliveryStreamARN": self._identity.arn,
            "destination": f"arn:aws:s3:::{self._destination.bucket}",
            "deliveryStreamVersionId": self._identity.version,
            "message": error.message,
            "errorCode": f"S3.{error.code}",
        }
        event = {"timestamp": round(time.time() * 1000), "message": json.dumps(message)}
        try:
            await self._aws.invoke(
                "logs", "PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=[event]
            )
        except ServiceError as lost:
            # As in AWS: without the group and the stream the log events vanish.
            _LOG.debug("delivery stream %s has no log: %s", self._identity.name, lost)

    async def _pause(self) -> None:
        waiting = self._buffers.seconds_to_next(self._monotonic())
        seconds = self._poll_seconds if waiting is None else min(self._poll_seconds, waiting)
        self._poll_seconds = min(self._poll_seconds * 2, _LONGEST_POLL_SECONDS)
        try:
            await asyncio.wait_for(self._stopping.wait(), max(seconds, _SHORTEST_PAUSE_SECONDS))
        except TimeoutError:
            return
