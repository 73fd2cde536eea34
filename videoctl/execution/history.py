"""Journals read back: which runs there were, how they ended, and which can be resumed."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from videoctl.errors import FailedError
from videoctl.execution.journal import JOURNAL_VERSION, TORN, Journal, RecordKind
from videoctl.execution.results import Outcome
from videoctl.planning.plan import PLAN_ADAPTER, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from videoctl.execution.store import ObjectStore


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Who runs it, from where, and why if `--reason` said so."""

    user: str
    host: str
    pid: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run as its journal tells it.

    Attributes:
        plan: what it set out to do.
        outcome: None while open: it runs, or its process died and no later run has found it yet.
        completed_by: id of the later run at whose end all its steps were seen done; None: none.
        account_id: where it ran; None in journals that do not say.
        acknowledged: steps a person has acknowledged.
        records: every whole record, in order.
        is_torn: a line was cut by a crash.

    """

    run_id: str
    plan: Plan
    operator: Operator
    started_at: datetime
    outcome: str | None
    completed_by: str | None
    account_id: str | None
    acknowledged: frozenset[str]
    records: tuple[dict[str, Any], ...]
    is_torn: bool

    @property
    def action(self) -> str:
        """The verb the run carries out."""
        return self.plan.action

    @property
    def environment(self) -> str:
        """Whose run it is."""
        return self.plan.environment


class JournalDirectory:
    """All journals of this machine's state directory, and their mirror.

    Args:
        home: VIDEOCTL_HOME.
        mirror: where copies go, in the region that stays; None: nowhere.
        account_id: the account worked on: runs in another one are left out; None: every account.

    """

    def __init__(
        self, home: Path, mirror: ObjectStore | None = None, *, account_id: str | None = None
    ) -> None:
        self._root = home / "journal"
        self._mirror = mirror
        self._account_id = account_id

    def path(self, environment: str, run_id: str) -> Path:
        """The file of one run."""
        return self._root / environment / f"{run_id}.jsonl"

    def begin(
        self, plan: Plan, run_id: str, operator: Operator, now: Callable[[], datetime]
    ) -> Journal:
        """Open the journal of a new run; its first record holds the whole plan."""
        journal = Journal(self.path(plan.environment, run_id), run_id, now)
        journal.write(
            RecordKind.EXECUTION_STARTED,
            account_id=self._account_id,
            plan=PLAN_ADAPTER.dump_python(plan, mode="json"),
            operator=asdict(operator),
        )
        return journal

    def reopen(self, run: RunRecord, operator: Operator, now: Callable[[], datetime]) -> Journal:
        """Open the journal of an unfinished run to go on with it."""
        journal = Journal(self.path(run.environment, run.run_id), run.run_id, now)
        journal.write(RecordKind.EXECUTION_RESUMED, operator=asdict(operator))
        return journal

    def mirror(self, journal: Journal, environment: str) -> None:
        """Copy the whole journal, a few kilobytes, to the mirror."""
        if self._mirror is not None:
            key = f"journal/{environment}/{journal.path.name}"
            self._mirror.put(key, journal.path.read_bytes())

    def acknowledge(
        self, run: RunRecord, step: str, operator: Operator, now: Callable[[], datetime]
    ) -> None:
        """Record that a person has done a manual step."""
        journal = Journal(self.path(run.environment, run.run_id), run.run_id, now)
        try:
            journal.write(RecordKind.STEP_ACKNOWLEDGED, step=step, operator=asdict(operator))
            self.mirror(journal, run.environment)
        finally:
            journal.close()

    def history(self, environment: str | None = None) -> tuple[RunRecord, ...]:
        """Every run, the latest first.

        Raises:
            FailedError: `journal-unreadable`.

        """
        return self._ours(map(read_run, self._paths(environment)))

    def readable(self, environment: str) -> tuple[RunRecord, ...]:
        """Every run whose journal can be read, the latest first."""
        runs = []
        for path in self._paths(environment):
            with contextlib.suppress(FailedError):
                runs.append(read_run(path))
        return self._ours(runs)

    def latest(self, environment: str) -> RunRecord | None:
        """The latest run of one environment."""
        return next(iter(self.history(environment)), None)

    def _paths(self, environment: str | None) -> Iterable[Path]:
        folder = self._root / environment if environment else self._root
        return folder.rglob("*.jsonl") if folder.is_dir() else ()

    def _ours(self, runs: Iterable[RunRecord | None]) -> tuple[RunRecord, ...]:
        ours = [run for run in runs if run is not None and self._is_ours(run)]
        return tuple(sorted(ours, key=lambda run: (run.started_at, run.run_id), reverse=True))

    def _is_ours(self, run: RunRecord) -> bool:
        return None in {self._account_id, run.account_id} or run.account_id == self._account_id


def read_run(path: Path) -> RunRecord | None:
    """Read one journal; None when the process died before its first record was whole.

    Raises:
        FailedError: `journal-unreadable`: another version, or damaged before its last line.

    """
    records, is_torn = _records(path)
    if not records:
        return None
    first = records[0]
    if first["record"] != RecordKind.EXECUTION_STARTED:
        raise _unreadable(path, 1, "its first record holds no plan")
    try:
        plan = PLAN_ADAPTER.validate_python(first["plan"])
        operator = Operator(**first["operator"])
    except (ValidationError, KeyError, TypeError) as error:
        raise _unreadable(path, 1, "its plan is none this version knows") from error
    return RunRecord(
        run_id=first["run_id"],
        plan=plan,
        operator=operator,
        started_at=datetime.fromisoformat(first["time"]),
        outcome=_outcome(records),
        completed_by=_completed_by(records),
        account_id=first.get("account_id"),
        acknowledged=frozenset(
            r["step"] for r in records if r["record"] == RecordKind.STEP_ACKNOWLEDGED
        ),
        records=tuple(records),
        is_torn=is_torn,
    )


def _outcome(records: list[dict[str, Any]]) -> str | None:
    """How the run ended, unless it was taken up again afterwards."""
    outcome: str | None = None
    for record in records:
        if record["record"] == RecordKind.EXECUTION_COMPLETED:
            outcome = record["outcome"]
        elif record["record"] == RecordKind.EXECUTION_INTERRUPTED:
            outcome = Outcome.INTERRUPTED.value
        elif record["record"] == RecordKind.EXECUTION_RESUMED:
            outcome = None
    return outcome


def _completed_by(records: list[dict[str, Any]]) -> str | None:
    """The later run that completed it, unless it was taken up again afterwards."""
    completed_by: str | None = None
    for record in records:
        if record["record"] == RecordKind.EXECUTION_SUPERSEDED:
            completed_by = record["completed_by"]
        elif record["record"] == RecordKind.EXECUTION_RESUMED:
            completed_by = None
    return completed_by


def _records(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """Whole records; a last line without its end was cut by a crash, and so was a marked one."""
    *lines, rest = path.read_bytes().split(b"\n")
    is_torn = rest != b""
    records: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if line.endswith(TORN):
            is_torn = True
            continue
        try:
            record = json.loads(line)
            version = record["journal_version"]
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(path, number, "it is no record") from error
        if version != JOURNAL_VERSION:
            raise _unreadable(path, number, f"its version is {version!r}")
        records.append(record)
    return records, is_torn


def _unreadable(path: Path, line: int, why: str) -> FailedError:
    return FailedError(
        f"the journal {path} cannot be read: line {line}: {why}",
        hint="move the file away; `videoctl env status NAME` says what is there",
        code="journal-unreadable",
    )
