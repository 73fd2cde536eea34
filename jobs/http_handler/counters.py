"""Counters of a process since it was started."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)


class Counters(Counter[str]):
    """Names and numbers; what was never counted is absent."""

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        self[name] += by


async def log_counters(read: Callable[[], Mapping[str, int]], seconds: float) -> None:
    """Log the counters for ever, so that they outlive the task."""
    while True:
        await asyncio.sleep(seconds)
        log.info("counters", extra={"fields": {"counters": dict(read())}})
