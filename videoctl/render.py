"""How plans, runs and states are drawn for a person; the same values go to `-o json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from videoctl.output import table
from videoctl.planning.plan import Verdict
from videoctl.planning.status import EnvironmentState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from rich.console import Console

    from videoctl.planning.plan import Check, Plan, ResourceChanges
    from videoctl.planning.status import EnvironmentStatus

_LITTLE = 0.01
_FEW = 1
_MANY = 100


def moment(value: datetime | None) -> str | None:
    """A moment as people read it, UTC to the second."""
    return value.strftime("%Y-%m-%d %H:%M:%SZ") if value else None


def age(value: datetime | None, now: datetime) -> str | None:
    """How long ago, in the largest unit that fits."""
    if value is None:
        return None
    left = max(0, int((now - value).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if left >= 2 * length:
            return f"{left // length} {unit}"
    return f"{left} s"


def rate(value: float | None) -> str | None:
    """A rate with as many digits as say something; a little is never shown as nothing."""
    if value is None:
        return None
    if value == 0:
        return "0"
    if value < _LITTLE:
        return f"<{_LITTLE}"
    if value < _FEW:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < _MANY else f"{value:,.0f}"


def seconds(value: float | None) -> str | None:
    """A time span in the largest unit that says it."""
    if value is None:
        return None
    if value == 0:
        return "0 s"
    if value < 1:
        return f"{max(1, round(value * 1000))} ms"
    if value < _MANY:
        return f"{value:.1f} s"
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if value >= 2 * length:
            return f"{value / length:.0f} {unit}"
    return f"{value:.0f} s"


def draw_checks(console: Console, checks: Iterable[Check]) -> None:
    """The checks table: every check, and the cures where one is needed."""
    rows = [
        (
            check.check,
            check.seen,
            check.limit,
            str(check.verdict),
            (check.cure or "") if check.verdict in {Verdict.FAIL, Verdict.WARN} else "",
        )
        for check in checks
    ]
    columns = ("CHECK", "SEEN", "MUST BE", "VERDICT", "CURE")
    width = len(columns) if any(row[-1] for row in rows) else len(columns) - 1
    table(console, columns[:width], [row[:width] for row in rows])


def draw_plan(console: Console, plan: Plan, pending: frozenset[str]) -> None:
    """A plan: what is checked, what would change, step by step."""
    if plan.checks:
        draw_checks(console, plan.checks)
        console.print()
    rows = [
        (
            number,
            step.name,
            step.title,
            "to do" if step.name in pending else "holds",
        )
        for number, step in enumerate(plan.steps, start=1)
    ]
    table(console, ("#", "STEP", "WHAT", "NOW"), rows, right=("#",))
    console.print()
    if plan.resource_changes is not None:
        _draw_resources(console, plan)
    if plan.blockers:
        names = ", ".join(blocker.check for blocker in plan.blockers)
        console.print(f"refused as it stands by: {names}", style="red", markup=False)


def _draw_resources(console: Console, plan: Plan) -> None:
    """Each resource that changes; of a new stack, where all are new, the count alone."""
    changes = plan.resource_changes
    assert changes is not None
    is_new = all(item.operation == "create" for item in plan.resources) and not changes.same
    if plan.resources and not is_new:
        rows = [
            (item.operation, item.name, item.type_token, " ".join(item.properties))
            for item in plan.resources
        ]
        table(console, ("CHANGE", "RESOURCE", "TYPE", "PROPERTIES"), rows)
    console.print(f"resources: {changes_line(changes)}")


def changes_line(changes: ResourceChanges) -> str:
    """Counts of a preview in one line, zeros left out."""
    counts = {
        "create": changes.create,
        "update": changes.update,
        "replace": changes.replace,
        "delete": changes.delete,
        "unchanged": changes.same,
    }
    return ", ".join(f"{count} to {word}" if word != "unchanged" else f"{count} {word}"
                     for word, count in counts.items() if count) or "no changes"  # fmt: skip


def draw_status(console: Console, status: EnvironmentStatus, now: datetime) -> None:
    """State, hops in the order of an event's way, and what is open."""
    from rich.text import Text  # noqa: PLC0415  (rich is not loaded for --version)

    from videoctl.output import VERDICT_STYLE  # noqa: PLC0415

    state = str(status.state)
    console.print(Text.assemble(f"{status.environment}: ", (state, VERDICT_STYLE.get(state, ""))))
    if status.state is EnvironmentState.ABSENT:
        console.print(f"next: videoctl env create {status.environment}")
        return
    rows = [
        (
            hop.hop,
            hop.region or "global",
            str(hop.state),
            rate(hop.rate_per_second),
            hop.rate_unit if hop.rate_per_second is not None else "",
            seconds(hop.lag_seconds),
            age(hop.measured_at, now),
            age(hop.seen_at, now),
            hop.reason or "",
        )
        for hop in status.hops
    ]
    if rows:
        console.print()
        columns = (
            "HOP", "REGION", "STATE", "RATE/s", "OF", "LAG", "MEASURED AGO", "SEEN AGO", "WHY",
        )  # fmt: skip
        table(console, columns, rows, right=("RATE/s", "LAG", "MEASURED AGO", "SEEN AGO"))
    canary = status.last_canary
    if canary is not None:
        count = sum(bool(hop.seen) for hop in canary.hops)
        console.print(f"\nlast canary: seen at {count} hops, {age(canary.sent_at, now)} ago")
    if status.open_items:
        console.print("\nopen:")
        for item in status.open_items:
            console.print(f"  - {item}", markup=False)


def draw_canary(console: Console, hops: Iterable[Mapping[str, Any]]) -> None:
    """Each hop a canary was looked for at, with its latency; hops as `videoctl/canary/v1` has."""
    words = {True: "seen", False: "not seen", None: "not applicable"}
    rows = [
        (
            hop["hop"],
            hop["region"] or "global",
            words[hop["seen"]],
            f"{hop['latency_ms']:,} ms" if hop["latency_ms"] is not None else None,
            hop["reason"] or "",
            hop.get("next_command") or "",
        )
        for hop in hops
    ]
    columns = ("HOP", "REGION", "CANARY", "AFTER", "WHY", "NEXT")
    is_lost, is_explained = (any(row[-place] for row in rows) for place in (1, 2))
    width = len(columns) if is_lost else len(columns) - (1 if is_explained else 2)
    table(console, columns[:width], [row[:width] for row in rows], right=("AFTER",))
