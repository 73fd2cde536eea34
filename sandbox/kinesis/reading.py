"""Reading a stream as the service lets one read it: ListShards, shard iterators, GetRecords.

An iterator is a position in words (stream, shard, sequence number, moment of its making), so that
none is kept in memory, one of an expired record goes on where the shard now begins, and one of
before a restart is still good.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from bisect import bisect_left, bisect_right
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sandbox.kinesis import shards

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

LIFE_SECONDS: Final = 300.0
"""How long an iterator, and a page's token, is good."""
_MOST_RECORDS: Final = 10_000
_MOST_BYTES: Final = 10 * 1024 * 1024
_BASE64_GROWTH: Final = 0.75
_MOST_SHARDS: Final = 10_000

Answer = tuple[int, dict[str, str], Any]
"""Status, headers and body, as MiniStack's functions give them."""


class Reading:
    """MiniStack's reading operations, done anew on its streams.

    Args:
        kinesis: MiniStack's module of Kinesis.

    """

    def __init__(self, kinesis: Any) -> None:
        self._kinesis = kinesis

    def list_shards(self, data: Json) -> Answer:
        """Shards, closed ones too, as the filter says; a token stands for stream and filter."""
        if token := data.get("NextToken"):
            asked = unpacked(token)
            if asked is None:
                return self._error("InvalidArgumentException", "The NextToken is not valid.")
            if _is_old(asked):
                return self._error("ExpiredNextTokenException", "The NextToken has expired.")
            data = {**asked["request"], "MaxResults": data.get("MaxResults", _MOST_SHARDS)}
        name, stream = self._kinesis._resolve_stream(data)
        if stream is None:
            return self._no_stream(name)
        self._kinesis._ensure_active(stream)
        shards.expire(stream)
        wanted = dict(data.get("ShardFilter") or {})
        if "Timestamp" in wanted:
            wanted["Timestamp"] = _seconds(wanted["Timestamp"])
        after = data.get("ExclusiveStartShardId", "")
        found = [one for one in shards.selected(stream, wanted) if one[0] > after]
        page = found[: data.get("MaxResults", _MOST_SHARDS)]
        answer: Json = {"Shards": [shards.described(*one) for one in page]}
        if len(found) > len(page):
            following = {
                "StreamName": stream["StreamName"],
                "ShardFilter": wanted,
                "ExclusiveStartShardId": page[-1][0],
            }
            answer["NextToken"] = _packed(request=following)
        return self._answer(answer)

    def get_shard_iterator(self, data: Json) -> Answer:
        """A position in a shard that is kept, open or closed."""
        name, stream = self._kinesis._resolve_stream(data)
        if stream is None:
            return self._no_stream(name)
        shards.expire(stream)
        shard_id = data.get("ShardId", "")
        shard = stream["shards"].get(shard_id)
        if shard is None:
            return self._no_shard(shard_id, stream)
        try:
            after, inclusive = position(shard, data)
        except ValueError as error:
            return self._error("InvalidArgumentException", str(error))
        return self._answer({"ShardIterator": _iterator(stream, shard_id, shard, after, inclusive)})

    def get_records(self, data: Json) -> Answer:
        """The next records; at a closed shard's end its children, and no further iterator."""
        asked = unpacked(data.get("ShardIterator", ""))
        if asked is None:
            return self._error("InvalidArgumentException", "Invalid ShardIterator.")
        if _is_old(asked):
            return self._error(
                "ExpiredIteratorException",
                "Iterator expired. It is valid for 5 minutes after it was made.",
            )
        stream = self._kinesis._streams.get(asked["stream"])
        if stream is None:
            return self._no_stream(asked["stream"])
        shards.expire(stream)
        shard_id = asked["shard"]
        shard = stream["shards"].get(shard_id)
        if shard is None or shard["starting_sequence_number"] != asked["of"]:
            return self._no_shard(shard_id, stream)
        limit = min(data.get("Limit", _MOST_RECORDS), _MOST_RECORDS)
        after, inclusive = asked["after"], asked["inclusive"]
        chosen, left = next_records(shard, after, inclusive=inclusive, limit=limit)
        behind = time.time() - arrival(left) if left else 0.0
        encryption = stream.get("EncryptionType", "NONE")
        answer: Json = {
            "Records": [self._record(one, encryption) for one in chosen],
            "MillisBehindLatest": max(0, int(behind * 1000)),
        }
        if left or shards.is_open(shard):
            if chosen:
                after, inclusive = chosen[-1]["SequenceNumber"], False
            answer["NextShardIterator"] = _iterator(stream, shard_id, shard, after, inclusive)
        else:
            answer["ChildShards"] = shards.children(stream, shard_id)
        return self._answer(answer)

    def _record(self, record: Json, encryption: str) -> Json:
        return {
            "SequenceNumber": record["SequenceNumber"],
            "ApproximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            "Data": self._kinesis._ensure_base64(record["Data"]),
            "PartitionKey": record["PartitionKey"],
            "EncryptionType": encryption,
        }

    def _answer(self, payload: Json) -> Answer:
        answer: Answer = self._kinesis.json_response(payload)
        return answer

    def _error(self, code: str, message: str) -> Answer:
        answer: Answer = self._kinesis.error_response_json(code, message, 400)
        return answer

    def _no_stream(self, name: str | None) -> Answer:
        return self._error("ResourceNotFoundException", f"Stream {name} not found")

    def _no_shard(self, shard_id: str, stream: Json) -> Answer:
        message = f"Shard {shard_id} in stream {stream['StreamName']} does not exist"
        return self._error("ResourceNotFoundException", message)


