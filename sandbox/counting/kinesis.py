"""Puts, polls and subscriptions of Kinesis streams.

Records and bytes are those of the data blobs. The age of a poll is that of the last record it gave
while more follow, and 0 when it reached the tip, as `GetRecords.IteratorAgeMilliseconds` has it.
Bodies of answers are not read: positions and lengths say the same and cost nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from sandbox import ministack_runtime
from sandbox.counting.blobs import blob_bytes
from sandbox.counting.subscriptions import Pushes
from sandbox.kinesis import reading

if TYPE_CHECKING:
    from sandbox.metrics import Metrics, Scope
    from sandbox.protocol.errors import ServiceError
    from sandbox.services.base import Call

_OK: Final = 200
_SERVER_FAULT: Final = 500
_MOST_RECORDS: Final = 10_000
_NAMESPACE: Final = "AWS/Kinesis"
_ALL: Final = "ALL"
Record = dict[str, Any]
Stream = dict[str, Any]


def install(metrics: Metrics) -> None:
    """Wrap the operations that move records."""
    module: Any = ministack_runtime.service_module("kinesis")
    counted = KinesisCounter(metrics, module)
    module._put_record = counted.put_record(module._put_record)
    module._put_records = counted.put_records(module._put_records)
    module.put_record_internal = counted.put_internally(module.put_record_internal)
    module._get_records = counted.get_records(module._get_records)
    module._subscribe_to_shard = counted.subscribe(module._subscribe_to_shard)


class KinesisCounter:
    """Counts for every stream; scopes are made once a stream, consumer and shard."""

    def __init__(self, metrics: Metrics, module: Any) -> None:
        self._metrics = metrics
        self._module = module
        self._scopes: dict[tuple[str, ...], Scope] = {}

    def scope(self, arn: str, **more: str) -> Scope:
        """Metrics of a stream by its ARN, with dimensions beside its name."""
        key = (arn, *more.values())
        found = self._scopes.get(key)
        if found is None:
            parts = arn.split(":")
            found = self._scopes[key] = self._metrics.scope(
                parts[3], _NAMESPACE, account_id=parts[4],
                StreamName=arn.rpartition("/")[2], **more,
            )  # fmt: skip
        return found

    def put_record(self, original: Any) -> Any:
        """PutRecord."""

        def wrapped(data: Record) -> Any:
            began = time.perf_counter()
            answer = original(data)
            stream = self._module._resolve_stream(data)[1]
            if stream is not None:
                scope, is_good = self.scope(stream["StreamARN"]), answer[0] == _OK
                scope.add("PutRecord.Success", int(is_good))
                scope.add("PutRecord.Latency", _milliseconds_since(began))
                if is_good:
                    size = blob_bytes((data,))
                    scope.add("PutRecord.Bytes", size)
                    self._incoming(scope, stream, 1, size)
            return answer

        return wrapped

    def put_records(self, original: Any) -> Any:
        """PutRecords: MiniStack stores all of a batch or refuses it."""

        def wrapped(data: Record) -> Any:
            began = time.perf_counter()
            answer = original(data)
            stream = self._module._resolve_stream(data)[1]
            if stream is not None:
                scope, is_good = self.scope(stream["StreamARN"]), answer[0] == _OK
                records = data.get("Records", [])
                scope.add("PutRecords.Success", int(is_good))
                scope.add("PutRecords.TotalRecords", len(records))
                scope.add("PutRecords.SuccessfulRecords", len(records) if is_good else 0)
                scope.add("PutRecords.FailedRecords", 0 if is_good else len(records))
                scope.add("PutRecords.ThrottledRecords", 0)
                scope.add("PutRecords.Latency", _milliseconds_since(began))
                if is_good:
                    size = blob_bytes(records)
                    scope.add("PutRecords.Bytes", size)
                    self._incoming(scope, stream, len(records), size)
            return answer

        return wrapped

    def put_internally(self, original: Any) -> Any:
        """A put by another service, such as DynamoDB."""

        def wrapped(stream_arn: str, partition_key: str, data: bytes) -> bool:
            stored: bool = original(stream_arn, partition_key, data)
            if stored:
                stream = self._module._resolve_stream_by_arn(stream_arn)
                self._incoming(self.scope(stream_arn), stream, 1, len(data))
            return stored

        return wrapped

    def _incoming(self, scope: Scope, stream: Stream, count: int, size: int) -> None:
        scope.add("IncomingRecords", count)
        scope.add("IncomingBytes", size)
        scope.add("WriteProvisionedThroughputExceeded", 0)
        if stream.get("ShardLevelMetrics"):
            self._incoming_by_shard(stream, count)

    def _incoming_by_shard(self, stream: Stream, count: int) -> None:
        """The newest `count` records of the stream are those that were just put."""
        arn = stream["StreamARN"]
        newest = [
            (record["SequenceNumber"], shard_id, record)
            for shard_id, shard in stream["shards"].items()
            for record in shard["records"][-count:]
        ]
        newest.sort(key=lambda one: one[0])
        for _, shard_id, record in newest[-count:]:
            self.by_shard(stream, arn, shard_id, "IncomingRecords", 1)
            self.by_shard(stream, arn, shard_id, "IncomingBytes", blob_bytes((record,)))

    def by_shard(self, stream: Stream, arn: str, shard_id: str, name: str, value: float) -> None:
        """A shard-level metric, if enhanced monitoring has it."""
        enabled = stream.get("ShardLevelMetrics") or ()
        if name in enabled or _ALL in enabled:
            self.scope(arn, ShardId=shard_id).add(name, value)

    def get_records(self, original: Any) -> Any:
        """GetRecords."""

        def wrapped(data: Record) -> Any:
            began = time.perf_counter()
            asked = reading.unpacked(data.get("ShardIterator", ""))
            answer = original(data)
            stream = self._module._streams.get(asked["stream"]) if asked else None
            if asked is not None and stream is not None:
                scope = self.scope(stream["StreamARN"])
                scope.add("GetRecords.Success", int(answer[0] == _OK))
                if answer[0] == _OK:
                    scope.add("GetRecords.Latency", _milliseconds_since(began))
                    self._read(stream, asked, data)
            return answer

        return wrapped

    def _read(self, stream: Stream, asked: Record, data: Record) -> None:
        given, left = reading.next_records(
            stream["shards"][asked["shard"]],
            asked["after"],
            inclusive=asked["inclusive"],
            limit=min(data.get("Limit", _MOST_RECORDS), _MOST_RECORDS),
        )
        self.polled(stream, asked["shard"], given, is_at_tip=left is None)

    def polled(
        self, stream: Stream, shard_id: str, given: list[Record], *, is_at_tip: bool
    ) -> None:
        """A consumer was given these records of a shard."""
        arn = stream["StreamARN"]
        scope, size = self.scope(arn), blob_bytes(given)
        age = 0.0 if is_at_tip or not given else _age_milliseconds(given[-1])
        scope.add("GetRecords.Records", len(given))
        scope.add("GetRecords.Bytes", size)
        scope.add("GetRecords.IteratorAgeMilliseconds", age)
        scope.add("ReadProvisionedThroughputExceeded", 0)
        if stream.get("ShardLevelMetrics"):
            self.by_shard(stream, arn, shard_id, "IteratorAgeMilliseconds", age)
            self.by_shard(stream, arn, shard_id, "OutgoingRecords", len(given))
            self.by_shard(stream, arn, shard_id, "OutgoingBytes", size)

    def subscribe(self, original: Any) -> Any:
        """SubscribeToShard, and each event that is pushed."""

        def wrapped(data: Record, is_cbor: bool) -> Any:
            answer = original(data, is_cbor)
            consumer = self._module._consumer_from_arn(data.get("ConsumerARN"))
            if consumer is None:
                return answer
            stream = self._module._resolve_stream_by_arn(consumer["StreamARN"])
            if stream is None:
                return answer
            scope = self.scope(stream["StreamARN"], ConsumerName=consumer["ConsumerName"])
            scope.add("SubscribeToShard.Success", int(answer[0] == _OK))
            if answer[0] == _OK:
                pushes = Pushes(self, scope, stream, data)
                answer[2].runner = pushes.around(answer[2].runner)
            return answer

        return wrapped


def count_refusal(
    metrics: Metrics, call: Call, parameters: dict[str, Any], error: ServiceError
) -> None:
    """A put or a poll was refused by a throttle or an outage; what was not allowed is no metric."""
    is_throttled = error.code == "ProvisionedThroughputExceededException"
    if not is_throttled and error.status < _SERVER_FAULT:
        return
    stream = _stream_name(call, parameters)
    if stream is None:
        return
    scope = metrics.scope(call.region, _NAMESPACE, account_id=call.account_id, StreamName=stream)
    match call.operation:
        case "PutRecords":
            count = len(parameters["Records"])
            scope.add("PutRecords.Success", 0)
            scope.add("PutRecords.TotalRecords", count)
            scope.add("PutRecords.SuccessfulRecords", 0)
            scope.add("PutRecords.ThrottledRecords", count if is_throttled else 0)
            scope.add("PutRecords.FailedRecords", 0 if is_throttled else count)
            if is_throttled:
                scope.add("WriteProvisionedThroughputExceeded", count)
        case "PutRecord":
            scope.add("PutRecord.Success", 0)
            if is_throttled:
                scope.add("WriteProvisionedThroughputExceeded", 1)
        case "GetRecords":
            scope.add("GetRecords.Success", 0)
            if is_throttled:
                scope.add("ReadProvisionedThroughputExceeded", 1)


def _stream_name(call: Call, parameters: dict[str, Any]) -> str | None:
    name = parameters.get("StreamName") or parameters.get("StreamARN", "").rpartition("/")[2]
    if name:
        return str(name)
    iterators: Any = ministack_runtime.service_module("kinesis")._shard_iterators
    state = iterators.get_scoped(
        call.account_id, call.region, parameters.get("ShardIterator"), None
    )
    return str(state["stream"]) if state else None


def _age_milliseconds(record: Record) -> float:
    arrived_at: float = record["ApproximateArrivalTimestamp"]
    return max(0.0, (time.time() - arrived_at) * 1000)


def _milliseconds_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
