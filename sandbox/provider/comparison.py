"""What changed between two sets of inputs, and whether it takes a new resource.

Paths name a place as the engine writes them (`rules[0].status`); rules name it without indices
(`rules.status`) and cover everything below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from sandbox.provider.values import UNKNOWN, Asset, has_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.provider.framework import Properties, Rules

Kind = Literal["add", "delete", "update"]
_INDEX: Final = re.compile(r"\[\d+\]")
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs; `replaces` when the type cannot change it in place."""

    path: str
    kind: Kind
    replaces: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes of a resource and how a replacement has to go about it."""

    changes: tuple[Change, ...]
    delete_first: bool = False

    @property
    def replaces(self) -> bool:
        """Whether a new resource is needed."""
        return any(change.replaces for change in self.changes)


def difference(old: Properties, new: Properties, rules: Rules) -> Difference:
    """Compares old inputs with new ones; `UNKNOWN` differs from everything."""
    changes = tuple(
        Change(path, kind, _covered(path, rules.replace_on))
        for path, kind in _walk("", old, new, rules)
    )
    keeps_name = rules.named is not None and old.get(rules.named) == new.get(rules.named)
    replaces = any(change.replaces for change in changes)
    return Difference(changes, delete_first=replaces and (rules.delete_first or keeps_name))


def equivalent(left: Any, right: Any, path: str, rules: Rules) -> bool:
    """Whether two values at a path mean the same to AWS."""
    return next(_walk(path, left, right, rules), None) is None


def _walk(path: str, old: Any, new: Any, rules: Rules) -> Iterator[tuple[str, Kind]]:
    if _same(path, old, new, rules):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and (new or not path):
        for key in sorted(old.keys() | new.keys()):
            place = f"{path}.{key}" if path else key
            yield from _walk(place, old.get(key), new.get(key), rules)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _walk(f"{path}[{index}]", before, after, rules)
    else:
        yield path, _kind(old, new)


def _same(path: str, old: Any, new: Any, rules: Rules) -> bool:
    if has_unknown(new):
        return False
    if old == new or (old in _NOTHING and new in _NOTHING):
        return True
    if isinstance(old, Asset) and isinstance(new, Asset) and old.hash:
        return old.hash == new.hash
    place = _INDEX.sub("", path)
    if new is None and place in rules.adopted:
        return True
    if place in rules.documents and isinstance(old, str) and isinstance(new, str):
        return same_document(old, new)
    if place in rules.unordered and isinstance(old, list) and isinstance(new, list):
        return sorted(map(_text, old)) == sorted(map(_text, new))
    return False


def _kind(old: Any, new: Any) -> Kind:
    if new is not UNKNOWN and new in _NOTHING:
        return "delete"
    return "add" if old in _NOTHING else "update"


def _covered(path: str, rules: tuple[str, ...]) -> bool:
    place = _INDEX.sub("", path)
    return any(
        place == rule or place.startswith(f"{rule}.") or rule.startswith(f"{place}.")
        for rule in rules
    )


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def same_document(left: str, right: str) -> bool:
    """Whether two JSON texts say the same.

    In a policy, a single item and a list of one are the same, and the order of a list of texts
    means nothing: AWS gives policies back so.
    """
    try:
        documents = json.loads(left), json.loads(right)
    except ValueError:
        return left == right
    if all(isinstance(document, dict) and "Statement" in document for document in documents):
        return bool(_canonical(documents[0]) == _canonical(documents[1]))
    return bool(documents[0] == documents[1])


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        items = [_canonical(item) for item in value]
        if all(isinstance(item, str) for item in items):
            items = sorted(items)
        return items[0] if len(items) == 1 else items
    return value
