"""How a shard count is reached, and when the service refuses it; pure.

UpdateShardCount with UNIFORM_SCALING splits and merges single shards until all have the same range;
shards that live a moment only come about on the way, as in AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ON_DEMAND: Final = "ON_DEMAND"
HASH_KEYS: Final = 1 << 128
UPDATES_A_DAY: Final = 10
DAY_SECONDS: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Split:
    """The open shard that begins at hash key `start` becomes two, the second from `at` on."""

    start: int
    at: int


@dataclass(frozen=True, slots=True)
class Merge:
    """The open shards that begin at these hash keys, neighbours, become one."""

    start: int
    adjacent_start: int


def uniform(starts: Sequence[int], target: int) -> Iterator[Split | Merge]:
    """Splits and merges that lead from open shards to `target` equal ones.

    Args:
        starts: first hash keys of the open shards.
        target: how many there shall be.

    """
    wanted = [index * (HASH_KEYS // target) for index in range(target)]
    have = sorted(starts)
    for at in wanted:
        if at not in have:
            yield Split(max(start for start in have if start < at), at)
            have = sorted([*have, at])
    for first in wanted:
        following = min((start for start in wanted if start > first), default=HASH_KEYS)
        for start in have:
            if first < start < following:
                yield Merge(first, start)


def check_mode(mode: str) -> None:
    """Raise `ServiceError` for a stream whose shards are AWS's own."""
    if mode == ON_DEMAND:
        raise ServiceError(
            "ValidationException", "Request is invalid. Stream is in on-demand capacity mode."
        )


def check_shard_count(current: int, target: int, updated_at: Sequence[float], now: float) -> None:
    """Raise `ServiceError` when AWS would refuse the new shard count.

    Args:
        current: open shards.
        target: TargetShardCount.
        updated_at: epoch seconds of the stream's updates.
        now: epoch seconds.

    """
    if target > 2 * current or 2 * target < current:
        direction = "up over double" if target > current else "down below half"
        raise ServiceError(
            "InvalidArgumentException",
            f"UpdateShardCount cannot scale {direction} your current open shard count. "
            f"Current open shard count: {current} Target shard count: {target}",
        )
    if len(recent(updated_at, now)) >= UPDATES_A_DAY:
        raise ServiceError(
            "LimitExceededException",
            f"UpdateShardCount can be called {UPDATES_A_DAY} times in 24 hours for a stream.",
        )


def recent(updated_at: Sequence[float], now: float) -> list[float]:
    """The updates that count against the limit."""
    return [moment for moment in updated_at if moment > now - DAY_SECONDS]
