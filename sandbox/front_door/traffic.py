"""What went through the front door, counted by load balancer and accelerator, told once a second.

Counts are statistic sets by the minute they belong to; what could not be told is told later.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final, Literal

import httpx
import msgspec

from sandbox.metrics.points import Point

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["load_balancer", "accelerator"]
_REPORT_SECONDS: Final = 1.0
_MINUTE: Final = 60
_TIMEOUT_SECONDS: Final = 5.0
_MOST_UNTOLD: Final = 50_000
_LOG = logging.getLogger("sandbox.front_door")


class Count(msgspec.Struct, array_like=True):
    """Samples of one metric in one minute.

    Attributes:
        kind: of what.
        dns_name: its DNS name.
        region: of the endpoint group, for an accelerator; else empty.
        metric: name of the metric.
        minute: epoch seconds of its begin.
        point: the samples.

    """

    kind: Kind
    dns_name: str
    region: str
    metric: str
    minute: int
    point: Point


class Traffic:
    """Counts that wait to be told to the server."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._counts: dict[tuple[Kind, str, str, str, int], Point] = {}

    def add(self, kind: Kind, dns_name: str, metric: str, value: float, region: str = "") -> None:
        """One sample, now."""
        minute = int(self._clock()) // _MINUTE * _MINUTE
        key = (kind, dns_name, region, metric, minute)
        point = self._counts.get(key)
        if point is None:
            point = self._counts[key] = Point()
        point.add(value)

    def take(self) -> list[Count]:
        """Everything that waits."""
        counts, self._counts = self._counts, {}
        return [Count(*key, point) for key, point in counts.items()]

    def give_back(self, counts: list[Count]) -> None:
        """Keep what could not be told."""
        if len(counts) > _MOST_UNTOLD:
            _LOG.warning("nobody took %d counts of traffic: they are lost", len(counts))
            return
        for one in counts:
            key = (one.kind, one.dns_name, one.region, one.metric, one.minute)
            known = self._counts.setdefault(key, Point())
            known.merge(one.point)

    async def keep_telling(self, endpoint_url: str) -> None:
        """Report once a second, for ever; at the end once more."""
        async with httpx.AsyncClient(base_url=endpoint_url, timeout=_TIMEOUT_SECONDS) as client:
            try:
                while True:
                    await asyncio.sleep(_REPORT_SECONDS)
                    await self._tell(client)
            finally:
                await self._tell(client)

    async def _tell(self, client: httpx.AsyncClient) -> None:
        counts = self.take()
        if not counts:
            return
        try:
            answer = await client.post("/_sandbox/traffic", content=msgspec.msgpack.encode(counts))
            answer.raise_for_status()
        except httpx.HTTPError as error:
            _LOG.warning("traffic is not counted yet: %s", error)
            self.give_back(counts)
