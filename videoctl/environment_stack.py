"""One environment's Pulumi stack, as the executor's platform wants it.

Execution and provisioning do not know each other; this joins them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from videoctl.errors import Fault, RefusedError
from videoctl.planning.observation import PendingOperation, StackFacts
from videoctl.planning.plan import PreviewedResource, ResourceChanges
from videoctl.planning.request import StackPreview
from videoctl.provisioning.changes import ChangeKind
from videoctl.provisioning.events import (
    CancelRequested,
    Diagnostic,
    ResourceFailed,
    ResourceStarted,
    ResourceSucceeded,
)
from videoctl.provisioning.run_record import read_record
from videoctl.provisioning.saved_plan import SavedPlan
from videoctl.provisioning.supervision import Supervision

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacks.program_input import ProgramInput
    from videoctl.execution.platform import Progress
    from videoctl.provisioning.changes import Drift, ResourceChange
    from videoctl.provisioning.events import Event
    from videoctl.provisioning.gateway import StackGateway
    from videoctl.provisioning.results import Preview
    from videoctl.provisioning.state import StackLock, StackState

PROGRAM: Final = "environment"
PROTECTION_LIFTED: Final = "protection-lifted"
"""Fingerprint of a stack on its way out: no specification has it."""

_CLOUD: Final = "aws:"


class EnvironmentStack:
    """The stack of one environment.

    Args:
        gateway: stacks of the target.
        stack: the stack's name.
        program_input: gives the program's input; called when a program has to run, because it
            builds artefacts.

    """

    def __init__(
        self, gateway: StackGateway, stack: str, program_input: Callable[[], ProgramInput]
    ) -> None:
        self._gateway = gateway
        self._stack = stack
        self._program_input = program_input
        self._stops = 0
        self.saved_plan: SavedPlan | None = None
        """Do exactly this in `update`, or refuse."""
        self._last_preview: Preview | None = None

    def state(self) -> StackState:
        """The state as the engine keeps it."""
        return self._gateway.state(self._stack)

    def facts(self) -> StackFacts:
        """What the backend says of the stack, without running a program."""
        state = self.state()
        lock = state.locks[0] if state.locks else None
        return StackFacts(
            exists=state.exists,
            fingerprint=state.fingerprint,
            updated_at=state.last_operation.ended_at if state.last_operation else None,
            resource_count=sum(item.type.startswith(_CLOUD) for item in state.resources),
            protected_count=sum(item.is_protected for item in state.resources),
            pending_operations=tuple(
                PendingOperation(urn=item.urn, operation=item.operation)
                for item in state.pending_operations
            ),
            lock_owner=lock.owner if lock else None,
            lock_owner_is_gone=lock is not None and self._is_gone(lock),
        )

    def preview(self, *, refresh: bool = False, with_engine_plan: bool = False) -> StackPreview:
        """What an update would do; `to_save` then gives it as a saved plan."""
        known = frozenset(
            item.urn for item in self.state().resources if item.type.startswith(_CLOUD)
        )
        self._last_preview = self.engine_preview(refresh=refresh, with_engine_plan=with_engine_plan)
        return stack_preview(self._last_preview, known)

    def engine_changes(self) -> tuple[ResourceChange, ...]:
        """AWS resources that an update would change now, because the code has changed."""
        changes = self.engine_preview().changes.changes
        return tuple(change for change in changes if change.type.startswith(_CLOUD))

    def to_save(self, fingerprint: str) -> SavedPlan | None:
        """The last preview, to be applied exactly; None when there was none."""
        preview = self._last_preview
        if preview is None:
            return None
        return SavedPlan(
            stack=self._stack,
            target=self._gateway.workspace.target,
            created_at=datetime.now(UTC),
            fingerprint=fingerprint,
            state_digest=preview.state_digest,
            changes=preview.changes,
            engine_plan=preview.engine_plan,
        )

    def engine_preview(self, *, refresh: bool = False, with_engine_plan: bool = False) -> Preview:
        """What an update would do, resource by resource, as the engine says it."""
        return self._gateway.preview(
            self._stack,
            PROGRAM,
            self._program_input(),
            how=self._supervision(None),
            refresh=refresh,
            with_engine_plan=with_engine_plan,
        )

    def drift(self) -> Drift:
        """Differences between the state and AWS."""
        return self._gateway.drift(self._stack, how=self._supervision(None))

    def update(
        self,
        *,
        fingerprint: str,
        refresh: bool,
        accepted_replacements: tuple[str, ...],
        progress: Progress,
    ) -> None:
        """Bring the stack to the specification, and record `fingerprint` with its state.

        Raises:
            RefusedError: it would replace or delete a resource that holds data, unasked.

        """
        if self.facts().resource_count and self.saved_plan is None:
            progress("looking at what the update would change")
            self._refuse_losses(self.preview(refresh=refresh), accepted_replacements)
        self._gateway.update(
            self._stack,
            PROGRAM,
            self._program_input(),
            fingerprint=fingerprint,
            how=self._supervision(progress),
            refresh=refresh,
            plan=self.saved_plan,
        )

    def recover(self, *, progress: Progress) -> None:
        """Take over what an interrupted operation left pending."""
        self._gateway.recover(self._stack, how=self._supervision(progress))

    def release_lock(self, owner: str) -> None:
        """Break the engine's lock if `owner` still holds it; an engine of ours ends first."""
        held = [lock for lock in self.state().locks or () if lock.owner == owner]
        if any(lock.is_ours for lock in held):
            self._gateway.recover(self._stack, how=self._supervision(None))
        elif held:
            self._gateway.break_locks(self._stack)

    def _is_gone(self, lock: StackLock) -> bool:
        """Whether nobody follows the operation any more, though its engine may still be ending."""
        record = read_record(self._gateway.workspace.run_record(self._stack))
        is_orphan = lock.is_ours and record is not None and not record.supervisor.is_alive
        return bool(lock.is_dead) or is_orphan

    def lift_protection(self, *, progress: Progress) -> None:
        """Update the stack so that no resource refuses to go."""
        self._gateway.update(
            self._stack,
            PROGRAM,
            replace(self._program_input(), lifts_protection=True),
            fingerprint=PROTECTION_LIFTED,
            how=self._supervision(progress),
        )

    def destroy(self, *, progress: Progress) -> None:
        """Destroy every resource, then remove the stack."""
        self._gateway.destroy(self._stack, how=self._supervision(progress))

    def request_stop(self) -> None:
        """Ask the engine to finish what is in flight and stop; once more stops it at once."""
        self._stops += 1

    def withdraw_stop(self) -> None:
        """Forget requests to stop."""
        self._stops = 0

    def _refuse_losses(self, preview: StackPreview, accepted: tuple[str, ...]) -> None:
        losses = [item for item in preview.losses if item.name not in accepted]
        if losses:
            raise RefusedError(
                f"the update would {losses[0].operation} {losses[0].name}, whose data would be"
                f" lost ({len(losses)} such changes); nothing was changed",
                hint=" ".join(f"--accept-replacement {item.name}" for item in losses),
                code="data-loss-refused",
                details=tuple(
                    Fault(key=item.name, message=f"{item.operation}: {', '.join(item.properties)}")
                    for item in losses
                ),
            )

    def _supervision(self, progress: Progress | None) -> Supervision:
        told = _Telling(progress) if progress else None
        return Supervision(
            on_event=told.take if told else lambda _: None, interrupts=lambda: self._stops
        )


