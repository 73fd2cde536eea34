"""Rows of one region in DuckDB: a wide table for each table, columns added as measures come."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from sandbox.services.timestream.rows import SECOND, RejectedError, Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb

_INTERNAL: Final = frozenset({"__key", "__version", "__content"})
_MEBIBYTES: Final = 256
Role: TypeAlias = Literal["DIMENSION", "MEASURE_NAME", "TIMESTAMP", "MEASURE_VALUE", "MULTI"]
"""What a column is to Timestream, as DESCRIBE says it."""
_OWN_ROLES: Final[dict[str, Role]] = {"measure_name": "MEASURE_NAME", "time": "TIMESTAMP"}


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def physical(database: str, table: str) -> str:
    """Name of the DuckDB table that holds a table's rows."""
    return f"{database}/{table}"


def moment(time_ns: int) -> datetime:
    """A time as DuckDB stores it: UTC without a zone, to the microsecond."""
    seconds, rest = divmod(time_ns, SECOND)
    found = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return found.replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: column names, DuckDB's types, rows."""

    names: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]


class Engine:
    """All rows of one account and region; every method blocks, and may be called by any thread."""

    def __init__(self, path: Path | None) -> None:
        import duckdb  # noqa: PLC0415 - 40 MB that a sandbox without Timestream rows need not load

        self._lock = threading.Lock()
        self._known: dict[str, dict[str, str]] = {}
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:" if path is None else str(path)
        )
        for setting in (
            f"memory_limit='{_MEBIBYTES}MiB'",
            "threads=1",
            "TimeZone='UTC'",
            # Queries are strangers' SQL: no files, no network, no change of these settings.
            "enable_external_access=false",
            # An integer by an integer is an integer in Timestream.
            "integer_division=true",
            "lock_configuration=true",
        ):
            self._connection.execute(f"SET {setting}")

    def close(self) -> None:
        """Write what is pending and let go of the file."""
        with self._lock:
            self._connection.close()

    def interrupt(self) -> None:
        """End the query that runs."""
        self._connection.interrupt()

    def columns(self, table: str) -> dict[str, str]:
        """DuckDB types by column, without the internal ones; empty before the first row."""
        with self._lock:
            return {
                name: kind for name, kind in self._columns(table).items() if name not in _INTERNAL
            }

    def _columns(self, table: str) -> dict[str, str]:
        if table not in self._known:
            found = self._connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? "
                "ORDER BY column_index",
                [table],
            )
            self._known[table] = dict(found.fetchall())
        return self._known[table]

    def roles(self, table: str) -> dict[str, Role]:
        """What each visible column is, in the table's order; empty before the first row."""
        with self._lock:
            found = self._connection.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ? "
                "ORDER BY column_index",
                [table],
            )
            return {
                name: _OWN_ROLES.get(name) or role or "MULTI"
                for name, role in found.fetchall()
                if name not in _INTERNAL
            }

    def drop(self, table: str) -> None:
        """Forget a table's rows."""
        with self._lock:
            self._connection.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
            self._known.pop(table, None)

    def query(self, statement: str) -> Answer:
        """Run a translated query; raises `duckdb.Error`, and `ValueError` for times with a zone."""
        with self._lock:
            cursor = self._connection.execute(statement)
            description = cursor.description or []
            types = [str(column[1]) for column in description]
            if any("TIME ZONE" in kind for kind in types):
                raise ValueError("times with a zone are not supported")
            return Answer([column[0] for column in description], types, cursor.fetchall())

    def write(self, table: str, rows: dict[int, Row]) -> dict[int, RejectedError]:
        """Insert or replace rows, in one transaction; gives why some were not, by their index."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                rejected = self._write(table, rows)
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._known.pop(table, None)
                raise
            self._connection.execute("COMMIT")
        return rejected

    def _write(self, table: str, rows: dict[int, Row]) -> dict[int, RejectedError]:
        rejected: dict[int, RejectedError] = {}
        fitting: dict[int, Row] = {}
        for index, row in rows.items():
            try:
                self._fit_columns(table, row)
                fitting[index] = row
            except RejectedError as error:
                rejected[index] = error
        existing = self._existing(table, [row.key for row in fitting.values()])
        latest: dict[str, Row] = {}
        for index, row in fitting.items():
            try:
                if _replaces(row, existing.get(row.key)):
                    latest[row.key] = row
                    existing[row.key] = (row.version, row.content)
            except RejectedError as error:
                rejected[index] = error
        self._insert(table, list(latest.values()))
        return rejected

    def _existing(self, table: str, keys: list[str]) -> dict[str, tuple[int, str]]:
        if not keys:
            return {}
        found = self._connection.execute(
            f"SELECT __key, __version, __content FROM {quoted(table)} "  # noqa: S608 - quoted
            "WHERE __key IN (SELECT unnest(?::VARCHAR[]))",
            [keys],
        )
        return {key: (version, content) for key, version, content in found.fetchall()}

    def _insert(self, table: str, rows: list[Row]) -> None:
        if not rows:
            return
        # Every column, named or not: a measure that the higher version lacks is gone with the old
        # row. One JSON document: DuckDB takes ten times as long to plan a list of parameters.
        types = self._columns(table)
        absent = dict.fromkeys(types)
        names = ", ".join(map(quoted, types))
        structure = json.dumps([types]).replace("'", "''")
        self._connection.execute(
            f"INSERT OR REPLACE INTO {quoted(table)} ({names}) "
            f"SELECT unnest(from_json(?, '{structure}'), recursive := true)",
            [json.dumps([absent | _values(row) for row in rows])],
        )

    def _fit_columns(self, table: str, row: Row) -> None:
        wanted = dict.fromkeys(row.dimensions, "VARCHAR") | {
            name: kind for name, (kind, _) in row.measures.items()
        }
        known = self._columns(table)
        spelled = {name.lower(): name for name in (*_INTERNAL, *known)}
        for name, kind in wanted.items():
            if known.get(name, kind) != kind:
                raise RejectedError(f"The column {name} is {known[name]}, not {kind}.")
            if spelled.setdefault(name.lower(), name) != name or name in _INTERNAL:
                raise RejectedError(f"The column {name} differs from another in case only.")
        if not known:
            self._connection.execute(
                f"CREATE TABLE {quoted(table)} (__key VARCHAR PRIMARY KEY, __version BIGINT, "
                "__content VARCHAR, measure_name VARCHAR, time TIMESTAMP)"
            )
        added = [name for name in wanted if name not in known]
        for name in added:
            column = f"{quoted(table)}.{quoted(name)}"
            self._connection.execute(
                f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {wanted[name]}"
            )
            self._connection.execute(f"COMMENT ON COLUMN {column} IS '{_role(row, name)}'")
        if added:
            del self._known[table]


class Engines:
    """The engines of one server, opened when first needed."""

    def __init__(self, directory: Callable[[], Path]) -> None:
        self._directory = directory
        self._open: dict[str, Engine] = {}

    def engine(self, account_id: str, region: str) -> Engine:
        """The rows of an account and region."""
        name = f"timestream-{account_id}-{region}.duckdb"
        if name not in self._open:
            self._open[name] = Engine(self._directory() / name)
        return self._open[name]

    def drop(self, account_id: str, region: str, table: str) -> None:
        """Forget a table's rows, if there are any."""
        name = f"timestream-{account_id}-{region}.duckdb"
        if name in self._open or (self._directory() / name).exists():
            self.engine(account_id, region).drop(table)

    def close(self) -> None:
        """Close all files."""
        for engine in self._open.values():
            engine.close()
        self._open.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.close()
        for path in self._directory().glob("timestream-*.duckdb*"):
            path.unlink()


def _replaces(row: Row, existing: tuple[int, str] | None) -> bool:
    """Whether a row is to be written; False for one that is there already, word for word."""
    if existing is None:
        return True
    version, content = existing
    if row.version > version:
        return True
    if row.version < version:
        raise RejectedError(
            f"The record version {row.version} is lower than the existing version {version}. A "
            "higher version is required to update the measure value.",
            version,
        )
    if row.content == content:
        return False
    raise RejectedError(
        "A record already exists with the same time, dimensions, measure name, and record version. "
        "A higher record version must be specified in order to update the measure value.",
        version,
    )


def _role(row: Row, column: str) -> Role:
    if column in row.dimensions:
        return "DIMENSION"
    return "MEASURE_VALUE" if column.startswith("measure_value::") else "MULTI"


def _values(row: Row) -> dict[str, Any]:
    return {
        "__key": row.key,
        "__version": row.version,
        "__content": row.content,
        "measure_name": row.measure_name,
        "time": moment(row.time_ns).isoformat(" "),
        **row.dimensions,
        **{
            name: moment(int(value)).isoformat(" ") if kind == "TIMESTAMP" else value
            for name, (kind, value) in row.measures.items()
        },
    }
