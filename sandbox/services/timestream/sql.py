"""Timestream's SQL, Trino's with a few words of its own, as DuckDB understands it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sandbox.services.timestream.questions import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_PROTECTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*")
_DURATION: Final = re.compile(r"(?<![\w.])(\d+)(us|ms|s|m|h|d)\b", re.IGNORECASE)
_MEASURE_VALUE: Final = re.compile(
    r"\bmeasure_value::(double|bigint|varchar|boolean|timestamp)\b", re.IGNORECASE
)
_UNITS: Final = {
    "us": "MICROSECOND", "ms": "MILLISECOND", "s": "SECOND",
    "m": "MINUTE", "h": "HOUR", "d": "DAY",
}  # fmt: skip
_EPOCH: Final = "TIMESTAMP '1970-01-01 00:00:00'"
_RENAMED: Final = {
    # Timestream's name and the DuckDB expression it stands for; {0} is the argument.
    "FROM_MILLISECONDS": "epoch_ms({0})",
    "FROM_NANOSECONDS": "make_timestamp({0} // 1000)",
    "TO_MILLISECONDS": "epoch_ms({0})",
    "TO_NANOSECONDS": "epoch_ns({0})",
    "TO_UNIXTIME": "epoch({0})",
}


def translated(text: str, now: datetime, relation: Callable[[str, str], str]) -> str:
    """The query for DuckDB; raises `QueryError`.

    Args:
        text: what the client sent.
        now: the time of the query, UTC without a zone.
        relation: the DuckDB relation for a database and a table; raises `QueryError`.

    """
    try:
        statements = sqlglot.parse(_plain(text), read="trino")
    except SqlglotError as error:
        raise QueryError(f"The query syntax is invalid: {str(error).splitlines()[0]}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise QueryError("Only one SELECT, SHOW or DESCRIBE statement is allowed.")
    query = statements[0]
    _name_columns(query)
    common = {one.alias_or_name for one in query.find_all(exp.CTE)}
    for table in list(query.find_all(exp.Table)):
        _replace_table(table, common, relation)
    # Innermost first: what replaces a function holds its arguments as they are by then.
    for node in reversed(list(query.dfs())):
        replacement = _function(node, now)
        if replacement is not node:
            node.replace(replacement)
    return query.sql(dialect="duckdb")


def _name_columns(query: exp.Query) -> None:
    """Columns without a name get Timestream's: `_col` and their number."""
    for index, column in enumerate(query.selects):
        if not (column.alias or column.is_star or isinstance(column, exp.Column)):
            column.replace(exp.alias_(column.copy(), f"_col{index}"))


def _plain(text: str) -> str:
    """`text` with durations as intervals and `measure_value::type` as the column name it is."""

    def outside(part: str) -> str:
        part = _DURATION.sub(
            lambda found: f"INTERVAL '{found[1]}' {_UNITS[found[2].lower()]}", part
        )
        return _MEASURE_VALUE.sub(lambda found: f'"measure_value::{found[1].lower()}"', part)

    result, position = "", 0
    for found in _PROTECTED.finditer(text):
        result += outside(text[position : found.start()]) + found[0]
        position = found.end()
    return result + outside(text[position:])


def _replace_table(table: exp.Table, common: set[str], relation: Callable[[str, str], str]) -> None:
    if not table.db:
        if table.name in common:
            return
        raise QueryError(f"The table {table.name} must be given with its database.")
    source = sqlglot.parse_one(relation(table.db, table.name), read="duckdb")
    alias = table.alias or table.name
    table.replace(exp.Subquery(this=source, alias=exp.TableAlias(this=exp.to_identifier(alias))))


def _function(node: exp.Expr, now: datetime) -> exp.Expr:
    if isinstance(node, exp.CurrentTimestamp):
        return _parsed(f"TIMESTAMP '{now.isoformat(' ')}'")
    if isinstance(node, exp.CurrentDate):
        return _parsed(f"DATE '{now.date().isoformat()}'")
    if isinstance(node, exp.DateDiff):
        # Whole units that have passed, as in Trino; DuckDB's date_diff counts boundaries.
        unit = str(node.args.get("unit") or "day").lower()
        return exp.Anonymous(
            this="date_sub",
            expressions=[exp.Literal.string(unit), node.expression, node.this],
        )
    if isinstance(node, exp.UnixToTime):
        seconds = f"CAST({_text(node.this)} AS DOUBLE)"
        return _parsed(f"make_timestamp(CAST({seconds} * 1000000 AS BIGINT))")
    if isinstance(node, exp.FromISO8601Timestamp):
        # Times have no zone in Timestream: they are UTC, as the connection's zone is.
        return _parsed(f"CAST(CAST({_text(node.this)} AS TIMESTAMPTZ) AS TIMESTAMP)")
    if isinstance(node, exp.Anonymous):
        return _own_function(node, now)
    return node


def _own_function(node: exp.Anonymous, now: datetime) -> exp.Expr:
    name, arguments = str(node.this).upper(), node.expressions
    if name == "AGO" and len(arguments) == 1:
        return _parsed(f"(TIMESTAMP '{now.isoformat(' ')}' - {_text(arguments[0])})")
    if name == "BIN" and len(arguments) == 2:  # noqa: PLR2004 - BIN(time, interval)
        value, width = map(_text, arguments)
        return _parsed(f"time_bucket({width}, {value}, {_EPOCH})")
    if name in _RENAMED and len(arguments) == 1:
        return _parsed(_RENAMED[name].format(f"({_text(arguments[0])})"))
    raise QueryError(f"The sandbox's Timestream has no function {name} of {len(arguments)}.")


def _text(node: exp.Expr) -> str:
    return node.sql(dialect="duckdb")


def _parsed(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read="duckdb")
