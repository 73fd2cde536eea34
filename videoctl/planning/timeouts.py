"""How long each kind of step may take before it counts as timed out, in seconds."""

from __future__ import annotations

from typing import Final

STACK_SECONDS: Final = 3600.0
"""A two-region update; the accelerator and the load balancers take most of it."""

SERVICE_SECONDS: Final = 900.0
"""Image pull, start, and enough passing health checks for the targets to count as healthy."""

APPLICATION_SECONDS: Final = 600.0
"""Starting or stopping a Flink application; AWS's guidance calls more than ten minutes stuck."""

RESHARD_SECONDS_PER_SHARD: Final = 60.0
"""Splits and merges run one after another."""

EVENT_SOURCE_MAPPING_SECONDS: Final = 180.0
"""Lambda takes tens of seconds to enable or disable a mapping."""

ACCELERATOR_SECONDS: Final = 900.0
"""Edge locations take minutes; there is no published bound."""

EMPTYING_SECONDS: Final = 3600.0
"""A thousand versions a call; long for a bucket of millions, and resumable."""

STACK_LOCK_SECONDS: Final = 300.0
"""An engine whose videoctl was killed may take a minute to end before its lock can go."""

RECORD_SECONDS: Final = 30.0
"""One object written and read again."""


def reshard_seconds(shard_count: int) -> float:
    """A reshard takes about half a minute a shard, with a margin."""
    return RESHARD_SECONDS_PER_SHARD * shard_count + APPLICATION_SECONDS
