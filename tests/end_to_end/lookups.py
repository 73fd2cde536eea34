"""Looks by which resources and their owners are found in AWS, one of each type that is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from videoctl.aws.locate import FINDERS, Locator
from videoctl.aws.locate_tags import TAGS
from videoctl.errors import NotAllowedError, TransientError, VideoctlError
from videoctl.model.names import ENVIRONMENT_TAG

_LOCATED_BY: Final = {"aws:ecs/taskDefinition:TaskDefinition": "arn"}
"""What a type is located by, where it is not its id."""


@dataclass(frozen=True)
class Lookup:
    """One look.

    Attributes:
        type: Pulumi's type of the resource.
        look: asks AWS.
        expected: what it finds when nothing fails.

    """

    type: str
    look: Callable[[], object]
    expected: str

    def finds(self) -> bool:
        """Whether it finds what is there."""
        found = self.look()
        owner = found.get(ENVIRONMENT_TAG) if isinstance(found, dict) else found
        return owner == self.expected

    def unsaid(self, kind: str, call: object) -> str | None:
        """What is wrong with how it ends while one of its calls fails by a fault of this kind."""
        try:
            return f"answers {self.look()}"
        except VideoctlError as error:
            expected: type[VideoctlError] = NotAllowedError if kind == "deny" else TransientError
            is_told = isinstance(error, expected) and str(call) in error.message and error.hint
            return None if is_told else repr(error)


def lookups(home: Path, environment: str, locator: Locator) -> Iterator[Lookup]:
    """The looks for what an environment's state holds."""
    file = home / "stacks" / ".pulumi" / "stacks" / "videoctl" / f"{environment}.json"
    deployment = json.loads(file.read_text())["checkpoint"]["latest"]
    items: dict[str, dict[str, Any]] = {
        item["type"]: item for item in deployment["resources"] if item.get("custom")
    }
    for token, item in sorted(items.items()):
        inputs = item["inputs"]
        region = inputs.get("region", "us-east-1")
        if token in FINDERS:
            identifier = item["outputs"].get(_LOCATED_BY.get(token, ""), item["id"])
            yield Lookup(token, partial(locator.locate, token, inputs, region), identifier)
        if token in TAGS:
            look = partial(locator.tags, token, item["id"], inputs, region)
            yield Lookup(token, look, environment)
