"""PutMetricData's datums as points, and the limits AWS holds them to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from sandbox.metrics.points import MOST_VALUES, Point
from sandbox.metrics.series import Dimensions, Entry, Metric
from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

MOST_DATUMS: Final = 1000
_RESERVED_PREFIX: Final = "AWS/"
_RESOLUTIONS: Final = (1, 60)
_OLDEST_SECONDS: Final = 14 * 86400
_NEWEST_SECONDS: Final = 2 * 3600
_GREATEST: Final = 2.0**360
_CONTENTS: Final = ("Value", "Values", "StatisticValues")


def entries(call: Call, request: Json) -> list[Entry]:
    """Every datum of a request, for `Metrics.put`; raises `ServiceError` for any that is wrong."""
    namespace = request["Namespace"]
    if namespace.startswith(_RESERVED_PREFIX) and not call.is_internal:
        raise invalid(f"The value {_RESERVED_PREFIX} for parameter Namespace is invalid.")
    datums = list(_datums(request))
    if not datums:
        raise ServiceError("MissingParameter", "The parameter MetricData is required.")
    if len(datums) > MOST_DATUMS:
        raise invalid(f"The collection MetricData must not have a size greater than {MOST_DATUMS}.")
    return [_entry(call, namespace, datum) for datum in datums]


def dimensions_of(pairs: list[Json]) -> Dimensions:
    """Dimensions in the order of their names; raises for one that is named twice."""
    found = {pair["Name"]: pair["Value"] for pair in pairs}
    if len(found) != len(pairs):
        raise invalid("The parameter MetricData.Dimensions must not name a dimension twice.")
    return tuple(sorted(found.items()))


def invalid(message: str) -> ServiceError:
    """What is wrong with a parameter."""
    return ServiceError("InvalidParameterValue", message)


def _datums(request: Json) -> Iterator[Json]:
    yield from request.get("MetricData", [])
    for entity in request.get("EntityMetricData", []):
        yield from entity.get("MetricData", [])


def _entry(call: Call, namespace: str, datum: Json) -> Entry:
    now = call.now()
    moment = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    if not now - _OLDEST_SECONDS <= moment <= now + _NEWEST_SECONDS:
        raise invalid(
            "The parameter MetricData.Timestamp must be within two weeks before and two hours after"
            " the current time."
        )
    resolution = datum.get("StorageResolution", _RESOLUTIONS[-1])
    if resolution not in _RESOLUTIONS:
        raise invalid("The parameter MetricData.StorageResolution must be 1 or 60.")
    named = dimensions_of(datum.get("Dimensions", []))
    metric = Metric(call.account_id, call.region, namespace, datum["MetricName"], named)
    return Entry(metric, datum.get("Unit", "None"), int(moment), resolution, _point(datum))


def _point(datum: Json) -> Point:
    if sum(name in datum for name in _CONTENTS) != 1:
        raise ServiceError(
            "InvalidParameterCombination",
            f"A datum needs exactly one of {', '.join(_CONTENTS)}.",
        )
    if "StatisticValues" in datum:
        return _statistic_set(datum["StatisticValues"])
    values = datum["Values"] if "Values" in datum else [datum["Value"]]
    counts = datum.get("Counts", [1.0] * len(values))
    if len(counts) != len(values) or not 0 < len(values) <= MOST_VALUES:
        raise invalid(
            f"The parameters Values and Counts must have the same size, 1 to {MOST_VALUES}."
        )
    point = Point()
    for value, count in zip(values, counts, strict=True):
        point.add(_finite(value), _finite(count))
    return point


def _statistic_set(given: dict[str, Any]) -> Point:
    samples, total = _finite(given["SampleCount"]), _finite(given["Sum"])
    low, high = _finite(given["Minimum"]), _finite(given["Maximum"])
    if samples <= 0 or low > high:
        raise invalid("The parameter StatisticValues is not a set of samples.")
    values = {low: samples} if low == high else {}
    return Point(samples=samples, total=total, low=low, high=high, values=values)


def _finite(value: float) -> float:
    if not math.isfinite(value) or abs(value) > _GREATEST:
        raise invalid("Values must be finite, and within 2 to the power of 360.")
    return value
