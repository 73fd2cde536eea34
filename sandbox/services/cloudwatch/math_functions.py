"""Functions of metric math over series, and operators between them."""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sandbox.services.cloudwatch.reading import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.services.cloudwatch.reading import Window

Result: TypeAlias = "float | Values | list[Values]"
FILLINGS: Final = frozenset({"REPEAT", "LINEAR"})


def broadcast(operation: Callable[[float, float], float], left: Any, right: Any) -> Any:
    """An operator between numbers, series and arrays; a series has values where both sides do."""
    if isinstance(left, list):
        return [broadcast(operation, one, right) for one in left]
    if isinstance(right, list):
        return [broadcast(operation, left, one) for one in right]
    if isinstance(left, Values) and isinstance(right, Values):
        moments = left.by_moment.keys() & right.by_moment.keys()
        pairs = {at: (left.by_moment[at], right.by_moment[at]) for at in sorted(moments)}
        return replace(left, by_moment=_computed(operation, pairs))
    if isinstance(left, Values):
        pairs = {at: (value, right) for at, value in left.by_moment.items()}
        return replace(left, by_moment=_computed(operation, pairs))
    if isinstance(right, Values):
        pairs = {at: (left, value) for at, value in right.by_moment.items()}
        return replace(right, by_moment=_computed(operation, pairs))
    return float(operation(left, right))


def _computed(
    operation: Callable[[float, float], float], pairs: dict[int, tuple[float, float]]
) -> dict[int, float]:
    """Values of an operation; what has none, such as a division by zero, is left out."""
    found: dict[int, float] = {}
    for at, (left, right) in pairs.items():
        try:
            value = float(operation(left, right))
        except (ZeroDivisionError, OverflowError):
            continue
        if math.isfinite(value):
            found[at] = value
    return found


def _each(function: Callable[[float], float]) -> Callable[[Window, Any], Any]:
    return lambda _window, value: broadcast(lambda one, _: function(one), value, 0.0)


def _aggregate(function: Callable[[Iterable[float]], float]) -> Callable[[Window, Any], Any]:
    """Of one series a number; of an array a series, moment by moment."""

    def aggregate(_window: Window, value: Values | list[Values]) -> Any:
        if isinstance(value, Values):
            return float(function(value.by_moment.values())) if value.by_moment else 0.0
        moments = sorted({at for one in value for at in one.by_moment})
        found = {
            at: float(function([one.by_moment[at] for one in value if at in one.by_moment]))
            for at in moments
        }
        return Values("", max((one.period for one in value), default=60), found)

    return aggregate


def _differences(value: Any, *, by_second: bool) -> Any:
    if isinstance(value, list):
        return [_differences(one, by_second=by_second) for one in value]
    found = {
        later: (value.by_moment[later] - value.by_moment[earlier])
        / (later - earlier if by_second else 1)
        for earlier, later in itertools.pairwise(sorted(value.by_moment))
    }
    return replace(value, by_moment=found)


def _fill(window: Window, value: Any, filling: float | str | Values) -> Any:
    if isinstance(value, list):
        return [_fill(window, one, filling) for one in value]
    first = math.ceil(window.start / value.period) * value.period
    moments = range(first, math.ceil(window.end), value.period)
    return replace(value, by_moment=_filled(value.by_moment, moments, filling))


def _filled(
    known: dict[int, float], moments: range, filling: float | str | Values
) -> dict[int, float]:
    found: dict[int, float] = {}
    for at in moments:
        if at in known:
            found[at] = known[at]
        elif isinstance(filling, Values):
            found |= {at: filling.by_moment[at]} if at in filling.by_moment else {}
        elif isinstance(filling, str):
            between = _between(known, at, linear=filling == "LINEAR")
            found |= {} if between is None else {at: between}
        else:
            found[at] = float(filling)
    return found


def _between(known: dict[int, float], at: int, *, linear: bool) -> float | None:
    before = max((one for one in known if one < at), default=None)
    after = min((one for one in known if one > at), default=None)
    if before is None or (linear and after is None):
        return None
    if not linear or after is None:
        return known[before]
    share = (at - before) / (after - before)
    return known[before] + share * (known[after] - known[before])


def _if(_window: Window, condition: Any, then: Any, otherwise: Any = None) -> Any:
    """Where the condition is not 0 the second argument, elsewhere the third or nothing."""
    if not isinstance(condition, Values):
        return then if condition else otherwise
    found: dict[int, float] = {}
    for at, holds in condition.by_moment.items():
        chosen = then if holds else otherwise
        value = chosen.by_moment.get(at) if isinstance(chosen, Values) else chosen
        if value is not None:
            found[at] = float(value)
    return replace(condition, by_moment=found)


def _running_sum(_window: Window, value: Any) -> Any:
    moments = sorted(value.by_moment)
    sums = itertools.accumulate(value.by_moment[at] for at in moments)
    return replace(value, by_moment=dict(zip(moments, sums, strict=True)))


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "ABS": _each(abs),
    "AVG": _aggregate(statistics.fmean),
    "CEIL": _each(math.ceil),
    "DIFF": lambda _window, value: _differences(value, by_second=False),
    "FILL": _fill,
    "FLOOR": _each(math.floor),
    "IF": _if,
    "MAX": _aggregate(max),
    "MIN": _aggregate(min),
    "PERIOD": lambda _window, value: float(value.period),
    "RATE": lambda _window, value: _differences(value, by_second=True),
    "RUNNING_SUM": _running_sum,
    "SUM": _aggregate(math.fsum),
}
