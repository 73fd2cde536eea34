"""How applications are drawn for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from videoctl.output import VERDICT_STYLE, table
from videoctl.render import age

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

SNAPSHOTS_SHOWN: Final = 3
_HEALTH: Final = {True: "healthy", False: "not healthy", None: "health not known"}
_STYLES: Final = {True: "pass", False: "fail", None: "warn"}
_IN_FORCE: Final = {True: "in force", False: "not in force", None: "not known"}


def draw_status(console: Console, applications: list[dict[str, Any]], now: datetime) -> None:
    """One block an application: what is wrong first."""
    for position, one in enumerate(applications):
        if position:
            console.print()
        console.print(f"{one['application']} in {one['region']}: ", end="")
        console.print(str(one["application_status"] or "not known"), end=", ")
        console.print(_HEALTH[one["healthy"]], style=VERDICT_STYLE[_STYLES[one["healthy"]]])
        for reason in one["reasons"]:
            console.print(f"  {reason}", markup=False)
        _draw_facts(console, one)
        _draw_snapshots(console, one["snapshots"], now)
        _draw_operations(console, one["operations"], now)


def _draw_facts(console: Console, one: dict[str, Any]) -> None:
    job = one["job"] or {}
    shards = one["open_shards"]
    rows = [
        ("runtime", one["runtime_environment"]),
        ("parallelism", _of(one["parallelism"], "subtask", shards, "open shard")),
        ("KPUs", one["kpus"]),
        ("job", job.get("state")),
        ("restarts", job.get("restarts")),
        ("last checkpoint", _ago(job.get("last_checkpoint_age_seconds"))),
        ("reads", _rate(job)),
        ("timeouts", ", ".join(map(_timeout, one["timeouts"]))),
    ]
    table(console, ("", ""), [row for row in rows if row[1] is not None])


def _draw_snapshots(console: Console, snapshots: list[dict[str, Any]], now: datetime) -> None:
    if not snapshots:
        console.print("snapshots: none")
        return
    rows = [(s["name"], s["status"], age(s["created_at"], now)) for s in snapshots]
    table(console, ("SNAPSHOT", "STATUS", "AGE"), rows[:SNAPSHOTS_SHOWN])
    if len(rows) > SNAPSHOTS_SHOWN:
        console.print(f"and {len(rows) - SNAPSHOTS_SHOWN} older ones")


def _draw_operations(console: Console, operations: list[dict[str, Any]], now: datetime) -> None:
    rows = [(o["operation"], o["status"], age(o["started_at"], now), o["error"] or "")
            for o in operations]  # fmt: skip
    if rows:
        table(console, ("OPERATION", "STATUS", "AGO", "WHY"), rows)


def draw_timeouts(console: Console, applications: list[dict[str, Any]]) -> None:
    """One row a timeout; why it is not known, where it is not."""
    rows = [
        (
            one["application"],
            one["region"],
            timeout.key,
            _seconds(timeout.effective_ms),
            _seconds(timeout.wanted_ms),
            _IN_FORCE[timeout.in_force],
            timeout.source,
        )
        for one in applications
        for timeout in one["timeouts"]
    ]
    columns = ("APPLICATION", "REGION", "TIMEOUT", "EFFECTIVE", "WANTED", "", "FROM")
    table(console, columns, rows, right=("EFFECTIVE", "WANTED"))
    for one in applications:
        if one["reason"]:
            console.print(f"{one['region']}: {one['reason']}", markup=False)


def _timeout(timeout: Any) -> str:
    return f"{timeout.key} {_seconds(timeout.effective_ms) or 'not known'}"


def _seconds(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else f"{milliseconds / 1000:g} s"


def _ago(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:.0f} s ago"


def _of(count: int | None, what: str, other: int | None, others: str) -> str | None:
    if count is None:
        return None
    return _count(count, what) + ("" if other is None else f" for {_count(other, others)}")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _rate(job: dict[str, Any]) -> str | None:
    rate, behind = job.get("records_per_second"), job.get("behind_seconds")
    if rate is None:
        return None
    return f"{rate:,.1f} records/s" + ("" if behind is None else f", {behind:.1f} s behind")
