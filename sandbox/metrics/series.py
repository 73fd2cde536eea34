"""Published points by metric: what CloudWatch remembers.

A point is kept at the resolution it was published with, then folded into coarser ones, as in AWS;
the times are shorter here, and distributions of old points coarser, so that memory stays bounded:
AWS keeps seconds for 3 hours, minutes for 15 days, five minutes for 63 and hours for 455. A metric
with many values a minute takes some 0.4 MiB in the end.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sandbox.metrics.points import Point, merged

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOUR: Final = 3600
TIERS: Final = ((1, _HOUR), (60, 4 * _HOUR), (300, 24 * _HOUR), (_HOUR, 15 * 24 * _HOUR))
"""Resolution and age up to which points have it, both in seconds."""
MOST_SERIES: Final = 20_000
_COARSE_SECONDS: Final = 300
_MOST_COARSE_VALUES: Final = 24
"""Values that points of coarse resolution keep apart."""
_LOG = logging.getLogger("sandbox.metrics")

Dimensions = tuple[tuple[str, str], ...]
"""Names and values, by name."""


class Metric(NamedTuple):
    """What a series is of."""

    account_id: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions


class Entry(NamedTuple):
    """A point on its way into its series: `resolution` and `timestamp` in seconds."""

    metric: Metric
    unit: str
    timestamp: int
    resolution: int
    point: Point


_DECODER = msgspec.msgpack.Decoder(Point)


class Series:
    """Points of one metric, each encoded: there are many of them, and few are ever looked at."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self._tiers: list[dict[int, bytes]] = [{} for _ in TIERS]

    @property
    def newest(self) -> int:
        """When the newest point begins; 0 when there is none."""
        return max((max(tier) for tier in self._tiers if tier), default=0)

    def merge(self, timestamp: int, resolution: int, point: Point) -> None:
        """Add a point to the period it belongs to."""
        index = next(i for i, (period, _) in enumerate(TIERS) if period >= resolution)
        self._merge_into(index, timestamp, point)

    def _merge_into(self, index: int, timestamp: int, point: Point) -> None:
        period = TIERS[index][0]
        start, tier = timestamp - timestamp % period, self._tiers[index]
        if start in tier:
            point = merged((_DECODER.decode(tier[start]), point))
        if period >= _COARSE_SECONDS:
            point.limit(_MOST_COARSE_VALUES)
        tier[start] = msgspec.msgpack.encode(point)

    def between(self, start: float, end: float) -> Iterator[tuple[int, Point]]:
        """Points that begin in the half-open interval, with their moment; in no order."""
        for tier in self._tiers:
            for timestamp, point in tier.items():
                if start <= timestamp < end:
                    yield timestamp, _DECODER.decode(point)

    def entries(self, metric: Metric) -> Iterator[Entry]:
        """Every point, as it can be merged again."""
        for (resolution, _), tier in zip(TIERS, self._tiers, strict=True):
            for timestamp, point in tier.items():
                yield Entry(metric, self.unit, timestamp, resolution, _DECODER.decode(point))

    def fold(self, now: float) -> bool:
        """Move old points into coarser periods, and drop the oldest; whether any are left."""
        for index, (period, kept_seconds) in enumerate(TIERS):
            tier, limit = self._tiers[index], now - kept_seconds - period
            if not tier or next(iter(tier)) >= limit:
                continue  # points come in order of time, but for a few that wait a little longer
            for timestamp in [one for one in tier if one < limit]:
                point = _DECODER.decode(tier.pop(timestamp))
                if index + 1 < len(TIERS):
                    self._merge_into(index + 1, timestamp, point)
        return any(self._tiers)


class MetricStore:
    """Every series of the sandbox."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], dict[Metric, Series]] = {}
        self._count = 0

    def merge(self, entry: Entry) -> None:
        """Take a published point in."""
        place = self._places.setdefault(entry.metric[:2], {})
        series = place.get(entry.metric)
        if series is None:
            self._make_room()
            series = place[entry.metric] = Series(entry.unit)
            self._count += 1
        series.merge(entry.timestamp, entry.resolution, entry.point)

    def find(self, metric: Metric) -> Series | None:
        """The series of a metric."""
        return self._places.get((metric.account_id, metric.region), {}).get(metric)

    def of(self, account_id: str, region: str) -> dict[Metric, Series]:
        """Every series of an account in a region; read only."""
        return self._places.get((account_id, region), {})

    def entries(self) -> Iterator[Entry]:
        """Every point of every series."""
        for place in self._places.values():
            for metric, series in place.items():
                yield from series.entries(metric)

    def fold(self, now: float) -> None:
        """Fold every series; those that are empty go."""
        for place in self._places.values():
            for metric in [one for one, series in place.items() if not series.fold(now)]:
                del place[metric]
                self._count -= 1

    def clear(self) -> None:
        """Forget everything."""
        self._places.clear()
        self._count = 0

    def _make_room(self) -> None:
        if self._count < MOST_SERIES:
            return
        every = ((s.newest, place, m) for place in self._places.values() for m, s in place.items())
        _, place, metric = min(every, key=lambda one: one[0])
        _LOG.warning("more than %d metrics: the one longest silent goes", MOST_SERIES)
        del place[metric]
        self._count -= 1
