"""Values of DuckDB as Timestream writes them: everything is text. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.timestream.engine import Answer

_SCALARS: Final = {
    "VARCHAR": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "TINYINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "INTEGER": "INTEGER",
    "BIGINT": "BIGINT",
    "HUGEINT": "BIGINT",
    "UBIGINT": "BIGINT",
    "DOUBLE": "DOUBLE",
    "FLOAT": "DOUBLE",
    "TIMESTAMP": "TIMESTAMP",
    "DATE": "DATE",
    "TIME": "TIME",
    "INTERVAL": "INTERVAL_DAY_TO_SECOND",
}


def column_type(kind: str) -> Json:
    """The Type of a column of one of DuckDB's types."""
    if kind.endswith("[]"):
        return {"ArrayColumnInfo": {"Type": column_type(kind.removesuffix("[]"))}}
    if kind.startswith("STRUCT("):
        fields = [field.strip().partition(" ") for field in kind[len("STRUCT(") : -1].split(",")]
        return {
            "RowColumnInfo": [
                {"Name": name.strip('"'), "Type": column_type(inner)} for name, _, inner in fields
            ]
        }
    if kind.startswith("DECIMAL"):
        return {"ScalarType": "DOUBLE"}
    return {"ScalarType": _SCALARS.get(kind, "UNKNOWN")}


def column_info(answer: Answer) -> list[Json]:
    """The ColumnInfo of an answer; a column without a name has none."""
    return [
        {"Name": name, "Type": column_type(kind)}
        for name, kind in zip(answer.names, answer.types, strict=True)
    ]


def row(values: tuple[Any, ...]) -> Json:
    """One Row."""
    return {"Data": [datum(value) for value in values]}


def datum(value: Any) -> Json:
    """One Datum."""
    if value is None:
        return {"NullValue": True}
    if isinstance(value, list):
        return {"ArrayValue": [datum(item) for item in value]}
    if isinstance(value, dict):
        return {"RowValue": {"Data": [datum(item) for item in value.values()]}}
    return {"ScalarValue": _text(value)}


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return repr(float(value))
        case float():
            return repr(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S.%f}000"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M:%S.%f}000"
        case timedelta():
            seconds, rest = divmod(value.seconds, 60)
            hours, minutes = divmod(seconds, 60)
            return f"{value.days} {hours:02d}:{minutes:02d}:{rest:02d}.{value.microseconds:06d}000"
    return str(value)
