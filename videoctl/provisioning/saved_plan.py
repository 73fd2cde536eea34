"""A previewed update in a file: applied exactly, or refused as stale."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from videoctl.errors import ConfigurationError, Fault, RefusedError
from videoctl.provisioning.changes import ChangeSet

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = "videoctl/saved-plan/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """What was previewed, and what it was computed from.

    Attributes:
        stack: the stack.
        target: the target's name; a plan fits no other.
        created_at: when it was previewed.
        fingerprint: of program, specification and artefacts.
        state_digest: of the stack's state.
        changes: resource by resource.
        engine_plan: the engine's own update plan; with it the engine refuses any other step.

    """

    stack: str
    target: str
    created_at: datetime
    fingerprint: str
    state_digest: str
    changes: ChangeSet
    engine_plan: Mapping[str, Any] | None = None
    schema: Literal["videoctl/saved-plan/v1"] = SCHEMA

    def check(self, *, stack: str, fingerprint: str, state_digest: str) -> None:
        """Refuse a plan made for something else than what is there now.

        Raises:
            RefusedError: naming everything that differs.

        """
        differs = [
            what
            for what, same in (
                (f"it is for stack {self.stack}, not {stack}", stack == self.stack),
                (
                    "the program, specification or artefacts have changed",
                    fingerprint == self.fingerprint,
                ),
                ("the stack's state has changed", state_digest == self.state_digest),
            )
            if not same
        ]
        if differs:
            raise RefusedError(
                f"the plan of {self.created_at.isoformat()} is stale: {'; '.join(differs)}",
                hint=f"videoctl env plan {stack} --save FILE",
                code="plan-stale",
            )

    def save(self, file: Path) -> None:
        """Write the plan, readable by its owner alone: it names everything there is."""
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_PLAN.dump_json(self, indent=2) + b"\n")

    def write_engine_plan(self, file: Path) -> None:
        """Write the engine's part alone, for the engine."""
        file.write_text(json.dumps(self.engine_plan), encoding="utf-8")


_PLAN: Final[TypeAdapter[SavedPlan]] = TypeAdapter(SavedPlan)


def load_plan(file: Path) -> SavedPlan:
    """Read a saved plan.

    Raises:
        ConfigurationError: when the file cannot be read or is no plan; all faults at once.

    """
    try:
        return _PLAN.validate_json(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{file}: cannot be read: {error.strerror}",
            hint="videoctl env plan NAME --save FILE",
            code="plan-unreadable",
        ) from error
    except ValidationError as error:
        faults = tuple(
            Fault(message=item["msg"], file=str(file), key=".".join(map(str, item["loc"])) or None)
            for item in error.errors()
        )
        raise ConfigurationError(
            f"{file} is not a saved plan",
            hint="videoctl env plan NAME --save FILE",
            code="plan-invalid",
            details=faults,
        ) from error
