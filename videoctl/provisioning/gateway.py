"""The one way to a stack: read its state, preview, update, refresh, destroy, recover.

    gateway = StackGateway(workspace, engine=lambda: ensure_engine(say), locator=locator)
    gateway.state("dev").fingerprint
    gateway.preview("dev", "environment", program_input).changes.dangerous
    gateway.update("dev", "environment", program_input, fingerprint=...)

Each operation runs in a process of its own; nothing here imports the Pulumi SDK. Everything that
can go wrong is a `VideoctlError` with its cure; operations that fail say what state they left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from videoctl.provisioning.changes import ChangeSet, Drift, collect
from videoctl.provisioning.drift import drift_of
from videoctl.provisioning.events import ChangeFound
from videoctl.provisioning.operations import Operations, counts_of, diagnostics_of
from videoctl.provisioning.recovery import Finder, Recovery
from videoctl.provisioning.request import DEFAULT_REGISTRY, Operation, OperationRequest
from videoctl.provisioning.results import OperationResult, Preview
from videoctl.provisioning.scratch import scratch_workspace
from videoctl.provisioning.stack_reader import StackReader
from videoctl.provisioning.state import (
    FINGERPRINT_PREFIX,
    StackState,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from videoctl.provisioning.engine import Engine
    from videoctl.provisioning.identifiers import Locator
    from videoctl.provisioning.saved_plan import SavedPlan
    from videoctl.provisioning.supervision import Followed, Supervision
    from videoctl.provisioning.workspace import Workspace


class StackGateway:
    """Stacks of one target.

    Args:
        workspace: where their state and settings are.
        engine: gives the engine, finding or installing it; called once, when first needed.
        locator: finds resources whose id AWS chose; used only to recover.
        default_region: of the AWS provider, for resources that name no region.
        registry: `module:attribute` of the programs.
        parallel: resource operations at a time.
        say: takes a line about something done unasked, such as a dead run's lock being broken.

    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        engine: Callable[[], Engine],
        locator: Locator,
        default_region: str = "us-east-1",
        registry: str = DEFAULT_REGISTRY,
        parallel: int = 16,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.workspace = workspace
        self._reader = StackReader(workspace, engine, say)
        finder = Finder(
            account_id=workspace.account_id, locator=locator, default_region=default_region
        )
        self._operations = Operations(
            self._reader, finder, registry=registry, parallel=parallel, say=say
        )

    def state(self, stack: str) -> StackState:
        """What is known of the stack without running its program; writes nothing."""
        return self._reader.state(stack)

    def preview(
        self,
        stack: str,
        program: str,
        program_input: Any,
        *,
        how: Supervision | None = None,
        refresh: bool = False,
        with_engine_plan: bool = False,
    ) -> Preview:
        """What `update` would do; changes nothing, and makes no stack where there is none.

        With `with_engine_plan` the engine's own plan comes along, but for a stack that does not
        exist: its secrets would be those of the scratch state it is previewed on.
        """
        state = self.state(stack)
        request = self._operations.request(Operation.PREVIEW, stack, program, program_input)
        with scratch_workspace(self.workspace, needed=not state.exists) as workspace:
            request = replace(
                request,
                work_directory=workspace.directory,
                environment=workspace.engine_variables(),
                create_stack=not state.exists,
                refresh=refresh,
                engine_plan=workspace.directory / f"{request.run_id}.plan"
                if with_engine_plan and state.exists
                else None,
            )
            followed = self._operations.run(request, how)
            plan = _taken(request)
        return Preview(
            stack=stack,
            changes=_changes(followed),
            diagnostics=diagnostics_of(followed),
            state_digest=state.digest,
            engine_plan=plan,
        )

    def preview_destroy(self, stack: str, *, how: Supervision | None = None) -> Preview:
        """What `destroy` would delete."""
        state = self.state(stack)
        followed = self._operations.run(
            self._operations.request(Operation.PREVIEW_DESTROY, stack), how
        )
        return Preview(
            stack=stack,
            changes=_changes(followed),
            diagnostics=diagnostics_of(followed),
            state_digest=state.digest,
        )

    def drift(self, stack: str, *, how: Supervision | None = None) -> Drift:
        """Differences between the state and AWS; reads every resource, changes nothing."""
        deployment = self._reader.deployment(stack)
        if deployment is None:
            return Drift(changes=(), checked=0, unchecked=())
        followed = self._operations.run(
            self._operations.request(Operation.PREVIEW_REFRESH, stack), how
        )
        return drift_of(deployment, _changes(followed), diagnostics_of(followed))

    def update(
        self,
        stack: str,
        program: str,
        program_input: Any,
        *,
        fingerprint: str,
        how: Supervision | None = None,
        refresh: bool = False,
        plan: SavedPlan | None = None,
    ) -> OperationResult:
        """Bring the stack to what the program says, taking over an interrupted update first.

        Args:
            stack: the stack; made when it does not exist.
            program: name in the registry.
            program_input: what the program takes, a dataclass.
            fingerprint: kept with the update; `state().fingerprint` gives it back.
            how: events, deadline, interrupts.
            refresh: read every resource before comparing.
            plan: do exactly this, or refuse.

        Raises:
            VideoctlError: classified, with the state that was left.

        """
        recovery = self._operations.make_ready(stack, how)
        state = self.state(stack)
        if plan is not None:
            plan.check(
                stack=stack,
                target=self.workspace.target,
                fingerprint=fingerprint,
                state_digest=state.digest,
            )
        request = replace(
            self._operations.request(Operation.UPDATE, stack, program, program_input),
            create_stack=not state.exists,
            refresh=refresh,
            message=f"{FINGERPRINT_PREFIX}{fingerprint}",
        )
        if plan is not None and plan.engine_plan is not None:
            file = self.workspace.directory / f"{request.run_id}.plan"
            plan.write_engine_plan(file)
            request = replace(request, engine_plan=file)
        try:
            return self._operations.update(request, how, recovery)
        finally:
            _taken(request)

    def refresh(
        self, stack: str, *, how: Supervision | None = None, targets: tuple[str, ...] = ()
    ) -> OperationResult:
        """Take what AWS has into the state; `targets` are URNs, empty for all."""
        recovery = self._operations.make_ready(stack, how)
        request = replace(self._operations.request(Operation.REFRESH, stack), targets=targets)
        return self._operations.operate(request, how, recovery)

    def destroy(self, stack: str, *, how: Supervision | None = None) -> OperationResult:
        """Delete every resource of the stack, then the stack itself."""
        recovery = self._operations.make_ready(stack, how)
        result = self._operations.operate(
            self._operations.request(Operation.DESTROY, stack), how, recovery
        )
        self._reader.command.remove(stack)
        return result

    def recover(self, stack: str, *, how: Supervision | None = None) -> Recovery:
        """Take over what an interrupted operation left pending; nothing when there is nothing.

        Raises:
            LockedError: when another operation is at work.
            VideoctlError: when AWS or the backend cannot be asked; nothing is dropped then.

        """
        return self._operations.make_ready(stack, how)

    def break_locks(self, stack: str) -> None:
        """Delete every lock of the stack, whoever holds it: `lock break` asks first."""
        self._reader.command.break_locks(stack)


def _changes(followed: Followed) -> ChangeSet:
    found = collect(event.change for event in followed.events if isinstance(event, ChangeFound))
    return replace(found, same=counts_of(followed).get("same", 0))


def _taken(request: OperationRequest) -> dict[str, Any] | None:
    """The engine plan of a request, its file removed."""
    if request.engine_plan is None or not request.engine_plan.exists():
        return None
    text = request.engine_plan.read_bytes()
    request.engine_plan.unlink()
    plan: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(text)
    return plan
