"""SubscribeToShard: records pushed to a consumer as an event stream, up to the shard's end."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import TYPE_CHECKING, Any, Final

import cbor2

from sandbox.kinesis import reading, shards

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.kinesis.reading import Answer
    from sandbox.protocol.wire import Json

_IDLE_SECONDS: Final = 5.0
"""How often an empty event is sent."""
_LOOK_SECONDS: Final = 0.1
MOST_RECORDS: Final = 1000
"""At most so many in one event."""
_EVENT_STREAM: Final = {"Content-Type": "application/vnd.amazon.eventstream"}


class Subscriptions:
    """MiniStack's SubscribeToShard, done anew so that it ends where a closed shard ends.

    Args:
        kinesis: MiniStack's module of Kinesis.

    """

    def __init__(self, kinesis: Any) -> None:
        self._kinesis = kinesis

    def subscribe(self, data: Json, is_cbor: bool) -> Answer:
        """Begin a subscription, or refuse it."""
        kinesis = self._kinesis
        consumer = kinesis._consumer_from_arn(data.get("ConsumerARN", ""))
        if consumer is None:
            return self._error(
                "ResourceNotFoundException", f"Consumer {data.get('ConsumerARN')} not found."
            )
        stream = kinesis._resolve_stream_by_arn(consumer["StreamARN"])
        shard_id = data.get("ShardId", "")
        shard = stream["shards"].get(shard_id) if stream else None
        if stream is None or shard is None:
            return self._error(
                "ResourceNotFoundException",
                f"Shard {shard_id} in stream {consumer['StreamARN']} not found.",
            )
        shards.expire(stream)
        try:
            after, inclusive = reading.position(shard, data.get("StartingPosition") or {})
        except ValueError as error:
            return self._error("InvalidArgumentException", str(error))
        key, now = (consumer["ConsumerARN"], shard_id), time.time()
        live = kinesis._subscriptions.get(key)
        if live and now - live["started"] < kinesis._SUBSCRIPTION_TAKEOVER_SECONDS:
            return self._error(
                "ResourceInUseException",
                f"Another active subscription exists for this consumer and shard {shard_id}.",
            )
        mark = {"id": kinesis.new_uuid(), "started": now}
        kinesis._subscriptions[key] = mark
        subscription = _Subscription(kinesis, stream, key, mark, is_cbor=is_cbor)
        subscription.after, subscription.inclusive = after, inclusive
        return 200, dict(_EVENT_STREAM), kinesis.StreamingResponse(subscription.run)

    def _error(self, code: str, message: str) -> Answer:
        answer: Answer = self._kinesis.error_response_json(code, message, 400)
        return answer


class _Subscription:
    """One subscription, from its beginning for five minutes at most."""

    def __init__(
        self,
        kinesis: Any,
        stream: Json,
        key: tuple[str, str],
        mark: Json,
        *,
        is_cbor: bool,
    ) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self._key = key
        self._mark = mark
        self._is_cbor = is_cbor
        self._account_id, self._region = kinesis.get_account_id(), kinesis.get_region()
        self.after = ""
        self.inclusive = True

    async def run(
        self, send: Callable[[Json], Awaitable[None]], receive: Callable[[], Awaitable[Json]]
    ) -> None:
        """Send events until the consumer goes, time is over, or the shard ends."""

        async def gone() -> None:
            while (await receive()).get("type") != "http.disconnect":
                pass

        watcher = asyncio.create_task(gone())
        try:
            await self._event(send, "initial-response", {})
            await self._records(send, watcher)
        finally:
            if self._kinesis._subscriptions.get(self._key) is self._mark:
                del self._kinesis._subscriptions[self._key]
            if not watcher.done():
                watcher.cancel()
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _records(
        self, send: Callable[[Json], Awaitable[None]], watcher: asyncio.Task[None]
    ) -> None:
        deadline = self._mark["started"] + self._kinesis.SUBSCRIPTION_SECONDS
        sent = 0.0
        while not watcher.done() and time.time() < deadline:
            if (problem := self._problem()) is not None:
                await self._message(send, {":message-type": "exception", **problem[0]}, problem[1])
                return
            shard = self._stream["shards"].get(self._key[1])
            batch, left = (
                reading.next_records(
                    shard, self.after, inclusive=self.inclusive, limit=MOST_RECORDS
                )
                if shard
                else ([], None)
            )
            is_end = left is None and (shard is None or not shards.is_open(shard))
            if batch or is_end or time.time() - sent >= _IDLE_SECONDS:
                await self._event(send, "SubscribeToShardEvent", self._told(batch, is_end=is_end))
                sent = time.time()
            if is_end:
                return
            if left is None:
                await asyncio.wait({watcher}, timeout=_LOOK_SECONDS)

    def _problem(self) -> tuple[dict[str, str], Json] | None:
        if self._kinesis._subscriptions.get(self._key) is not self._mark:
            kind, said = "ResourceInUseException", "The subscription was taken over."
        elif (
            self._kinesis._streams.get_scoped(
                self._account_id, self._region, self._stream["StreamName"]
            )
            is not self._stream
            or self._kinesis._consumers.get_scoped(self._account_id, self._region, self._key[0])
            is None
        ):
            kind, said = "ResourceNotFoundException", "The stream or its consumer is gone."
        else:
            return None
        return {":exception-type": kind}, {"message": said}

    def _told(self, batch: list[Json], *, is_end: bool) -> Json:
        if batch:
            self.after, self.inclusive = batch[-1]["SequenceNumber"], False
        encryption = self._stream.get("EncryptionType", "NONE")
        told: Json = {
            "Records": [self._record(one, encryption) for one in batch],
            "MillisBehindLatest": 0,
        }
        if is_end:  # no ContinuationSequenceNumber: that is how consumers know the end
            told["ChildShards"] = shards.children(self._stream, self._key[1])
        else:
            shard = self._stream["shards"][self._key[1]]
            told["ContinuationSequenceNumber"] = self.after or shard["starting_sequence_number"]
        return told

    def _record(self, record: Json, encryption: str) -> Json:
        data = self._kinesis._ensure_base64(record["Data"])
        return {
            "SequenceNumber": record["SequenceNumber"],
            "ApproximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            "Data": base64.b64decode(data) if self._is_cbor else data,
            "PartitionKey": record["PartitionKey"],
            "EncryptionType": encryption,
        }

    async def _event(
        self, send: Callable[[Json], Awaitable[None]], kind: str, payload: Json
    ) -> None:
        await self._message(send, {":message-type": "event", ":event-type": kind}, payload)

    async def _message(
        self, send: Callable[[Json], Awaitable[None]], headers: dict[str, str], payload: Json
    ) -> None:
        content_type = "application/x-amz-cbor-1.1" if self._is_cbor else "application/json"
        encoded = cbor2.dumps(payload) if self._is_cbor else json.dumps(payload).encode()
        body = self._kinesis._eventstream_message(
            {**headers, ":content-type": content_type}, encoded
        )
        await send({"type": "http.response.body", "body": body, "more_body": True})
