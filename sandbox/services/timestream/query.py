"""The operations of Timestream Query."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sandbox.protocol.errors import ServiceError
from sandbox.protocol.wire import Json
from sandbox.services.base import Call, Service
from sandbox.services.timestream import access, counting, results, shown
from sandbox.services.timestream.engine import Answer, moment, physical, quoted
from sandbox.services.timestream.questions import QueryError, Show, show
from sandbox.services.timestream.rows import window
from sandbox.services.timestream.write import TimestreamWrite, endpoints

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_SECONDS: Final = 60.0
_MOST_PAGE_BYTES: Final = 1024 * 1024
_MOST_ROWS: Final = 1000
_MOST_OPEN: Final = 100
"""Answers kept for their next pages; the oldest goes first."""
_TCU_STEP: Final = 4
_UNKNOWN_COLUMN: Final = re.compile(
    r'Binder Error: (?:Referenced column|Column|Table "[^"]*" does not have a column named)'
    r' "([^"]+)"'
)
"""Of DuckDB's messages: it also says so of a column that only the SELECT clause has."""
_DEFAULT_SETTINGS: Final = {"MaxQueryTCU": 200, "QueryPricingModel": "COMPUTE_UNITS"}


@dataclass(slots=True)
class _Open:
    """An answer of which pages are still to be fetched."""

    columns: list[Json]
    rows: list[Json]
    query: str


