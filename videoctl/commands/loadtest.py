"""`videoctl loadtest`: made-up viewers, fired at an environment or written to a file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from videoctl.errors import (
    DifferencesError,
    FailedError,
    RefusedError,
    UsageError,
    VideoctlError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from videoctl.context import Context
    from videoctl.loadtest.feed import FeedReport
    from videoctl.loadtest.viewers import Audience, Event
    from videoctl.model.specification import EnvironmentSpecification

app = typer.Typer(no_args_is_help=True, help="Made-up viewers, fired at an environment.")

SPREAD_MS: Final = 20_000
"""Made-up events lie in this much time before now, inside the allowed lateness."""

POLL_SECONDS: Final = 2.0
DELIVERY_MARGIN_SECONDS: Final = 60.0


@app.callback()
def _group() -> None:
    """Keep `loadtest` a group, with one subcommand or more."""


@app.command()
def generate(
    command: typer.Context,
    to: Annotated[
        str | None, typer.Option("--to", metavar="NAME", help="Fire at this environment.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write NDJSON instead.")
    ] = None,
    events: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many events.")] = 1000,
    viewers: Annotated[int, typer.Option(min=1, max=100_000, help="Sessions at a time.")] = 50,
    seed: Annotated[int, typer.Option(help="The same seed makes the same viewers.")] = 1,
    run: Annotated[
        str | None, typer.Option("--run", help="Id of the run; part of every event id.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Events a second; default: as fast as it goes.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Events a request.")] = 100,
    find: Annotated[
        bool, typer.Option("--find/--no-find", help="Wait until they are found in S3.")
    ] = True,
    once: Annotated[
        bool, typer.Option("--once", help="Send nothing if this run is whole in S3 already.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
) -> None:
    """Make up viewers and fire their events, or write them; count what became of each."""
    from videoctl.context import Context
    from videoctl.loadtest.viewers import Audience

    if (to is None) == (out is None):
        raise UsageError("name one target: --to NAME or --out FILE", hint="--to dev, for example")
    context = Context(command)
    audience = Audience(
        run=_run_id(run),
        seed=seed,
        viewers=min(viewers, events),
        start_ms=int(time.time() * 1000) - SPREAD_MS,
        duration_ms=SPREAD_MS,
    )
    if out is not None:
        _write(context, out, audience.events(events), dry_run=dry_run)
    elif to is not None:
        specification = context.specification(to)
        _refuse_production(specification)
        if dry_run:
            context.output.say(f"would send {events} events of run {audience.run} to {to}")
            return
        if once and (earlier := _earlier(context, specification, audience.run)) is not None:
            _print(context, earlier)
            return
        _fire(context, specification, audience, events, rate=rate, batch=batch, find=find)


def _run_id(given: str | None) -> str:
    longest = 24
    run = given or f"gen{int(time.time())}"
    if not run.isalnum() or len(run) > longest:
        raise UsageError(
            f"--run {run!r} is no run id", hint=f"letters and digits, at most {longest}"
        )
    return run


def _refuse_production(specification: EnvironmentSpecification) -> None:
    if specification.protected or specification.kind == "production":
        raise RefusedError(
            f"{specification.name} is protected: it is never a load-test target",
            hint="fire at another environment: videoctl env list",
            code="target-protected",
        )


def _write(context: Context, out: Path, events: list[Event], *, dry_run: bool) -> None:
    if dry_run:
        context.output.say(f"would write {len(events)} events to {out}")
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)
    except OSError as error:
        raise FailedError(f"{out} cannot be written: {error.strerror}") from error
    context.output.say(f"wrote {len(events)} events to {out}")


def _fire(
    context: Context,
    specification: EnvironmentSpecification,
    audience: Audience,
    events: int,
    *,
    rate: float | None,
    batch: int,
    find: bool,
) -> None:
    from datetime import UTC, datetime

    from videoctl.loadtest.feed import FeedSettings, feed

    url = context.session(specification).front_door_url()
    if url is None:
        raise RefusedError(
            f"{specification.name} has no front door: it is not built",
            hint=f"videoctl env create {specification.name}",
            code="environment-absent",
        )
    began = datetime.now(UTC)
    settings = FeedSettings(url=url, batch_events=batch, rate_per_second=rate)
    with _bar(context, "sending", events) as advance:
        report = feed(
            audience.events(events),
            settings,
            lambda seen: advance(seen.acknowledged + seen.rejected + seen.undelivered),
        )
    found = _found(context, specification, audience.run, began, report) if find else None
    payload = _report(specification, audience, report, began, rate=rate, found=found)
    file = _report_file(context, specification, audience.run)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(payload), encoding="utf-8")
    _print(context, payload)
    _judge(context, specification, report, found)


def _earlier(
    context: Context, specification: EnvironmentSpecification, run: str
) -> dict[str, Any] | None:
    """The report of an earlier run of this id, if all it had acknowledged is still found."""
    file = _report_file(context, specification, run)
    try:
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    arrivals = context.session(specification).arrivals(run)
    report["found"]["raw"] = arrivals.look(_moment(report["started_at"]))
    if report["found"]["raw"] != report["acknowledged"]:
        return None
    context.output.say(f"run {run} was sent before and is whole: nothing was sent again")
    return report


def _moment(text: str) -> datetime:
    from datetime import datetime

    return datetime.fromisoformat(text)


def _report_file(context: Context, specification: EnvironmentSpecification, run: str) -> Path:
    return context.settings.home / "loadtest" / specification.name / f"{run}.json"


def _found(
    context: Context,
    specification: EnvironmentSpecification,
    run: str,
    began: datetime,
    report: FeedReport,
) -> int:
    """How many of the run's events are in the raw buckets, waiting as long as delivery may take."""
    session = context.session(specification)
    wait = 2 * specification.delivery.buffer_seconds + DELIVERY_MARGIN_SECONDS
    deadline = time.monotonic() + wait
    with _bar(context, "finding in S3", report.acknowledged) as advance:
        arrivals = session.arrivals(run)
        while True:
            found = arrivals.look(began)
            advance(found)
            if found >= report.acknowledged or time.monotonic() >= deadline:
                return found
            time.sleep(POLL_SECONDS)


