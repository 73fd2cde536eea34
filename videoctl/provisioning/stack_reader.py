"""Reading stacks: the state backend's files where they are on this machine, else the engine."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from videoctl.provisioning import locks as stack_locks
from videoctl.provisioning.engine_command import EngineCommand
from videoctl.provisioning.run_record import read_record
from videoctl.provisioning.state import (
    LocalFiles,
    StackLock,
    StackState,
    UnknownFormatError,
    read_deployment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from videoctl.provisioning.engine import Engine
    from videoctl.provisioning.workspace import Workspace


class StackReader:
    """Reads the stacks of one workspace; writes nothing.

    Args:
        workspace: where they are.
        engine: gives the engine; called once, when first needed.
        say: takes a line about something noteworthy.

    """

    def __init__(
        self, workspace: Workspace, engine: Callable[[], Engine], say: Callable[[str], None]
    ) -> None:
        self.workspace = workspace
        self._find_engine = engine
        self._say = say

    @cached_property
    def command(self) -> EngineCommand:
        """The engine's commands on this workspace."""
        return EngineCommand(self._find_engine(), self.workspace)

    def state(self, stack: str) -> StackState:
        """What is known of the stack without running its program."""
        record = read_record(self.workspace.run_record(stack))
        if self.workspace.local_state is None:
            return self._exported_state(stack, None)
        files = LocalFiles(self.workspace.local_state)
        held = stack_locks.describe(files.locks(stack), record)
        try:
            return read_deployment(files.deployment(stack), files.last_history(stack), held)
        except UnknownFormatError as error:
            self._say(f"the state of {stack} is read through the engine: {error}")
            return self._exported_state(stack, held)

    def deployment(self, stack: str) -> dict[str, Any] | None:
        """The deployment document, secrets encrypted; None when there is no such stack."""
        if self.workspace.local_state is not None:
            try:
                return LocalFiles(self.workspace.local_state).deployment(stack)
            except UnknownFormatError as error:
                self._say(f"the state of {stack} is read through the engine: {error}")
        exported = self.command.export(stack)
        return None if exported is None else exported["deployment"] or {}

    def _exported_state(self, stack: str, held: tuple[StackLock, ...] | None) -> StackState:
        exported = self.command.export(stack)
        history = self.command.last_history(stack) if exported is not None else None
        deployment = None if exported is None else exported["deployment"] or {}
        return read_deployment(deployment, history, held)
