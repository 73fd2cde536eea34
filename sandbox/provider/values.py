"""Property values: what the engine sends as protobuf structs, as plain Python and back.

Strings, booleans, numbers, lists and dicts map to themselves (whole numbers become `int`); a value
that is known only after the update is `UNKNOWN`; files and archives are `Asset`.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.struct_pb2 import Struct, Value

SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the engine's marker, no secret
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_ASSETS: Final = {
    "c44067f5952c0a294b673a41bacd8c17": "asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
}
_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN_MARKERS: Final = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class _Unknown:
    """The type of `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""A value that is known only once another resource has been made (seen in previews alone)."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file (`kind` "asset") or a zip/tar archive ("archive") that a program hands over."""

    kind: str
    hash: str = ""
    path: str | None = None
    text: str | None = None
    uri: str | None = None

    def read_bytes(self) -> bytes:
        """The content; raises `OSError` when the file is gone, `ValueError` when it is no file."""
        with self.open() as content:
            return content.read()

    def open(self) -> BinaryIO:
        """The content as a seekable file; raises as `read_bytes` does."""
        if self.text is not None:
            return BytesIO(self.text.encode())
        if self.path is not None:
            return Path(self.path).open("rb")
        raise ValueError(f"{self.kind} with uri {self.uri!r}: only files and texts can be read")


def has_unknown(value: object) -> bool:
    """Whether anything inside the value is not known yet."""
    if value is UNKNOWN:
        return True
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return False


def from_struct(struct: Struct) -> dict[str, Any]:
    """The properties of a request as a plain dict; empty for an absent struct."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            text = value.string_value
            return UNKNOWN if text in _UNKNOWN_MARKERS else text
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "struct_value":
            return _from_nested(value.struct_value)
        case _:
            return None


def _from_nested(struct: Struct) -> Any:
    fields = struct.fields
    if SIGNATURE_KEY not in fields:
        return from_struct(struct)
    signature = fields[SIGNATURE_KEY].string_value
    if signature in _ASSETS:
        texts = {key: fields[key].string_value for key in ("path", "text", "uri") if key in fields}
        digest = fields["hash"].string_value if "hash" in fields else ""
        return Asset(_ASSETS[signature], digest, **texts)
    if signature in (_SECRET, _OUTPUT):
        # The engine keeps the secret bit itself: this provider tells it that it takes none.
        return _from_value(fields["value"]) if "value" in fields else UNKNOWN
    raise ValueError(f"property value with the unsupported signature {signature}")


def to_struct(properties: Mapping[str, Any]) -> Struct:
    """The properties of an answer; entries that are None are left out, as an absent value is."""
    from google.protobuf.struct_pb2 import Struct  # noqa: PLC0415 - keeps tests of rules light

    struct = Struct()
    _fill_struct(struct, properties)
    return struct


def _fill(target: Value, value: Any) -> None:
    match value:
        case None:
            target.null_value = 0  # type: ignore[assignment]  # the enum's only member
        case bool():
            target.bool_value = value
        case int() | float():
            target.number_value = value
        case str():
            target.string_value = value
        case _Unknown():
            target.string_value = _UNKNOWN_STRING
        case list() | tuple():
            target.list_value.SetInParent()
            for item in value:
                _fill(target.list_value.values.add(), item)
        case dict():
            _fill_struct(target.struct_value, value)
        case Asset():
            _fill_struct(target.struct_value, _asset_fields(value))
        case _:
            raise TypeError(f"{type(value).__name__} cannot be a property value: {value!r}")


def _fill_struct(target: Struct, properties: Mapping[str, Any]) -> None:
    target.SetInParent()
    for key, item in properties.items():
        if item is not None:
            _fill(target.fields[key], item)


def _asset_fields(asset: Asset) -> dict[str, str | None]:
    signature = next(key for key, kind in _ASSETS.items() if kind == asset.kind)
    texts = {name: getattr(asset, name) or None for name in ("hash", "path", "text", "uri")}
    return {SIGNATURE_KEY: signature, **texts}
