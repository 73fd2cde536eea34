"""Each AWS call that videoctl makes itself fails in turn: refused, throttled once, and for good."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from tests.conftest import Ran, validate
from tests.end_to_end.conftest import Place
from tests.end_to_end.in_process import (
    NAME,
    SHARED,
    Call,
    HastyClock,
    InProcess,
    built,
    cures_of,
)
from tests.end_to_end.lookups import lookups
from tests.fakes.small_disk import small_disk
from videoctl import session
from videoctl.aws.locate import Locator
from videoctl.model.permissions import CALLS, iam_action

pytestmark = [pytest.mark.sandbox, pytest.mark.engine, pytest.mark.timeout(900)]


NOTHING = re.compile(r"(?!)")
ANYTHING = re.compile(r".*")
ITS_LOCK = re.compile(r"DeleteObject")
"""A lock that is not released is the next run's to take over: its process is gone."""
A_CHECK = re.compile(r"ListDatabases")
"""Timestream's gate is a check, which a plan shows."""


@dataclass(frozen=True)
class Scenario:
    """A command line and the world it is typed in.

    Attributes:
        words: the command line.
        prepare: makes the world.
        only_looks: it changes nothing, whatever happens.
        tolerates: operations without which it ends well all the same, and names them: what
            cannot be read is unknown.

    """

    words: tuple[str, ...]
    prepare: Callable[[InProcess], None] = InProcess.settled
    only_looks: bool = False
    tolerates: re.Pattern[str] = NOTHING


PAGE_BYTES = 4096
"""A tmpfs gives space by pages: a file goes on growing to the end of its last one."""
ROOM_BYTES = 60
"""Left of the journal's last page: less than any record."""
CREATE = ("env", "create", NAME, "--yes")
SCENARIOS = {
    "status": Scenario(("env", "status", NAME), only_looks=True, tolerates=ANYTHING),
    "list": Scenario(("env", "list"), only_looks=True, tolerates=ANYTHING),
    "show": Scenario(("env", "show", NAME), only_looks=True),
    "check": Scenario(("env", "check", NAME), only_looks=True),
    "plan": Scenario(("env", "plan", NAME), only_looks=True, tolerates=A_CHECK),
    "drift": Scenario(("env", "drift", NAME), only_looks=True),
    "extend": Scenario(("env", "extend", NAME, "--ttl", "8h")),
    "create again": Scenario(CREATE, tolerates=ITS_LOCK),
    "create in a new account": Scenario(
        (*CREATE, "--skip-canary"), InProcess.without_control_bucket
    ),
    "create, up to the canary": Scenario(CREATE, InProcess.without_canary),
    "create, what runs": Scenario((*CREATE, "--skip-canary"), InProcess.stopped),
    "destroy": Scenario(
        ("env", "destroy", NAME, "--confirm", NAME, "--delete-data"),
        InProcess.with_data,
        tolerates=re.compile(f"{ITS_LOCK.pattern}|{A_CHECK.pattern}"),
    ),
}
each_scenario = pytest.mark.parametrize("name", SCENARIOS)


@pytest.fixture(scope="module")
def world(place: Place) -> Iterator[InProcess]:
    """An environment that was built, and this process to run commands in."""
    with pytest.MonkeyPatch.context() as patch:
        made = built(place, patch)
        yield made
        made.close()


@pytest.fixture(scope="module")
def calls(world: InProcess) -> Callable[[str], tuple[Call, ...]]:
    """The calls of a scenario, without those an earlier one of the same command makes."""

    @cache
    def recorded(name: str) -> frozenset[Call]:
        scenario = SCENARIOS[name]
        scenario.prepare(world)
        made = frozenset(world.recorded(*scenario.words))
        assert {call for call in made if call.operation not in CALLS[call.service]} == set()
        return made

    def own(name: str) -> tuple[Call, ...]:
        names = list(SCENARIOS)
        command = SCENARIOS[name].words[:2]
        earlier = [n for n in names[: names.index(name)] if SCENARIOS[n].words[:2] == command]
        return tuple(sorted(recorded(name).difference(*map(recorded, earlier))))

    return own


@dataclass(frozen=True)
class Trial:
    """One scenario's calls failing one by one; what was wrong is collected by call."""

    world: InProcess
    scenario: Scenario
    calls: tuple[Call, ...]

    def of_each(self, kind: str, judge: Callable[[Call, Ran], list[str]]) -> dict[str, list[str]]:
        """Each call fails; then the same command ends as if nothing had.

        Where a failure changed nothing, the command is repeated once for all such calls.
        """
        problems: dict[str, list[str]] = {}
        expected = self._undisturbed()
        changed = True
        before: dict[str, Any] = {}
        for call in self.calls:
            if changed:
                self.scenario.prepare(self.world)
                before = self.world.end_state()
            with self.world.fault(kind, call):
                ran = self.world(*self.scenario.words)
            wrong = judge(call, ran)
            changed = not self.scenario.only_looks and self.world.end_state() != before
            if changed:
                wrong += self._repeated(expected)
            if wrong:
                problems[str(call)] = wrong
        if wrong := self._repeated(expected):
            problems["at last"] = wrong
        return problems

    def of_all_once(self) -> list[str]:
        """Every call is throttled once, and nobody notices."""
        expected = self._undisturbed()
        self.scenario.prepare(self.world)
        with self.world.fault("throttle", *self.calls, times=1):
            return self._repeated(expected)

    def _undisturbed(self) -> dict[str, Any]:
        """Where the command ends with nothing in its way."""
        self.scenario.prepare(self.world)
        ran = self.world(*self.scenario.words)
        assert ran.code == 0, ran.stdout
        return self.world.end_state()

    def _repeated(self, expected: dict[str, Any]) -> list[str]:
        ran = self.world(*self.scenario.words)
        problems = [] if ran.code == 0 else [f"exit {ran.code}: {ran.stdout}"]
        found = self.world.end_state()
        if found != expected:
            problems.append(f"ends in {found} and not in {expected}")
        return problems


