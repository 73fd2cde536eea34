"""Which shard a partition key belongs to: MD5 of the key within a shard's hash key range."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """An open shard.

    Attributes:
        starting_hash_key: first hash key of its range.
        ending_hash_key: last hash key of its range.
        shard_id: such as `shardId-000000000000`.

    """

    starting_hash_key: int
    ending_hash_key: int
    shard_id: str

    def holds(self, hash_key: int) -> bool:
        """Whether a hash key lies in the shard's range."""
        return self.starting_hash_key <= hash_key <= self.ending_hash_key


@dataclass(frozen=True, slots=True)
class ShardMap:
    """The open shards of a stream, in the order of their ranges, without gaps."""

    shards: tuple[Shard, ...]
    _starts: tuple[int, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shards", tuple(sorted(self.shards)))
        starts = tuple(shard.starting_hash_key for shard in self.shards)
        object.__setattr__(self, "_starts", starts)

    def place_of(self, hash_key: int) -> int:
        """The place in `shards` of the one whose range holds a hash key."""
        return bisect_right(self._starts, hash_key) - 1

    def by_id(self, shard_id: str) -> Shard | None:
        """An open shard; None for one that is closed or unknown."""
        return next((shard for shard in self.shards if shard.shard_id == shard_id), None)


def hash_key_of(partition_key: bytes) -> int:
    """The hash key Kinesis gives a partition key (as UTF-8)."""
    digest = hashlib.md5(partition_key, usedforsecurity=False).digest()
    return int.from_bytes(digest, "big")
