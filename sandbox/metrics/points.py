"""Statistic sets: many samples in one record, and the statistics of them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

BASIC_STATISTICS: Final = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
MOST_VALUES: Final = 150
"""Distinct values a point keeps exactly; AWS takes as many in one datum."""
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_FINEST_BIN: Final = 0.01
"""Width of the finest bins when there are more: one percent of the value."""


class Point(msgspec.Struct, array_like=True):
    """Samples of one metric in one period.

    Attributes:
        samples: how many.
        total: their sum.
        low: the smallest.
        high: the largest.
        values: how often each value came; empty where only the rest is known.
        width: of the bins that `values` stand for, as a share of the value; 0: they are exact.

    """

    samples: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    values: dict[float, float] = msgspec.field(default_factory=dict)
    width: float = 0.0

    def add(self, value: float, count: float = 1.0) -> None:
        """One value, `count` times."""
        self.samples += count
        self.total += value * count
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        self._note(value, count)

    def merge(self, other: Point) -> None:
        """Take over the samples of another point."""
        self.samples += other.samples
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        if other.width > self.width:
            self._coarsen(other.width, MOST_VALUES)
        for value, count in other.values.items():
            self._note(value, count)

    def _note(self, value: float, count: float) -> None:
        if self.width:
            value = _middle(value, self.width)
        values = self.values
        if value in values:
            values[value] += count
            return
        values[value] = count
        if len(values) > MOST_VALUES:
            self.limit(MOST_VALUES // 2)

    def limit(self, most: int) -> None:
        """Keep at most so many values apart: in bins, as wide as that takes."""
        if len(self.values) > most:
            self._coarsen(max(_FINEST_BIN, self.width * 2), most)

    def _coarsen(self, width: float, most: int) -> None:
        """Bins of this width, or of a wider one, until they are few enough."""
        while True:
            binned: dict[float, float] = {}
            for value, count in self.values.items():
                middle = _middle(value, width)
                binned[middle] = binned.get(middle, 0.0) + count
            self.values, self.width = binned, width
            if len(binned) <= most:
                return
            width *= 2

    def statistic(self, name: str) -> float | None:
        """A statistic; None where these samples have none of it."""
        match name:
            case "SampleCount":
                return self.samples
            case "Sum":
                return self.total
            case "Average":
                return self.total / self.samples if self.samples else None
            case "Minimum":
                return self.low if self.samples else None
            case "Maximum":
                return self.high if self.samples else None
        return self._percentile(float(name[1:]))

    def _percentile(self, percentage: float) -> float | None:
        """Between the nearest ranks; none for negative values, or where only extremes are known."""
        if not self.samples or self.low < 0:
            return None
        if self.low == self.high:
            return self.low
        if not math.isclose(sum(self.values.values()), self.samples):
            return None
        rank = percentage / 100 * (self.samples - 1) if self.samples > 1 else 0.0
        ordered = sorted(self.values.items())
        below = _at_rank(ordered, math.floor(rank))
        above = _at_rank(ordered, math.ceil(rank))
        found = below + (above - below) * (rank - math.floor(rank))
        return min(max(found, self.low), self.high)  # the middle of a bin may lie outside


def is_statistic(name: str) -> bool:
    """Whether the sandbox knows the statistic: a basic one or a percentile such as `p99.9`."""
    return name in BASIC_STATISTICS or _PERCENTILE.fullmatch(name) is not None


def merged(points: Iterable[Point]) -> Point:
    """All samples of several points."""
    whole = Point()
    for point in points:
        whole.merge(point)
    return whole


def _at_rank(ordered: list[tuple[float, float]], rank: float) -> float:
    seen = 0.0
    for value, count in ordered:
        seen += count
        if rank < seen:
            return value
    return ordered[-1][0]


def _middle(value: float, width: float) -> float:
    if value == 0:
        return 0.0
    middle = math.exp(round(math.log(abs(value)) / width) * width)
    return math.copysign(middle, value)
