"""One environment as commands use it: plans made from what is seen, runs, and looks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from videoctl.environment_stack import PROGRAM, EnvironmentStack
from videoctl.errors import FailedError, RefusedError
from videoctl.execution.clock import SystemClock
from videoctl.execution.executor import Executor
from videoctl.execution.history import JournalDirectory, Operator
from videoctl.execution.interrupts import Interrupts
from videoctl.execution.lock import read_lock
from videoctl.execution.processes import this_process
from videoctl.execution.records import EnvironmentRecords
from videoctl.execution.results import Outcome
from videoctl.execution.run_lock import RunLock
from videoctl.health import canary_check, failed_canary_check, health_checks
from videoctl.measurements import measure
from videoctl.output import jsonable
from videoctl.planning.environment import (
    has_drifted,
    needs_preview,
    plan_create,
    plan_repair,
    plan_update,
)
from videoctl.planning.expiry import ReapDecision, decide_reap, extended, parse_ttl
from videoctl.planning.observation import PLANNED_FACETS, Facet
from videoctl.planning.request import DestroyRequest, EnvironmentRequest, Readiness
from videoctl.planning.status import EnvironmentState, LastRun, environment_status
from videoctl.planning.teardown import plan_destroy
from videoctl.platform import AwsPlatform
from videoctl.provisioning.artifacts import FLINK_CODE
from videoctl.provisioning.engine import Engine, find_engine, version_text
from videoctl.provisioning.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stacks.program_input import ProgramInput
    from videoctl.context import Context
    from videoctl.execution.events import Listener
    from videoctl.execution.history import RunRecord
    from videoctl.execution.lock import SeenLock
    from videoctl.execution.results import RunResult
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import (
        CanaryResult,
        EnvironmentRecord,
        ObservedEnvironment,
    )
    from videoctl.planning.plan import Action, Check, Plan, Step
    from videoctl.planning.status import EnvironmentStatus
    from videoctl.provisioning.changes import Drift
    from videoctl.provisioning.saved_plan import SavedPlan


ENDED: Final = frozenset({Outcome.DONE, Outcome.FAILED, Outcome.REFUSED})
"""Outcomes after which there is nothing to go on with."""


@dataclass(frozen=True, kw_only=True)
class Expired:
    """An environment's expiry and what is decided of it."""

    decision: ReapDecision
    expires_at: datetime | None


