"""Reading a typed TOML document, with every fault named by file, line and key.

The same reader serves environment specifications and videoctl's own settings.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from videoctl.errors import ConfigurationError, Fault
from videoctl.model.specification import InconsistentError
from videoctl.model.toml_lines import key_lines, nearest_line, repeated_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

DEEPEST: Final = 16
"""Deeper than this stands nothing in any file: a text that nests on is hostile or damaged."""

Path = tuple[str, ...]
Root = TypeVar("Root")


@dataclass(frozen=True)
class TomlDocument(Generic[Root]):
    """A kind of TOML file whose schema is a frozen dataclass.

    Args:
        root: the dataclass.
        code: error code when a file of this kind is wrong.
        reference: what lists every key, for the hint.

    """

    root: type[Root]
    code: str
    reference: str

    @cached_property
    def adapter(self) -> TypeAdapter[Root]:
        """The validator; also the source of the JSON Schema."""
        return TypeAdapter(self.root)

    def parse(self, text: str, *, file: str, extra_faults: tuple[Fault, ...] = ()) -> Root:
        """Read one text.

        Args:
            text: the TOML text.
            file: where it came from, for faults.
            extra_faults: what the caller found wrong besides, by key; lines are filled in.

        Raises:
            ConfigurationError: with one `Fault` for everything that is wrong.

        """
        document = self.read(text, file=file)
        lines = key_lines(text)
        found = [
            Fault(
                message=message,
                file=file,
                line=nearest_line(lines, path),
                key=".".join(path) or None,
            )
            for path, message in self._faults(document)
        ]
        for fault in extra_faults:
            path = tuple((fault.key or "").split("."))
            line = nearest_line(lines, path)
            found.append(Fault(message=fault.message, file=file, line=line, key=fault.key))
        if found:
            raise self.invalid(file, found)
        return self.adapter.validate_json(json.dumps(document))

    def read(self, text: str, *, file: str) -> dict[str, Any]:
        """The text as a plain mapping, whatever its keys.

        Raises:
            ConfigurationError: when it is no TOML.

        """
        too_deep = [Fault(message=f"is nested deeper than {DEEPEST} tables", file=file)]
        try:
            document = tomllib.loads(text)
            if not _is_deeper(document, DEEPEST):
                return document
            faults = too_deep
        except RecursionError:
            faults = too_deep
        except tomllib.TOMLDecodeError as error:
            faults = [
                Fault(message="is given twice", file=file, line=line, key=".".join(path))
                for path, line in repeated_keys(text)
            ] or [Fault(message=f"is no TOML: {error}", file=file, line=_line_of(error, text))]
        raise self.invalid(file, faults)

    def invalid(self, file: str, faults: list[Fault]) -> ConfigurationError:
        """The error for a file of this kind, its faults in the order of their lines."""
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        return ConfigurationError(
            f"{file} has {count}; nothing was changed",
            hint=f"correct {file}; {self.reference} lists every key",
            code=self.code,
            details=tuple(sorted(faults, key=lambda fault: (fault.line or 0, fault.key or ""))),
        )

    def _faults(self, document: dict[str, Any]) -> Iterator[tuple[Path, str]]:
        foreign = list(_not_json((), document))
        yield from foreign
        if foreign:
            return
        try:
            self.adapter.validate_json(json.dumps(document))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                yield from self._from_pydantic(detail)

    def _from_pydantic(self, detail: ErrorDetails) -> Iterator[tuple[Path, str]]:
        path = tuple(str(part) for part in detail["loc"])
        kind = detail["type"]
        if kind == "value_error":
            error = detail.get("ctx", {}).get("error")
            if isinstance(error, InconsistentError):
                for key, message in error.faults:
                    yield (*path, *key.split(".")), message
                return
        if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
            yield path, f"is no key of this table{self._suggestion(path)}"
        elif kind in {"missing", "missing_keyword_only_argument", "missing_argument"}:
            yield path, f"is missing{self._keys_of(path)}"
        else:
            yield path, f"{detail['msg']}, not {shown(detail['input'])}"

    def _table_at(self, path: Path) -> type | None:
        current: Any = self.root
        for part in path:
            if not is_dataclass(current):
                return None
            current = get_type_hints(current).get(part)
        return current if is_dataclass(current) and isinstance(current, type) else None

    def _suggestion(self, path: Path) -> str:
        table = self._table_at(path[:-1])
        if table is None:
            return ""
        allowed = [field.name for field in fields(table)]
        near = difflib.get_close_matches(path[-1], allowed, n=1)
        meant = f"; did you mean `{near[0]}`?" if near else ";"
        return f"{meant} allowed: {', '.join(allowed)}"

    def _keys_of(self, path: Path) -> str:
        table = self._table_at(path)
        if table is None:
            return ""
        return f"; a table with {', '.join(field.name for field in fields(table))}"


def _is_deeper(value: object, limit: int) -> bool:
    """Whether tables and arrays stand in each other deeper than `limit`."""
    layer: list[Any] = [value]
    for _ in range(limit + 1):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]  # fmt: skip
    return bool(layer)


def _line_of(error: tomllib.TOMLDecodeError, text: str) -> int | None:
    found = re.search(r"line (\d+)", str(error))
    if found:
        return int(found.group(1))
    return text.count("\n") + 1 if "end of document" in str(error) else None


def _not_json(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    """Values TOML has and no schema here wants: dates, times, infinities."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _not_json((*path, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_json((*path, str(index)), inner)
    elif isinstance(value, datetime | date | time):
        yield path, "is a date or time; no key takes one"
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, f"is {value}; no key takes that"


def shown(value: object) -> str:
    """A value from a file as a fault shows it: printable, and short."""
    text = json.dumps(value, ensure_ascii=True, default=repr)
    limit = 60
    return text if len(text) <= limit else f"{text[:limit]}..."
