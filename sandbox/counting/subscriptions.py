"""What a subscription to a shard pushes (enhanced fan-out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.counting.blobs import blob_bytes
from sandbox.kinesis import reading
from sandbox.kinesis.subscriptions import MOST_RECORDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.counting.kinesis import KinesisCounter
    from sandbox.metrics import Scope


_GONE: Final[dict[str, Any]] = {"records": [], "starting_sequence_number": ""}
"""A shard past retention."""


class Pushes:
    """Events of one subscription, each with what is next behind the one before."""

    def __init__(
        self, counter: KinesisCounter, scope: Scope, stream: dict[str, Any], data: dict[str, Any]
    ) -> None:
        self._counter = counter
        self._scope = scope
        self._stream = stream
        self._shard_id: str = data["ShardId"]
        self._after, self._inclusive = reading.position(self._shard(), data["StartingPosition"])
        self._has_begun = False

    def around(self, runner: Any) -> Any:
        """The same runner, its events counted."""

        async def run(send: Callable[[Any], Awaitable[None]], receive: Any) -> None:
            async def counted(message: Any) -> None:
                if message.get("body"):
                    self._pushed()
                await send(message)

            await runner(counted, receive)

        return run

    def _shard(self) -> dict[str, Any]:
        shard: dict[str, Any] = self._stream["shards"].get(self._shard_id, _GONE)
        return shard

    def _pushed(self) -> None:
        if not self._has_begun:  # the first message says only that the subscription stands
            self._has_begun = True
            return
        given, _ = reading.next_records(
            self._shard(), self._after, inclusive=self._inclusive, limit=MOST_RECORDS
        )
        if given:
            self._after, self._inclusive = given[-1]["SequenceNumber"], False
        size = blob_bytes(given)
        self._scope.add("SubscribeToShardEvent.Success", 1)
        self._scope.add("SubscribeToShardEvent.Records", len(given))
        self._scope.add("SubscribeToShardEvent.Bytes", size)
        self._scope.add("SubscribeToShardEvent.MillisBehindLatest", 0)
        arn = self._stream["StreamARN"]
        self._counter.by_shard(self._stream, arn, self._shard_id, "OutgoingRecords", len(given))
        self._counter.by_shard(self._stream, arn, self._shard_id, "OutgoingBytes", size)
