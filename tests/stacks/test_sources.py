"""The sources of the stacks: nothing is written twice by hand."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from stacks.catalog import RESOURCE_TYPES

STACKS = Path(__file__).parents[2] / "stacks"
TOKEN = re.compile(r"videoctl:[a-z0-9]+:([A-Z]\w+)")


def sources() -> list[Path]:
    """Every Python file of the stacks."""
    return sorted(STACKS.rglob("*.py"))


def aws_modules(tree: ast.Module) -> set[str]:
    """Names under which a file knows modules of the AWS SDK."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pulumi_aws"
        for alias in node.names
    }


def constructions(tree: ast.Module) -> Iterator[str]:
    """Resource classes a file constructs, or hands on to be constructed, as `module.Class`."""
    known = aws_modules(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for part in (node.func, *node.args):
            if (
                isinstance(part, ast.Attribute)
                and isinstance(part.value, ast.Name)
                and part.value.id in known
            ):
                yield f"{part.value.id.rstrip('_')}.{part.attr}"


def test_the_sdk_is_known_by_its_modules_alone() -> None:
    """What constructs a resource can be found: no `aws.s3.Bucket`, no `from pulumi_aws.s3`."""
    providers = {"Provider", "ResourceOptions"}
    for source in sources():
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("pulumi_aws."), source
            if isinstance(node, ast.Import):
                for alias in node.names:
                    assert not alias.name.startswith("pulumi_aws."), source
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "aws"
            ):
                assert node.attr in providers, f"{source}:{node.lineno}"


def test_each_resource_class_is_constructed_in_exactly_one_place() -> None:
    """What every bucket, role or stream must have is written once."""
    places = defaultdict(list)
    for source in sources():
        for constructed in constructions(ast.parse(source.read_text())):
            places[constructed].append(source.name)
    assert {name: files for name, files in places.items() if len(files) != 1} == {}
    expected = {
        f"{token.split(':')[1].partition('/')[0]}.{token.rpartition(':')[2]}"
        for token in RESOURCE_TYPES
    }
    assert set(places) == expected


def test_type_tokens_carry_the_class_name() -> None:
    """A token leads to its class, and no two classes share one."""
    tokens = []
    for source in sources():
        for node in ast.parse(source.read_text()).body:
            if not isinstance(node, ast.ClassDef):
                continue
            init = [
                token.value
                for part in node.body
                if isinstance(part, ast.FunctionDef) and part.name == "__init__"
                for token in ast.walk(part)
                if isinstance(token, ast.Constant)
                and isinstance(token.value, str)
                and TOKEN.fullmatch(token.value)
            ]
            for token in init:
                assert TOKEN.fullmatch(token)[1] == node.name, source
            tokens += init
    assert len(tokens) == len(set(tokens))
    assert len(tokens) > 19


def test_children_name_their_parent_and_pass_nobody_elses_options() -> None:
    """Options of a caller never leak into children: each is given its own."""
    for source in sources():
        tree = ast.parse(source.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                opts = [word for word in node.keywords if word.arg == "opts"]
                is_resource = isinstance(
                    node.func.value, ast.Name
                ) and node.func.value.id in aws_modules(tree)
                if is_resource and node.func.attr != "Provider":
                    assert opts, f"{source}:{node.lineno}"
                    assert ast.unparse(opts[0].value) != "opts", f"{source}:{node.lineno}"


def test_files_stay_short() -> None:
    """A file is read in one go."""
    for source in sources():
        assert len(source.read_text().splitlines()) <= 300, source
