"""Prefixes of S3 objects: `!{namespace:value}` expressions, their rules and their values.

The rules and the wording of refusals are the service's (custom prefixes, Data Firehose developer
guide).
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.firehose import java_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_EXPRESSION = re.compile(r"!\{([^:{}]+):([^{}]+)\}")
_NAMESPACES: Final = frozenset(
    {"timestamp", "firehose", "partitionKeyFromQuery", "partitionKeyFromLambda"}
)
_FIREHOSE_VALUES: Final = frozenset({"error-output-type", "random-string"})
_DEFAULT_TIME: Final = "yyyy/MM/dd/HH/"
_RANDOM_CHARACTERS: Final = 11


class PartitionKeyMissingError(Exception):
    """A record gave no value for an expression of the prefix."""


def expressions(prefix: str) -> Iterator[tuple[str, str]]:
    """Namespace and value of each expression."""
    for found in _EXPRESSION.finditer(prefix):
        yield found[1], found[2]


def query_keys(prefix: str) -> set[str]:
    """Names of the partition keys from the query that `prefix` uses."""
    return {value for space, value in expressions(prefix) if space == "partitionKeyFromQuery"}


def check(prefix: str, error_prefix: str) -> None:
    """Raise `InvalidArgumentException` for what the service refuses in either prefix."""
    _check_syntax("Prefix", prefix)
    _check_syntax("ErrorOutputPrefix", error_prefix)
    if "!{firehose:error-output-type}" in prefix:
        raise _refusal("Prefix must not contain any occurrence of !{firehose:error-output-type}")
    if any(True for _ in expressions(prefix)) and not error_prefix:
        raise _refusal("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions")
    found = list(expressions(error_prefix))
    if found and ("firehose", "error-output-type") not in found:
        raise _refusal(
            "ErrorOutputPrefix must contain at least one occurrence of "
            "!{firehose:error-output-type}"
        )
    if any(space.startswith("partitionKeyFrom") for space, _ in found):
        raise _refusal(
            "Dynamic Partitioning Namespaces can't be part of an error prefix expression"
        )


def _check_syntax(name: str, prefix: str) -> None:
    if "!{" in _EXPRESSION.sub("", prefix):
        raise _refusal("Invalid expression usage")
    for space, value in expressions(prefix):
        if space not in _NAMESPACES:
            raise _refusal(f"Namespace to the left of colon ({space}) is an invalid keyword!")
        unknown = space == "firehose" and value not in _FIREHOSE_VALUES
        if unknown or (space == "timestamp" and java_time.unknown_letters(value)):
            raise _refusal(
                f"Invalid conversion character used in the value of the expression in {name}"
            )


def _refusal(message: str) -> ServiceError:
    return ServiceError("InvalidArgumentException", message)


def evaluate(
    prefix: str,
    moment: datetime,
    *,
    partition_keys: Mapping[str, str] | None = None,
    error_output_type: str | None = None,
) -> str:
    """`prefix` with its expressions replaced.

    Args:
        prefix: what the configuration says; without a timestamp expression the hour is appended.
        moment: arrival of the oldest record, in the delivery stream's time zone.
        partition_keys: values of `partitionKeyFromQuery` expressions.
        error_output_type: value of `!{firehose:error-output-type}`.

    """
    values = partition_keys or {}

    def replace(found: re.Match[str]) -> str:
        space, value = found[1], found[2]
        if space == "timestamp":
            return java_time.render(value, moment)
        if (space, value) == ("firehose", "random-string"):
            return secrets.token_urlsafe(_RANDOM_CHARACTERS)[:_RANDOM_CHARACTERS]
        if (space, value) == ("firehose", "error-output-type"):
            return error_output_type or ""
        if value not in values:
            raise PartitionKeyMissingError(f"no value for {found[0]}")
        return values[value]

    result = _EXPRESSION.sub(replace, prefix)
    if not any(space == "timestamp" for space, _ in expressions(prefix)):
        result += java_time.render(_DEFAULT_TIME, moment)
    return result