def _bar(context: Context, title: str, total: int) -> Any:
    from videoctl.progress import bar

    return bar(context.output, title, total)


def _report(
    specification: EnvironmentSpecification,
    audience: Audience,
    report: FeedReport,
    began: datetime,
    *,
    rate: float | None,
    found: int | None,
) -> dict[str, Any]:
    return {
        "run_id": audience.run,
        "source": f"made-up viewers, seed {audience.seed}",
        "target": specification.name,
        "started_at": began.isoformat(),
        "sent": report.sent,
        "acknowledged": report.acknowledged,
        "rejected": report.rejected,
        "undelivered": report.undelivered,
        "found": {"raw": found, "session_events": None, "late": None},
        "rate_asked": rate,
        "rate_reached": round(report.rate_per_second, 1),
        "latency_p50_ms": report.latency_ms(0.5),
        "latency_p99_ms": report.latency_ms(0.99),
        "seconds": round(report.seconds, 2),
        "reasons": report.reasons,
        "stopped_by": None,
    }


def _print(context: Context, payload: dict[str, Any]) -> None:
    def text(console: Console) -> None:
        _draw(console, payload)

    context.output.document("loadtest-report/v1", payload, text)


def _judge(
    context: Context, specification: EnvironmentSpecification, report: FeedReport, found: int | None
) -> None:
    """End with an error where an event was not taken, or acknowledged and not found."""
    if report.undelivered or report.rejected:
        error: VideoctlError = FailedError(
            f"{report.undelivered} events were not delivered, {report.rejected} rejected:"
            f" {report.reasons}",
            hint=f"videoctl env status {specification.name}",
            code="events-not-delivered",
        )
        context.end_with(error)
    if found is not None and found != report.acknowledged:
        error = DifferencesError(
            f"acknowledged {report.acknowledged}, found {found} in S3 so far",
            hint=f"videoctl env check {specification.name}",
            code="events-missing",
        )
        context.end_with(error)


def _draw(console: Console, payload: dict[str, Any]) -> None:
    from videoctl.output import table

    found = payload["found"]["raw"]
    p50, p99 = payload["latency_p50_ms"], payload["latency_p99_ms"]
    latency = "-" if p50 is None else f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    table(
        console,
        ("WHAT", "COUNT"),
        [
            ("sent", payload["sent"]),
            ("acknowledged (in Kinesis)", payload["acknowledged"]),
            ("rejected", payload["rejected"]),
            ("not delivered", payload["undelivered"]),
            ("found in S3", found),
            ("events a second", f"{payload['rate_reached']:,.0f}"),
            ("acknowledgement", latency),
        ],
        right=("COUNT",),
    )
