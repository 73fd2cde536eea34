"""Two-way tables between the SDK's property names and an API's member names.

One table a resource type says which API member a property is, what AWS takes when the program says
nothing, and how the value is written. Requests, outputs, refreshed inputs and the framework's rules
are all read from that one table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from sandbox.provider.framework import key_value_tags, tags_from_pairs

Values: TypeAlias = Mapping[str, Any]
"""Properties keyed by the SDK's camelCase names, or members keyed by the API's."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How one value is written to the API and read from it.

    Attributes:
        encode: from the property's value to the member's.
        decode: the other way.

    """

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One property and the API member it stands for.

    Attributes:
        property: the SDK's name.
        member: the API's name; dots descend into structures (`BufferingHints.SizeInMBs`).
        fields: the table of a nested structure; empty for a plain value.
        many: the value is a list of such structures.
        default: what AWS takes when the program leaves the property out; None: nothing.
        adopted: AWS chooses a value when the program leaves the property out.
        computed: never an input; it is only shown.
        unordered: a list whose order means nothing.
        document: a JSON document; spacing and key order mean nothing.
        codec: how the value is written, where the API's form differs.

    """

    property: str
    member: str
    fields: tuple[Field, ...] = ()
    many: bool = False
    default: Any = None
    adopted: bool = False
    computed: bool = False
    unordered: bool = False
    document: bool = False
    codec: Codec | None = None


Table: TypeAlias = tuple[Field, ...]


def rfc3339(moment: datetime) -> str:
    """A point in time as the SDK's outputs show it: `2026-01-02T03:04:05Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    """The API's timestamp for an RFC 3339 date or time."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def json_text(document: Any) -> str:
    """A policy as JSON text; the SDK also takes it as an object."""
    return document if isinstance(document, str) else json.dumps(document)


TAGS: Final = Codec(key_value_tags, tags_from_pairs)
TIMESTAMP: Final = Codec(moment_of, rfc3339)
DOCUMENT: Final = Codec(json_text, str)
NUMBER_TEXT: Final = Codec(str, int)
SWITCH_TEXT: Final = Codec(lambda value: str(value).lower(), lambda text: text == "true")


def rules_of(table: Table) -> dict[str, Any]:
    """The framework's rules that follow from the table, as arguments of `@resource`."""
    paths = tuple(_paths(table, ""))
    return {
        "defaults": {field.property: field.default for field in table if field.default is not None},
        "adopted": tuple(field.property for field in table if field.adopted),
        "unordered": tuple(path for path, field in paths if field.unordered),
        "documents": tuple(path for path, field in paths if field.document),
    }


def to_members(table: Table, properties: Values) -> dict[str, Any]:
    """The API's structure for these properties; absent properties are left out."""
    members: dict[str, Any] = {}
    for field in table:
        value = properties.get(field.property)
        if value is not None:
            _put(members, field.member, _encoded(field, value))
    return members


def to_properties(table: Table, members: Values) -> dict[str, Any]:
    """The SDK's outputs for an API structure; absent members are left out."""
    properties: dict[str, Any] = {}
    for field in table:
        value = _get(members, field.member)
        if value is not None:
            properties[field.property] = _decoded(field, value)
    return properties


def with_defaults(table: Table, properties: Values) -> dict[str, Any]:
    """The properties with AWS's defaults filled in, nested ones too."""
    filled: dict[str, Any] = dict(properties)
    for field in table:
        value = filled.get(field.property)
        if value is None:
            if field.default is not None:
                filled[field.property] = field.default
        elif field.fields and field.many:
            filled[field.property] = [with_defaults(field.fields, one) for one in value]
        elif field.fields:
            filled[field.property] = with_defaults(field.fields, value)
    return filled


def declared(table: Table, current: Values, recorded: Values) -> dict[str, Any]:
    """The inputs a program would declare to get what AWS has now.

    Args:
        table: the type's table.
        current: outputs just read.
        recorded: inputs of the last update; empty when importing.

    Returns:
        Every input of the table: None where AWS has nothing, or has what it takes when the program
        says nothing. A difference from `recorded` is drift.

    """
    importing = not recorded
    return {
        field.property: _declared_value(
            field, current.get(field.property), recorded.get(field.property), importing=importing
        )
        for field in table
        if not field.computed
    }


def unsupported(table: Table, properties: Values, prefix: str = "") -> Iterator[str]:
    """The paths of nested properties that the table does not know, so that none is dropped."""
    known = {field.property: field for field in table}
    for name, value in properties.items():
        path = f"{prefix}{name}"
        if name not in known:
            yield path
        elif known[name].fields:
            nested = value if isinstance(value, list) else [value]
            for one in nested:
                if isinstance(one, Mapping):
                    yield from unsupported(known[name].fields, one, f"{path}.")


def _paths(table: Table, prefix: str) -> Iterator[tuple[str, Field]]:
    for field in table:
        path = f"{prefix}{field.property}"
        yield path, field
        yield from _paths(field.fields, f"{path}.")


def _declared_value(field: Field, value: Any, known: Any, *, importing: bool) -> Any:
    nothing: tuple[Any, ...] = (
        (None, field.default) if importing else (None, field.default, "", [], {})
    )
    undeclared = known is None and value in nothing
    if undeclared or (known is None and field.adopted and not importing):
        return None
    if value is None or not field.fields:
        return value
    if not field.many:
        found = _declared_object(field.fields, value, known or {}, importing=importing)
        return found if found or known is not None else None
    before = known if isinstance(known, list) else []
    return [
        _declared_object(
            field.fields,
            one,
            before[place] if place < len(before) else {},
            importing=importing or place >= len(before),
        )
        for place, one in enumerate(value)
    ]


def _declared_object(
    table: Table, value: Values, known: Values, *, importing: bool
) -> dict[str, Any]:
    declared_values = {
        field.property: _declared_value(
            field, value.get(field.property), known.get(field.property), importing=importing
        )
        for field in table
        if not field.computed
    }
    return {name: item for name, item in declared_values.items() if item is not None}


def _encoded(field: Field, value: Any) -> Any:
    if field.codec:
        return field.codec.encode(value)
    if field.fields and field.many:
        return [to_members(field.fields, one) for one in value]
    return to_members(field.fields, value) if field.fields else value


def _decoded(field: Field, value: Any) -> Any:
    if field.codec:
        return field.codec.decode(value)
    if field.fields and field.many:
        return [to_properties(field.fields, one) for one in value]
    return to_properties(field.fields, value) if field.fields else value


def _put(members: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for name in outer:
        members = members.setdefault(name, {})
    members[last] = value


def _get(members: Values, path: str) -> Any:
    value: Any = members
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
