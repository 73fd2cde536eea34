"""The engine's commands that run no program: export, import, history, cancel, remove.

Run directly: through the Automation API each would first cost half a second of imports.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from videoctl.errors import TimedOutError
from videoctl.provisioning.classification import Failure, classify
from videoctl.provisioning.engine import Engine
from videoctl.provisioning.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence


COMMAND_TIMEOUT_SECONDS: Final = 120.0
_NO_STACK: Final = "no stack named"


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """Runs commands on the stacks of one workspace."""

    engine: Engine
    workspace: Workspace

    def export(self, stack: str) -> dict[str, Any] | None:
        """The stack's deployment document, secrets encrypted; None when there is no such stack."""
        said = self._run(["stack", "export", "--stack", stack], stack, may_be_absent=True)
        if said is None:
            return None
        exported: dict[str, Any] = json.loads(said)
        return exported

    def import_(self, stack: str, exported: dict[str, Any]) -> None:
        """Replace the stack's deployment; the engine checks its integrity first."""
        with tempfile.TemporaryDirectory(dir=self.workspace.directory) as directory:
            file = Path(directory) / "deployment.json"
            file.write_text(json.dumps(exported), encoding="utf-8")
            self._run(["stack", "import", "--stack", stack, "--file", str(file)], stack)

    def last_history(self, stack: str) -> dict[str, Any] | None:
        """The latest entry of the stack's history; None when it has none or does not exist."""
        arguments = ["stack", "history", "--stack", stack, "--json", "--page-size", "1"]
        said = self._run([*arguments, "--page", "1"], stack, may_be_absent=True)
        entries: list[dict[str, Any]] = json.loads(said) if said else []
        return entries[0] if entries else None

    def break_locks(self, stack: str) -> None:
        """Delete every lock of the stack, whoever holds it; stops nobody's work."""
        self._run(["cancel", "--yes", "--stack", stack], stack)

    def remove(self, stack: str) -> None:
        """Remove an empty stack with its settings; one that still has resources is refused."""
        self._run(["stack", "rm", "--yes", "--stack", stack], stack, may_be_absent=True)

    def _run(
        self, arguments: Sequence[str], stack: str, *, may_be_absent: bool = False
    ) -> str | None:
        self.workspace.prepare()
        command = [str(self.engine.executable), "--non-interactive", "--color", "never", *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.workspace.directory,
                env=self.workspace.command_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=COMMAND_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TimedOutError(
                f"`pulumi {arguments[0]}` gave no answer about stack {stack} within"
                f" {COMMAND_TIMEOUT_SECONDS:.0f} s",
                hint=f"is the state backend {self.workspace.backend_url} reachable?",
                code="state-backend-silent",
            ) from error
        if done.returncode == 0:
            return done.stdout
        if may_be_absent and _NO_STACK in done.stderr:
            return None
        raise classify(Failure(stack=stack, operation=arguments[0], texts=(done.stderr,)))
