"""A previewed update that was kept: applied exactly, or refused as stale."""

from __future__ import annotations

import json
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

    def check(self, *, stack: str, target: str, fingerprint: str, state_digest: str) -> None:
        """Refuse a plan made for something else than what is there now.

        Raises:
            RefusedError: naming everything that differs.

        """
        differs = [
            what
            for what, same in (
                (f"it is for stack {self.stack}, not {stack}", stack == self.stack),
                (f"it is for target {self.target}, not {target}", target == self.target),
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
                f"the plan of {self.created_at:%Y-%m-%d %H:%M:%SZ} is stale: {'; '.join(differs)}",
                hint=f"videoctl env plan {stack} --save FILE",
                code="plan-stale",
            )

    def document(self) -> dict[str, Any]:
        """The plan as JSON has it."""
        found: dict[str, Any] = _PLAN.dump_python(self, mode="json")
        return found

    def write_engine_plan(self, file: Path) -> None:
        """Write the engine's part alone, for the engine."""
        file.write_text(json.dumps(self.engine_plan), encoding="utf-8")


_PLAN: Final[TypeAdapter[SavedPlan]] = TypeAdapter(SavedPlan)


def load_saved_plan(document: object, *, file: str) -> SavedPlan:
    """Read the stack's part of a plan file.

    Raises:
        ConfigurationError: when it is none; all faults at once.

    """
    try:
        return _PLAN.validate_python(document, strict=False)
    except ValidationError as error:
        raise ConfigurationError(
            f"{file} holds no saved plan of a stack",
            hint="make a new one with `videoctl env plan NAME --save FILE`",
            code="plan-unreadable",
            details=tuple(
                Fault(message=item["msg"], file=file, key=".".join(map(str, item["loc"])) or None)
                for item in error.errors()
            ),
        ) from error
