"""Write the documents that are generated from types; `--check` only says whether they are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from videoctl.model.permissions import needed_actions
from videoctl.model.specification_file import specification_schema

DOCS = Path(__file__).resolve().parent.parent / "docs"


def permissions() -> str:
    """The page that says what a role must be allowed, one action a line."""
    actions = "\n".join(needed_actions())
    return (
        "# Permissions\n\n"
        "What the role that runs videoctl needs for its own calls. `env create`, `update` and"
        " `destroy` need\nwhat the engine's AWS provider calls for the environment's resources as"
        " well.\n\n"
        f"```\n{actions}\n```\n"
    )


def documents() -> dict[Path, str]:
    """Each generated document and its text."""
    specification = json.dumps(specification_schema(), indent=2) + "\n"
    return {
        DOCS / "schemas" / "environment-specification.json": specification,
        DOCS / "permissions.md": permissions(),
    }


def main() -> int:
    """Write or check; exit code 7 when a committed document is stale."""
    stale = [
        path for path, text in documents().items() if not path.exists() or path.read_text() != text
    ]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"error: {path.name} is stale\nhint: make schemas\n")
        return 7 if stale else 0
    for path in stale:
        path.write_text(documents()[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
