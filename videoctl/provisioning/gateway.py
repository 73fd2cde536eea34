"""The one way to a stack: read its state, preview, update, refresh, destroy, recover.

    gateway = StackGateway(workspace, engine=lambda: ensure_engine(say), locator=locator)
    gateway.state("dev").fingerprint
    gateway.preview("dev", "environment", program_input).changes.dangerous
    gateway.update("dev", "environment", program_input, fingerprint=...)

Each operation runs in a process of its own; nothing here imports the Pulumi SDK. Everything that
can go wrong is a `VideoctlError` with its cure; operations that fail say what state they left.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from videoctl.errors import LockedError, VideoctlError
from videoctl.provisioning import locks as stack_locks
from videoctl.provisioning.changes import ChangeSet, Drift, collect
from videoctl.provisioning.drift import drift_of
from videoctl.provisioning.engine_command import EngineCommand
from videoctl.provisioning.events import ChangeFound, Diagnostic, Summary
from videoctl.provisioning.outcomes import raise_unless_succeeded
from videoctl.provisioning.recovery import Finder, Recovery, recover, settle
from videoctl.provisioning.request import DEFAULT_REGISTRY, Operation, OperationRequest
from videoctl.provisioning.results import OperationResult, Preview
from videoctl.provisioning.run_record import read_record
from videoctl.provisioning.scratch import scratch_workspace
from videoctl.provisioning.state import (
    FINGERPRINT_PREFIX,
    LocalFiles,
    StackState,
    UnknownFormatError,
    read_deployment,
)
from videoctl.provisioning.supervision import Followed, Follower, Supervision

if TYPE_CHECKING:
    from collections.abc import Callable

    from videoctl.provisioning.engine import Engine
    from videoctl.provisioning.identifiers import Locator
    from videoctl.provisioning.saved_plan import SavedPlan
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
        self._find_engine = engine
        self._engine: Engine | None = None
        self._finder = Finder(
            account_id=workspace.account_id, locator=locator, default_region=default_region
        )
        self._registry = registry
        self._parallel = parallel
        self._say = say

    def state(self, stack: str) -> StackState:
        """What is known of the stack without running its program; writes nothing."""
        record = read_record(self.workspace.run_record(stack))
        if self.workspace.local_state is not None:
            files = LocalFiles(self.workspace.local_state)
            held = stack_locks.describe(files.locks(stack), record)
            try:
                deployment = files.deployment(stack)
                return read_deployment(deployment, files.last_history(stack), held)
            except UnknownFormatError as error:
                self._say(f"state of {stack} is read through the engine: {error}")
                return self._exported_state(stack, held)
        return self._exported_state(stack, None)

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
        """What `update` would do; changes nothing, and makes no stack where there is none."""
        state = self.state(stack)
        request = self._request(Operation.PREVIEW, stack, program, program_input)
        with scratch_workspace(self.workspace, needed=not state.exists) as workspace:
            request = replace(
                request,
                work_directory=workspace.directory,
                environment=workspace.engine_variables(),
                create_stack=not state.exists,
                refresh=refresh,
                engine_plan=workspace.directory / f"{request.run_id}.plan"
                if with_engine_plan
                else None,
            )
            followed = self._run(request, how)
            plan = _taken(request)
        return Preview(
            stack=stack,
            changes=_changes(followed),
            diagnostics=_diagnostics(followed),
            state_digest=state.digest,
            engine_plan=plan,
        )

    def preview_destroy(self, stack: str, *, how: Supervision | None = None) -> Preview:
        """What `destroy` would delete."""
        state = self.state(stack)
        followed = self._run(self._request(Operation.PREVIEW_DESTROY, stack), how)
        return Preview(
            stack=stack,
            changes=_changes(followed),
            diagnostics=_diagnostics(followed),
            state_digest=state.digest,
        )

    def drift(self, stack: str, *, how: Supervision | None = None) -> Drift:
        """Differences between the state and AWS; reads every resource, changes nothing."""
        deployment = self._deployment(stack)
        if deployment is None:
            return Drift(changes=(), checked=0, unchecked=())
        followed = self._run(self._request(Operation.PREVIEW_REFRESH, stack), how)
        return drift_of(deployment, _changes(followed), _diagnostics(followed))

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
        recovery = self._make_ready(stack, how)
        state = self.state(stack)
        if plan is not None:
            plan.check(stack=stack, fingerprint=fingerprint, state_digest=state.digest)
        request = replace(
            self._request(Operation.UPDATE, stack, program, program_input),
            create_stack=not state.exists,
            refresh=refresh,
            message=f"{FINGERPRINT_PREFIX}{fingerprint}",
        )
        if plan is not None and plan.engine_plan is not None:
            file = self.workspace.directory / f"{request.run_id}.plan"
            plan.write_engine_plan(file)
            request = replace(request, engine_plan=file)
        try:
            return self._operate(request, how, recovery)
        finally:
            _taken(request)

    def refresh(
        self, stack: str, *, how: Supervision | None = None, targets: tuple[str, ...] = ()
    ) -> OperationResult:
        """Take what AWS has into the state; `targets` are URNs, empty for all."""
        recovery = self._make_ready(stack, how)
        request = replace(self._request(Operation.REFRESH, stack), targets=targets)
        return self._operate(request, how, recovery)

    def destroy(self, stack: str, *, how: Supervision | None = None) -> OperationResult:
        """Delete every resource of the stack, then the stack itself."""
        recovery = self._make_ready(stack, how)
        result = self._operate(self._request(Operation.DESTROY, stack), how, recovery)
        self._command().remove(stack)
        return result

    def recover(self, stack: str, *, how: Supervision | None = None) -> Recovery:
        """Take over what an interrupted operation left pending; nothing when there is nothing.

        Raises:
            LockedError: when another operation is at work.
            VideoctlError: when AWS or the backend cannot be asked; nothing is dropped then.

        """
        return self._make_ready(stack, how)

    def break_locks(self, stack: str) -> None:
        """Delete every lock of the stack, whoever holds it: `lock break` asks first."""
        self._command().break_locks(stack)

    # -- from here on: how ------------------------------------------------------------------

    def _exported_state(self, stack: str, held: tuple[Any, ...] | None) -> StackState:
        command = self._command()
        exported = command.export(stack)
        history = command.last_history(stack) if exported is not None else None
        deployment = None if exported is None else exported["deployment"] or {}
        return read_deployment(deployment, history, held)

    def _deployment(self, stack: str) -> dict[str, Any] | None:
        if self.workspace.local_state is not None:
            try:
                return LocalFiles(self.workspace.local_state).deployment(stack)
            except UnknownFormatError:
                self._say(f"state of {stack} is read through the engine")
        exported = self._command().export(stack)
        return None if exported is None else exported["deployment"]

    def _command(self) -> EngineCommand:
        if self._engine is None:
            self._engine = self._find_engine()
        return EngineCommand(self._engine, self.workspace)

    def _make_ready(self, stack: str, how: Supervision | None) -> Recovery:
        """End what an earlier run left, free its lock, take over what it left pending."""
        stack_locks.settle_previous(stack, self.workspace.run_record(stack), self._say)
        state = self.state(stack)
        if state.locks and stack_locks.may_break(state.locks):
            self._break_own(stack, state.locks[0].owner)
        if not state.pending_operations:
            return Recovery()
        return self._recover(stack, how)

    def _break_own(self, stack: str, owner: str) -> None:
        self._say(f"broke the lock of {owner} on stack {stack}: our own run, and it is dead")
        self._command().break_locks(stack)

    def _recover(self, stack: str, how: Supervision | None) -> Recovery:
        exported = self._command().export(stack)
        if exported is None:
            return Recovery()
        time.sleep(settle(exported["deployment"]))
        repaired, recovery = recover(exported, self._finder.find)
        if recovery.is_empty:
            return recovery
        self._command().import_(stack, repaired)
        if recovery.targets:
            request = replace(self._request(Operation.REFRESH, stack), targets=recovery.targets)
            self._operate(request, how, recovery)
        return recovery

    def _operate(
        self, request: OperationRequest, how: Supervision | None, recovery: Recovery
    ) -> OperationResult:
        started = time.monotonic()
        try:
            followed = self._run(request, how)
        except LockedError as error:
            record = read_record(self.workspace.run_record(request.stack))
            held = stack_locks.describe_message(error.message, record)
            if not stack_locks.may_break(held):
                raise
            self._break_own(request.stack, held[0].owner)
            followed = self._run(replace(request, create_stack=False), how)
        summary = next((e for e in reversed(followed.events) if isinstance(e, Summary)), None)
        return OperationResult(
            operation=request.operation.value,
            stack=request.stack,
            counts=summary.counts if summary else {},
            seconds=round(time.monotonic() - started, 3),
            diagnostics=_diagnostics(followed),
            recovery=recovery,
            log_file=request.log_file,
        )

    def _run(self, request: OperationRequest, how: Supervision | None) -> Followed:
        followed = Follower(request, how or Supervision()).follow()
        try:
            raise_unless_succeeded(request, followed)
        except VideoctlError as error:
            if request.operation.is_preview:
                raise
            left = self.state(request.stack)
            pending = len(left.pending_operations)
            note = f"left: {len(left.resources)} resources in the state, {pending} pending"
            raise type(error)(
                f"{error.message} ({note})", hint=error.hint, code=error.code, details=error.details
            ) from error
        return followed

    def _request(
        self,
        operation: Operation,
        stack: str,
        program: str | None = None,
        program_input: Any = None,
    ) -> OperationRequest:
        self.workspace.prepare()
        engine = self._command().engine
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        run_id = f"{stack}-{operation}-{at}-{uuid.uuid4().hex[:6]}"
        given: dict[str, Any] | None = None
        if program_input is not None:
            given = TypeAdapter(type(program_input)).dump_python(program_input, mode="json")
        return OperationRequest(
            run_id=run_id,
            operation=operation,
            stack=stack,
            engine=engine.executable,
            work_directory=self.workspace.directory,
            environment=self.workspace.engine_variables(),
            log_file=self.workspace.log_file(run_id),
            run_record=self.workspace.run_record(stack, preview=operation.is_preview),
            program=program,
            program_input=given,
            registry=self._registry,
            secrets_provider=self.workspace.secrets_provider,
            parallel=self._parallel,
        )


def _changes(followed: Followed) -> ChangeSet:
    found = collect(event.change for event in followed.events if isinstance(event, ChangeFound))
    summary = next((e for e in reversed(followed.events) if isinstance(e, Summary)), None)
    return replace(found, same=summary.counts.get("same", 0) if summary else 0)


def _diagnostics(followed: Followed) -> tuple[Diagnostic, ...]:
    return tuple(event for event in followed.events if isinstance(event, Diagnostic))


def _taken(request: OperationRequest) -> dict[str, Any] | None:
    """The engine plan of a request, its file removed."""
    if request.engine_plan is None or not request.engine_plan.exists():
        return None
    text = request.engine_plan.read_bytes()
    request.engine_plan.unlink()
    plan: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(text)
    return plan
