"""Minutes that are still open, and their publication."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from sandbox.account import ACCOUNT_ID
from sandbox.metrics.catalogue import UNITS
from sandbox.metrics.files import MetricFiles
from sandbox.metrics.points import Point
from sandbox.metrics.series import Entry, Metric, MetricStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PERIOD_SECONDS: Final = 60
"""How long one point of an AWS service's metric is."""
PUBLICATION_LAG_SECONDS: Final = 5
"""How long after its end a minute is published."""
SAMPLE_SECONDS: Final = 10
"""How often states are sampled."""
_LOG = logging.getLogger("sandbox.metrics")

Open = dict[int, dict[Metric, tuple[str, Point]]]
"""Unit and point so far by minute (its begin, epoch seconds) and metric."""


class Scope:
    """Metrics of one resource: one namespace and one set of dimensions in one region."""

    __slots__ = ("_known", "_metrics", "_place", "_units")

    def __init__(self, metrics: Metrics, place: Metric) -> None:
        self._metrics = metrics
        self._place = place
        self._units = UNITS.get(place.namespace, {})
        self._known: dict[str, tuple[Metric, str]] = {}

    def add(
        self,
        name: str,
        value: float,
        count: float = 1.0,
        *,
        unit: str | None = None,
        at: float | None = None,
    ) -> None:
        """Count a sample, `count` times.

        Args:
            name: of the metric.
            value: in its unit.
            count: how often it came.
            unit: for a name that is not in the catalogue.
            at: epoch seconds at which it happened; now, unless said otherwise.

        """
        metric, known_unit = self._metric(name, unit)
        self._metrics.add(metric, known_unit, value, count, at)

    def merge(self, name: str, minute: int, point: Point) -> None:
        """Take over samples that were counted elsewhere in the minute that began at `minute`."""
        metric, unit = self._metric(name, None)
        self._metrics.merge(metric, unit, minute, point)

    def _metric(self, name: str, unit: str | None) -> tuple[Metric, str]:
        known = self._known.get(name)
        if known is None:
            found = unit or self._units[name]
            known = self._known[name] = (self._place._replace(name=name), found)
        return known


class Metrics:
    """All metrics of one sandbox: counted, published, kept.

    Args:
        directory: where they survive a restart; None: nowhere.
        clock: epoch seconds.

    """

    def __init__(
        self, directory: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.store = MetricStore()
        self._clock = clock
        self._files = MetricFiles(directory) if directory is not None else None
        self._lock = threading.Lock()  # functions are counted from their own threads
        self._open: Open = {}
        self._open_changed = False
        self._put: list[Entry] = []
        self._samplers: list[Callable[[], None]] = []
        self._next_sample = 0.0
        self._folded_at = 0.0

    def scope(
        self, region: str, namespace: str, *, account_id: str = ACCOUNT_ID, **dimensions: str
    ) -> Scope:
        """Metrics of a resource; keep the scope where it is used often."""
        by_name = tuple(sorted(dimensions.items()))
        return Scope(self, Metric(account_id, region, namespace, "", by_name))

    def sample(self, function: Callable[[], None]) -> None:
        """Have `function` called every `SAMPLE_SECONDS`."""
        self._samplers.append(function)

    def add(
        self, metric: Metric, unit: str, value: float, count: float, at: float | None = None
    ) -> None:
        """Count a sample in the minute it belongs to."""
        moment = self._clock() if at is None else at
        minute = int(moment) // PERIOD_SECONDS * PERIOD_SECONDS
        with self._lock:
            self._opened(minute, metric, unit).add(value, count)

    def merge(self, metric: Metric, unit: str, minute: int, point: Point) -> None:
        """Take over samples of a minute."""
        with self._lock:
            self._opened(minute, metric, unit).merge(point)

    def _opened(self, minute: int, metric: Metric, unit: str) -> Point:
        self._open_changed = True
        found = self._open.setdefault(minute, {}).get(metric)
        if found is None:
            found = self._open[minute][metric] = (unit, Point())
        return found[1]

    def put(self, entries: Iterable[Entry]) -> None:
        """Points that an account publishes itself: there at once."""
        for entry in entries:
            self.store.merge(entry)
            if self._files is not None:
                self._put.append(entry)

    def tick(self) -> None:
        """Sample, publish the minutes that are over, save; to be called every second or so."""
        now = self._clock()
        if now >= self._next_sample:
            self._next_sample = now + SAMPLE_SECONDS
            for function in self._samplers:
                try:
                    function()
                except Exception:  # noqa: BLE001 - one that fails must not silence the others
                    _LOG.exception("a sample is missing")
        self.publish(now - PERIOD_SECONDS - PUBLICATION_LAG_SECONDS)
        if now - self._folded_at >= PERIOD_SECONDS:
            self._folded_at = now
            self.store.fold(now)
        self.save()

    def publish(self, last: float) -> None:
        """Publish every open minute that began at `last` or before."""
        with self._lock:
            minutes = [minute for minute in sorted(self._open) if minute <= last]
            over = {minute: self._open.pop(minute) for minute in minutes}
        entries = [
            Entry(metric, unit, minute, PERIOD_SECONDS, point)
            for minute, points in over.items()
            for metric, (unit, point) in points.items()
        ]
        if entries:
            self._open_changed = True
            self.put(entries)

    def publish_all(self) -> None:
        """Sample and publish all there is, also of minutes that are not over."""
        self._next_sample = 0.0
        self.tick()
        self.publish(self._clock())
        self.save()

    def restore(self) -> None:
        """Read back what was saved."""
        if self._files is None:
            return
        published, self._open = self._files.read()
        for entry in published:
            self.store.merge(entry)
        self.store.fold(self._clock())
        self._files.rewrite(self.store.entries(), self._open)

    def save(self) -> None:
        """Write what is not on disk yet."""
        if self._files is None:
            return
        if self._put:
            entries, self._put = self._put, []
            self._files.append(entries)
        if self._open_changed:
            self._open_changed = False
            with self._lock:
                self._files.write_open(self._open)
        if self._files.is_overgrown:
            self._files.rewrite(self.store.entries(), self._open)

    def clear(self) -> None:
        """Forget everything that was counted; samplers stay."""
        with self._lock:
            self._open.clear()
        self._put.clear()
        self.store.clear()
        if self._files is not None:
            self._files.clear()
