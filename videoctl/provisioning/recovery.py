"""What an interrupted operation left pending, and how it is taken over.

The engine writes `creating` into the state before it calls the provider, and the resource after. A
kill between the two leaves a pending operation: AWS may have the resource or not, and the next
update would make it again. So before the next update each pending create is given its id, computed
or found in AWS, and put into the state; a refresh of exactly those then reads what is there, and
drops those that are not. Pending updates and deletes are refreshed: their resource is in the state
already.

A create that failed because AWS has the resource was made by a call whose answer was lost. Nothing
of it is pending; `videoctl.provisioning.existing` tells which they are, and they are taken over the
same way, once their tags say whose they are.

Two windows remain. A call on its way when the engine was killed may take effect after we looked:
the plugin is killed first and `SETTLE_SECONDS` are waited. And a provider that made a resource in
several calls may have been cut between them: the refresh reads what is there, the update makes the
rest.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from videoctl.provisioning.existing import refuse_foreign
from videoctl.provisioning.identifiers import (
    Locator,
    NotComputableError,
    computed_id,
    state_of_located,
)
from videoctl.provisioning.state import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Found = tuple[str, dict[str, Any], bool]
    Find = Callable[[Mapping[str, Any]], Found | None]

SETTLE_SECONDS: Final = 5.0
_PROVIDERS: Final = "pulumi:providers:"
"""Types that exist in the state alone, as components do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A pending create that is taken into the state.

    Attributes:
        urn: the resource.
        id: its id in AWS.
        was_seen: AWS was asked and has it; otherwise its id was computed and the refresh decides.

    """

    urn: str
    id: str
    was_seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What becomes of each pending operation.

    Attributes:
        adopted: taken into the state with their id.
        dropped: pending creates that made nothing.
        refreshed: pending updates and deletes, whose end AWS is asked for.

    """

    adopted: tuple[Adopted, ...] = ()
    dropped: tuple[str, ...] = ()
    refreshed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing pending."""
        return not (self.adopted or self.dropped or self.refreshed)

    def joined(self, later: Recovery) -> Recovery:
        """What was done, and what was done later."""
        return Recovery(
            adopted=(*self.adopted, *later.adopted),
            dropped=(*self.dropped, *later.dropped),
            refreshed=(*self.refreshed, *later.refreshed),
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """What must be read before the next update."""
        return (*(item.urn for item in self.adopted), *self.refreshed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """Where ids come from.

    Attributes:
        account_id: part of computed ARNs.
        locator: asks AWS for ids it chose.
        default_region: of the provider, for resources that name none.

    """

    account_id: str
    locator: Locator
    default_region: str

    def find(self, resource: Mapping[str, Any]) -> Found | None:
        """Id, first outputs, and whether AWS was asked; None when there is no such resource."""
        type_token, inputs = resource["type"], resource.get("inputs") or {}
        region = inputs.get("region") or self.default_region
        try:
            computed = computed_id(type_token, inputs, region, self.account_id)
        except NotComputableError:
            # An input it depends on was not known yet: the provider was never called.
            return None
        if computed is not None:
            return computed, dict(inputs), False
        located = self.locator.locate(type_token, inputs, region)
        return None if located is None else (*state_of_located(type_token, located, inputs), True)

    def find_own(self, resource: Mapping[str, Any], stack: str) -> Found | None:
        """The same, for what the stack's failed create may not have made.

        Raises:
            FailedError: `resource-not-ours`: it belongs to somebody else.

        """
        found = self.find(resource)
        if found is not None:
            type_token, inputs = resource["type"], resource.get("inputs") or {}
            region = inputs.get("region") or self.default_region
            tags = self.locator.tags(type_token, found[0], found[1], region)
            refuse_foreign(resource, found[0], tags, stack)
        return found


def settle(deployment: Mapping[str, Any], now: datetime | None = None) -> float:
    """Seconds to wait before looking: calls on their way when the state was last written."""
    written = (deployment.get("manifest") or {}).get("time")
    if written is None:
        return 0.0
    age = ((now or datetime.now(UTC)) - moment(written)).total_seconds()
    return min(max(0.0, SETTLE_SECONDS - age), SETTLE_SECONDS)


def recover(exported: Mapping[str, Any], find: Find) -> tuple[dict[str, Any], Recovery]:
    """The exported document with nothing pending any more, and what was done about each.

    Args:
        exported: what `stack export` gave; left as it is.
        find: id, first outputs and whether AWS has it, for a pending create; None: it made nothing.

    """
    repaired = copy.deepcopy(dict(exported))
    deployment = repaired["deployment"]
    resources: list[dict[str, Any]] = deployment.setdefault("resources", []) or []
    adopted: list[Adopted] = []
    dropped: list[str] = []
    refreshed: list[str] = []
    for pending in deployment.pop("pending_operations", None) or []:
        resource, operation = pending["resource"], pending["type"]
        urn = resource["urn"]
        if operation in {"updating", "deleting"}:
            refreshed.append(urn)
            continue
        found = None
        is_real = resource.get("custom") and not resource["type"].startswith(_PROVIDERS)
        if operation == "creating" and is_real:
            found = find(resource)
        if found is None or _is_known(resources, urn, found[0]):
            dropped.append(urn)
            continue
        _adopt(resources, resource, found[0], found[1])
        adopted.append(Adopted(urn=urn, id=found[0], was_seen=found[2]))
    deployment["resources"] = resources
    return repaired, Recovery(
        adopted=tuple(adopted),
        dropped=tuple(dropped),
        refreshed=tuple(dict.fromkeys(refreshed)),
    )


def _is_known(resources: list[dict[str, Any]], urn: str, identifier: str) -> bool:
    """Whether the state has it: a replacement that had not begun finds the old resource's id."""
    return any(item["urn"] == urn and item.get("id") == identifier for item in resources)


def _adopt(
    resources: list[dict[str, Any]],
    resource: Mapping[str, Any],
    identifier: str,
    outputs: dict[str, Any],
) -> None:
    for item in resources:
        if item["urn"] == resource["urn"]:
            # Made before the one it replaces was deleted: the old one is deleted next.
            item["delete"] = True
    # At the end: everything it depends on was there before its creation began.
    resources.append({**resource, "id": identifier, "outputs": outputs})
