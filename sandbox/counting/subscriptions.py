"""What a subscription to a shard pushes (enhanced fan-out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.counting.blobs import blob_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.counting.kinesis import KinesisCounter
    from sandbox.metrics import Scope


class Pushes:
    """Events of one subscription: each gives everything up to the tip, as MiniStack pushes."""

    def __init__(
        self, counter: KinesisCounter, scope: Scope, stream: dict[str, Any], data: dict[str, Any]
    ) -> None:
        self._counter = counter
        self._scope = scope
        self._stream = stream
        self._shard_id: str = data["ShardId"]
        starting = data["StartingPosition"]
        records = self._records()
        position = counter.start_position(
            records, starting["Type"], starting.get("SequenceNumber", ""), starting.get("Timestamp")
        )
        self._after = records[position - 1]["SequenceNumber"] if position else ""
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

    def _records(self) -> list[dict[str, Any]]:
        shard = self._stream["shards"].get(self._shard_id)
        return shard["records"] if shard else []

    def _pushed(self) -> None:
        if not self._has_begun:  # the first message says only that the subscription stands
            self._has_begun = True
            return
        records = self._records()
        start = len(records)
        while start and records[start - 1]["SequenceNumber"] > self._after:
            start -= 1
        given = records[start:]
        if given:
            self._after = given[-1]["SequenceNumber"]
        size = blob_bytes(given)
        self._scope.add("SubscribeToShardEvent.Success", 1)
        self._scope.add("SubscribeToShardEvent.Records", len(given))
        self._scope.add("SubscribeToShardEvent.Bytes", size)
        self._scope.add("SubscribeToShardEvent.MillisBehindLatest", 0)
        arn = self._stream["StreamARN"]
        self._counter.by_shard(self._stream, arn, self._shard_id, "OutgoingRecords", len(given))
        self._counter.by_shard(self._stream, arn, self._shard_id, "OutgoingBytes", size)
