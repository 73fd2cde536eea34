"""Every key of a specification wrong in turn, generated from the schema that editors use."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from videoctl.errors import ConfigurationError, Fault
from videoctl.model.specification_file import parse_specification, specification_schema

ENVIRONMENTS: Final = Path(__file__).parents[2] / "stacks" / "environments"
DEV: Final = tomllib.loads((ENVIRONMENTS / "dev.toml").read_text())
SCHEMA: Final = specification_schema()
WORDS: Final = {
    "string": "valid string",
    "integer": "valid integer",
    "boolean": "valid boolean",
    "array": "valid array",
}
"""How a fault names the type that would be allowed."""

WRONG_TYPES: Final[dict[str, tuple[Any, ...]]] = {
    "string": (7, True, [], {}),
    "integer": ("7", 1.5, True, [], {}),
    "boolean": ("yes", 1, [], {}),
    "array": ("raw", 7, True, {}),
}
KeyPath = tuple[str, ...]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """A schema node with its reference followed and its null alternative left out."""
    if "$ref" in node:
        return resolved(SCHEMA["$defs"][node["$ref"].rpartition("/")[2]])
    for choice in node.get("anyOf", ()):
        if choice.get("type") != "null":
            return resolved(choice)
    return node


def tables(node: dict[str, Any] = SCHEMA, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of every table."""
    node = resolved(node)
    if "properties" in node:
        yield path
        for key, inner in node["properties"].items():
            yield from tables(inner, (*path, key))


