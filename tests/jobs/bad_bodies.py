"""Request bodies that should not be sent, and what the front door answers to each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.jobs.made_events import event

MIB = 1024 * 1024


@dataclass(frozen=True)
class BadBody:
    """A body, and the answer it deserves.

    Attributes:
        body: as it is sent.
        status: of the answer.
        reasons: of each refused item, by its index.
        good: ids of the events in it that are accepted all the same.
        headers: sent with it.

    """

    body: bytes
    status: int
    reasons: Mapping[int, str]
    good: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


GZIP = {"Content-Encoding": "gzip"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def bad_bodies() -> dict[str, BadBody]:
    """Every kind, with events of their own each time it is called."""
    return {**_useless(), **_mixed()}


def _useless() -> dict[str, BadBody]:
    """Bodies with nothing good in them."""
    whole = gzip.compress(json.dumps(event()).encode())
    return {
        "empty": BadBody(b"", 400, {0: "empty-body"}),
        "blank": BadBody(b" \r\n\t ", 400, {0: "empty-body"}),
        "empty array": BadBody(b"[]", 400, {0: "empty-body"}),
        "empty gzip": BadBody(gzip.compress(b""), 400, {0: "empty-body"}, headers=GZIP),
        "malformed object": BadBody(b'{"event_id": ', 400, {0: "invalid-json"}),
        "malformed array": BadBody(b'[{"event_id": "a"}', 400, {0: "invalid-json"}),
        "no JSON at all": BadBody(b"<event/>", 400, {0: "invalid-json"}),
        "not UTF-8": BadBody(b'{"event_id": "\xff\xfe"}', 400, {0: "not-utf-8"}),
        "UTF-16": BadBody(json.dumps(event()).encode("utf-16"), 400, {0: "invalid-json"}),
        "a number": BadBody(b"7", 400, {0: "not-an-object"}),
        "cut gzip": BadBody(whole[:-9], 400, {0: "malformed-gzip"}, headers=GZIP),
        "gzip in name only": BadBody(b"{}", 400, {0: "malformed-gzip"}, headers=GZIP),
        "unknown encoding": BadBody(
            b"{}", 415, {0: "unknown-encoding"}, headers={"Content-Encoding": "br"}
        ),
        "oversized": BadBody(b" " * (6 * MIB), 413, {0: "body-too-large"}),
        "gzip bomb": BadBody(
            gzip.compress(b" " * (64 * MIB)), 413, {0: "body-too-large"}, headers=GZIP
        ),
        "gzip bomb in a gzip": BadBody(
            gzip.compress(gzip.compress(b" " * (64 * MIB))), 400, {0: "invalid-json"}, headers=GZIP
        ),
        "too many events": BadBody(json.dumps([{}] * 10_001).encode(), 413, {0: "too-many-events"}),
        "nested without end": BadBody(b"[" * 100_000, 400, {0: "invalid-json"}),
    }


def _mixed() -> dict[str, BadBody]:
    """Batches of good and bad: what is good is not lost with the rest."""
    first, second = event(), event()
    good = (first["event_id"], second["event_id"])
    bad: list[tuple[bytes, str]] = [
        (b'{"event_id": "cut', "invalid-json"),
        (b'{"event_id": "\xff"}', "not-utf-8"),
        (b"[]", "not-an-object"),
        (_json({**event(), "event": "explode"}), "not-in-enum"),
        (_json({**event(), "position_ms": "far"}), "wrong-type"),
        (_json({**event(), "position_ms": 2**70}), "out-of-range"),
        (_json({**event(), "event_id": ""}), "too-short"),
        (_json({**event(), "session_id": "s" * 65}), "too-long"),
        (_json({"event_id": "lonely"}), "missing-field"),
        (_json({**event(), "padding": "x" * (300 * 1024)}), "too-large"),
    ]
    lines = [_json(first), *(text for text, _ in bad), _json(second)]
    reasons = {index: reason for index, (_, reason) in enumerate(bad, start=1)}
    text = b"\r\n".join(lines) + b"\n\n"
    whole = [line for line in lines if not line.startswith(b'{"event_id": "cut')]
    in_array = dict(enumerate((reason for _, reason in bad[1:]), start=1))
    return {
        "NDJSON, good and bad": BadBody(text, 202, reasons, good, NDJSON),
        "NDJSON by its look": BadBody(text, 202, reasons, good),
        "NDJSON, compressed": BadBody(gzip.compress(text), 202, reasons, good, {**GZIP, **NDJSON}),
        "array, good and bad": BadBody(b"[" + b",".join(whole) + b"]", 202, in_array, good),
        "NDJSON, all bad": BadBody(
            b"\n".join(lines[1:-1]), 400, {index - 1: why for index, why in reasons.items()}
        ),
    }


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
