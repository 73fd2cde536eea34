"""`videoctl loadtest`: made-up viewers, fired at an environment or written to a file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from videoctl.errors import (
    DifferencesError,
    FailedError,
    RefusedError,
    UsageError,
    VideoctlError,
)

if TYPE_CHECKING:
    from rich.console import Console

    from videoctl.context import Context
    from videoctl.loadtest_session import Wish
    from videoctl.model.specification import EnvironmentSpecification

app = typer.Typer(no_args_is_help=True, help="Made-up viewers, fired at an environment.")


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
    sessions: Annotated[
        bool,
        typer.Option("--sessions", help="Wait until their minute closes; count what Flink made."),
    ] = False,
    unruly: Annotated[
        bool,
        typer.Option(
            "--unruly",
            help="As players are: wrong clocks, late, in disorder, sent twice, malformed.",
        ),
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Send nothing if this run is whole in S3 already.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
) -> None:
    """Make up viewers and fire their events, or write them; count what became of each."""
    from videoctl.context import Context
    from videoctl.loadtest_session import LoadTestSession, Wish

    if (to is None) == (out is None):
        raise UsageError("name one target: --to NAME or --out FILE", hint="--to dev, for example")
    context = Context(command)
    wish = Wish(
        run=_run_id(run),
        events=events,
        viewers=viewers,
        seed=seed,
        rate_per_second=rate,
        batch_events=batch,
        find=find,
        sessions=sessions,
        unruly=unruly,
    )
    if out is not None:
        _write(context, out, wish, dry_run=dry_run)
    elif to is not None:
        specification = context.specification(to)
        _refuse_production(specification)
        _refuse_without_flink(specification, sessions=sessions)
        if dry_run:
            context.output.say(f"would send {events} events of run {wish.run} to {to}")
            return
        test = LoadTestSession(context, specification)
        report = test.once(wish) if once else test.fire(wish)
        _print(context, report)
        _judge(context, specification, report)


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


def _refuse_without_flink(specification: EnvironmentSpecification, *, sessions: bool) -> None:
    if sessions and specification.flink.desired_status != "RUNNING":
        raise RefusedError(
            f"the Flink application of {specification.name} is READY by specification: there are no"
            " session windows to count",
            hint="leave --sessions out",
            code="flink-not-running",
        )


def _write(context: Context, out: Path, wish: Wish, *, dry_run: bool) -> None:
    if dry_run:
        context.output.say(f"would write {wish.events} events to {out}")
        return
    events = wish.posts(wish.audience(wish.run)).events
    try:
        with out.open("x", encoding="utf-8") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)
    except OSError as error:
        raise FailedError(f"{out} cannot be written: {error.strerror}") from error
    context.output.say(f"wrote {len(events)} events to {out}")


def _print(context: Context, payload: dict[str, Any]) -> None:
    def text(console: Console) -> None:
        _draw(console, payload)

    context.output.document("loadtest-report/v1", payload, text)


def _judge(
    context: Context, specification: EnvironmentSpecification, report: dict[str, Any]
) -> None:
    """End with an error where an event was not taken, or acknowledged and not found."""
    from videoctl.loadtest.accounting import Found

    if report["undelivered"] or report["rejected"] != report["malformed"]:
        error: VideoctlError = FailedError(
            f"{report['undelivered']} events were not delivered, {report['rejected']} rejected"
            f" where {report['malformed']} are malformed: {report['reasons']}",
            hint=f"videoctl env status {specification.name}",
            code="events-not-delivered",
        )
        context.end_with(error)
    found = Found(**report["found"])
    if found.raw is not None and not found.is_whole(report["acknowledged_distinct"]):
        error = DifferencesError(
            f"acknowledged {report['acknowledged_distinct']} events, found so far: {found}",
            hint=f"videoctl env check {specification.name} --canary",
            code="events-missing",
        )
        context.end_with(error)


def _draw(console: Console, payload: dict[str, Any]) -> None:
    from videoctl.output import table

    found = payload["found"]
    p50, p99 = payload["latency_p50_ms"], payload["latency_p99_ms"]
    latency = "-" if p50 is None else f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    rows = [
        ("sent", payload["sent"]),
        ("acknowledged (in Kinesis)", payload["acknowledged"]),
        ("of them sent again", payload["acknowledged"] - payload["acknowledged_distinct"]),
        ("malformed", payload["malformed"]),
        ("rejected", payload["rejected"]),
        ("not delivered", payload["undelivered"]),
        ("found in S3", found["raw"]),
    ]
    if found["session_events"] is not None:
        rows += [
            ("counted in session windows", found["session_events"]),
            ("found late", found["late"]),
            ("session windows", found["session_windows"]),
            ("rows in the session store", found["store_rows"]),
        ]
    rows += [
        ("events a second", f"{payload['rate_reached']:,.0f}"),
        ("acknowledgement", latency),
    ]
    table(console, ("WHAT", "COUNT"), rows, right=("COUNT",))
