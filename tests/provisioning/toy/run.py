"""One update in a process that a test can kill: `run.py JSON`; prints how it ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from toy_programs import Things

from videoctl.errors import VideoctlError
from videoctl.provisioning.engine import Engine
from videoctl.provisioning.gateway import StackGateway
from videoctl.provisioning.supervision import Supervision
from videoctl.provisioning.workspace import Workspace


class NoLocator:
    def locate(self, type_token: str, inputs: Any, region: str | None) -> str | None:
        """Fail: there is nothing to look for."""
        raise AssertionError("nothing to recover here")

    def tags(self, type_token: str, identifier: str, outputs: Any, region: str | None) -> None:
        """Fail: there is nothing to ask after."""
        raise AssertionError("nothing to recover here")


def main() -> int:
    """Run the update that the argument describes."""
    told = json.loads(sys.argv[1])
    workspace = Workspace(
        home=Path(told["home"]),
        target="toy",
        backend_url=told["backend_url"],
        account_id="000000000000",
        environment=told["environment"],
        plugin_directories=tuple(told["plugin_directories"]),
    )
    gateway = StackGateway(
        workspace,
        engine=lambda: Engine(Path(told["engine"]), (3, 259, 0), "test"),
        locator=NoLocator(),
        registry="toy_programs:PROGRAMS",
    )
    given = Things(things=told.get("things", {}), random=tuple(told.get("random", ())))
    how = Supervision(deadline_seconds=told.get("deadline_seconds"), grace_seconds=1)
    try:
        gateway.update("dev", "things", given, fingerprint="f", how=how)
    except VideoctlError as error:
        sys.stdout.write(f"{error.code}: {error.message}\n")
        return int(error.exit_code)
    sys.stdout.write("done\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
