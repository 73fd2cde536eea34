"""Event source mappings across a reshard: children are read from their beginning, after parents.

MiniStack's poller begins each shard it has not met at its end, and keeps a position as an index.
Here a child is met at its birth: it is held back until every parent is read, then read from its
first record; and positions move along when records expire in front of them.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from sandbox.kinesis import shards
from sandbox.kinesis.polling import Poller

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.protocol.wire import Json

HELD: Final = 1 << 60
"""Position of a child whose parents are not read yet: behind all records it will ever have."""
_POLLING: Final = threading.Lock()


def install(functions: Any, kinesis: Any) -> None:
    """Let MiniStack's poller see to children before each of its passes.

    Args:
        functions: MiniStack's module of Lambda.
        kinesis: MiniStack's module of Kinesis.

    """
    poll = Poller(functions, kinesis).poll

    def poll_in_order() -> bool:
        with _POLLING:
            _begin(functions, kinesis)
            for source_arn, positions in _mappings(functions):
                stream = _stream(kinesis, source_arn)
                if stream is not None:
                    release(stream, positions)
            return poll()

    functions._poll_kinesis = poll_in_order


@contextlib.contextmanager
def paused() -> Iterator[bool]:
    """Whether no pass of the poller is under way; none begins before the block ends."""
    got = _POLLING.acquire(blocking=False)
    try:
        yield got
    finally:
        if got:
            _POLLING.release()


def hold(stream_arn: str, shard_ids: Iterable[str]) -> None:
    """Hold back shards that are about to be added to a stream."""
    functions = _functions()
    if functions is None:
        return
    for source_arn, positions in _mappings(functions):
        if source_arn == stream_arn:
            positions.update(dict.fromkeys(shard_ids, HELD))


def moved(stream_arn: str, shard_id: str, count: int) -> None:
    """Take note that so many records in front of a shard are gone."""
    functions = _functions()
    if functions is None:
        return
    for source_arn, positions in _mappings(functions):
        position = positions.get(shard_id, HELD)
        if source_arn == stream_arn and position != HELD:
            positions[shard_id] = max(0, position - count)


def release(stream: Json, positions: dict[str, int]) -> None:
    """Let each held child begin whose parents are all read to their end."""
    kept = stream["shards"]
    for shard_id, shard in sorted(kept.items()):
        parents = shards.parents(shard)
        if parents:
            positions.setdefault(shard_id, HELD)
        if positions.get(shard_id) == HELD and all(
            _is_read(kept.get(parent), positions.get(parent, HELD)) for parent in parents
        ):
            positions[shard_id] = 0


def _is_read(shard: Json | None, position: int) -> bool:
    """Whether a parent has nothing left; one that is no longer kept has none."""
    if shard is None:
        return True
    return position != HELD and position >= len(shard["records"])


def _begin(functions: Any, kinesis: Any) -> None:
    """Give mappings from TRIM_HORIZON their first positions; MiniStack's would include children."""
    positions = functions._kinesis_positions._data
    for key, mapping in list(functions._esms._data.items()):
        if key in positions or mapping.get("StartingPosition") != "TRIM_HORIZON":
            continue
        stream = _stream(kinesis, str(mapping.get("EventSourceArn", "")))
        if stream is not None:
            roots = stream["shards"].items()
            positions[key] = {one: 0 for one, shard in roots if not shards.parents(shard)}


def _mappings(functions: Any) -> Iterator[tuple[str, dict[str, int]]]:
    """Source and positions of each mapping that has begun."""
    for key, mapping in list(functions._esms._data.items()):
        positions = functions._kinesis_positions._data.get(key)
        if positions is not None:
            yield str(mapping.get("EventSourceArn", "")), positions


def _stream(kinesis: Any, stream_arn: str) -> Json | None:
    for stream in list(kinesis._streams._data.values()):
        if stream["StreamARN"] == stream_arn:
            found: Json = stream
            return found
    return None


def _functions() -> Any:
    return sys.modules.get("ministack.services.lambda_svc")
