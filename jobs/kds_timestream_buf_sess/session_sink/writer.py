"""Writing to Timestream: batches of 100, and what to make of each refusal."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from .windows import COMMON_ATTRIBUTES, to_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_RECORDS: Final = 100
"""Timestream's limit on one WriteRecords."""
_MAX_TIES: Final = 3
_VERSIONS_PER_MS: Final = 1000
"""Room for several records of one key that arrive in one millisecond."""


@dataclass(slots=True, eq=False)
class Row:
    """A window on its way into the table.

    Attributes:
        sequence_number: of the Kinesis record it came in.
        data: as it was read.
        window: its fields.
        version: from `first_version`; of two rows of a key, which both come from one shard, the
            one that arrived later stands.
        poison: why Timestream will never take it.
        by_call: Timestream refused a call that held nothing else, rather than this record of one.
        retry: why it could not be written now.
        is_superseded: the table has a later version of its key already.

    """

    sequence_number: str
    data: bytes
    window: dict[str, Any]
    version: int
    poison: str | None = None
    by_call: bool = False
    retry: str | None = None
    is_superseded: bool = False


def first_version(arrival_ms: int) -> int:
    """The version of a row, by the milliseconds when its record arrived in the stream."""
    return arrival_ms * _VERSIONS_PER_MS


class TimestreamWriter:
    """Writes rows; the outcome of each stands in the row.

    Args:
        client: a boto3 `timestream-write` client.
        database: the database's name.
        table: the table's name.

    """

    def __init__(self, client: Any, database: str, table: str) -> None:
        self._client = client
        self._database = database
        self._table = table

    def write(self, rows: Sequence[Row]) -> None:
        """Write all rows; once a call has failed the rest is left for the next time.

        Lambda delivers everything from the first failed record again, the rest included.
        """
        failure: str | None = None
        for batch in _batches(rows):
            if failure is None:
                self._write_batch(batch)
                _doubt_the_call(batch)
                failure = next((row.retry for row in batch if row.retry), None)
            else:
                _leave(batch, failure)

    def _write_batch(self, rows: Sequence[Row], ties: int = 0) -> None:
        try:
            self._client.write_records(
                DatabaseName=self._database,
                TableName=self._table,
                CommonAttributes=COMMON_ATTRIBUTES,
                Records=[to_record(row.window, row.version) for row in rows],
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "RejectedRecordsException":
                self._judge(rows, error.response.get("RejectedRecords", []), ties)
            elif code == "ValidationException":
                self._find_invalid(rows, error.response["Error"].get("Message", code))
            else:
                _leave(rows, code)
        except BotoCoreError as error:
            _leave(rows, type(error).__name__)

    def _judge(self, rows: Sequence[Row], rejected: Sequence[dict[str, Any]], ties: int) -> None:
        """Some records of a call were refused; the others are written."""
        again: list[Row] = []
        for item in rejected:
            row = rows[item["RecordIndex"]]
            existing = item.get("ExistingVersion")
            if existing is not None and _is_same_millisecond(existing, row.version):
                # This one came later, or is delivered again: then what stood comes again behind it.
                row.version = existing + 1
                again.append(row)
            elif existing is not None and existing > row.version:
                row.is_superseded = True
            else:
                row.poison = str(item.get("Reason", "rejected"))
        if not rejected:
            _leave(rows, "RejectedRecordsException without records")
        elif again and ties < _MAX_TIES:
            self._write_batch(again, ties + 1)
        else:
            _leave(again, "the version of the row keeps changing")

    def _find_invalid(self, rows: Sequence[Row], message: str) -> None:
        """One invalid record makes Timestream refuse the call: halve until it is found."""
        if len(rows) == 1:
            rows[0].poison, rows[0].by_call = message, True
            return
        middle = len(rows) // 2
        self._write_batch(rows[:middle])
        self._write_batch(rows[middle:])


def _is_same_millisecond(one: int, other: int) -> bool:
    return one // _VERSIONS_PER_MS == other // _VERSIONS_PER_MS


def _doubt_the_call(rows: Sequence[Row]) -> None:
    """When no call is valid, the calls are wrong rather than every record."""
    if len(rows) > 1 and all(row.by_call for row in rows):
        for row in rows:
            row.retry, row.poison = row.poison, None


def _leave(rows: Iterable[Row], reason: str) -> None:
    for row in rows:
        row.retry = reason


def _batches(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    remaining = iter(rows)
    while batch := list(itertools.islice(remaining, MAX_RECORDS)):
        yield batch
