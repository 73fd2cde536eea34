"""What the gateway's operations return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videoctl.provisioning.changes import ChangeSet
from videoctl.provisioning.events import Diagnostic
from videoctl.provisioning.recovery import Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an update or destroy would do.

    Attributes:
        stack: the stack.
        changes: resource by resource.
        diagnostics: what the program and the engine said.
        state_digest: of the state it was computed against; empty when there is no stack yet.
        engine_plan: the engine's own update plan, when it was asked for.

    """

    stack: str
    changes: ChangeSet
    diagnostics: tuple[Diagnostic, ...]
    state_digest: str
    engine_plan: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationResult:
    """A finished update, refresh or destroy; a failed one raises instead.

    Attributes:
        operation: what was done.
        stack: on what.
        counts: the engine's operations and how many: `create`, `update`, `same`, ...
        seconds: from start to end, the engine's start included.
        diagnostics: warnings and messages.
        recovery: what was taken over from an interrupted operation first.
        log_file: the engine's own words.

    """

    operation: str
    stack: str
    counts: Mapping[str, int]
    seconds: float
    diagnostics: tuple[Diagnostic, ...]
    recovery: Recovery
    log_file: Path

    @property
    def changed(self) -> int:
        """How many resources are not as they were before."""
        return sum(count for op, count in self.counts.items() if op not in {"same", "read"})
