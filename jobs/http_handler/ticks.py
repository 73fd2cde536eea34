"""Ticks: small records that tell consumers of every shard how late it is.

They carry the watermark through quiet shards, and are a measure of lag. A tick has no `event_id`,
which no stored event lacks: that is how consumers tell them apart, whatever a player sends.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from jobs.http_handler.publisher import Publisher
    from jobs.http_handler.shards import Shard


def tick_data(shard: Shard, region: str, received_time_ms: int) -> bytes:
    """The tick of one shard, by the clock that stamps the events (UTC epoch milliseconds)."""
    return msgspec.json.encode(
        {
            "tick": True,
            "received_time_ms": received_time_ms,
            "region": region,
            "shard": shard.shard_id,
        }
    )


async def keep_ticking(publisher: Publisher, region: str, seconds: float) -> None:
    """Put a tick into every shard each so many seconds, for ever."""
    while True:
        publisher.tick(region, time.time_ns() // 1_000_000)
        await asyncio.sleep(seconds)
