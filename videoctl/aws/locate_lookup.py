"""What the finders of `videoctl.aws.locate` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from videoctl.aws.errors import NotFound
from videoctl.aws.session import AwsSession
from videoctl.model.regions import Region

Inputs = Mapping[str, Any]
"""A resource's inputs as the engine recorded them, camelCase."""

Finder = Callable[[AwsSession, Inputs, Region], Iterator[str]]
"""Yields the id of each resource that fits."""


def described(
    service: str, operation: str, parameters: Callable[[Inputs], dict[str, Any]], *path: str | int
) -> Finder:
    """A finder for what one describing call names: the id lies under `path` of its answer."""

    def find(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
        try:
            answer: Any = session.client(service, region).call(operation, **parameters(inputs))
        except NotFound:
            return
        for part in path:
            if isinstance(answer, list) and not answer:
                return
            answer = answer[part]
        yield answer

    return find


def name_tag(inputs: Inputs) -> str:
    """The `Name` tag: unique in the environment and region."""
    tag: str = inputs["tags"]["Name"]
    return tag
