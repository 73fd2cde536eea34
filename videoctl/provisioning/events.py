"""What an engine operation tells while it runs: typed events, and their one-line JSON form.

The operation's process writes them to its standard output, one a line; the gateway reads them back.
Both ends use the same types, so neither can drift from the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from videoctl.provisioning.changes import ResourceChange


class Outcome(StrEnum):
    """How an operation ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Stopped gracefully on request: what had begun was finished and recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """The resource an event is about.

    Attributes:
        urn: Pulumi's name of it, unique in the stack.
        type: type token, such as `aws:kinesis/stream:Stream`.
        name: its name in the program.
        region: the AWS region it lives in; None when it is global or not of AWS.

    """

    urn: str
    type: str
    name: str
    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted:
    """The engine runs; `process_id` is the engine's own."""

    operation: str
    stack: str
    process_id: int
    kind: Literal["operation-started"] = "operation-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStarted:
    """The engine began `op` (`create`, `update`, `delete`, `replace`, ...) on a resource."""

    resource: Resource
    op: str
    kind: Literal["resource-started"] = "resource-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSucceeded:
    """`op` on a resource is done and in the state; `seconds` since it began."""

    resource: Resource
    op: str
    seconds: float
    kind: Literal["resource-succeeded"] = "resource-succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFailed:
    """`op` on a resource failed after `seconds`; why is in a diagnostic of the same urn.

    Attributes:
        declared: of a create: the resource as the state would have held it, secrets masked.

    """

    resource: Resource
    op: str
    seconds: float
    declared: Mapping[str, Any] | None = None
    kind: Literal["resource-failed"] = "resource-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFound:
    """A preview or drift check found that a resource would change, or has changed."""

    change: ResourceChange
    kind: Literal["change-found"] = "change-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A message of the engine, a provider or the program; `urn` when it is about one resource."""

    severity: Literal["info", "warning", "error"]
    message: str
    urn: str | None = None
    kind: Literal["diagnostic"] = "diagnostic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The engine's own count at its end: operations (`create`, `same`, ...) and how many."""

    counts: Mapping[str, int]
    seconds: float
    kind: Literal["summary"] = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    """The engine was asked to finish what it began and stop; `reason` says by whom."""

    reason: str
    kind: Literal["cancel-requested"] = "cancel-requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationEnded:
    """The last event: how it ended, and the engine's last words when it did not succeed."""

    outcome: Outcome
    error_text: str = ""
    warnings: tuple[str, ...] = field(default=())
    kind: Literal["operation-ended"] = "operation-ended"


Event = (
    OperationStarted
    | ResourceStarted
    | ResourceSucceeded
    | ResourceFailed
    | ChangeFound
    | Diagnostic
    | Summary
    | CancelRequested
    | OperationEnded
)
"""Everything an operation can tell."""

_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def event_to_line(event: Event) -> bytes:
    """One event as a line of JSON, newline included."""
    return _EVENT.dump_json(event) + b"\n"


def event_from_line(line: bytes) -> Event:
    """The event of one line.

    Raises:
        pydantic.ValidationError: when the line is not an event.

    """
    return _EVENT.validate_json(line)
