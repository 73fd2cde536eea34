"""What a refresh or an import makes of the inputs that AWS has now.

A value that means the same as the recorded one stays as the program wrote it. What the program
never gave is drift only where AWS's value is another than at the last update: AWS fills in defaults
of its own, and they are no change that anyone made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.comparison import equivalent

if TYPE_CHECKING:
    from sandbox.provider.framework import Properties, Rules

_INDEX: Final = re.compile(r"\[\d+\]")


def refreshed(
    rules: Rules, found: Properties, *, recorded: Properties, state: Properties
) -> Properties:
    """The recorded inputs with what has drifted; `state` are the outputs of the last update."""
    current = dict(recorded)
    for name, value in found.items():
        if name in recorded:
            current[name] = _merged(rules, name, recorded[name], value, state.get(name))
        elif name not in rules.adopted and not equivalent(state.get(name), value, name, rules):
            current[name] = value
    return {key: value for key, value in current.items() if value is not None}


def imported(found: Properties) -> Properties:
    """The inputs of a resource that no program has described yet: whatever is set."""
    return {key: value for key, value in found.items() if value not in (None, "", [], {})}


def _merged(rules: Rules, path: str, recorded: Any, found: Any, last: Any) -> Any:
    if equivalent(recorded, found, path, rules):
        return recorded
    if isinstance(recorded, dict) and isinstance(found, dict):
        return _merged_members(rules, path, recorded, found, last if isinstance(last, dict) else {})
    if isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        lasts = last if isinstance(last, list) and len(last) == len(found) else [None] * len(found)
        if _INDEX.sub("", path) in rules.unordered:
            return _matched(rules, path, recorded, found, lasts)
        return [_merged(rules, path, *items) for items in zip(recorded, found, lasts, strict=True)]
    return found


def _merged_members(
    rules: Rules, path: str, recorded: Properties, found: Properties, last: Properties
) -> Properties:
    merged = {}
    for key in recorded.keys() | found.keys():
        place = f"{path}.{key}"
        if key in recorded:
            value = found.get(key) if key in found else None
            merged[key] = _merged(rules, place, recorded[key], value, last.get(key))
        elif not equivalent(last.get(key), found[key], place, rules):
            merged[key] = found[key]
    return {key: value for key, value in merged.items() if value is not None}


def _matched(
    rules: Rules, path: str, recorded: list[Any], found: list[Any], lasts: list[Any]
) -> list[Any]:
    """Pairs items of an unordered list: each recorded one with the one that carries its values."""
    rest = list(found)
    merged = []
    for item in recorded:
        best = _most_like(item, rest)
        rest.remove(best)
        merged.append(_merged(rules, path, item, best, _most_like(item, lasts)))
    return merged


def _most_like(item: Any, candidates: list[Any]) -> Any:
    return max(candidates, key=lambda candidate: _likeness(item, candidate))


def _likeness(left: Any, right: Any) -> int:
    if isinstance(left, dict) and isinstance(right, dict):
        return sum(right.get(key) == value for key, value in left.items())
    return int(left == right)
