"""Sample resources: one table a type module, from which the tests of every type are made.

A sample says how to make a resource of its type, how to change it in place, and what changes need
another resource. The tests make, compare, refresh, import, change and remove it.
"""

from __future__ import annotations

import importlib
import itertools
import os
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.provider.provider import Provider

Properties = dict[str, Any]
_NUMBERS = itertools.count(1)


def unique(prefix: str) -> str:
    """A name that no other test uses, in the form every AWS service allows."""
    return f"{prefix}-{os.getpid()}-{next(_NUMBERS)}"


@dataclass
class Made:
    """A resource that exists: what the engine would have recorded of it."""

    token: str
    id: str
    inputs: Properties
    outputs: Properties

    def __getitem__(self, name: str) -> Any:
        return self.id if name == "id" else self.outputs[name]


@dataclass
class World:
    """Makes resources through the provider and removes them again."""

    provider: Provider
    made: list[Made] = field(default_factory=list)

    def make(self, token: str, inputs: Properties) -> Made:
        """Check and create, as the engine does it."""
        checked, faults = self.provider.check(token, "sample", {}, inputs, b"seed")
        assert faults == []
        resource_id, outputs = self.provider.create(token, "sample", checked)
        made = Made(token, resource_id, checked, outputs)
        self.made.append(made)
        return made

    def forget(self, made: Made) -> None:
        """The test removed the resource itself."""
        self.made.remove(made)

    def end(self) -> None:
        """Removes what was made, the last one first."""
        for made in reversed(self.made):
            self.provider.delete(made.token, "sample", made.id, made.outputs)
        self.made.clear()


@dataclass(frozen=True)
class Sample:
    """One resource type's sample."""

    token: str
    inputs: Callable[[World], Properties]
    """Makes the prerequisites and gives the inputs."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Inputs that an update in place can take; None takes the input away."""
    replacements: Mapping[str, Any] = field(default_factory=dict)
    """Inputs each of which needs another resource."""
    absent: frozenset[str] = frozenset()
    """Outputs that AWS has no value for with these inputs."""
    untold: frozenset[str] = frozenset()
    """Outputs that AWS gives and the sandbox's service does not."""
    not_imported: frozenset[str] = frozenset()
    """Inputs that AWS does not tell: an import cannot know them."""
    reverts: bool = False
    """Removing it puts AWS's own setting back, so that there is always one to be read."""
    import_id: Callable[[Made], str] = lambda made: made.id
    """What `pulumi import` is given."""


def all_samples() -> dict[str, Sample]:
    """Every sample by token, from the modules of this package."""
    found: dict[str, Sample] = {}
    for module in pkgutil.iter_modules(__path__):
        table = importlib.import_module(f"{__name__}.{module.name}")
        found.update({sample.token: sample for sample in table.SAMPLES})
    return found
