"""MiniStack's streams, found by account, region and name, and their open shards by hash key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import ministack_runtime
from sandbox.kinesis import shards

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

Place = tuple[str, str, str]
"""Account id, region and name of a stream."""


def open_shards(account_id: str, region: str, name: str) -> dict[str, Json]:
    """The open shards of a stream, by id, in the order of their ranges; read only."""
    return shards.open_shards(_stream((account_id, region, name)))


def split(place: Place, start: str, at: str) -> None:
    """Split the open shard that begins at a hash key, unless that was done before."""
    stream = _stream(place)
    starts = _by_start(stream)
    if at not in starts:
        shards.split(_module(), stream, starts[start], int(at))


def merge(place: Place, start: str, adjacent_start: str) -> None:
    """Merge two open shards, by the hash keys they begin at, unless that was done before."""
    stream = _stream(place)
    starts = _by_start(stream)
    if adjacent_start in starts:
        shards.merge(_module(), stream, starts[start], starts[adjacent_start])


def _by_start(stream: Json) -> dict[str, str]:
    found = shards.open_shards(stream)
    return {shard["starting_hash_key"]: shard_id for shard_id, shard in found.items()}


def _stream(place: Place) -> Json:
    found: Json = ministack_runtime.regional_records("kinesis", "_streams")[place]
    return found


def _module() -> Any:
    return ministack_runtime.service_module("kinesis")