class _Telling:
    """Turns the engine's events into progress lines with counts."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0
        self._under_way: dict[str, str] = {}

    def take(self, event: Event) -> None:
        """Take one event; resources that are not AWS's are left out."""
        match event:
            case ResourceStarted(resource=resource, op=op) if resource.type.startswith(_CLOUD):
                self._under_way[resource.urn] = resource.name
                self._tell(op, resource.name, resource.region)
            case ResourceSucceeded(resource=resource, op=op) if resource.type.startswith(_CLOUD):
                self._under_way.pop(resource.urn, None)
                self._done += op != "same"
                self._tell(op, resource.name, resource.region)
            case ResourceFailed(resource=resource, op=op):
                self._progress(f"{op} {resource.name} failed", resource=resource.name, op=op)
            case Diagnostic(severity="error", message=message):
                self._progress(message.strip().splitlines()[0] if message.strip() else "error")
            case CancelRequested(reason=reason):
                self._progress(f"stopping: {reason}")
            case _:
                pass

    def _tell(self, op: str, name: str, region: str | None) -> None:
        waiting = len(self._under_way)
        self._progress(
            f"{self._done} resources done, {waiting} under way; {op} {name}",
            resource=name,
            op=op,
            region=region,
            done=self._done,
        )


def stack_preview(preview: Preview, known: frozenset[str]) -> StackPreview:
    """The engine's preview as plans have it: AWS resources alone, no components, no provider.

    Args:
        preview: what the engine said.
        known: URNs of the AWS resources in the state it was computed from.

    """
    found = [change for change in preview.changes.changes if change.type.startswith(_CLOUD)]
    counts = Counter(change.change for change in found)
    return StackPreview(
        changes=ResourceChanges(
            create=counts[ChangeKind.CREATE],
            update=counts[ChangeKind.UPDATE],
            replace=counts[ChangeKind.REPLACE],
            delete=counts[ChangeKind.DELETE],
            same=len(known - {change.urn for change in found}),
        ),
        resources=tuple(
            PreviewedResource(
                name=change.name,
                type_token=change.type,
                operation=change.change.value,
                properties=change.replace_reasons or change.properties,
            )
            for change in found
        ),
    )
