"""Carrying out operations: made ready, run in their process, failures told with what they left."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from videoctl.errors import FailedError, LockedError, VideoctlError
from videoctl.provisioning import locks as stack_locks
from videoctl.provisioning.events import Diagnostic, Summary
from videoctl.provisioning.existing import ALREADY_EXISTS, FailedCreates
from videoctl.provisioning.outcomes import raise_unless_succeeded
from videoctl.provisioning.recovery import Finder, Recovery, recover, settle
from videoctl.provisioning.request import Operation, OperationRequest
from videoctl.provisioning.results import OperationResult
from videoctl.provisioning.run_record import read_record
from videoctl.provisioning.state import LocalFiles
from videoctl.provisioning.supervision import Followed, Follower, Listener, Supervision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from videoctl.provisioning.stack_reader import StackReader


class Operations:
    """Operations on the stacks of one workspace.

    Args:
        reader: reads the stacks.
        finder: ids of resources that an interrupted update may have made.
        registry: `module:attribute` of the programs.
        parallel: resource operations at a time.
        say: takes a line about something done unasked.

    """

    def __init__(
        self,
        reader: StackReader,
        finder: Finder,
        *,
        registry: str,
        parallel: int,
        say: Callable[[str], None],
    ) -> None:
        self._reader = reader
        self._workspace = reader.workspace
        self._finder = finder
        self._registry = registry
        self._parallel = parallel
        self._say = say

    def request(
        self,
        operation: Operation,
        stack: str,
        program: str | None = None,
        program_input: Any = None,
    ) -> OperationRequest:
        """The request of an operation, its workspace prepared."""
        self._workspace.prepare()
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        run_id = f"{stack}-{operation}-{at}-{uuid.uuid4().hex[:6]}"
        given: dict[str, Any] | None = None
        if program_input is not None:
            given = TypeAdapter(type(program_input)).dump_python(program_input, mode="json")
        return OperationRequest(
            run_id=run_id,
            operation=operation,
            stack=stack,
            engine=self._reader.command.engine.executable,
            work_directory=self._workspace.directory,
            environment=self._workspace.engine_variables(),
            log_file=self._workspace.log_file(run_id),
            run_record=self._workspace.run_record(stack, preview=operation.is_preview),
            program=program,
            program_input=given,
            registry=self._registry,
            secrets_provider=self._workspace.secrets_provider,
            parallel=self._parallel,
        )

    def make_ready(self, stack: str, how: Supervision | None) -> Recovery:
        """End what an earlier run left, free its lock, take over what it left pending."""
        stack_locks.settle_previous(stack, self._workspace.run_record(stack), self._say)
        state = self._reader.state(stack)
        if state.locks and stack_locks.may_break(state.locks):
            if self._workspace.local_state is not None:
                LocalFiles(self._workspace.local_state).tidy(stack)
            self._break_own(stack, state.locks[0].owner)
        if not state.pending_operations:
            return Recovery()
        return self._recover(stack, how)

    def operate(
        self,
        request: OperationRequest,
        how: Supervision | None,
        recovery: Recovery,
        listener: Listener = lambda _: None,
    ) -> OperationResult:
        """Run an operation that writes; a lock of our own dead run is broken once."""
        started = time.monotonic()
        try:
            followed = self.run(request, how, listener)
        except LockedError as error:
            record = read_record(self._workspace.run_record(request.stack))
            held = stack_locks.describe_message(error.message, record)
            if not stack_locks.may_break(held):
                raise
            self._break_own(request.stack, held[0].owner)
            followed = self.run(replace(request, create_stack=False), how, listener)
        return OperationResult(
            operation=request.operation.value,
            stack=request.stack,
            counts=counts_of(followed),
            seconds=round(time.monotonic() - started, 3),
            diagnostics=diagnostics_of(followed),
            recovery=recovery,
            log_file=request.log_file,
        )

    def update(
        self, request: OperationRequest, how: Supervision | None, recovery: Recovery
    ) -> OperationResult:
        """`operate`, and once more whenever a create failed because AWS has the resource.

        Each resource is taken over once, so this ends.
        """
        taken: set[str] = set()
        while True:
            failed = FailedCreates()
            try:
                return self.operate(request, how, recovery, failed.take)
            except FailedError as error:
                existing = failed.existing()
                if error.code != ALREADY_EXISTS or not existing.keys() - taken:
                    raise
                adopted = self._adopt(request.stack, existing, how)
                if not adopted.adopted:
                    raise
            taken |= existing.keys()
            recovery = recovery.joined(adopted)
            request = replace(request, create_stack=False)

    def run(
        self,
        request: OperationRequest,
        how: Supervision | None,
        listener: Listener = lambda _: None,
    ) -> Followed:
        """Run one operation in its process, to its end.

        Raises:
            VideoctlError: it did not succeed; names the state it left.

        """
        followed = Follower(request, how or Supervision(), listener).follow()
        try:
            raise_unless_succeeded(request, followed)
        except VideoctlError as error:
            if request.operation.is_preview:
                raise
            left = self._reader.state(request.stack)
            pending = len(left.pending_operations)
            note = f"left: {len(left.resources)} resources in the state, {pending} pending"
            raise type(error)(
                f"{error.message} ({note})", hint=error.hint, code=error.code, details=error.details
            ) from error
        return followed

    def _break_own(self, stack: str, owner: str) -> None:
        self._say(f"broke the lock of {owner} on stack {stack}: our own run, and it is dead")
        self._reader.command.break_locks(stack)

    def _recover(self, stack: str, how: Supervision | None) -> Recovery:
        exported = self._reader.command.export(stack)
        if exported is None:
            return Recovery()
        time.sleep(settle(exported["deployment"]))
        repaired, recovery = recover(exported, self._finder.find)
        if not recovery.is_empty:
            self._take_over(stack, repaired, recovery, how)
        return recovery

    def _adopt(
        self, stack: str, existing: Mapping[str, Mapping[str, Any]], how: Supervision | None
    ) -> Recovery:
        """Take over what failed creates found there, as if they had been interrupted."""
        exported = self._reader.command.export(stack)
        if exported is None:
            return Recovery()
        exported["deployment"]["pending_operations"] = [
            {"type": "creating", "resource": declared} for declared in existing.values()
        ]
        repaired, recovery = recover(exported, partial(self._finder.find_own, stack=stack))
        if recovery.adopted:
            for item in recovery.adopted:
                self._say(f"{item.id} is there already and is {stack}'s: it is taken over")
            self._take_over(stack, repaired, recovery, how)
        return recovery

    def _take_over(
        self, stack: str, repaired: dict[str, Any], recovery: Recovery, how: Supervision | None
    ) -> None:
        """Write the repaired state, and read what was put into it."""
        self._reader.command.import_(stack, repaired)
        if recovery.targets:
            request = replace(self.request(Operation.REFRESH, stack), targets=recovery.targets)
            self.operate(request, how, recovery)


def counts_of(followed: Followed) -> dict[str, int]:
    """The engine's own counts; empty when it told none."""
    told = [event for event in followed.events if isinstance(event, Summary)]
    return dict(told[-1].counts) if told else {}


def diagnostics_of(followed: Followed) -> tuple[Diagnostic, ...]:
    """Everything that was said while it ran."""
    return tuple(event for event in followed.events if isinstance(event, Diagnostic))
