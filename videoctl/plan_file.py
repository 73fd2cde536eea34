"""A plan in a file: `env plan --save FILE` writes it, `env create --plan FILE` applies it.

The file is a `videoctl/plan/v1` document with one more key, `stack`: what was previewed, the digest
of the state it was previewed on, and the engine's own update plan. With the latter the engine
itself refuses any step that was not previewed. A stack that does not exist yet has no engine plan
(its secrets would be encrypted for the scratch state it is previewed on); there the fingerprint of
program, specification and artefacts, and the state still being absent, decide the same thing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from videoctl.errors import ConfigurationError, FailedError, RefusedError
from videoctl.output import jsonable
from videoctl.planning.changes import RecordEnvironment, SendCanary, UpdateStack
from videoctl.planning.plan import Plan, differences, load_plan, plan_document
from videoctl.provisioning.saved_plan import SavedPlan, load_saved_plan

if TYPE_CHECKING:
    from videoctl.planning.observation import ObservedEnvironment

STACK_KEY: Final = "stack"
_HINT: Final = "make a new one with `videoctl env plan NAME --save FILE`"


@dataclass(frozen=True, kw_only=True)
class PlanShape:
    """What was asked for when a plan was made, so that it can be made again."""

    expires_at: datetime | None
    accepted_replacements: tuple[str, ...]
    with_canary: bool


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """A saved plan.

    Attributes:
        path: where it is.
        plan: the steps.
        stack: the stack's part of it.

    """

    path: Path
    plan: Plan
    stack: SavedPlan

    @property
    def shape(self) -> PlanShape:
        """What the plan was asked to do."""
        made = [step.change for step in self.plan.steps]
        expiries = [change.expires_at for change in made if isinstance(change, RecordEnvironment)]
        updates = [change for change in made if isinstance(change, UpdateStack)]
        return PlanShape(
            expires_at=next(iter(expiries), None),
            accepted_replacements=updates[0].accepted_replacements if updates else (),
            with_canary=any(isinstance(change, SendCanary) for change in made),
        )

    def refuse_if_stale(self, fresh: Plan) -> None:
        """Refuse unless a plan made now says the same.

        Raises:
            RefusedError: with everything that differs.

        """
        found = differences(self.plan, fresh)
        if found:
            raise RefusedError(
                f"{self.path} is stale: {'; '.join(found)}; nothing was changed",
                hint=f"videoctl env plan {fresh.environment} --save {self.path}",
                code="plan-stale",
            )


def save_plan_file(path: Path, plan: Plan, observed: ObservedEnvironment, stack: SavedPlan) -> None:
    """Write a plan, readable by its owner alone: it names everything there is.

    Raises:
        FailedError: the file cannot be written.

    """
    document = {**jsonable(plan_document(plan, observed)), STACK_KEY: stack.document()}
    text = json.dumps(document, indent=2) + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(descriptor, 0o600)
            stream.write(text)
    except OSError as error:
        raise FailedError(
            f"{path} cannot be written: {error.strerror}",
            hint="name another file with --save",
            code="plan-unwritable",
        ) from error


def load_plan_file(path: Path) -> PlanFile:
    """Read a saved plan.

    Raises:
        ConfigurationError: it cannot be read, or is none; all faults at once.

    """
    document = _read(path)
    plan = load_plan(document, file=str(path))
    return PlanFile(
        path=path, plan=plan, stack=load_saved_plan(document.get(STACK_KEY), file=str(path))
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = error.strerror or str(error)
    except (ValueError, RecursionError) as error:
        why = f"it is no JSON: {error}"
    else:
        if isinstance(document, dict):
            return document
        why = "it is no JSON object"
    raise ConfigurationError(
        f"{path} cannot be read: {why}", hint=_HINT, code="plan-unreadable"
    ) from None
