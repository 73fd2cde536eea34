"""`env list` and `env show`: what there is, and what its parts are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from videoctl.commands.env.arguments import Name

if TYPE_CHECKING:
    from rich.console import Console

    from videoctl.model.names import Names
    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification


def register(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("list")(list_environments)
    app.command("show")(show)


def list_environments(command: typer.Context) -> None:
    """List the environments: regions, state, age, standing cost."""
    from datetime import UTC, datetime

    from videoctl.context import Context
    from videoctl.model.cost import estimate, price_table
    from videoctl.output import table
    from videoctl.planning.status import EnvironmentState
    from videoctl.render import age, moment

    context = Context(command)
    rows: list[dict[str, Any]] = []
    for specification in context.specifications().values():
        session = context.session(specification)
        status, record = session.summary()
        unreadable = status.unreadable if status else ()
        for line in unreadable:
            context.output.warn(f"{specification.name}: could not be read: {line}")
        rows.append(
            {
                "name": specification.name,
                "kind": specification.kind,
                "regions": specification.regions,
                "state": status.state if status else EnvironmentState.ABSENT,
                "protected": specification.protected,
                "created_at": record.created_at if record else None,
                "expires_at": record.expires_at if record else None,
                "unreadable": unreadable,
                "cost_per_month_usd": estimate(specification).cost_per_month_usd,
            }
        )
    prices = price_table()

    def text(console: Console) -> None:
        now = datetime.now(UTC)
        table(
            console,
            ("NAME", "KIND", "REGIONS", "STATE", "AGE", "EXPIRES", "USD/MONTH"),
            [
                (
                    f"{row['name']} (protected)" if row["protected"] else row["name"],
                    row["kind"],
                    " ".join(row["regions"]),
                    row["state"],
                    age(row["created_at"], now),
                    moment(row["expires_at"]),
                    f"{row['cost_per_month_usd']:,.2f}",
                )
                for row in rows
            ],
            right=("USD/MONTH",),
        )
        console.print(
            f"\nstanding cost while it exists, without traffic; {prices.source}, {prices.date}"
        )

    payload = {
        "environments": rows,
        "prices": {"date": prices.date, "source": prices.source},
    }
    context.output.document("env-list/v1", payload, text)


def show(command: typer.Context, name: Name) -> None:
    """Show the parts of an environment by name, and where players post."""
    from videoctl.context import Context
    from videoctl.model.names import Names

    context = Context(command)
    specification = context.specification(name)
    names = Names(name, context.target.account_id)
    front_door = context.session(specification).front_door_url()
    regions = [_region(names, specification, region) for region in specification.regions]
    payload = {
        "name": name,
        "kind": specification.kind,
        "protected": specification.protected,
        "front_door": front_door,
        "regions": regions,
    }

    def text(console: Console) -> None:
        _draw(console, payload)

    context.output.document("env-show/v1", payload, text)


def _region(
    names: Names, specification: EnvironmentSpecification, region: Region
) -> dict[str, Any]:
    from videoctl.model.names import BucketKind, StreamKind

    return {
        "region": region,
        "role": "primary" if region is specification.primary else "secondary",
        "buckets": {str(kind): names.bucket(kind, region) for kind in BucketKind},
        "streams": {str(kind): names.stream(kind) for kind in StreamKind},
        "delivery_streams": {str(kind): names.delivery_stream(kind) for kind in StreamKind},
        "flink_application": names.flink_application,
        "functions": {"session": names.session_function},
        "timestream": {"database": names.timestream_database, "table": names.sessions_table},
        "service": {"cluster": names.cluster, "name": names.ingest_service},
    }


def _draw(console: Console, payload: dict[str, Any]) -> None:
    from videoctl.output import table

    protected = ", protected" if payload["protected"] else ""
    console.print(f"{payload['name']} ({payload['kind']}{protected})")
    console.print(f"front door: {payload['front_door'] or 'none yet: it is not built'}")
    for region in payload["regions"]:
        rows = []
        for key, value in region.items():
            if isinstance(value, dict):
                rows += [(f"{key}.{part}", name) for part, name in value.items()]
            elif key not in {"region", "role"}:
                rows.append((key, value))
        console.print(f"\n{region['region']} ({region['role']})")
        table(console, ("PART", "NAME"), rows)