@pytest.fixture
def trial(name: str, world: InProcess, calls: Callable[[str], tuple[Call, ...]]) -> Trial:
    """The scenario's trial."""
    return Trial(world, SCENARIOS[name], calls(name))


def _unsaid(ran: Ran, scenario: Scenario, call: Call, codes: set[int]) -> list[str]:
    """What a failure that is told to a person at night lacks."""
    validate(ran.document)
    said = ran.stdout + ran.stderr
    problems = ["a stack trace"] if "Traceback" in said else []
    if str(call) not in said:
        problems.append(f"does not name {call}: {said}")
    if scenario.tolerates.fullmatch(call.operation) and ran.code == 0:
        return problems
    if ran.code not in codes:
        problems.append(f"exit {ran.code}: {said}")
    if not cures_of(ran):
        problems.append(f"no hint: {said}")
    return problems


@each_scenario
def test_calls_throttled_once_are_made_again(name: str, trial: Trial) -> None:
    """Nobody notices: exit 0, and the same end state."""
    assert trial.of_all_once() == []


@each_scenario
def test_a_refused_call_is_named_and_the_command_can_be_repeated(name: str, trial: Trial) -> None:
    """Exit 6 with call, region, IAM action and hint; once allowed, it ends as if never refused."""

    def judge(call: Call, ran: Ran) -> list[str]:
        action = iam_action(call.service, call.operation)
        is_named = action in ran.stdout + ran.stderr
        return _unsaid(ran, trial.scenario, call, {6}) + ([] if is_named else [f"no {action}"])

    assert trial.of_each("deny", judge) == {}


@each_scenario
def test_a_call_throttled_for_good_ends_with_one_error(
    name: str, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 1 with call and hint after every retry; later it ends as if never throttled."""
    monkeypatch.setattr(session, "SystemClock", HastyClock)

    def judge(call: Call, ran: Ran) -> list[str]:
        return _unsaid(ran, trial.scenario, call, {1, 8})

    assert trial.of_each("throttle", judge) == {}


@pytest.mark.parametrize("kind", ["deny", "throttle"])
def test_a_lookup_that_fails_is_never_taken_for_absence(world: InProcess, kind: str) -> None:
    """Each call by which a made resource or its owner is found fails in turn: said, not guessed.

    What was taken for absent would be made twice; what was taken for ours could be anybody's.
    """
    world.settled()
    problems: dict[str, str] = {}
    tried: set[Call] = set()
    for lookup in lookups(world.place.home, NAME, Locator(SHARED[0])):
        world.calls.clear()
        if not lookup.finds():
            problems[lookup.type] = f"is not {lookup.expected}"
        for call in set(world.calls) - tried:
            tried.add(call)
            with world.fault(kind, call):
                if wrong := lookup.unsaid(kind, call):
                    problems[str(call)] = wrong
    assert problems == {}
    assert {call.service for call in tried} >= {"ec2", "elbv2", "globalaccelerator", "kms", "sqs"}


def test_a_disk_that_fills_up_under_the_journal_ends_the_command_and_the_next_completes_it(
    world: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is really full: exit 1, one error, the state told; later the run goes on."""
    create = (*CREATE, "--skip-canary")
    world.stopped()
    journals = world.place.home / "journal" / NAME
    assert world(*create).code == 0
    lines = max(journals.iterdir()).read_bytes().splitlines(keepends=True)
    begun = next(i for i, line in enumerate(lines) if b'"stepStarted","step":"set-desired' in line)
    used_bytes = len(b"".join(lines[: begun + 1]))
    expected = world.end_state()

    world.stopped()
    process = session.this_process()
    user = process.user + "a" * (-(used_bytes + ROOM_BYTES) % PAGE_BYTES)
    monkeypatch.setattr(session, "this_process", lambda: replace(process, user=user))
    with small_disk(journals, kib=256) as disk:
        with world.before("ecs", "UpdateService", disk.fill):
            full = world(*create)
        assert full.code == 1, full.stdout
        validate(full.document)
        assert full.document["error"]["code"] == "journal-unwritable"
        assert "the disk is full" in full.document["error"]["message"]
        assert "same command again" in full.document["error"]["hint"]
        assert full.document["end_state"]["state"]
        assert any(f"env create {NAME}" in line for line in full.document["next"])
        assert "Traceback" not in full.stdout + full.stderr
        disk.free()
        again = world(*create)
        assert again.code == 0, again.stdout
        assert world.end_state() == expected
