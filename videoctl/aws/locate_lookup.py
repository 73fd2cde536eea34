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
"""Yields the import id of each resource that fits."""


def exists(
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


def named(
    service: str, operation: str, parameter: str, *, key: str = "name", as_list: bool = False
) -> Finder:
    """A finder for what is imported by its own name: there when the describing call finds it."""

    def find(session: AwsSession, inputs: Inputs, region: Region) -> Iterator[str]:
        name: str = inputs[key]
        value = [name] if as_list else name
        try:
            session.client(service, region).call(operation, **{parameter: value})
        except NotFound:
            return
        yield name

    return find


def name_tag(inputs: Inputs) -> str:
    """The `Name` tag: unique in the environment and region."""
    tag: str = inputs["tags"]["Name"]
    return tag


def last_part(arn: str) -> str:
    """The name at the end of an ARN, or the name itself."""
    return arn.rpartition("/")[2]
