"""Write the JSON Schemas that are generated from types; `--check` only says whether they are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from videoctl.model.specification_file import specification_schema

SCHEMAS = Path(__file__).resolve().parent.parent / "docs" / "schemas"


def main() -> int:
    """Write or check; exit code 7 when a committed schema is stale."""
    path = SCHEMAS / "environment-specification.json"
    text = json.dumps(specification_schema(), indent=2) + "\n"
    if "--check" in sys.argv:
        if path.read_text() == text:
            return 0
        sys.stderr.write(f"error: {path.name} is stale\nhint: make schemas\n")
        return 7
    path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
