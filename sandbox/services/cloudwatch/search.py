"""SEARCH: metrics found by namespace, names of dimensions, and words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.metrics.series import Metric

_SCHEMA = re.compile(r"\s*\{\s*(?P<parts>[^}]*)\}(?P<terms>.*)", re.DOTALL)
_TERM = re.compile(
    r"""\s*(?:(?P<key>"[^"]+"|[\w.:/-]+)\s*=\s*)?(?P<value>"[^"]*"|[^\s()"=]+)""", re.VERBOSE
)
_NOT_YET = re.compile(r"[()]|\b(?:OR|NOT)\b")


def found(expression: str, metrics: Iterable[Metric]) -> list[Metric]:
    """The metrics an expression such as `{AWS/Kinesis,StreamName} MetricName="X" raw` means.

    Terms must all hold. A quoted value is the whole value, another is part of it, whatever its
    case; a term without a name may be in the metric's name or any dimension. OR, NOT and brackets
    are not known here.
    """
    match = _SCHEMA.fullmatch(expression)
    if match is None or _NOT_YET.search(match["terms"]):
        raise ServiceError("ValidationError", f"SEARCH does not understand {expression!r}.")
    parts = [part.strip().strip('"') for part in match["parts"].split(",")]
    namespace, names = parts[0], sorted(parts[1:])
    tests = [_test(term) for term in _TERM.finditer(match["terms"])]
    return sorted(
        metric
        for metric in metrics
        if metric.namespace == namespace
        and [name for name, _ in metric.dimensions] == names
        and all(test(metric) for test in tests)
    )


def _test(term: re.Match[str]) -> Callable[[Metric], bool]:
    key = term["key"].strip('"') if term["key"] else None
    wanted, is_exact = term["value"].strip('"'), term["value"].startswith('"')

    def holds(metric: Metric) -> bool:
        properties = {"MetricName": metric.name, **dict(metric.dimensions)}
        texts = properties.values() if key is None else [properties.get(key, "")]
        if is_exact:
            return wanted in texts
        return any(wanted.lower() in text.lower() for text in texts)

    return holds
