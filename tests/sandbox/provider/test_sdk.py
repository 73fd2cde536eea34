"""The kept declarations are the installed SDK's, and the types keep to its documentation."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import pytest

from sandbox.provider import sdk
from sandbox.provider.framework import all_resource_types

TYPES = all_resource_types()
_FIXED = re.compile(
    r"forces? (the creation of )?(a )?(new|replacement)|"
    r"changing this (value )?(will )?(force|create)s?|cannot be changed (once|after)|"
    r"force-?new|destroyed? and (re-?)?created?",
    re.IGNORECASE,
)


def test_the_version_is_the_installed_one() -> None:
    """The engine is told the version of the SDK that the program uses."""
    assert sdk.sdk_version() == version("pulumi-aws")


@pytest.mark.parametrize("token", TYPES)
def test_declarations_are_the_sdks(token: str) -> None:
    """`python -m sandbox.provider.sdk` would write the same."""
    described = sdk.describe(token)
    kept = sdk.declaration(token)
    assert kept.inputs == set(described["inputs"])
    assert kept.required == set(described["required"])
    assert kept.outputs == described["outputs"]


@pytest.mark.parametrize("token", TYPES)
def test_rules_name_declared_properties(token: str) -> None:
    """A misspelled name in a type's rules would silently never apply."""
    kind, declared = TYPES[token], sdk.declaration(token)
    rules = kind.rules
    inputs = {*rules.replace_on, *rules.adopted, *rules.unordered, *rules.documents}
    inputs |= {*rules.supports, *rules.defaults, *filter(None, [rules.named])}
    assert {path.partition(".")[0] for path in inputs} - declared.inputs == set()
    assert set(rules.volatile) - set(declared.outputs) == set()
    assert all(_declared(path, declared.outputs) for path in inputs)


def _declared(path: str, shapes: Any) -> bool:
    name, _, rest = path.partition(".")
    if name not in shapes:
        return False
    shape = shapes[name]
    while isinstance(shape, dict) and "list" in shape:
        shape = shape["list"]
    return not rest or (isinstance(shape, dict) and _declared(rest, shape.get("object", {})))


@pytest.mark.parametrize("token", TYPES)
def test_what_the_documentation_calls_fixed_replaces(token: str) -> None:
    """An input documented as forcing a new resource is among those that replace."""
    kind, declared = TYPES[token], sdk.declaration(token)
    fixed = {
        name
        for name, text in _documentation(token).items()
        if name in declared.inputs
        and _FIXED.search(text)
        and (not kind.rules.supports or name in kind.rules.supports)
    }
    covered = {path.partition(".")[0] for path in kind.rules.replace_on}
    assert fixed - covered - ONLY_SOMETIMES.get(token, set()) == set()


ONLY_SOMETIMES: dict[str, set[str]] = {
    # Of endpoints of the type Resource only.
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"privateDnsEnabled"},
    # What they force is a new deployment.
    "aws:ecs/service:Service": {"forceNewDeployment", "triggers"},
    # "cannot be added if none are present": of network load balancers only.
    "aws:lb/loadBalancer:LoadBalancer": {"securityGroups", "subnets"},
}


def _documentation(token: str) -> dict[str, str]:
    texts = {}
    for member in vars(sdk.resource_class(token)).values():
        if isinstance(member, property) and hasattr(member.fget, "_pulumi_name"):
            texts[member.fget._pulumi_name] = member.fget.__doc__ or ""
        elif isinstance(member, property) and member.fget is not None:
            texts[member.fget.__name__] = member.fget.__doc__ or ""
    return texts


@pytest.mark.parametrize(
    ("value", "shape", "fits"),
    [
        (None, "string", True),
        ("a", "string", True),
        (1, "string", False),
        (1, "integer", True),
        (1.5, "integer", False),
        (1.5, "number", True),
        (True, "integer", False),
        (True, "boolean", True),
        (["a"], {"list": "string"}, True),
        (["a", 1], {"list": "string"}, False),
        ({"a": "b"}, {"map": "string"}, True),
        ({"a": 1}, {"map": "string"}, False),
        ({"a": 1}, {"object": {"a": "integer"}}, True),
        ({"b": 1}, {"object": {"a": "integer"}}, False),
        ("a", {"object": {}}, False),
        ({"anything": [1]}, "any", True),
    ],
)
def test_shapes(value: Any, shape: Any, fits: bool) -> None:
    """A value fits its shape all the way down, and an absent one always."""
    assert sdk.fits(value, shape) is fits
