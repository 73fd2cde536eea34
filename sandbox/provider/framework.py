"""What a resource type looks like to this provider.

A type is a class per Pulumi token, registered by `@resource`, in `sandbox/provider/types`. It talks
to AWS through botocore and to the engine in plain dicts with the SDK's camelCase names. Everything
common (defaults, comparison, tags, previews, error texts, half-made resources) happens around it.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.provider.context import Context, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Context",
    "Properties",
    "ResourceType",
    "Rules",
    "WaitTimeoutError",
    "all_resource_types",
    "changed",
    "key_value_tags",
    "resource",
    "resource_type",
    "tag_changes",
    "tags_from_pairs",
]

Properties = dict[str, Any]
"""Inputs or outputs of a resource: plain Python values under the SDK's camelCase names."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the framework treats the inputs of one type. Paths are dotted and without indices."""

    replace_on: tuple[str, ...] = ()
    """Paths whose change needs a new resource."""
    named: str | None = None
    """The input that names the resource: made up when absent, and since a second resource cannot
    have the same name, a replacement that keeps it deletes the old resource first."""
    delete_first: bool = False
    """Every replacement deletes the old resource first."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Top-level inputs that the real provider fills in."""
    unordered: tuple[str, ...] = ()
    """Paths of lists whose order means nothing."""
    documents: tuple[str, ...] = ()
    """Paths of strings that hold JSON: compared by content."""
    adopted: tuple[str, ...] = ()
    """Paths of inputs that take AWS's value where the program gives none: one that leaves the
    program changes nothing ("optional and computed")."""
    volatile: tuple[str, ...] = ()
    """Outputs that an update may change: unknown in its preview."""
    supports: tuple[str, ...] = ()
    """The inputs that are implemented; another one that the SDK declares is refused by name.
    Empty: all of them."""
    home_region: str | None = None
    """The region of the service's only API, for services without regions."""


class ResourceType(ABC):
    """How one type is made, seen, changed and removed. Instances hold no state.

    `inputs` given to a method are complete: defaults filled in, everything known, `region` set
    for a regional type, and for a type with tags `tagsAll` (its own and the default tags), which is
    what to send to AWS. AWS's errors are let through; the framework words them.
    """

    token: str = ""
    rules: Rules = Rules()

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:  # noqa: ARG002 - a hook
        """Faults of the inputs as (property, reason); values may be `UNKNOWN`."""
        return []

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:  # noqa: ARG002 - a hook
        """What the id given to an import tells: the id to record, and inputs that `read` needs."""
        return resource_id, {}

    @abstractmethod
    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the resource: (id, outputs). Inputs need not be repeated in the outputs."""

    @abstractmethod
    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """What is there now: (inputs, outputs), or None when it is gone.

        `inputs` are the recorded ones, on import only what `imported` gave. The returned
        inputs hold each input AWS can tell, None where it is unset; a name left out keeps its
        recorded value. `tags` are all tags AWS has. A not-found error counts as gone.
        """

    @abstractmethod
    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Applies the differences and returns the outputs that changed.

        `old` are the inputs applied last; it is empty after a creation that stopped half-way, and
        then everything in `new` is to be applied again.
        """

    @abstractmethod
    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the resource. A not-found error counts as removed."""


_registry: dict[str, ResourceType] = {}
_registry_lock = threading.Lock()


def resource(
    token: str,
    *,
    replace_on: tuple[str, ...] = (),
    named: str | None = None,
    delete_first: bool = False,
    defaults: Mapping[str, Any] | None = None,
    unordered: tuple[str, ...] = (),
    documents: tuple[str, ...] = (),
    adopted: tuple[str, ...] = (),
    volatile: tuple[str, ...] = (),
    supports: tuple[str, ...] = (),
    home_region: str | None = None,
) -> Callable[[type[ResourceType]], type[ResourceType]]:
    """Registers a class for a Pulumi type token; the arguments are described at `Rules`."""
    rules = Rules(
        replace_on=replace_on,
        named=named,
        delete_first=delete_first,
        defaults=defaults or {},
        unordered=unordered,
        documents=documents,
        adopted=adopted,
        volatile=volatile,
        supports=supports,
        home_region=home_region,
    )

    def register(cls: type[ResourceType]) -> type[ResourceType]:
        cls.token, cls.rules = token, rules
        _registry[token] = cls()
        return cls

    return register


def resource_type(token: str) -> ResourceType:
    """The type of a token; raises `KeyError` for one that this provider does not have.

    Only the modules of the token's service are imported: `types/<service>.py` and
    `types/<service>_*.py`.
    """
    if token not in _registry:
        service = token.split(":")[1].split("/", maxsplit=1)[0]
        _import_types(lambda name: name == service or name.startswith(f"{service}_"))
    return _registry[token]


def all_resource_types() -> dict[str, ResourceType]:
    """Every registered type by token."""
    _import_types(lambda _: True)
    return dict(sorted(_registry.items()))


def _import_types(wanted: Callable[[str], bool]) -> None:
    from sandbox.provider import types  # noqa: PLC0415 - types import this module

    with _registry_lock:
        for module in pkgutil.iter_modules(types.__path__):
            if wanted(module.name):
                importlib.import_module(f"{types.__name__}.{module.name}")


def tag_changes(old: Properties, new: Properties) -> tuple[dict[str, str], list[str]]:
    """What an update does to the tags: (to set, keys to remove), from `tagsAll` of both sides."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    return changed, sorted(before.keys() - after.keys())


def key_value_tags(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[Any]:
    """A dict of tags as the list of pairs that most AWS calls take."""
    return [{key: name, value: text} for name, text in tags.items()]


def tags_from_pairs(
    pairs: list[dict[str, str]], key: str = "Key", value: str = "Value"
) -> dict[str, str]:
    """The list of pairs that most AWS calls answer with, as a dict."""
    return {pair[key]: pair.get(value, "") for pair in pairs}


def changed(old: Properties, new: Properties, *names: str) -> bool:
    """Whether any of the named inputs differs (an absent one equals None)."""
    return any(old.get(name) != new.get(name) for name in names)
