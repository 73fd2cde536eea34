"""Where each key of a TOML text stands, for faults that name file and line."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from tree_sitter import Language, Parser
from tree_sitter_toml import language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

Path = tuple[str, ...]


def key_lines(text: str) -> dict[Path, int]:
    """Map every key path of a TOML text to its 1-based line.

    Arrays of tables are numbered: `("rule", "0", "id")`. A text that is no TOML gives what could
    still be read.
    """
    lines: dict[Path, int] = {}
    for path, line, _ in _occurrences(text):
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], line)
    return lines


def repeated_keys(text: str) -> list[tuple[Path, int]]:
    """Keys and tables that are given once more, each with the line where it is."""
    seen: set[Path] = set()
    repeated = []
    for path, line, is_list in _occurrences(text):
        if path in seen and not is_list:
            repeated.append((path, line))
        seen.add(path)
    return repeated


def nearest_line(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a key, or of the nearest table around it that is written down."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _occurrences(text: str) -> Iterator[tuple[Path, int, bool]]:
    """Every key and table heading as it is written: path, 1-based line, whether it is an array's.

    Walked without recursion: a hostile text nests deeper than the interpreter's stack.
    """
    tree = Parser(Language(language())).parse(text.encode("utf-8", "surrogateescape"))
    counts: dict[Path, int] = {}
    for node in tree.root_node.children:
        prefix: Path = ()
        if node.type in {"table", "table_array_element"}:
            prefix = _key(node)
            is_list = node.type == "table_array_element"
            if is_list:
                counts[prefix] = counts.get(prefix, -1) + 1
                yield prefix, node.start_point.row + 1, True
                prefix = (*prefix, str(counts[prefix]))
            yield prefix, node.start_point.row + 1, is_list
        pairs = [node] if node.type == "pair" else node.children
        waiting = [(prefix, pair) for pair in reversed(pairs) if pair.type == "pair"]
        while waiting:
            outer, pair = waiting.pop()
            path = (*outer, *_key(pair))
            yield path, pair.start_point.row + 1, False
            inner = [
                found
                for child in pair.children
                if child.type == "inline_table"
                for found in child.children
                if found.type == "pair"
            ]
            waiting.extend((path, found) for found in reversed(inner))


def _key(node: Node) -> Path:
    for child in node.children:
        if child.type in {"bare_key", "quoted_key", "dotted_key"}:
            return _parts(child)
    return ()


def _parts(key: Node) -> Path:
    """The words of a key; dotted keys are trees, as deep as they are long."""
    parts: list[str] = []
    waiting = [key]
    while waiting:
        node = waiting.pop()
        text = (node.text or b"").decode("utf-8", "replace")
        if node.type == "dotted_key":
            waiting.extend(reversed(node.children))
        elif node.type == "bare_key":
            parts.append(text)
        elif node.type == "quoted_key":
            parts.append(_quoted(text))
    return tuple(parts)


def _quoted(text: str) -> str:
    try:
        return str(tomllib.loads(f"key = {text}")["key"])
    except tomllib.TOMLDecodeError:
        return text
