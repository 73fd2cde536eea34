"""Shards as the service keeps them: closed by a split or a merge, readable to their end, then gone.

MiniStack deletes a parent with its records. Here a parent stays in its stream, closed by an ending
sequence number, until retention has passed since; its children begin with the next one. A stream's
dict of shards is always replaced whole, because MiniStack's pollers iterate it in other threads.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final

from sandbox.kinesis import mappings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.protocol.wire import Json

_MILLISECONDS: Final = 1000
_MILLISECOND_DIGITS: Final = 20
"""A sequence number begins with the moment it was given, in milliseconds."""
_HOUR_SECONDS: Final = 3600.0


def is_open(shard: Json) -> bool:
    """Whether a shard still takes records."""
    return shard.get("ending_sequence_number") is None


def opened_at(shard: Json) -> float:
    """Epoch seconds since when a shard takes records."""
    return _seconds_of(shard["starting_sequence_number"])


def closed_at(shard: Json) -> float | None:
    """Epoch seconds since when a shard takes none; None while it is open."""
    ending = shard.get("ending_sequence_number")
    return None if ending is None else _seconds_of(ending)


def parents(shard: Json) -> tuple[str, ...]:
    """Ids of the shards it was made from."""
    ids = (shard.get("parent_shard_id"), shard.get("adjacent_parent_shard_id"))
    return tuple(one for one in ids if one)


def children(stream: Json, shard_id: str) -> list[Json]:
    """`ChildShards` of a shard, as GetRecords and SubscribeToShard tell them at its end."""
    return [
        {"ShardId": child_id, "ParentShards": list(parents(child)), "HashKeyRange": _range(child)}
        for child_id, child in sorted(stream["shards"].items())
        if shard_id in parents(child)
    ]


def open_shards(stream: Json) -> dict[str, Json]:
    """The shards that take records, by id, in the order of their hash key ranges."""
    found = [(shard_id, one) for shard_id, one in stream["shards"].items() if is_open(one)]
    return dict(sorted(found, key=lambda item: int(item[1]["starting_hash_key"])))


def route(hash_key: int, stream: Json) -> str:
    """Id of the open shard that takes a hash key."""
    found: Iterator[str] = (
        shard_id
        for shard_id, shard in stream["shards"].items()
        if is_open(shard)
        and int(shard["starting_hash_key"]) <= hash_key <= int(shard["ending_hash_key"])
    )
    return next(found)


def split(kinesis: Any, stream: Json, shard_id: str, at: int) -> None:
    """Close an open shard; two children take its range, the second from `at` on."""
    old = stream["shards"][shard_id]
    ranges = (
        (old["starting_hash_key"], str(at - 1)),
        (str(at), old["ending_hash_key"]),
    )
    _replace(kinesis, stream, (shard_id,), ranges)


def merge(kinesis: Any, stream: Json, shard_id: str, adjacent_id: str) -> None:
    """Close two adjacent open shards; one child takes both ranges."""
    both = (stream["shards"][shard_id], stream["shards"][adjacent_id])
    whole = (
        str(min(int(one["starting_hash_key"]) for one in both)),
        str(max(int(one["ending_hash_key"]) for one in both)),
    )
    _replace(kinesis, stream, (shard_id, adjacent_id), (whole,))


def _replace(
    kinesis: Any, stream: Json, old_ids: tuple[str, ...], ranges: Iterable[tuple[str, str]]
) -> None:
    shards = dict(stream["shards"])
    for shard_id in old_ids:
        shards[shard_id]["ending_sequence_number"] = kinesis._next_sequence_number()
    number = max(int(shard_id.rpartition("-")[2]) for shard_id in shards)
    made: dict[str, Json] = {}
    for starting, ending in ranges:
        number += 1
        made[f"shardId-{number:012d}"] = {
            "records": [],
            "starting_hash_key": starting,
            "ending_hash_key": ending,
            "starting_sequence_number": kinesis._next_sequence_number(),
            "parent_shard_id": old_ids[0],
            "adjacent_parent_shard_id": old_ids[1] if len(old_ids) > 1 else None,
        }
    mappings.hold(stream["StreamARN"], made)
    stream["shards"] = shards | made


def expire(stream: Json) -> None:
    """Drop what is past retention: records, and closed shards."""
    cutoff = time.time() - float(stream["RetentionPeriodHours"]) * _HOUR_SECONDS
    if not any(_has_expired(shard, cutoff) for shard in stream["shards"].values()):
        return
    with mappings.paused() as is_paused:
        if not is_paused:  # a function holds records right now: the next call will do
            return
        for shard_id, shard in stream["shards"].items():
            expired = bisect_left(shard["records"], cutoff, key=_arrival)
            if expired:
                shard["records"] = shard["records"][expired:]
                mappings.moved(stream["StreamARN"], shard_id, expired)
        kept = {
            shard_id: shard
            for shard_id, shard in stream["shards"].items()
            if shard["records"] or not _is_past(shard, cutoff)
        }
        if len(kept) < len(stream["shards"]):
            stream["shards"] = kept


def _arrival(record: Json) -> float:
    moment: float = record["ApproximateArrivalTimestamp"]
    return moment


def _has_expired(shard: Json, cutoff: float) -> bool:
    records = shard["records"]
    if records:
        return bool(records[0]["ApproximateArrivalTimestamp"] < cutoff)
    return _is_past(shard, cutoff)


def _is_past(shard: Json, cutoff: float) -> bool:
    closed = closed_at(shard)
    return closed is not None and closed < cutoff


def described(shard_id: str, shard: Json) -> Json:
    """A shard as ListShards and DescribeStream show it."""
    numbers = {"StartingSequenceNumber": shard["starting_sequence_number"]}
    if not is_open(shard):
        numbers["EndingSequenceNumber"] = shard["ending_sequence_number"]
    found: Json = {
        "ShardId": shard_id,
        "HashKeyRange": _range(shard),
        "SequenceNumberRange": numbers,
    }
    names = ("ParentShardId", "AdjacentParentShardId")
    return found | dict(zip(names, parents(shard), strict=False))


def selected(stream: Json, wanted: Json | None) -> Iterator[tuple[str, Json]]:
    """The shards a `ShardFilter` means, by id; all that are kept without one.

    `Timestamp` of the filter is epoch seconds.
    """
    shards = sorted(stream["shards"].items())
    kind = (wanted or {}).get("Type", "FROM_TRIM_HORIZON")
    if kind == "AFTER_SHARD_ID":
        yield from ((one, shard) for one, shard in shards if one > (wanted or {})["ShardId"])
        return
    moment = _moment(stream, wanted or {})
    for shard_id, shard in shards:
        closed = closed_at(shard)
        was_open_later = closed is None or closed > moment
        was_open_then = was_open_later and opened_at(shard) <= moment
        if was_open_then if kind.startswith("AT_") else was_open_later:
            yield shard_id, shard


def _moment(stream: Json, wanted: Json) -> float:
    kind = wanted.get("Type", "FROM_TRIM_HORIZON")
    if kind == "AT_LATEST":
        return float("inf")
    horizon = time.time() - float(stream["RetentionPeriodHours"]) * _HOUR_SECONDS
    roots = (opened_at(one) for one in stream["shards"].values() if not parents(one))
    first = max(roots, default=0)
    return max(float(wanted.get("Timestamp", 0)), horizon, first)


def _range(shard: Json) -> Json:
    return {
        "StartingHashKey": shard["starting_hash_key"],
        "EndingHashKey": shard["ending_hash_key"],
    }


def _seconds_of(sequence_number: str) -> float:
    return int(sequence_number[:_MILLISECOND_DIGITS]) / _MILLISECONDS
