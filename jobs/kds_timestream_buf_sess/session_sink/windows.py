"""Session windows: the contract of docs/schemas/contracts/session.schema.json, as Timestream rows.

A row's key is session, window start and region: session_id and region are the dimensions, and
everything else is a measure, so that a correction replaces what it corrects. What a canary leaves
is marked `"canary": true` and gets a measure name of its own: questions about viewers name theirs.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final

REGIONS: Final = ("us-east-1", "us-west-2")
MEASURE_NAME: Final = "session_window"
CANARY_MEASURE_NAME: Final = "canary"
_BIGINT_LIMIT: Final = 2**63


class InvalidWindowError(Exception):
    """A record is no session window; no retry will make it one."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of the contract.

    Attributes:
        kind: Timestream's type.
        is_required: whether it has to be there.
        is_nullable: whether it may be null.
        minimum: smallest value allowed.

    """

    kind: str
    is_required: bool = False
    is_nullable: bool = False
    minimum: int | None = None


_REQUIRED_TEXT: Final = _Field("VARCHAR", is_required=True)
_NULLABLE_TEXT: Final = _Field("VARCHAR", is_nullable=True)
_REQUIRED_INTEGER: Final = _Field("BIGINT", is_required=True)
_INTEGER: Final = _Field("BIGINT")
_NULLABLE_INTEGER: Final = _Field("BIGINT", is_nullable=True)

FIELDS: Final[dict[str, _Field]] = {
    "session_id": _REQUIRED_TEXT,
    "content_id": _REQUIRED_TEXT,
    "viewer_id": _NULLABLE_TEXT,
    "device": _NULLABLE_TEXT,
    "country": _NULLABLE_TEXT,
    "window_start_ms": _REQUIRED_INTEGER,
    "window_end_ms": _REQUIRED_INTEGER,
    "events": _Field("BIGINT", is_required=True, minimum=1),
    "heartbeats": _INTEGER,
    "stalls": _INTEGER,
    "stall_ms": _INTEGER,
    "errors": _INTEGER,
    "startup_ms": _NULLABLE_INTEGER,
    "max_bitrate_kbps": _NULLABLE_INTEGER,
    "avg_bitrate_kbps": _Field("DOUBLE", is_nullable=True),
    "max_position_ms": _NULLABLE_INTEGER,
    "ended": _Field("BOOLEAN"),
    "region": _REQUIRED_TEXT,
}
CANARY_FIELDS: Final[dict[str, _Field]] = {
    "event_id": _NULLABLE_TEXT,
    "event_time_ms": _NULLABLE_INTEGER,
    "received_time_ms": _NULLABLE_INTEGER,
}
"""What a canary's window says besides: the event it is made of, to be found and timed by."""
_KEY_FIELDS: Final = frozenset({"session_id", "region", "window_start_ms"})


def parse_window(data: bytes) -> dict[str, Any]:
    """The contract's fields of one record; fields it does not know are left out.

    A canary's window has `canary`, which is true, and those of `CANARY_FIELDS` it came with.

    Raises:
        InvalidWindowError: says what is wrong, without repeating the value.

    """
    try:
        document = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidWindowError(f"not JSON: {type(error).__name__}") from error
    if not isinstance(document, dict):
        raise InvalidWindowError("not an object")
    window: dict[str, Any] = {}
    for name, field in FIELDS.items():
        if name in document:
            window[name] = _checked(name, field, document[name])
        elif field.is_required:
            raise InvalidWindowError(f"{name} is missing")
    if window["region"] not in REGIONS:
        raise InvalidWindowError("region is none of the platform's")
    if document.get("canary") is True:
        window["canary"] = True
        for name, field in CANARY_FIELDS.items():
            if name in document:
                window[name] = _checked(name, field, document[name])
    return window


def to_record(window: dict[str, Any], version: int) -> dict[str, Any]:
    """A window as WriteRecords takes it, apart from the common attributes.

    A canary's window says its own measure name, which goes before the common one.

    Args:
        window: from `parse_window`.
        version: higher for what was written later; the highest stands.

    """
    measures = [
        {"Name": name, "Value": _text(window[name]), "Type": field.kind}
        for name, field in (FIELDS | CANARY_FIELDS).items()
        # Timestream knows neither null nor empty text: the measure is absent.
        if name not in _KEY_FIELDS and window.get(name) not in {None, ""}
    ]
    own_name = {"MeasureName": CANARY_MEASURE_NAME} if window.get("canary") else {}
    return {
        **own_name,
        "Dimensions": [
            {"Name": "session_id", "Value": window["session_id"]},
            {"Name": "region", "Value": window["region"]},
        ],
        "MeasureValues": measures,
        "Time": str(window["window_start_ms"]),
        "Version": version,
    }


COMMON_ATTRIBUTES: Final = {
    "MeasureName": MEASURE_NAME,
    "MeasureValueType": "MULTI",
    "TimeUnit": "MILLISECONDS",
}
"""What all records of a WriteRecords call share."""


def _checked(name: str, field: _Field, value: Any) -> Any:
    if value is None:
        if field.is_nullable:
            return None
        raise InvalidWindowError(f"{name} is null")
    if field.kind == "VARCHAR":
        is_right = isinstance(value, str)
    elif field.kind == "BOOLEAN":
        is_right = isinstance(value, bool)
    elif field.kind == "DOUBLE":
        is_right = isinstance(value, int | float) and not isinstance(value, bool)
        value = _finite(name, value) if is_right else value
    else:
        is_right = isinstance(value, int | float) and not isinstance(value, bool)
        is_right = is_right and (isinstance(value, int) or value.is_integer())
        value = _bigint(name, value) if is_right else value
    if not is_right:
        raise InvalidWindowError(f"{name} is not of type {field.kind}")
    if field.minimum is not None and value < field.minimum:
        raise InvalidWindowError(f"{name} is below {field.minimum}")
    return value


def _bigint(name: str, value: float) -> int:
    number = int(value)
    if not -_BIGINT_LIMIT <= number < _BIGINT_LIMIT:
        raise InvalidWindowError(f"{name} is outside 64 bits")
    return number


def _finite(name: str, value: float) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise InvalidWindowError(f"{name} is out of range") from error
    if not math.isfinite(number):
        raise InvalidWindowError(f"{name} is out of range")
    return number


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
