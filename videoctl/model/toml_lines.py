"""Where each key of a TOML text stands, for faults that name file and line."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from tree_sitter import Language, Parser
from tree_sitter_toml import language

if TYPE_CHECKING:
    from tree_sitter import Node

Path = tuple[str, ...]


def key_lines(text: str) -> dict[Path, int]:
    """Map every key path of a TOML text to its 1-based line.

    Arrays of tables are numbered: `("rule", "0", "id")`. A text that is no TOML gives what could
    still be read.
    """
    tree = Parser(Language(language())).parse(text.encode("utf-8", "surrogateescape"))
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    for node in tree.root_node.children:
        if node.type == "pair":
            _record_pair(node, (), lines)
        elif node.type in {"table", "table_array_element"}:
            prefix = _key(node)
            if node.type == "table_array_element":
                counts[prefix] = counts.get(prefix, -1) + 1
                prefix = (*prefix, str(counts[prefix]))
            _record(prefix, node, lines)
            for child in node.children:
                if child.type == "pair":
                    _record_pair(child, prefix, lines)
    return lines


def nearest_line(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a key, or of the nearest table around it that is written down."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _record_pair(node: Node, prefix: Path, lines: dict[Path, int]) -> None:
    path = (*prefix, *_key(node))
    _record(path, node, lines)
    for child in node.children:
        if child.type == "inline_table":
            for pair in child.children:
                if pair.type == "pair":
                    _record_pair(pair, path, lines)


def _record(path: Path, node: Node, lines: dict[Path, int]) -> None:
    for length in range(1, len(path) + 1):
        lines.setdefault(path[:length], node.start_point.row + 1)


def _key(node: Node) -> Path:
    for child in node.children:
        if child.type in {"bare_key", "quoted_key", "dotted_key"}:
            return _parts(child)
    return ()


def _parts(node: Node) -> Path:
    if node.type == "dotted_key":
        return tuple(part for child in node.children for part in _parts(child))
    text = (node.text or b"").decode("utf-8", "replace")
    if node.type == "bare_key":
        return (text,)
    if node.type == "quoted_key":
        return _quoted(text)
    return ()


def _quoted(text: str) -> Path:
    try:
        return (str(tomllib.loads(f"key = {text}")["key"]),)
    except tomllib.TOMLDecodeError:
        return (text,)
