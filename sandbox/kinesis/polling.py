"""Event source mappings of Kinesis streams: batches to functions, and what failed again.

MiniStack's own poller takes a partial batch response for success: what the function reported as
failed would be lost.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import logging
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sandbox.kinesis import batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.kinesis.batches import Retry
    from sandbox.protocol.wire import Json

_DEFAULT_BATCH_SIZE: Final = 100
_LOG = logging.getLogger("sandbox.lambda")


class Poller:
    """One pass over all mappings at a time.

    Args:
        functions: MiniStack's module of Lambda.
        kinesis: MiniStack's module of Kinesis.

    """

    def __init__(self, functions: Any, kinesis: Any) -> None:
        self._functions = functions
        self._kinesis = kinesis
        self._retries: dict[tuple[str, str], Retry] = {}

    def poll(self) -> bool:
        """Give every shard's next batch to its function; whether any shard moved on."""
        moved = False
        for account_id, region, mapping in self._functions._iter_all_esms():
            with self._scope(account_id, region):
                stream = self._stream(mapping)
                function = self._function(mapping) if stream is not None else None
                if stream is not None and function is not None:
                    moved |= self._mapping(mapping, function, stream)
        return moved

    @contextlib.contextmanager
    def _scope(self, account_id: str, region: str) -> Iterator[None]:
        """MiniStack keeps whose state it works on in context variables."""
        functions = self._functions
        account = functions._request_account_id.set(account_id)
        place = functions._request_region.set(region)
        try:
            yield
        finally:
            functions._request_account_id.reset(account)
            functions._request_region.reset(place)

    def _stream(self, mapping: Json) -> Json | None:
        arn = str(mapping.get("EventSourceArn", ""))
        if not mapping.get("Enabled", True) or ":kinesis:" not in arn:
            return None
        for stream in list(self._kinesis._streams._data.values()):
            if stream["StreamARN"] == arn and stream["StreamStatus"] == "ACTIVE":
                found: Json = stream
                return found
        return None

    def _function(self, mapping: Json) -> Any:
        found, _ = self._functions._get_func_record_for_qualifier(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        return found

    def _mapping(self, mapping: Json, function: Any, stream: Json) -> bool:
        positions = self._functions._kinesis_positions
        if mapping["UUID"] not in positions:
            positions[mapping["UUID"]] = {
                shard_id: len(shard["records"]) for shard_id, shard in stream["shards"].items()
            }
        moved = False
        for shard_id, shard in list(stream["shards"].items()):
            at = positions[mapping["UUID"]].setdefault(shard_id, len(shard["records"]))
            advance = self._shard(mapping, function, shard_id, shard["records"][at:])
            if advance:
                positions[mapping["UUID"]][shard_id] += advance
                moved = True
        return moved

    def _shard(self, mapping: Json, function: Any, shard_id: str, waiting: list[Json]) -> int:
        """Invoke once, if anything is due; how many records the shard moves on by."""
        key, now = (mapping["UUID"], shard_id), time.time()
        retry = self._retries.get(key)
        if not waiting or (retry is not None and now < retry.not_before):
            return 0
        size = retry.size if retry else mapping.get("BatchSize", _DEFAULT_BATCH_SIZE)
        batch = waiting[:size]
        arrived_at = [record["ApproximateArrivalTimestamp"] for record in batch]
        if old := batches.too_old(mapping, arrived_at, now):
            self._retries.pop(key, None)
            self._give_up(mapping, function, shard_id, batch[:old], retry, batches.TOO_OLD)
            return old
        result, done = self._invoke(mapping, function, shard_id, batch)
        found = batches.verdict(
            mapping, retry, size=len(batch), done=done, is_error=bool(result.get("error")), now=now
        )
        if found.retry is None:
            self._retries.pop(key, None)
        else:
            self._retries[key] = found.retry
        if found.given_up:
            given_up = batch[-found.given_up :]
            self._give_up(mapping, function, shard_id, given_up, retry, batches.RETRIES_EXHAUSTED)
        return found.advance

    def _invoke(
        self, mapping: Json, function: Any, shard_id: str, batch: list[Json]
    ) -> tuple[Json, int]:
        """The function's result, and how many records from the front of the batch are done."""
        events = [self._event(mapping, shard_id, record) for record in batch]
        wanted = self._functions._apply_filter_criteria(events, mapping)
        if not wanted:
            return {}, len(batch)
        result: Json = self._functions._execute_function(function, {"Records": wanted})
        numbers = [event["kinesis"]["sequenceNumber"] for event in wanted]
        done = batches.processed(mapping, result, numbers)
        is_whole = done == len(numbers)
        mapping["LastProcessingResult"] = f"OK - {len(batch)} records" if is_whole else "FAILED"
        if is_whole:
            return result, len(batch)
        _LOG.warning(
            "%s failed %d of %d records of %s",
            mapping["FunctionName"], len(numbers) - done, len(numbers), shard_id,
        )  # fmt: skip
        first_failed = numbers[done]
        return result, [record["SequenceNumber"] for record in batch].index(first_failed)

    def _event(self, mapping: Json, shard_id: str, record: Json) -> Json:
        data = record["Data"]
        if isinstance(data, bytes):
            data = base64.b64encode(data).decode("ascii")
        region = self._functions.get_region()
        account_id = self._functions.get_account_id()
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": data,
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{account_id}:role/lambda-role",
            "awsRegion": region,
            "eventSourceARN": mapping["EventSourceArn"],
        }

    def _give_up(
        self,
        mapping: Json,
        function: Any,
        shard_id: str,
        records: list[Json],
        retry: Retry | None,
        condition: str,
    ) -> None:
        """Name the records to the on-failure destination, where the mapping has one."""
        _LOG.warning(
            "%s: %d records of %s are given up: %s",
            mapping["FunctionName"], len(records), shard_id, condition,
        )  # fmt: skip
        target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get(
            "Destination"
        )
        if target:
            document = failure_record(
                mapping, function, shard_id, records, condition, retry.attempts + 1 if retry else 1
            )
            _send(target, json.dumps(document))


def failure_record(
    mapping: Json, function: Any, shard_id: str, records: list[Json], condition: str, count: int
) -> Json:
    """What the on-failure destination is told; the records themselves are not in it."""
    config = function.get("config") or function
    moments = [_instant(record["ApproximateArrivalTimestamp"]) for record in records]
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": config.get("FunctionArn", ""),
            "condition": condition,
            "approximateInvokeCount": count,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": _instant(time.time()),
        "KinesisBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": records[0]["SequenceNumber"],
            "endSequenceNumber": records[-1]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": moments[0],
            "approximateArrivalOfLastRecord": moments[-1],
            "batchSize": len(records),
            "streamArn": mapping["EventSourceArn"],
        },
    }


def _instant(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _send(target: str, body: str) -> None:
    """Into the SQS queue or SNS topic of that ARN; one that is gone takes nothing, as in AWS."""
    service, account_id, name = target.split(":")[2], *target.split(":")[4:6]
    module: Any = importlib.import_module(f"ministack.services.{service}")
    try:
        if service == "sqs":
            url = f"/{account_id}/{name}"
            module._act_send_message({"QueueUrl": url, "MessageBody": body}, url)
        else:
            module._fanout(target, str(uuid.uuid4()), body, "Lambda ESM failure", "", {})
    except Exception:  # noqa: BLE001 - logged; the shard goes on all the same
        _LOG.exception("%s was not told of records that were given up", target)
