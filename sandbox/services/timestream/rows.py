"""Records of a WriteRecords request as rows, and why some cannot be rows. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

_NANOSECONDS: Final = {
    "NANOSECONDS": 1,
    "MICROSECONDS": 1_000,
    "MILLISECONDS": 1_000_000,
    "SECONDS": 1_000_000_000,
}
SECOND: Final = _NANOSECONDS["SECONDS"]
_FUTURE: Final = 15 * 60 * SECOND
_MOST_RECORD_BYTES: Final = 2048
_MOST_MEASURES: Final = 256
_MOST_DIMENSIONS: Final = 128
_BIGINT: Final = 2**63
_RESERVED: Final = frozenset({"time", "measure_name"})


class RejectedError(Exception):
    """A record cannot be stored; the message is the Reason."""

    def __init__(self, reason: str, existing_version: int | None = None) -> None:
        super().__init__(reason)
        self.existing_version = existing_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record, complete and of the right types.

    Attributes:
        dimensions: values by name.
        measure_name: the record's measure name.
        time_ns: nanoseconds since the epoch.
        version: a higher one replaces the row.
        measures: type and value by column name.
        in_memory_store: whether it is young enough for the memory store.

    """

    dimensions: dict[str, str]
    measure_name: str
    time_ns: int
    version: int
    measures: dict[str, tuple[str, bool | int | float | str]]
    in_memory_store: bool

    @property
    def key(self) -> str:
        """What makes two records the same: dimensions, measure name and time."""
        identity = [sorted(self.dimensions.items()), self.measure_name, self.time_ns]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()

    @property
    def content(self) -> str:
        """The measures, for comparison."""
        return json.dumps(sorted(self.measures.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a table takes now, in nanoseconds since the epoch."""

    memory_from: int
    magnetic_from: int
    until: int
    magnetic_writes: bool


def window(table: Json, now: float) -> Window:
    """The window of a table, from its retention."""
    retention, now_ns = table["RetentionProperties"], round(now * SECOND)
    hours = retention["MemoryStoreRetentionPeriodInHours"]
    days = retention["MagneticStoreRetentionPeriodInDays"]
    return Window(
        memory_from=now_ns - hours * 3600 * SECOND,
        magnetic_from=now_ns - days * 86_400 * SECOND,
        until=now_ns + _FUTURE,
        magnetic_writes=table["MagneticStoreWriteProperties"]["EnableMagneticStoreWrites"],
    )


def row(record: Json, common: Json, accepted: Window) -> Row:
    """A record with its common attributes; raises `RejectedError`."""
    merged = {**common, **record}
    if merged.get("Version", 1) < 1:
        raise ServiceError("ValidationException", "The version of a record must be 1 or greater.")
    dimensions = _dimensions(common, record)
    time_ns = _time(merged)
    in_memory = time_ns >= accepted.memory_from
    if time_ns >= accepted.until or not (in_memory or _is_magnetic(time_ns, accepted)):
        store = "magnetic" if accepted.magnetic_writes else "memory"
        raise RejectedError(f"The record timestamp is outside the time range of the {store} store.")
    name = merged.get("MeasureName")
    if not name:
        raise RejectedError("The record has no measure name.")
    measures = _measures(merged)
    if clashes := (measures.keys() & dimensions.keys()) | (dimensions.keys() & _RESERVED):
        raise RejectedError(f"Names are used twice: {', '.join(sorted(clashes))}.")
    _check_size(dimensions, name, merged)
    return Row(
        dimensions=dimensions,
        measure_name=name,
        time_ns=time_ns,
        version=merged.get("Version", 1),
        measures=measures,
        in_memory_store=in_memory,
    )


def _is_magnetic(time_ns: int, accepted: Window) -> bool:
    return accepted.magnetic_writes and time_ns >= accepted.magnetic_from


def _dimensions(common: Json, record: Json) -> dict[str, str]:
    pairs = [*common.get("Dimensions", []), *record.get("Dimensions", [])]
    dimensions = {pair["Name"]: pair["Value"] for pair in pairs}
    if len(dimensions) < len(pairs):
        raise ServiceError("ValidationException", "A dimension name is used twice in a record.")
    if not 0 < len(pairs) <= _MOST_DIMENSIONS:
        raise RejectedError(f"A record has 1 to {_MOST_DIMENSIONS} dimensions.")
    if empty := [name for name, value in dimensions.items() if not value]:
        raise RejectedError(f"The dimension {empty[0]} has no value.")
    return dimensions


def _time(merged: Json) -> int:
    unit = _NANOSECONDS[merged.get("TimeUnit", "MILLISECONDS")]
    try:
        return int(merged["Time"]) * unit
    except KeyError as error:
        raise RejectedError("The record has no time.") from error
    except ValueError as error:
        raise RejectedError(f"The time {merged['Time']!r} is no whole number.") from error


def _measures(merged: Json) -> dict[str, tuple[str, bool | int | float | str]]:
    kind = merged.get("MeasureValueType", "DOUBLE")
    if kind != "MULTI":
        if "MeasureValue" not in merged:
            raise RejectedError("The record has no measure value.")
        value = _typed(kind, merged["MeasureValue"], merged)
        return {f"measure_value::{kind.lower()}": (kind, value)}
    values = merged.get("MeasureValues", [])
    if not 0 < len(values) <= _MOST_MEASURES:
        raise RejectedError(f"A multi-measure record has 1 to {_MOST_MEASURES} measures.")
    measures = {one["Name"]: (one["Type"], _typed(one["Type"], one["Value"], merged))
                for one in values}  # fmt: skip
    if len(measures) < len(values):
        raise RejectedError("A measure name is used twice in the record.")
    if reserved := measures.keys() & _RESERVED:
        raise RejectedError(f"The measure name {min(reserved)} is reserved.")
    return measures


def _typed(kind: str, text: str, merged: Json) -> bool | int | float | str:
    wrong = RejectedError(f"The value {text[:64]!r} is no {kind}.")
    try:
        match kind:
            case "DOUBLE" if math.isfinite(float(text)):
                return float(text)
            case "BIGINT" if -_BIGINT <= int(text) < _BIGINT:
                return int(text)
            case "BOOLEAN" if text.lower() in {"true", "false"}:
                return text.lower() == "true"
            case "TIMESTAMP":
                return int(text) * _NANOSECONDS[merged.get("TimeUnit", "MILLISECONDS")]
            case "VARCHAR":
                return text
    except ValueError as error:
        raise wrong from error
    raise wrong


def _check_size(dimensions: dict[str, str], name: str, merged: Json) -> None:
    parts = [*dimensions, *dimensions.values(), name, merged.get("MeasureValue", "")]
    for one in merged.get("MeasureValues", []):
        parts += [one["Name"], one["Value"]]
    if sum(len(part.encode()) for part in parts) > _MOST_RECORD_BYTES:
        raise RejectedError(f"The record is larger than {_MOST_RECORD_BYTES} bytes.")