def keys(node: dict[str, Any] = SCHEMA, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every key that is no table, with its schema."""
    node = resolved(node)
    if "properties" in node:
        for key, inner in node["properties"].items():
            yield from keys(inner, (*path, key))
    else:
        yield path, node


def required(node: dict[str, Any] = SCHEMA, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key and table that must be there where its table is."""
    node = resolved(node)
    for key in node.get("required", ()):
        yield (*path, key)
    for key, inner in node.get("properties", {}).items():
        yield from required(inner, (*path, key))


def out_of_range(node: dict[str, Any]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Values of the right type that are not allowed, with what the fault must then say."""
    if "const" in node:
        yield "nowhere", (str(node["const"]),)
    if "enum" in node:
        wrong = 7 if node["type"] == "integer" else "nowhere"
        yield wrong, tuple(map(str, node["enum"]))
    elif node["type"] == "integer":
        yield node["minimum"] - 1, (str(node["minimum"]),)
        yield node["maximum"] + 1, (str(node["maximum"]),)
        yield 10**40, ()
    if "pattern" in node:
        yield "nowhere!", ()
    if "maxLength" in node:
        yield "x" * (node["maxLength"] + 1), (str(node["maxLength"]),)
    if node["type"] == "array":
        yield ["nowhere"], tuple(map(str, resolved(node["items"]).get("enum", ())))


def hostile() -> Iterator[tuple[KeyPath, Any, tuple[str, ...]]]:
    """Each key with each wrong value, and what the fault must say."""
    for path, node in keys():
        kind = node["type"]
        for value in WRONG_TYPES[kind]:
            # A choice is told as the choices, whatever stood there.
            choices = (*map(str, node.get("enum", ())), *filter(None, [node.get("const")]))
            yield path, value, choices or (WORDS[kind],)
        for value, words in out_of_range(node):
            yield path, value, words


def written(path: KeyPath, value: Any) -> str:
    """The dev environment as TOML, every key on a line of its own, one of them set to a value."""
    lines: list[str] = []

    def put(table: dict[str, Any], prefix: KeyPath) -> None:
        if prefix:
            lines.append(f"[{'.'.join(prefix)}]")
        here = {key: item for key, item in table.items() if not isinstance(item, dict)}
        if path[:-1] == prefix:
            here[path[-1]] = value
        lines.extend(f"{key} = {in_toml(item)}" for key, item in here.items())
        inner = {key: item for key, item in table.items() if isinstance(item, dict)}
        if path[: len(prefix)] == prefix and len(path) > len(prefix) + 1:
            inner.setdefault(path[len(prefix)], {})
        for key, item in inner.items():
            if (*prefix, key) != path:
                put(item, (*prefix, key))

    put(DEV, ())
    return "\n".join(lines) + "\n"


def in_toml(value: Any) -> str:
    """A value as TOML; JSON's strings, numbers and arrays are TOML's too."""
    return "{}" if value == {} else json.dumps(value, ensure_ascii=False)


def faults_of(text: str) -> tuple[Fault, ...]:
    """What is wrong with a text."""
    with pytest.raises(ConfigurationError) as told:
        parse_specification(text, file="dev.toml", name="dev")
    assert told.value.hint is not None
    assert "nothing was changed" in told.value.message
    return told.value.details


def test_the_generated_text_is_the_committed_environment() -> None:
    """What the tests below break is a valid specification to begin with."""
    text = written(("name",), "dev")
    assert tomllib.loads(text) == DEV
    parse_specification(text, file="dev.toml", name="dev")


@pytest.mark.parametrize(
    ("path", "value", "words"), list(hostile()), ids=lambda item: repr(item)[:40]
)
def test_a_wrong_value_is_told_with_its_place_and_what_is_allowed(
    path: KeyPath, value: Any, words: tuple[str, ...]
) -> None:
    """File, line, key and what would be allowed, for every key and every kind of wrong value."""
    text = written(path, value)
    line = next(
        number
        for number, content in enumerate(text.splitlines(), start=1)
        if content == f"{path[-1]} = {in_toml(value)}"
    )
    key = ".".join(path)
    mine = [fault for fault in faults_of(text) if fault.key and fault.key.startswith(key)]
    assert mine, text
    assert {fault.file for fault in mine} == {"dev.toml"}
    if text.splitlines().count(f"{path[-1]} = {in_toml(value)}") == 1:
        assert {fault.line for fault in mine} == {line}
    for word in words:
        assert any(word in fault.message for fault in mine), mine


@pytest.mark.parametrize("path", list(required()), ids=".".join)
def test_a_missing_key_is_told(path: KeyPath) -> None:
    """A key or table that must be there is named, with the line of the table it belongs to."""
    document = json.loads(json.dumps(DEV))
    table = document
    for part in path[:-1]:
        table = table.setdefault(part, {})
    table.pop(path[-1], None)
    text = "".join(f"{key} = {inline(value)}\n" for key, value in document.items())
    found = {fault.key: fault.message for fault in faults_of(text)}
    assert "missing" in found[".".join(path)]


def inline(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + " }"
    return in_toml(value)


@pytest.mark.parametrize("table", list(tables()), ids=lambda path: ".".join(path) or "top")
def test_an_unknown_key_is_told_in_every_table(table: KeyPath) -> None:
    """The fault names the key and the keys that are allowed there."""
    (fault,) = faults_of(written((*table, "nowhere"), 7))
    assert fault.key == ".".join((*table, "nowhere"))
    assert "allowed: " in fault.message


@pytest.mark.parametrize("path", [path for path, _ in keys()], ids=".".join)
def test_a_key_given_twice_is_told_with_its_line(path: KeyPath) -> None:
    """The second one is named: neither wins silently."""
    lines = written(path, 7).splitlines()
    position = lines.index(f"{path[-1]} = 7")
    lines.insert(position + 1, f"{path[-1]} = 8")
    (fault,) = faults_of("\n".join(lines))
    assert (fault.line, fault.key) == (position + 2, ".".join(path))
    assert "twice" in fault.message


def test_tables_and_keys_given_twice_are_told_all_at_once() -> None:
    """Every repetition has its place; a list of tables is none."""
    found = faults_of("a = 1\na = 2\n[t]\n[t]\nb = 1\nb = 2\n[[l]]\n[[l]]\n")
    assert [(fault.key, fault.line) for fault in found] == [("a", 2), ("t", 4), ("t.b", 6)]


def test_faults_of_every_key_come_at_once() -> None:
    """A file in which every number is a string has as many faults as numbers, in their order."""
    lines = written(("name",), "dev").splitlines()
    broken, wanted = [], set()
    for number, line in enumerate(lines, start=1):
        key, _, value = line.partition(" = ")
        if value.isdigit():
            wanted.add(number)
            line = f'{key} = "{value}"'  # noqa: PLW2901
        broken.append(line)
    found = [fault.line or 0 for fault in faults_of("\n".join(broken))]
    assert set(found) == wanted
    assert found == sorted(found)


@pytest.mark.parametrize(
    "text",
    [
        "name = " + "[" * 5000,
        "name = " + "[" * 300 + "]" * 300,
        "name = " + "{a=" * 300 + "1" + "}" * 300,
        ".".join("a" * 300) + " = 1",
        ".".join("a" * 30_000) + " = 1\na = 2",
        "a = 1\n" + "b = {" * 3000,
        "[" + ".".join("a" * 300) + "]\nb = 1",
        "name = \x00",
        "name = 'a\x00b'",
        "\x00" * 1000,
        'name = "\x1b[31mdev"',
        "# " + "x" * 1_000_000 + "\nname = 7\n",
        "x = 1\n" * 2,
        "name = 2026-11-21",
        "name = inf",
        "[[streams]]\n[[streams]]\n",
        "[streams.raw]\n[streams]\nraw = 3\n",
    ],
    ids=lambda text: repr(text)[:30],
)
def test_a_hostile_text_is_told_in_short_printable_faults(text: str) -> None:
    """Nested, endless, binary: faults that fit a terminal and cannot steer it, never a crash."""
    faults = faults_of(text)
    assert faults
    for fault in faults:
        assert fault.message.isprintable()
        assert len(fault.message) < 1000
