"""What a preview or drift check finds, as data: counts, changed properties, what would be lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


class ChangeKind(StrEnum):
    """What happens to a resource as a whole."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"


KIND_OF_OP: Final[dict[str, ChangeKind]] = {
    "create": ChangeKind.CREATE,
    "import": ChangeKind.CREATE,
    "read": ChangeKind.SAME,
    "same": ChangeKind.SAME,
    "refresh": ChangeKind.SAME,
    "update": ChangeKind.UPDATE,
    "replace": ChangeKind.REPLACE,
    "create-replacement": ChangeKind.REPLACE,
    "import-replacement": ChangeKind.REPLACE,
    "delete-replaced": ChangeKind.REPLACE,
    "delete": ChangeKind.DELETE,
    "discard": ChangeKind.SAME,
}
"""The engine's operations; a replacement is told in up to three of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """How one resource would change, or has changed outside the stack.

    Attributes:
        urn: Pulumi's name of it.
        type: type token.
        name: its name in the program.
        region: AWS region, None when global.
        change: as a whole.
        properties: paths of the properties that differ, such as `tags.owner`.
        replace_reasons: the properties that cannot be changed in place.

    """

    urn: str
    type: str
    name: str
    region: str | None
    change: ChangeKind
    properties: tuple[str, ...] = ()
    replace_reasons: tuple[str, ...] = ()

    @property
    def loses(self) -> str | None:
        """What is lost with it: data no later update brings back; None when nothing is."""
        if self.change not in {ChangeKind.REPLACE, ChangeKind.DELETE}:
            return None
        # Here, because the operation's process only makes changes and should start quickly.
        from videoctl.planning.request import REPLACEMENT_LOSES_DATA  # noqa: PLC0415

        return REPLACEMENT_LOSES_DATA.get(self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """Every resource that would change, and how many would not."""

    changes: tuple[ResourceChange, ...]
    same: int

    def count(self, kind: ChangeKind) -> int:
        """How many resources of one kind of change."""
        return self.same if kind is ChangeKind.SAME else self._counts()[kind]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.changes

    @property
    def dangerous(self) -> tuple[ResourceChange, ...]:
        """Replaced or deleted streams, buckets, tables and Flink applications: data would go."""
        return tuple(change for change in self.changes if change.loses)

    def _counts(self) -> Counter[ChangeKind]:
        return Counter(change.change for change in self.changes)


def collect(changes: Iterable[ResourceChange]) -> ChangeSet:
    """One change a resource, in order of first mention: a replacement's operations become one."""
    by_urn: dict[str, ResourceChange] = {}
    for change in changes:
        known = by_urn.get(change.urn)
        by_urn[change.urn] = change if known is None else _merged(known, change)
    found = tuple(item for item in by_urn.values() if item.change is not ChangeKind.SAME)
    return ChangeSet(changes=found, same=len(by_urn) - len(found))


_WEIGHT: Final = (
    ChangeKind.SAME,
    ChangeKind.UPDATE,
    ChangeKind.CREATE,
    ChangeKind.DELETE,
    ChangeKind.REPLACE,
)


def _merged(one: ResourceChange, other: ResourceChange) -> ResourceChange:
    kinds = {one.change, other.change}
    both = {ChangeKind.CREATE, ChangeKind.DELETE}
    change = ChangeKind.REPLACE if kinds == both else max(kinds, key=_WEIGHT.index)
    return ResourceChange(
        urn=one.urn,
        type=one.type,
        name=one.name,
        region=one.region or other.region,
        change=change,
        properties=tuple(dict.fromkeys((*one.properties, *other.properties))),
        replace_reasons=tuple(dict.fromkeys((*one.replace_reasons, *other.replace_reasons))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """Something a drift check cannot see.

    Attributes:
        subject: resource names or a property path of one.
        reason: why it was not compared.

    """

    subject: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Differences between the code, the state and the world.

    Attributes:
        changes: resources that changed or are gone in the world.
        checked: how many resources were read.
        unchecked: what could not be compared, and why.
        not_applied: resources the code now wants otherwise than the state has them.

    """

    changes: tuple[ResourceChange, ...]
    checked: int
    unchecked: tuple[Unchecked, ...]
    not_applied: tuple[ResourceChange, ...] = ()
