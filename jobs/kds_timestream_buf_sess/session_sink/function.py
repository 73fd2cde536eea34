"""One invocation: Kinesis records in, rows out, and no record lost silently.

A record that can be written later is reported to Lambda, which delivers everything from the first
such record again. A record that can never be written goes to the failure queue with its reason; if
that is not possible it is reported too, and Lambda's own on-failure destination gets it in the end.
"""

from __future__ import annotations

import base64
import json
import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from .kpl import user_records
from .windows import InvalidWindowError, parse_window
from .writer import Row, TimestreamWriter, first_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_MESSAGE_BYTES: Final = 250_000
"""Of SQS's smallest limit on a message, 256 KiB, what the record may take."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that will never be a row."""

    sequence_number: str
    data: bytes
    reason: str


class FailureQueue:
    """Where records go that will never be rows.

    Args:
        client: a boto3 `sqs` client.
        queue_url: the queue; None: there is none, and every such record is reported to Lambda.

    """

    def __init__(self, client: Any, queue_url: str | None) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, poison: Poison, stream_arn: str) -> bool:
        """Whether the queue has it."""
        if self._queue_url is None:
            return False
        data = base64.b64encode(poison.data).decode()
        message = {
            "reason": poison.reason,
            "stream_arn": stream_arn,
            "sequence_number": poison.sequence_number,
            "data_bytes": len(poison.data),
            # A record that no message holds is named by its place in the stream.
            "data_base64": data if len(data) <= MAX_MESSAGE_BYTES else None,
        }
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(message))
        except (ClientError, BotoCoreError) as error:
            log.error("the failure queue did not take a record: %s", type(error).__name__)  # noqa: TRY400
            return False
        return True


class SessionSink:
    """The function.

    Args:
        writer: into the sessions table.
        failures: for what will never be in it.

    """

    def __init__(self, writer: TimestreamWriter, failures: FailureQueue) -> None:
        self._writer = writer
        self._failures = failures

    def process(self, event: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
        """Write the records of one Lambda event; what to deliver again, as Lambda wants it."""
        records = event["Records"]
        rows, poison = _read(records)
        self._writer.write(rows)
        poison += [Poison(row.sequence_number, row.data, row.poison) for row in rows if row.poison]
        order = {record["kinesis"]["sequenceNumber"]: at for at, record in enumerate(records)}
        failed = {row.sequence_number for row in rows if row.retry}
        failed |= self._give_up(poison, order, failed, records)
        _report(records, rows, poison, failed)
        identifiers = sorted(failed, key=order.__getitem__)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in identifiers]}

    def _give_up(
        self,
        poison: Sequence[Poison],
        order: dict[str, int],
        failed: set[str],
        records: Sequence[dict[str, Any]],
    ) -> set[str]:
        """Hand poison to the queue; the sequence numbers of what it did not take.

        What lies behind the first failed record comes again anyway, and is handed over then.
        """
        first_failed = min((order[number] for number in failed), default=len(records))
        refused = set()
        for item in poison:
            if order[item.sequence_number] < first_failed:
                source = records[order[item.sequence_number]]
                if not self._failures.send(item, source["eventSourceARN"]):
                    refused.add(item.sequence_number)
        return refused


def _read(records: Iterable[dict[str, Any]]) -> tuple[list[Row], list[Poison]]:
    rows: list[Row] = []
    poison: list[Poison] = []
    for record in records:
        kinesis = record["kinesis"]
        number = kinesis["sequenceNumber"]
        data = base64.b64decode(kinesis["data"])
        version = first_version(round(kinesis["approximateArrivalTimestamp"] * 1000))
        try:
            split = user_records(data)
        except ValueError as error:
            poison.append(Poison(number, data, str(error)))
            continue
        for item in split:
            try:
                rows.append(Row(number, item, parse_window(item), version))
            except InvalidWindowError as error:
                poison.append(Poison(number, item, str(error)))
    return rows, poison


def _report(
    records: Sequence[dict[str, Any]],
    rows: Sequence[Row],
    poison: Sequence[Poison],
    failed: set[str],
) -> None:
    counts = {
        "records": len(records),
        "rows": len(rows),
        "poison": dict(Counter(item.reason for item in poison)),
        "superseded": sum(row.is_superseded for row in rows),
        "retry": dict(Counter(row.retry for row in rows if row.retry)),
        "reported": len(failed),
    }
    level = logging.WARNING if failed or poison else logging.INFO
    log.log(level, json.dumps(counts))
