"""What pulumi_aws declares of each type in use: inputs, required inputs, outputs and their shapes.

Importing pulumi_aws takes most of a second, and the provider starts for every preview: so its
declarations are kept in `sdk_shapes.json`, which `python -m sandbox.provider.sdk` writes and a test
compares with the installed SDK. A shape is "string", "integer", "number", "boolean", "asset",
"any", {"list": shape}, {"map": shape} or {"object": {name: shape}}.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeAlias, get_args, get_origin

Shape: TypeAlias = str | dict[str, Any]

SHAPES_FILE: Final = Path(__file__).with_name("sdk_shapes.json")
_SCALARS: Final[dict[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    Any: "any",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """One type as the SDK declares it: input names, those required, and outputs with shapes."""

    inputs: frozenset[str]
    required: frozenset[str]
    outputs: Mapping[str, Shape]


@functools.cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SHAPES_FILE.read_text(encoding="utf-8"))
    return document


@functools.cache
def declaration(token: str) -> Declaration:
    """The declaration of a token; raises `KeyError` for a type that is not in use."""
    entry = _document()["types"][token]
    return Declaration(frozenset(entry["inputs"]), frozenset(entry["required"]), entry["outputs"])


def sdk_version() -> str:
    """The version of pulumi_aws that the shapes were taken from."""
    return str(_document()["version"])


def fits(value: Any, shape: Shape) -> bool:
    """Whether a plain value has the declared shape; None stands for an absent value and fits."""
    if value is None or shape == "any":
        return True
    if isinstance(shape, str):
        return _fits_scalar(value, shape)
    if "list" in shape:
        return isinstance(value, list) and all(fits(item, shape["list"]) for item in value)
    if not isinstance(value, dict):
        return False
    if "map" in shape:
        return all(fits(item, shape["map"]) for item in value.values())
    members = shape["object"]
    return all(name in members and fits(item, members[name]) for name, item in value.items())


def _fits_scalar(value: Any, shape: str) -> bool:
    if shape in ("integer", "number"):
        kinds = int if shape == "integer" else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    if shape == "asset":
        return type(value).__name__ == "Asset"
    return isinstance(value, str if shape == "string" else bool)


def resource_class(token: str) -> Any:
    """The pulumi_aws class of a token such as `aws:lb/listener:Listener`."""
    _, place, name = token.split(":")
    service = place.partition("/")[0]
    module = "lambda_" if service == "lambda" else service
    # Through the package: a class imported from its own file leaves the lazy package half loaded
    # for everybody else in the process.
    return getattr(importlib.import_module(f"pulumi_aws.{module}"), name)


def describe(token: str) -> dict[str, Any]:
    """A token's entry of `sdk_shapes.json`, from the installed SDK."""
    from pulumi import _types  # noqa: PLC0415 - only when the file is written

    cls = resource_class(token)
    module = sys.modules[cls.__module__]
    # The arguments are called InitArgs where a nested type has taken the name Args.
    arguments = getattr(module, f"{cls.__name__}InitArgs", None)
    arguments = arguments or getattr(module, f"{cls.__name__}Args")
    names = _types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters
    nothing = inspect.Parameter.empty
    required = [name for python, name in names.items() if parameters[python].default is nothing]
    outputs = {name: _shape(kind) for name, kind in _types.resource_types(cls).items()}
    return {"inputs": sorted(names.values()), "required": sorted(required), "outputs": outputs}


def _shape(kind: Any) -> Shape:
    from pulumi import Archive, Asset, _types  # noqa: PLC0415 - only when the file is written

    kind = _types.unwrap_optional_type(kind)
    if kind in _SCALARS:
        return _SCALARS[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Sequence:
        return {"list": _shape(arguments[0])}
    if origin is Mapping:
        return {"map": _shape(arguments[1])}
    if _types.is_output_type(kind):
        members = _types.output_type_types(kind)
        return {"object": {name: _shape(member) for name, member in members.items()}}
    if arguments:  # a union of a text with its enumeration, or of the kinds of assets
        shapes = {_shape_text(_shape(argument)) for argument in arguments}
        return json.loads(shapes.pop()) if len(shapes) == 1 else "any"
    if isinstance(kind, type) and issubclass(kind, Asset | Archive):
        return "asset"
    return "string" if isinstance(kind, type) and issubclass(kind, str) else "any"


def _shape_text(shape: Shape) -> str:
    return json.dumps(shape, sort_keys=True)


def write(tokens: Sequence[str]) -> None:
    """Writes `sdk_shapes.json` for the given tokens, one type a line to keep diffs readable."""
    lines = [f'"{token}": {_shape_text(describe(token))}' for token in sorted(tokens)]
    text = f'{{"version": "{version("pulumi-aws")}", "types": {{\n' + ",\n".join(lines) + "\n}}\n"
    SHAPES_FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    from sandbox.provider.framework import all_resource_types

    write(sys.argv[1:] or list(all_resource_types()))
