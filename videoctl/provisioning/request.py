"""What one engine operation is asked to do: the document its process reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter


class Operation(StrEnum):
    """The operations of the engine that videoctl uses."""

    PREVIEW = "preview"
    UPDATE = "update"
    REFRESH = "refresh"
    PREVIEW_REFRESH = "preview_refresh"
    DESTROY = "destroy"
    PREVIEW_DESTROY = "preview_destroy"

    @property
    def is_preview(self) -> bool:
        """Whether it changes nothing, neither state nor world."""
        return self in {Operation.PREVIEW, Operation.PREVIEW_REFRESH, Operation.PREVIEW_DESTROY}

    @property
    def runs_program(self) -> bool:
        """Whether the program says what is wanted; the others work from the state alone."""
        return self in {Operation.PREVIEW, Operation.UPDATE}


DEFAULT_REGISTRY: Final = "stacks.programs:PROGRAMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRequest:
    """One operation on one stack; carries no secret (the passphrase is in a file).

    Attributes:
        run_id: marks the engine and its plugins, so that leftovers of a killed run are known.
        operation: what to do.
        stack: the stack's name.
        create_stack: make the stack first, because it does not exist.
        program: name in the registry; None for operations that run no program.
        program_input: the program's input as JSON.
        registry: `module:attribute` of a mapping of name to program.
        engine: path of the `pulumi` binary.
        work_directory: where Pulumi.yaml and the stack's settings lie.
        environment: variables of the engine.
        secrets_provider: Pulumi's word for who encrypts secrets in the state.
        message: kept in the stack's history.
        targets: only these URNs; empty: all.
        refresh: read every resource before updating.
        parallel: resource operations at a time; None: the engine's default.
        engine_plan: preview: where to save the engine's update plan; update: the plan to keep to.
        log_file: where the engine's own words go.
        run_record: where it is written which processes run.
        cancel_grace_seconds: how long what had begun may take to finish when videoctl is gone.

    """

    run_id: str
    operation: Operation
    stack: str
    engine: Path
    work_directory: Path
    environment: Mapping[str, str]
    log_file: Path
    run_record: Path
    create_stack: bool = False
    program: str | None = None
    program_input: Mapping[str, Any] | None = None
    registry: str = DEFAULT_REGISTRY
    secrets_provider: str = "passphrase"
    message: str = ""
    targets: tuple[str, ...] = ()
    refresh: bool = False
    parallel: int | None = None
    engine_plan: Path | None = None
    cancel_grace_seconds: float = 120.0


_REQUEST: Final[TypeAdapter[OperationRequest]] = TypeAdapter(OperationRequest)


def request_to_line(request: OperationRequest) -> bytes:
    """The request as one line of JSON, newline included."""
    return _REQUEST.dump_json(request) + b"\n"


def request_from_line(line: bytes) -> OperationRequest:
    """The request of one line.

    Raises:
        pydantic.ValidationError: when the line is not a request.

    """
    return _REQUEST.validate_json(line)
