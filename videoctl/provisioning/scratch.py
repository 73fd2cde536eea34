"""A state backend for a moment: previews of a stack that does not exist must not make it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.provisioning.workspace import Workspace


@contextmanager
def scratch_workspace(workspace: Workspace, *, needed: bool) -> Iterator[Workspace]:
    """The workspace itself, or a copy of it with an empty state that is removed at the end.

    Plugins and logs stay where they are, so the copy costs nothing but the state.
    """
    if not needed:
        workspace.prepare()
        yield workspace
        return
    parent = workspace.home / "engine"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f".preview-{workspace.target}-", dir=parent
    ) as directory:
        copy = replace(
            workspace,
            target=Path(directory).name,
            backend_url=(Path(directory) / "state").as_uri(),
            secrets_provider="passphrase",
        )
        copy.prepare()
        yield copy
