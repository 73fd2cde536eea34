"""From a record of the source to pieces of S3 objects: pure, and safe to run in a thread.

Order as in the service: KPL de-aggregation, splitting, metadata extraction, delimiter.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import jq

from sandbox import kpl
from sandbox.services.firehose import prefix as prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.services.firehose.configuration import Destination

_MAXIMUM_SUB_RECORDS: Final = 500
_WHITE_SPACE: Final = re.compile(r"\s*")
_DECODER: Final = json.JSONDecoder()
PROCESSING_FAILED: Final = "processing-failed"
"""Value of `!{firehose:error-output-type}` for records that could not be processed."""

PartitionKeys: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """Where a piece goes.

    Attributes:
        prefix: evaluated key prefix; None where the oldest record of the object decides it.
        error_output_type: set for the error prefix, such as `processing-failed`.

    """

    prefix: str | None = None
    error_output_type: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that go into one object.

    Attributes:
        partition: where to.
        data: as they will stand in the object.
        arrived_at: epoch seconds of the record's arrival.

    """

    partition: Partition
    data: bytes
    arrived_at: float


class UnprocessableError(Exception):
    """A record cannot be processed; it goes to the error prefix with `code` and the message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Processor:
    """Turns records into pieces for one destination; one thread at a time."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        query = destination.extraction_query
        self._program = jq.compile(query) if query is not None else None
        # A second's worth of one partition is one prefix: most records find theirs here.
        self._prefix = lru_cache(maxsize=4096)(self._evaluate)

    def pieces(self, data: bytes, arrived_at: float) -> Iterator[Piece]:
        """Pieces of one record of the source; what fails becomes a piece for the error prefix."""
        for user_record in kpl.deaggregate(data):
            try:
                for part in self._split(user_record):
                    yield self._piece(part, arrived_at)
            except UnprocessableError as error:
                yield self._failed(user_record, arrived_at, error)

    def _piece(self, data: bytes, arrived_at: float) -> Piece:
        partition = Partition()
        if self._program is not None:
            try:
                prefix = self._prefix(self._partition_keys(data), int(arrived_at))
            except UnprocessableError as error:
                return self._failed(data, arrived_at, error)
            partition = Partition(prefix)
        return Piece(partition, data + self._destination.delimiter, arrived_at)

    def _split(self, data: bytes) -> Sequence[bytes]:
        kind = self._destination.sub_record_type
        if kind is None:
            return (data,)
        if kind == "DELIMITED":
            parts = [part for part in data.split(self._destination.sub_record_delimiter) if part]
        else:
            parts = list(_json_documents(data))
        if len(parts) > _MAXIMUM_SUB_RECORDS:
            raise UnprocessableError(
                "DynamicPartitioning.DeaggregationFailed",
                f"record holds {len(parts)} sub-records, at most {_MAXIMUM_SUB_RECORDS} are split",
            )
        return parts

    def _partition_keys(self, data: bytes) -> PartitionKeys:
        assert self._program is not None
        try:
            results = self._program.input_text(data.decode()).all()
        except ValueError as error:
            raise _extraction_failed(str(error)) from error
        if len(results) != 1 or not isinstance(results[0], Mapping):
            raise _extraction_failed("the query did not yield one object of partition keys")
        return tuple((name, _key_text(value)) for name, value in results[0].items())

    def _evaluate(self, keys: PartitionKeys, arrived_second: int) -> str:
        moment = datetime.fromtimestamp(arrived_second, self._destination.time_zone)
        try:
            return prefixes.evaluate(self._destination.prefix, moment, partition_keys=dict(keys))
        except prefixes.PartitionKeyMissingError as error:
            raise _extraction_failed(str(error)) from error

    def _failed(self, data: bytes, arrived_at: float, error: UnprocessableError) -> Piece:
        """One line that says what failed and carries the record itself."""
        document = {
            "attemptsMade": 1,
            "arrivalTimestamp": round(arrived_at * 1000),
            "errorCode": error.code,
            "errorMessage": str(error),
            "attemptEndingTimestamp": round(datetime.now(UTC).timestamp() * 1000),
            "rawData": base64.b64encode(data).decode(),
        }
        line = json.dumps(document).encode() + b"\n"
        return Piece(Partition(error_output_type=PROCESSING_FAILED), line, arrived_at)


def _extraction_failed(message: str) -> UnprocessableError:
    return UnprocessableError("DynamicPartitioning.MetadataExtractionFailed", message)


def _key_text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise _extraction_failed("partitionKeys values must not be null or empty")


def _json_documents(data: bytes) -> Iterator[bytes]:
    """The JSON documents that follow one another in `data`, each with its own bytes."""
    try:
        text = data.decode()
        position = _end_of_white_space(text, 0)
        while position < len(text):
            _, end = _DECODER.raw_decode(text, position)
            yield text[position:end].encode()
            position = _end_of_white_space(text, end)
    except ValueError as error:
        raise UnprocessableError("DynamicPartitioning.DeaggregationFailed", str(error)) from error


def _end_of_white_space(text: str, position: int) -> int:
    found = _WHITE_SPACE.match(text, position)
    return found.end() if found else position
