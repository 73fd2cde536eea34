"""Options that the `flink` commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from videoctl.context import Context
    from videoctl.flink_session import FlinkSession

Environment = Annotated[
    str | None, typer.Option("--env", metavar="NAME", help="The environment; or VIDEOCTL_ENV.")
]
Regions = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="REGION", help="Only there; may be given twice."),
]


def opened(context: Context, environment: str | None, regions: list[str] | None) -> FlinkSession:
    """The Flink side of the environment that is meant."""
    from videoctl.flink_session import FlinkSession

    specification = context.specification(context.environment_name(environment))
    return FlinkSession(context, context.session(specification), tuple(regions or ()))
