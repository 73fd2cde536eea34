"""Arguments and options that several `env` commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(metavar="NAME", help="The environment, such as slowprod.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the plan; call nothing that writes.")
]
Confirm = Annotated[
    str | None, typer.Option("--confirm", metavar="NAME", help="Its name, for severe writes.")
]
Reason = Annotated[str | None, typer.Option("--reason", help="Kept in the journal and the lock.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", min=1, help="Seconds for the whole run.")
]
Ttl = Annotated[
    str | None, typer.Option("--ttl", metavar="8h", help="Expires after this long: 30m, 8h, 2d.")
]
AcceptReplacement = Annotated[
    list[str] | None,
    typer.Option("--accept-replacement", metavar="RESOURCE", help="Its data may be lost."),
]
SkipCanary = Annotated[
    bool, typer.Option("--skip-canary", help="Do not prove the hops with an event.")
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait for the end, or go on in the background.")
]
ExitCodeFlag = Annotated[
    bool, typer.Option("--exit-code", help="End with 7 when there are differences.")
]
SavedPlan = Annotated[
    Path | None, typer.Option("--plan", metavar="FILE", help="Apply exactly this saved plan.")
]
