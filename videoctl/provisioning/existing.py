"""Creates that AWS refused because the resource is there, though no state knows it.

An answer that is lost makes the provider call once more, and the second call is refused: the
resource was made, and the engine records a failed create, with nothing in the state and nothing
pending. The resource is then treated as that of an interrupted create, but first it is asked whose
it is: the name alone could be somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from videoctl.errors import FailedError
from videoctl.model.names import ENVIRONMENT_TAG
from videoctl.provisioning.events import Diagnostic, Event, ResourceFailed
from videoctl.provisioning.failure_signs import SIGNS

ALREADY_EXISTS: Final = "already-exists"
"""The classified error of an operation that was stopped by such a create."""


@dataclass(slots=True)
class FailedCreates:
    """Listens to one operation, and keeps which creates failed and what was said of them."""

    _declared: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _said: dict[str, list[str]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take one event."""
        match event:
            case ResourceFailed(resource=resource, declared=declared) if declared is not None:
                self._declared[resource.urn] = declared
            case Diagnostic(severity="error", urn=str(urn), message=message):
                self._said.setdefault(urn, []).append(message)
            case _:
                pass

    def existing(self) -> dict[str, Mapping[str, Any]]:
        """URN to the resource as the state would hold it, for each that is there already."""
        sign = SIGNS[ALREADY_EXISTS]
        return {
            urn: declared
            for urn, declared in self._declared.items()
            if any(sign.search(text) for text in self._said.get(urn, ()))
        }


def refuse_foreign(
    resource: Mapping[str, Any], identifier: str, tags: Mapping[str, str] | None, stack: str
) -> None:
    """Refuse what belongs to somebody else.

    Args:
        resource: as the state would hold it.
        identifier: its id in AWS.
        tags: its tags; None: its kind has none, so it is a part of another resource of the stack.
        stack: the stack it would be taken into, named as its environment.

    Raises:
        FailedError: `resource-not-ours`, naming the owner.

    """
    if tags is None or tags.get(ENVIRONMENT_TAG) == stack:
        return
    owner = tags.get(ENVIRONMENT_TAG)
    region = (resource.get("inputs") or {}).get("region")
    where = f" in {region}" if region else ""
    whose = f"environment {owner}'s ({ENVIRONMENT_TAG}={owner})" if owner else _untagged(tags)
    name = resource["urn"].rsplit("::", 1)[-1]
    raise FailedError(
        f"{name} ({resource['type']}) cannot be made: {identifier} is there{where}, and is {whose}",
        hint="remove it or give it another name; if it is this environment's after all, tag it"
        f" {ENVIRONMENT_TAG}={stack}; then run the same command again",
        code="resource-not-ours",
    )


def _untagged(tags: Mapping[str, str]) -> str:
    told = ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
    return (
        f"nobody's that can be told: it has no tag {ENVIRONMENT_TAG} ({told or 'no tags at all'})"
    )
