"""SplitShard, MergeShards and UpdateShardCount: UPDATING for a moment, then other open shards."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox.kinesis import streams
from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesis import scaling
from sandbox.services.kinesis.base import StreamService

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

RESHARD_SECONDS: Final = 0.5
"""How long a stream is UPDATING; about half a minute a shard in AWS."""


class ReshardingOperations(StreamService):
    """What changes the shards of a stream.

    A reshard that was answered is kept with the stream until it is done, so that a server that was
    killed meanwhile goes on with it.
    """

    async def start(self) -> None:
        """Go on with what was under way."""
        for account_id, region, table in self.store.tables("streams"):
            for name, kept in table.items():
                if kept.get("reshard"):
                    self.spawn(self._reshard((account_id, region, name), kept), f"reshard {name}")

    async def split_shard(self, call: Call, request: Json) -> Json:
        """Two children take an open shard's range."""
        name, shards = await self._reshardable(call, request)
        shard_id, at = request["ShardToSplit"], int(request["NewStartingHashKey"])
        shard = _open_shard(shards, shard_id, name)
        start, end = int(shard["starting_hash_key"]), int(shard["ending_hash_key"])
        if not start < at <= end:
            raise ServiceError(
                "InvalidArgumentException",
                f"NewStartingHashKey {at} used in SplitShard() on shard {shard_id} in stream {name}"
                " is not both greater than one plus the shard's StartingHashKey and less than the"
                " shard's EndingHashKey - 1.",
            )
        return self._begin(call, name, [scaling.Split(start, at)])

    async def merge_shards(self, call: Call, request: Json) -> Json:
        """One child takes the ranges of two neighbours."""
        name, shards = await self._reshardable(call, request)
        ids = (request["ShardToMerge"], request["AdjacentShardToMerge"])
        left, right = sorted(
            (_open_shard(shards, shard_id, name) for shard_id in ids),
            key=lambda one: int(one["starting_hash_key"]),
        )
        if int(left["ending_hash_key"]) + 1 != int(right["starting_hash_key"]):
            raise ServiceError(
                "InvalidArgumentException", f"Shards {ids[0]} and {ids[1]} are not adjacent."
            )
        step = scaling.Merge(int(left["starting_hash_key"]), int(right["starting_hash_key"]))
        return self._begin(call, name, [step])

    async def update_shard_count(self, call: Call, request: Json) -> Json:
        """At most double, at least half, ten times in 24 hours."""
        name, shards = await self._reshardable(call, request)
        kept, target = self._kept(call, name), request["TargetShardCount"]
        scaling.check_shard_count(len(shards), target, kept["shard_count_updates"], time.time())
        starts = [int(shard["starting_hash_key"]) for shard in shards.values()]
        kept["shard_count_updates"] = [
            *scaling.recent(kept["shard_count_updates"], time.time()),
            time.time(),
        ]
        self._begin(call, name, list(scaling.uniform(starts, target)))
        return {
            "StreamName": name,
            "CurrentShardCount": len(shards),
            "TargetShardCount": target,
            "StreamARN": call.arn(f"stream/{name}"),
        }

    async def _reshardable(self, call: Call, request: Json) -> tuple[str, dict[str, Json]]:
        """Name and open shards of a stream whose shards may be changed now."""
        name = await self._name(call, request)
        kept = self._kept(call, name)
        scaling.check_mode(kept["mode"])
        if kept.get("reshard"):
            raise ServiceError(
                "ResourceInUseException",
                f"Stream {name} under account {call.account_id} not ACTIVE, instead in state "
                "UPDATING",
            )
        return name, streams.open_shards(call.account_id, call.region, name)

    def _begin(self, call: Call, name: str, steps: list[scaling.Split | scaling.Merge]) -> Json:
        if not steps:
            return {}
        kept = self._kept(call, name)
        kept["reshard"] = [_kept_step(step) for step in steps]
        self.spawn(self._reshard((call.account_id, call.region, name), kept), f"reshard {name}")
        return {}

    async def _reshard(self, place: tuple[str, str, str], kept: dict[str, Any]) -> None:
        """All steps at once, on disk before anything can be put into a child.

        The steps are forgotten last: after a kill in between they are taken again, to no effect.
        """
        await asyncio.sleep(RESHARD_SECONDS)
        if self.store.table(*place[:2], "streams").get(place[2]) is not kept:
            return  # deleted meanwhile
        for step in kept["reshard"]:
            if step["kind"] == "split":
                streams.split(place, step["start"], step["other"])
            else:
                streams.merge(place, step["start"], step["other"])
        self.host.ministack_written(self.name, "SplitShard")
        self.host.save(self)
        kept["reshard"] = []
        self.host.save(self)


def _kept_step(step: scaling.Split | scaling.Merge) -> Json:
    """A step as the store keeps it: hash keys are too long for its integers."""
    if isinstance(step, scaling.Split):
        return {"kind": "split", "start": str(step.start), "other": str(step.at)}
    return {"kind": "merge", "start": str(step.start), "other": str(step.adjacent_start)}


def _open_shard(shards: dict[str, Json], shard_id: str, stream: str) -> Json:
    if shard_id not in shards:
        raise ServiceError(
            "ResourceNotFoundException",
            f"Could not find an open shard {shard_id} in stream {stream}.",
        )
    return shards[shard_id]
