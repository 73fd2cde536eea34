"""MiniStack's Kinesis behind faults that a test asks for over HTTP (`POST /_faults`).

Faults are a JSON object: `entries` (share of PutRecords entries that are throttled), `down` (every
call answers 503), `code` (PutRecords fails with this error), `lost_answers` (share of PutRecords
that take effect and then answer 500), `delay_seconds` (before each PutRecords).

"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import ministack.app

FAULTS: dict[str, Any] = {}
RANDOM = random.Random(7)
THROTTLED = "ProvisionedThroughputExceededException"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        await ministack.app.app(scope, receive, send)
        return
    target = dict(scope["headers"]).get(b"x-amz-target", b"").decode()
    body = await _read(receive)
    if scope["path"] == "/_faults":
        FAULTS.clear()
        FAULTS.update(json.loads(body))
        await _answer(send, 200, {})
    elif FAULTS.get("down") and target.startswith("Kinesis_"):
        await _answer(send, 503, {"__type": "ServiceUnavailable"})
    elif target.endswith(".PutRecords"):
        await _put_records(scope, body, send)
    else:
        await ministack.app.app(scope, _replay(body), send)


async def _put_records(scope: dict[str, Any], body: bytes, send: Any) -> None:
    await asyncio.sleep(FAULTS.get("delay_seconds", 0))
    if code := FAULTS.get("code"):
        await _answer(send, 400, {"__type": code})
        return
    request = json.loads(body)
    share = FAULTS.get("entries", 0)
    throttled = [RANDOM.random() < share for _ in request["Records"]]
    kept = [
        entry
        for entry, is_throttled in zip(request["Records"], throttled, strict=True)
        if not is_throttled
    ]
    outcomes = iter(await _pass_on(scope, {**request, "Records": kept}) if kept else [])
    if RANDOM.random() < FAULTS.get("lost_answers", 0):
        await _answer(send, 500, {"__type": "InternalFailure"})
        return
    failed = {"ErrorCode": THROTTLED, "ErrorMessage": "slow down"}
    records = [failed if is_throttled else next(outcomes) for is_throttled in throttled]
    await _answer(send, 200, {"FailedRecordCount": sum(throttled), "Records": records})


async def _pass_on(scope: dict[str, Any], request: dict[str, Any]) -> list[dict[str, Any]]:
    answered = bytearray()

    async def collect(message: dict[str, Any]) -> None:
        answered.extend(message.get("body", b""))

    body = json.dumps(request).encode()
    length = (b"content-length", str(len(body)).encode())
    headers = [item for item in scope["headers"] if item[0] != b"content-length"]
    scope = {**scope, "headers": [*headers, length]}
    await ministack.app.app(scope, _replay(body), collect)
    records: list[dict[str, Any]] = json.loads(bytes(answered))["Records"]
    return records


async def _read(receive: Any) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(send: Any, status: int, document: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/x-amz-json-1.1")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})
