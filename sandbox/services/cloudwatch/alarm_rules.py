"""What state an alarm is in, from the values of its metric. Pure.

CloudWatch looks at somewhat more periods than the alarm evaluates. Where enough of them have
values, the newest of those decide; otherwise the missing ones count as the alarm says.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
MORE_PERIODS: Final = 2
"""Periods looked at beyond those evaluated."""
_COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When an alarm is in ALARM: `datapoints` of `periods` values compare so to the threshold."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str = "missing"

    def is_breached(self, value: float) -> bool:
        """Whether one value is on the wrong side."""
        return _COMPARISONS[self.comparison](value, self.threshold)


def is_known(comparison: str) -> bool:
    """Whether values can be compared so; anomaly bands cannot."""
    return comparison in _COMPARISONS


def state(rule: Rule, values: Sequence[float | None]) -> State | None:
    """The state for values by period, the newest first; None where it stays as it is."""
    known = [value for value in values if value is not None]
    if len(known) >= rule.periods:
        breached = sum(map(rule.is_breached, known[: rule.periods]))
        return "ALARM" if breached >= rule.datapoints else "OK"
    breached, absent = sum(map(rule.is_breached, known)), rule.periods - len(known)
    match rule.missing:
        case "breaching":
            return "ALARM" if breached + absent >= rule.datapoints else "OK"
        case "notBreaching":
            return "ALARM" if breached >= rule.datapoints else "OK"
        case "ignore":
            if breached >= rule.datapoints:
                return "ALARM"
            return "OK" if breached < len(known) else None
    if not known:
        return "INSUFFICIENT_DATA"
    return "ALARM" if breached >= min(rule.datapoints, len(known)) else "OK"
