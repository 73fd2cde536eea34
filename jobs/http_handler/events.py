"""The event contract: strict validation, and the bytes an accepted event is stored as.

The contract is docs/schemas/contracts/event.schema.json. Beyond it the handler refuses what no
consumer behind the stream could read: integers outside 64 bits, nesting deeper than `MAX_DEPTH`,
text that is no valid Unicode. Events are stored as they were understood: one line of JSON, of
duplicate keys the last, a whole number written as 1.0 as 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_DEPTH: Final = 100
"""Levels of objects and arrays; the jq of Data Firehose stops at 256."""

Identifier = Annotated[str, Meta(min_length=1, max_length=64)]
Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""What a BIGINT holds: Flink and Timestream know no wider integer."""
EventName = Literal[
    "session_start",
    "play",
    "pause",
    "seek",
    "heartbeat",
    "stall_start",
    "stall_end",
    "bitrate_change",
    "error",
    "session_end",
]


class PlayerEvent(msgspec.Struct, frozen=True, gc=False):
    """The contract's fields; lengths count code points, unknown fields are allowed."""

    event_id: Identifier
    session_id: Identifier
    content_id: Annotated[str, Meta(min_length=1, max_length=128)]
    event: EventName
    event_time_ms: Whole
    viewer_id: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    position_ms: Whole | UnsetType = UNSET
    bitrate_kbps: Whole | UnsetType = UNSET
    stall_ms: Whole | UnsetType = UNSET
    startup_ms: Whole | UnsetType = UNSET
    device: Annotated[str, Meta(max_length=32)] | UnsetType = UNSET
    country: Annotated[str, Meta(max_length=2)] | UnsetType = UNSET
    app_version: Annotated[str, Meta(max_length=32)] | UnsetType = UNSET
    received_time_ms: Whole | UnsetType = UNSET


INTEGER_FIELDS: Final = (
    "event_time_ms",
    "position_ms",
    "bitrate_kbps",
    "stall_ms",
    "startup_ms",
    "received_time_ms",
)


class Rejected(msgspec.Struct, frozen=True):
    """An item that is not stored.

    Attributes:
        index: position in the request, from 0.
        event_id: what the item calls itself, if that can be told.
        reason: stable word for machines.
        message: one line for a person; never more of the event than a field's name.

    """

    index: int
    event_id: str | None
    reason: str
    message: str


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """A valid event, ready to be stored."""

    index: int
    event_id: str
    session_id: str
    data: bytes


@dataclass(slots=True)
class Verdict:
    """What became of the items of one request."""

    accepted: list[Accepted] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def reject(self, index: int, event_id: object, reason: str, message: str) -> None:
        """Add a refusal; an id that is no id is left out."""
        shown = event_id[:64] if isinstance(event_id, str) else None
        self.rejected.append(Rejected(index, shown, reason, message))


_decoder: Final = msgspec.json.Decoder()
_encoder: Final = msgspec.json.Encoder()

_REASONS: Final = (
    (re.compile(r"missing required field `(?P<name>\w+)`"), "missing-field"),
    (re.compile(r"Expected `object`, got `(?P<name>\w+)`$"), "not-an-object"),
    (re.compile(r"of length >="), "too-short"),
    (re.compile(r"of length <="), "too-long"),
    (re.compile(r"Expected `int` [<>]=|out of range"), "out-of-range"),
    (re.compile(r"Invalid enum value"), "not-in-enum"),
)
_ECHO: Final = re.compile(r"Invalid enum value .* - at ", re.DOTALL)


def judge(values: Sequence[Any], received_time_ms: int, max_event_bytes: int) -> Verdict:
    """Verdict on parsed items; the whole batch at once when all of it is good.

    Args:
        values: JSON values in the order of the request.
        received_time_ms: UTC epoch milliseconds of the handler's clock, set on every event.
        max_event_bytes: limit on one stored event.

    """
    verdict = Verdict()
    try:
        events = msgspec.convert(values, list[PlayerEvent])
    except msgspec.ValidationError:
        for index, value in enumerate(values):
            judge_value(verdict, index, value, received_time_ms, max_event_bytes)
        return verdict
    for index, (event, value) in enumerate(zip(events, values, strict=True)):
        _store(verdict, index, event, value, received_time_ms, max_event_bytes)
    return verdict


def judge_texts(texts: Iterable[bytes], received_time_ms: int, max_event_bytes: int) -> Verdict:
    """Verdict on items as JSON texts, each by itself, so that one bad item harms no other."""
    verdict = Verdict()
    for index, text in enumerate(texts):
        try:
            value = _decoder.decode(text)
        except (ValueError, RecursionError) as error:
            verdict.reject(index, None, *unreadable(error))
            continue
        judge_value(verdict, index, value, received_time_ms, max_event_bytes)
    return verdict


def judge_value(
    verdict: Verdict, index: int, value: Any, received_time_ms: int, max_event_bytes: int
) -> None:
    """Add one item to a verdict."""
    if isinstance(value, dict):
        _write_whole_numbers(value)
    try:
        event = msgspec.convert(value, PlayerEvent)
    except msgspec.ValidationError as error:
        event_id = value.get("event_id") if isinstance(value, dict) else None
        verdict.reject(index, event_id, *_explain(str(error)))
        return
    _store(verdict, index, event, value, received_time_ms, max_event_bytes)


def unreadable(error: Exception) -> tuple[str, str]:
    """Reason and message for a text that cannot be parsed."""
    if isinstance(error, RecursionError):
        return _too_deep()
    if isinstance(error, UnicodeDecodeError):
        return "not-utf-8", "the text is not valid UTF-8"
    if isinstance(error, msgspec.ValidationError):
        return "out-of-range", "a number is out of range"
    return "invalid-json", str(error)


def _store(
    verdict: Verdict,
    index: int,
    event: PlayerEvent,
    value: dict[str, Any],
    received_time_ms: int,
    max_event_bytes: int,
) -> None:
    value["received_time_ms"] = received_time_ms
    try:
        data = _encoder.encode(value)
    except RecursionError:
        verdict.reject(index, event.event_id, *_too_deep())
        return
    if len(data) > max_event_bytes:
        message = f"the event has {len(data)} bytes; {max_event_bytes} are allowed"
        verdict.reject(index, event.event_id, "too-large", message)
    elif data.count(b"{") + data.count(b"[") > MAX_DEPTH and _is_too_deep(value):
        verdict.reject(index, event.event_id, *_too_deep())
    else:
        verdict.accepted.append(Accepted(index, event.event_id, event.session_id, data))


def _too_deep() -> tuple[str, str]:
    return "too-deep", f"more than {MAX_DEPTH} levels of objects and arrays"


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _write_whole_numbers(value: dict[str, Any]) -> None:
    """JSON Schema calls 1.0 an integer; consumers that read a BIGINT do not."""
    for name in INTEGER_FIELDS:
        number = value.get(name)
        if isinstance(number, float) and number.is_integer():
            value[name] = int(number)


def _explain(message: str) -> tuple[str, str]:
    for pattern, reason in _REASONS:
        if pattern.search(message):
            return reason, _ECHO.sub("Not one of the contract's values - at ", message)
    return "wrong-type", message