def position(shard: Json, start: Json) -> tuple[str, bool]:
    """Where an iterator type begins: a sequence number, and whether its record belongs to it.

    Args:
        shard: the shard.
        start: `ShardIteratorType` or `Type`, with `StartingSequenceNumber`, `SequenceNumber` or
            `Timestamp`.

    Raises:
        ValueError: the type is unknown, or what it needs is missing.

    """
    kind = start.get("ShardIteratorType") or start.get("Type")
    records = shard["records"]
    newest = records[-1]["SequenceNumber"] if records else shard["starting_sequence_number"]
    match kind:
        case "TRIM_HORIZON":
            return "", True
        case "LATEST":
            return newest, False
        case "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER":
            number = start.get("StartingSequenceNumber") or start.get("SequenceNumber")
            if not number:
                raise ValueError(f"A sequence number is required for {kind}.")
            return str(number), kind == "AT_SEQUENCE_NUMBER"
        case "AT_TIMESTAMP":
            if start.get("Timestamp") is None:
                raise ValueError("Timestamp is required for AT_TIMESTAMP.")
            moment = _seconds(start["Timestamp"])
            index = bisect_left(records, moment, key=arrival)
            if index < len(records):
                return records[index]["SequenceNumber"], True
            return newest, False
        case _:
            raise ValueError(f"Invalid ShardIteratorType: {kind}")


def arrival(record: Json) -> float:
    """Epoch seconds when a record came."""
    moment: float = record["ApproximateArrivalTimestamp"]
    return moment


def next_records(
    shard: Json, after: str, *, inclusive: bool, limit: int
) -> tuple[list[Json], Json | None]:
    """Records behind a position, as many as one answer may hold, and the first one left."""
    records: list[Json] = shard["records"]
    start = _index(records, after, inclusive=inclusive)
    chosen = _fitting(records[start : start + limit])
    following = start + len(chosen)
    return chosen, records[following] if following < len(records) else None


def _index(records: list[Json], after: str, *, inclusive: bool) -> int:
    search = bisect_left if inclusive else bisect_right
    return search(records, after, key=lambda record: record["SequenceNumber"])


def _fitting(records: list[Json]) -> list[Json]:
    """As many as one answer may hold, at least one."""
    size = 0.0
    for count, record in enumerate(records):
        size += len(record["Data"]) * _BASE64_GROWTH
        if size > _MOST_BYTES and count:
            return records[:count]
    return records


def _iterator(stream: Json, shard_id: str, shard: Json, after: str, inclusive: bool) -> str:
    return _packed(
        stream=stream["StreamName"],
        shard=shard_id,
        of=shard["starting_sequence_number"],
        after=after,
        inclusive=inclusive,
    )


def _packed(**values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps({**values, "made": time.time()}).encode()).decode()


def unpacked(token: str) -> Json | None:
    """What a token stands for; None when it is none of ours."""
    try:
        values: object = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError):
        return None
    return values if isinstance(values, dict) and "made" in values else None


def _is_old(values: Json) -> bool:
    return time.time() - float(values["made"]) > LIFE_SECONDS


def _seconds(value: object) -> float:
    """Epoch seconds of a timestamp, which CBOR gives as a moment."""
    return value.timestamp() if isinstance(value, datetime) else float(str(value))
