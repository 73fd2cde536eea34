"""An executor with fakes all around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import world
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.store import MemoryStore
from videoctl.execution.events import Event
from videoctl.execution.executor import Executor
from videoctl.execution.history import JournalDirectory, Operator
from videoctl.execution.interrupts import Interrupts
from videoctl.execution.processes import this_process
from videoctl.execution.results import RunResult
from videoctl.execution.run_lock import RunLock
from videoctl.model.specification import EnvironmentSpecification
from videoctl.planning.environment import plan_create
from videoctl.planning.observation import ObservedEnvironment
from videoctl.planning.plan import Plan

OPERATOR = Operator(user="ann", host="desk", pid=7)


@dataclass
class Bench:
    """One environment, and everything a run of it needs."""

    home: Path
    spec: EnvironmentSpecification
    platform: FakePlatform
    clock: FakeClock = field(default_factory=FakeClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    interrupts: Interrupts = field(default_factory=Interrupts)
    events: list[Event] = field(default_factory=list)
    approve: Callable[[Any], bool] = lambda _: True
    timeout_seconds: float | None = None
    operator: Operator = OPERATOR

    @property
    def journals(self) -> JournalDirectory:
        """The journals, mirrored to the store."""
        return JournalDirectory(self.home, self.store)

    def executor(self) -> Executor:
        """A fresh executor, as a new process would make."""
        return Executor(
            platform=self.platform,
            journals=self.journals,
            lock=RunLock(self.store, self.spec.name, this_process(), self.clock),
            operator=self.operator,
            clock=self.clock,
            interrupts=self.interrupts,
            listener=self.events.append,
            approve=self.approve,
            describe=_describe,
            timeout_seconds=self.timeout_seconds,
        )

    def plan(self) -> Plan:
        """The plan of `env create` for what is there now."""
        return plan_create(self.spec, self.platform.seen, world.request())

    def create(self) -> RunResult:
        """Run `env create` once."""
        return self.executor().run(self.plan())

    @property
    def codes(self) -> list[str]:
        """Codes of the events told."""
        return [event.code.value for event in self.events]


def _describe(observed: ObservedEnvironment) -> dict[str, Any]:
    stack = observed.stack
    return {"fingerprint": stack.fingerprint if stack else None}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A two-region environment that was never made."""
    spec = world.specification()
    return Bench(tmp_path / "home", spec, FakePlatform(spec, world.absent(spec)))