class EnvironmentSession:
    """Everything an `env` command does to one environment.

    Args:
        context: the invocation.
        specification: the environment.

    """

    def __init__(self, context: Context, specification: EnvironmentSpecification) -> None:
        self._context = context
        self.specification = specification
        self.name = specification.name
        self._clock = SystemClock()
        self._is_making = False

    @cached_property
    def stack(self) -> EnvironmentStack:
        """The environment's Pulumi stack."""
        return EnvironmentStack(
            self._context.stack_gateway, self.name, self._context.program_input(self.specification)
        )

    @cached_property
    def _records(self) -> EnvironmentRecords:
        return EnvironmentRecords(self._context.control_store())

    @cached_property
    def _journals(self) -> JournalDirectory:
        return JournalDirectory(
            self._context.settings.home,
            self._context.control_store(),
            account_id=self._context.target.account_id,
        )

    @cached_property
    def platform(self) -> AwsPlatform:
        """The environment where it lives."""
        return AwsPlatform(
            specification=self.specification,
            session=self._context.aws,
            stack=self.stack,
            records=self._records,
            front_door_url=self._context.target.front_door_url,
            clock=self._clock,
        )

    @cached_property
    def program_input(self) -> ProgramInput:
        """The program's input, artefacts built."""
        return self._context.program_input(self.specification)()

    def plan(
        self,
        action: Action,
        *,
        ttl: str | None = None,
        accepted: tuple[str, ...] = (),
        with_canary: bool = True,
        with_preview: bool = False,
        expires_at: datetime | None = None,
        to_save: bool = False,
    ) -> tuple[Plan, ObservedEnvironment]:
        """What create, update or repair would do now.

        Args:
            action: which of them.
            ttl: `--ttl`.
            accepted: resources whose data may be lost.
            with_canary: end with a canary.
            with_preview: ask the engine even where a new stack makes that needless.
            expires_at: the expiry of a saved plan.
            to_save: have the engine write its own plan too; see `saved_plan`.

        """
        lifetime = parse_ttl(ttl) if ttl else None
        readiness = self._readiness()
        observed = self.platform.observe(PLANNED_FACETS)
        wanted = fingerprint(PROGRAM, self.program_input)
        preview = None
        if readiness.engine_version and (with_preview or needs_preview(observed, wanted)):
            preview = self.stack.preview(refresh=has_drifted(observed), with_engine_plan=to_save)
        request = EnvironmentRequest(
            account_id=self._context.target.account_id,
            fingerprint=wanted,
            readiness=readiness,
            ttl=lifetime,
            expires_at=expires_at,
            accepted_replacements=accepted,
            with_canary=with_canary,
            preview=preview,
        )
        builders = {"create": plan_create, "update": plan_update, "repair": plan_repair}
        return builders[action](self.specification, observed, request), observed

    def saved_plan(self) -> SavedPlan | None:
        """The stack's part of the plan made last; None when the engine was not asked."""
        return self.stack.to_save(fingerprint(PROGRAM, self.program_input))

    def plan_destroy(
        self, *, confirm: str | None, delete_data: bool
    ) -> tuple[Plan, ObservedEnvironment]:
        """What destroy would do now."""
        observed = self.platform.observe(PLANNED_FACETS)
        request = DestroyRequest(
            account_id=self._context.target.account_id,
            readiness=self._readiness(),
            confirmed_name=confirm,
            delete_data=delete_data,
        )
        return plan_destroy(self.specification, observed, request), observed

    def execute(
        self,
        plan: Plan,
        *,
        listener: Listener,
        approve: Callable[[Step], bool],
        reason: str | None = None,
        timeout_seconds: float | None = None,
        resuming: RunRecord | None = None,
        describe: Callable[[ObservedEnvironment], Mapping[str, Any]] | None = None,
    ) -> RunResult:
        """Carry a plan out under the environment's lock, or go on with an unfinished run of it."""
        store = self._context.control_store()
        store.ensure()
        self._is_making = plan.action in {"create", "destroy"}
        process = this_process()
        with Interrupts().on_signals() as interrupts:
            executor = Executor(
                platform=self.platform,
                journals=self._journals,
                lock=RunLock(
                    store,
                    self.name,
                    process,
                    self._clock,
                    reason=reason,
                    on_taken_over=self._tell_taken_over,
                ),
                operator=Operator(
                    user=process.user, host=process.host, pid=process.pid, reason=reason
                ),
                clock=self._clock,
                interrupts=interrupts,
                listener=listener,
                approve=approve,
                describe=describe or self._describe,
                timeout_seconds=timeout_seconds,
            )
            return executor.run(plan) if resuming is None else executor.resume(resuming)

    def unfinished(self, plan: Plan) -> RunRecord | None:
        """The environment's latest run, if it is one of the same command that was cut off.

        One that failed is not: what it met is seen by a plan made anew.
        """
        run = self._journals.latest(self.name)
        if run is None or run.plan.command != plan.command:
            return None
        if run.outcome in ENDED or run.completed_by is not None:
            return None
        return run

    def _tell_taken_over(self, seen: SeenLock) -> None:
        self._context.output.say(
            f"took over the lock of {seen.holder}, which is gone"
            f" (last heartbeat {seen.heartbeat_age_seconds:.0f} s ago)"
        )

    def status(self, *, measured: bool = False) -> EnvironmentStatus:
        """The live state, hop by hop; what cannot be read is unknown.

        Args:
            measured: ask CloudWatch for the figures of each hop, too.

        """
        observed = self.platform.look()
        if not measured:
            return environment_status(self.specification, observed, last_run=self._last_run())
        found = measure(self.specification, observed, self._context.aws, datetime.now(UTC))
        return environment_status(
            self.specification,
            replace(observed, unreadable=(*observed.unreadable, *found.unreadable)),
            last_run=self._last_run(),
            measures=found.by_hop,
        )

    def summary(self) -> tuple[EnvironmentStatus | None, EnvironmentRecord | None]:
        """Status and record; an environment that was never made is not looked at further."""
        record = self._records.read(self.name)
        facts = self.stack.facts()
        if record is None and not facts.exists:
            return None, None
        return self.status(), record

    def checks(self) -> tuple[Check, ...]:
        """Preflight and health, every check."""
        plan, observed = self.plan("create", with_canary=False)
        return (*plan.checks, *health_checks(self.specification, observed, self.status()))

    def canary(self) -> tuple[Check, CanaryResult | None]:
        """Send a canary through every hop: the check, and its flight where it could be sent."""
        token = f"check/{self.name}/{uuid.uuid4()}"
        say = self._context.output.say
        try:
            result = self.platform.fly_canary(token, lambda message, /, **_: say(message))
        except FailedError as error:
            return failed_canary_check(error), None
        return canary_check(result), result

    def drift(self) -> Drift:
        """Differences between the code and the state, and between the state and AWS."""
        found = self.stack.drift()
        wanted = fingerprint(PROGRAM, self.program_input)
        if not needs_preview(self.platform.observe(frozenset({Facet.STACK})), wanted):
            return found
        return replace(found, not_applied=self.stack.engine_changes())

    def front_door_url(self) -> str | None:
        """Where players post; None while there is no accelerator."""
        observed = self.platform.observe(frozenset({Facet.ACCELERATOR}))
        accelerator = observed.accelerator
        if accelerator is None or accelerator.dns_name is None:
            return None
        return self._context.target.front_door_url(accelerator.dns_name)

    def extend(self, ttl: str, *, dry_run: bool) -> datetime:
        """Move the expiry; the new one.

        Raises:
            RefusedError: there is no such environment to extend.

        """
        lifetime = parse_ttl(ttl)
        now = datetime.now(UTC)

        def changed(record: EnvironmentRecord | None) -> EnvironmentRecord:
            if record is None:
                raise RefusedError(
                    f"{self.name} was never created: there is nothing to extend",
                    hint=f"videoctl env create {self.name} --ttl {ttl}",
                    code="environment-absent",
                )
            return replace(record, expires_at=extended(record, lifetime, now))

        if dry_run:
            record = changed(self._records.read(self.name))
        else:
            record = self._records.change(self.name, changed)
        assert record.expires_at is not None
        return record.expires_at

    def expired(self) -> Expired | None:
        """Whether it is to be reaped; None when it was never made."""
        record = self._records.read(self.name)
        if record is None:
            return None
        seen = read_lock(self._context.control_store(), self.name)
        holder = seen.holder if seen is not None and not seen.is_abandoned else None
        decision = decide_reap(
            record,
            datetime.now(UTC),
            protected=self.specification.protected,
            in_use_by=holder,
        )
        return Expired(decision=decision, expires_at=record.expires_at)

    def _readiness(self) -> Readiness:
        found = find_engine(self._context.engine_environment())
        version = version_text(found.version) if isinstance(found, Engine) else None
        return Readiness(engine_version=version, missing_artifacts=tuple(self._missing_artifacts()))

    def _missing_artifacts(self) -> Iterator[str]:
        """What lacks to run what the specification wants running."""
        runs_flink = self.specification.flink.desired_status == "RUNNING"
        for name, lack in self._context.artifacts.missing.items():
            if name != FLINK_CODE or runs_flink:
                yield f"{name}: {lack}"

    def _last_run(self) -> LastRun | None:
        run = self._journals.latest(self.name)
        if run is None:
            return None
        seen = read_lock(self._context.control_store(), self.name)
        document = seen.document if seen is not None and not seen.is_abandoned else None
        return LastRun(
            action=run.action,
            outcome=run.outcome,
            is_running=document is not None and document.run_id == run.run_id,
        )

    def _describe(self, observed: ObservedEnvironment) -> Mapping[str, Any]:
        """The end state a run's document shows."""
        status = environment_status(self.specification, observed)
        canary = self.platform.last_canary
        was_cut_short = status.state is EnvironmentState.DEGRADED and self._is_making
        described: dict[str, Any] = {
            "state": "failed" if was_cut_short else status.state.value,
            "resources": observed.stack.resource_count if observed.stack else None,
        }
        if observed.accelerator and observed.accelerator.dns_name:
            dns_name = observed.accelerator.dns_name
            described["front_door"] = self._context.target.front_door_url(dns_name)
        if canary is not None:
            described["canary"] = jsonable(canary.hops)
        described["open_items"] = list(status.open_items)
        return described
