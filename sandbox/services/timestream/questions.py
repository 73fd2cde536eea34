"""SHOW and DESCRIBE: questions about what there is. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SHOW: Final = re.compile(
    r"^\s*SHOW\s+(?P<what>DATABASES|TABLES|MEASURES)"
    r"(?:\s+FROM\s+(?P<name>[\w\".-]+))?(?:\s+LIKE\s+'(?P<pattern>[^']*)')?\s*;?\s*$"
    r"|^\s*(?:DESCRIBE|DESC)\s+(?P<described>[\w\".-]+)\s*;?\s*$",
    re.IGNORECASE,
)


class QueryError(Exception):
    """The query cannot be meant as it stands, or not here; the message says why."""


@dataclass(frozen=True, slots=True)
class Show:
    """A question about what there is.

    Attributes:
        what: databases, tables, measures or columns.
        database: of which database; None for all.
        table: of which table.
        pattern: of SQL's LIKE, which names must match; None for all.

    """

    what: str
    database: str | None = None
    table: str | None = None
    pattern: str | None = None

    def wants(self, name: str) -> bool:
        """Whether a name matches the pattern."""
        if self.pattern is None:
            return True
        wild = {"%": ".*", "_": "."}
        expression = "".join(wild.get(letter) or re.escape(letter) for letter in self.pattern)
        return re.fullmatch(expression, name) is not None


def show(text: str) -> Show | None:
    """The SHOW or DESCRIBE in `text`; None when it is a query."""
    found = _SHOW.match(text)
    if found is None:
        return None
    if found["described"]:
        database, table = _names(found["described"])
        return Show("columns", database, table)
    what = found["what"].lower()
    pattern = found["pattern"]
    if what == "databases":
        return Show(what, pattern=pattern)
    if not found["name"]:
        raise QueryError(f"SHOW {what.upper()} needs FROM and a name.")
    if what == "tables":
        return Show(what, found["name"].strip('"'), pattern=pattern)
    database, table = _names(found["name"])
    return Show(what, database, table, pattern)


def _names(text: str) -> tuple[str, str]:
    parts = [quoted or plain for quoted, plain in re.findall(r'"([^"]+)"|([\w-]+)', text)]
    if len(parts) != 2:  # noqa: PLR2004 - database and table
        raise QueryError(f"{text} is not database.table")
    return parts[0], parts[1]
