"""Values of metrics over time: one statistic a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.metrics.points import Point, is_statistic
from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from sandbox.metrics.series import Series

_MINUTE: Final = 60
_SUBMINUTE_PERIODS: Final = frozenset({1, 5, 10, 20, 30})


@dataclass(frozen=True, slots=True)
class Window:
    """The time a request asks for: epoch seconds, the end not included."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Values:
    """A time series as queries see it.

    Attributes:
        label: what it is called.
        period: seconds from one value to the next.
        by_moment: value by the begin of its period, epoch seconds.

    """

    label: str
    period: int
    by_moment: dict[int, float]


def window(start: float, end: float) -> Window:
    """The window of a request, its start on a whole minute, as AWS rounds it."""
    if start >= end:
        raise ServiceError(
            "ValidationError", "The parameter StartTime must be less than the parameter EndTime."
        )
    return Window(start // _MINUTE * _MINUTE, end)


def check_period(period: int, code: str) -> None:
    """Raise for a period CloudWatch does not know."""
    if period not in _SUBMINUTE_PERIODS and period % _MINUTE:
        raise ServiceError(code, "Period must be 1, 5, 10, 20, 30 or a multiple of 60.")


def check_statistic(name: str, code: str) -> None:
    """Raise for a statistic the sandbox does not compute."""
    if not is_statistic(name):
        raise ServiceError(
            code, f"The statistic {name} is not one of the basic ones or a percentile (p99.9)."
        )


def grouped(series: Series | None, seen: Window, period: int, unit: str | None) -> dict[int, Point]:
    """All samples of each period by its begin; none for a series that is not there."""
    groups: dict[int, Point] = {}
    if series is None or unit not in {None, series.unit}:
        return groups
    for timestamp, point in series.between(seen.start, seen.end):
        groups.setdefault(timestamp // period * period, Point()).merge(point)
    return groups


def values(
    series: Series | None, seen: Window, period: int, statistic: str, unit: str | None = None
) -> dict[int, float]:
    """A statistic by period; periods without samples, or without the statistic, are left out."""
    found = {
        moment: point.statistic(statistic)
        for moment, point in grouped(series, seen, period, unit).items()
    }
    return {moment: value for moment, value in sorted(found.items()) if value is not None}