class TimestreamQuery(Service):
    """Queries over what was written, in a subset of Timestream's SQL."""

    name: ClassVar[str] = "timestream-query"
    counts_requests: ClassVar[bool] = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._tokens: OrderedDict[str, str] = OrderedDict()

    def answered(
        self, call: Call, parameters: Json, seconds: float, error: ServiceError | None
    ) -> None:
        """Count the request."""
        counting.answered(self.host.metrics, call, parameters, seconds, error)

    def describe_endpoints(self, call: Call, request: Json) -> Json:
        """Where this account's cell is."""
        del call, request
        access.check()
        return endpoints(self.host.endpoint_url)

    async def query(self, call: Call, request: Json) -> Json:
        """Run a query, or give the next page of one."""
        access.check()
        token = request.get("NextToken")
        if token is None:
            self._check_client_token(request)
            query_id = secrets.token_hex(16).upper()
            answer = await self._answer(call, request["QueryString"])
            rows = [results.row(values) for values in answer.rows]
            opened = _Open(results.column_info(answer), rows, request["QueryString"])
            start = 0
        else:
            query_id, _, offset = token.partition("-")
            found = self._open.get(query_id)
            if found is None or not offset.isdigit() or found.query != request["QueryString"]:
                raise _invalid("The NextToken is not valid for this query.")
            opened, start = found, int(offset)
        page = _page(opened.rows[start:], request.get("MaxRows", _MOST_ROWS))
        end = start + len(page)
        answer_page: Json = {
            "QueryId": query_id,
            "Rows": page,
            "ColumnInfo": opened.columns,
            "QueryStatus": {
                "ProgressPercentage": 100.0 * end / len(opened.rows) if opened.rows else 100.0,
                "CumulativeBytesScanned": _size(opened.rows[:end]),
                "CumulativeBytesMetered": max(_size(opened.rows[:end]), 10_000_000),
            },
        }
        if end < len(opened.rows):
            self._open[query_id] = opened
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            answer_page["NextToken"] = f"{query_id}-{end}"
        return answer_page

    def _check_client_token(self, request: Json) -> None:
        """A token belongs to the query it first came with; asking that again is no error."""
        token, text = request.get("ClientToken"), request["QueryString"]
        if token is not None and self._tokens.setdefault(token, text) != text:
            raise _invalid("The ClientToken was used with another query.")
        while len(self._tokens) > _MOST_OPEN:
            self._tokens.popitem(last=False)

    def cancel_query(self, call: Call, request: Json) -> Json:
        """Forget the pages of an answer."""
        del call
        access.check()
        self._open.pop(request["QueryId"], None)
        return {"CancellationMessage": f"Query {request['QueryId']} was cancelled."}

    def describe_account_settings(self, call: Call, request: Json) -> Json:
        """Query capacity of the account in this region."""
        del request
        access.check()
        return {**_DEFAULT_SETTINGS, **self.table(call, "settings")}

    def update_account_settings(self, call: Call, request: Json) -> Json:
        """Change query capacity, which comes in steps of 4 TCU."""
        access.check()
        if request.get("MaxQueryTCU", 0) % _TCU_STEP:
            raise _invalid(f"MaxQueryTCU must be a multiple of {_TCU_STEP}.")
        if "QueryCompute" in request:
            raise _invalid("The sandbox's Timestream has no provisioned query capacity.")
        self.table(call, "settings").update(request)
        return {**_DEFAULT_SETTINGS, **self.table(call, "settings")}

    async def reset(self) -> None:
        """Forget open answers."""
        self._open.clear()
        self._tokens.clear()

    @property
    def _write(self) -> TimestreamWrite:
        found = self.host.registry.get("timestream-write") if self.host.registry else None
        assert isinstance(found, TimestreamWrite), "both halves of Timestream live here"
        return found

    async def _answer(self, call: Call, text: str) -> Answer:
        from sandbox.services.timestream import sql  # noqa: PLC0415 - sqlglot takes half a second

        try:
            question = show(text)
            if question is not None:
                return self._shown(call, question)
            now = datetime.now(UTC).replace(tzinfo=None)
            statement = sql.translated(
                text, now, lambda database, table: self._relation(call, database, table)
            )
        except QueryError as error:
            raise _invalid(str(error)) from error
        return await self._run(call, statement)

    async def _run(self, call: Call, statement: str) -> Answer:
        import duckdb  # noqa: PLC0415 - loaded with the first query, as the engine is

        engine = self._write.engines.engine(call.account_id, call.region)
        began = time.monotonic()
        work = asyncio.create_task(asyncio.to_thread(engine.query, statement))
        done, _ = await asyncio.wait({work}, timeout=_LONGEST_SECONDS)
        if not done:
            engine.interrupt()
        try:
            return await work
        except duckdb.Error as error:
            if time.monotonic() - began >= _LONGEST_SECONDS:
                raise ServiceError(
                    "QueryExecutionException", f"The query ran longer than {_LONGEST_SECONDS} s."
                ) from error
            raise _invalid(_in_timestreams_words(str(error))) from error
        except ValueError as error:
            raise _invalid(str(error)) from error

    def _relation(self, call: Call, database: str, name: str) -> str:
        """What stands for a table: its visible columns, no older than magnetic retention."""
        table = self._known_table(call, database, name)
        engine = self._write.engines.engine(call.account_id, call.region)
        stored = physical(database, name)
        columns = engine.columns(stored)
        if not columns:
            return "SELECT NULL::VARCHAR AS measure_name, NULL::TIMESTAMP AS time WHERE false"
        oldest = moment(max(0, window(table, time.time()).magnetic_from)).isoformat(" ")
        shown = ", ".join(map(quoted, columns))
        return (
            f"SELECT {shown} FROM {quoted(stored)} "  # noqa: S608 - identifiers are quoted
            f"WHERE time >= TIMESTAMP '{oldest}'"
        )

    def _known_database(self, call: Call, name: str) -> None:
        try:
            self._write.database(call, name)
        except ServiceError as error:
            raise QueryError(error.message) from error

    def _known_table(self, call: Call, database: str, name: str) -> Json:
        try:
            return self._write.named_table(call, database, name)
        except ServiceError as error:
            raise QueryError(error.message) from error

    def _shown(self, call: Call, question: Show) -> Answer:
        every = self._write.tables(call)
        if question.what == "databases":
            return _names("Database", self._write.databases(call), question)
        assert question.database is not None
        if question.what == "tables":
            self._known_database(call, question.database)
            prefix = f"{question.database}/"
            names = [key.removeprefix(prefix) for key in every if key.startswith(prefix)]
            return _names("Table", names, question)
        assert question.table is not None
        self._known_table(call, question.database, question.table)
        engine = self._write.engines.engine(call.account_id, call.region)
        stored = physical(question.database, question.table)
        if question.what == "measures":
            return shown.measures(engine, stored, question)
        return shown.columns(engine, stored)


def _names(title: str, names: Iterable[str], question: Show) -> Answer:
    wanted = sorted(name for name in names if question.wants(name))
    return Answer([title], ["VARCHAR"], [(name,) for name in wanted])


def _page(rows: list[Json], most_rows: int) -> list[Json]:
    """As many rows as one answer may hold; at least one."""
    size = 0
    for count, row in enumerate(rows[:most_rows]):
        size += _size([row])
        if size > _MOST_PAGE_BYTES and count:
            return rows[:count]
    return rows[:most_rows]


def _size(rows: list[Json]) -> int:
    return len(json.dumps(rows)) if rows else 0


def _in_timestreams_words(message: str) -> str:
    unknown = _UNKNOWN_COLUMN.search(message)
    return f"Column '{unknown[1]}' does not exist" if unknown else message.splitlines()[0]


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
