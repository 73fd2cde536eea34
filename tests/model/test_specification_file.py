"""Environment specifications as text."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoctl.errors import ConfigurationError, ExitCode
from videoctl.model.regions import Region
from videoctl.model.specification import StreamMode
from videoctl.model.specification_file import parse_specification, specification_schema

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = sorted((ROOT / "stacks" / "environments").glob("*.toml"))
DEV = (ROOT / "stacks" / "environments" / "dev.toml").read_text()


def faults_of(text: str, name: str = "dev") -> dict[str | None, tuple[int | None, str]]:
    """Faults by key, each with its line and message."""
    with pytest.raises(ConfigurationError) as caught:
        parse_specification(text, file="dev.toml", name=name)
    assert caught.value.exit_code is ExitCode.USAGE
    return {fault.key: (fault.line, fault.message) for fault in caught.value.details}


def leaves(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every key that is no table."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_the_five_environments_are_valid(path: Path) -> None:
    """Every committed environment parses, and is named as its file."""
    assert parse_specification(path.read_text(), file=path.name, name=path.stem).name == path.stem


def test_there_are_the_five_environments_of_the_mission() -> None:
    """The environments are those people name on the command line, with the regions they have."""
    regions = {
        path.stem: parse_specification(path.read_text(), file=path.name, name=path.stem).regions
        for path in ENVIRONMENTS
    }
    both, east = (Region.US_EAST_1, Region.US_WEST_2), (Region.US_EAST_1,)
    assert regions == {
        "dev": both,
        "datamart": east,
        "slowprod": east,
        "loadtest": east,
        "prod": both,
    }


def test_only_production_is_protected_and_production_traffic_needs_the_ticket() -> None:
    """Protection and the Flink ticket follow from the specification, not from a name in code."""
    found = [
        parse_specification(path.read_text(), file=path.name, name=path.stem)
        for path in ENVIRONMENTS
    ]
    assert {spec.name for spec in found if spec.protected} == {"prod"}
    assert {spec.name for spec in found if spec.needs_flink_ticket} == {"prod", "slowprod"}


def test_every_fault_is_reported_at_once_with_its_line() -> None:
    """Faults in several tables come in one error, each with line and key."""
    text = (
        DEV.replace("protected = false", 'protected = "no"')
        .replace("memory_mib = 512", "memory_mib = 777")
        .replace('cidr = "10.40.0.0/16"', 'cidr = "8.8.0.0/16"')
    )
    found = faults_of(text)
    lines = text.splitlines()
    assert lines[found["protected"][0] - 1].startswith("protected")  # type: ignore[operator]
    assert lines[found["fargate.memory_mib"][0] - 1].startswith("memory_mib")  # type: ignore[operator]
    assert "512 to 2048" in found["fargate.memory_mib"][1]
    assert "not private" in found["network.cidr"][1]


def test_an_unknown_key_names_the_nearest_one() -> None:
    """A mistyped key is answered with the key that was meant and all that are allowed."""
    line, message = faults_of(DEV.replace("retention_hours", "retention_hour", 1))[
        "streams.raw.retention_hour"
    ]
    assert line is not None
    assert "did you mean `retention_hours`?" in message


def test_the_name_must_be_the_files() -> None:
    """A file that is named other than the environment in it is refused."""
    assert "the file is named 'dev2'" in faults_of(DEV, name="dev2")["name"][1]


def test_shards_go_with_the_capacity_mode() -> None:
    """A provisioned stream needs shards and an on-demand stream must not have any."""
    missing = DEV.replace("shards = 1\n", "", 1)
    assert "is missing" in faults_of(missing)["streams.raw.shards"][1]
    on_demand = DEV.replace('"PROVISIONED"', f'"{StreamMode.ON_DEMAND}"', 1)
    assert "has none" in faults_of(on_demand)["streams.raw.shards"][1]


def test_fewer_subtasks_than_shards_are_allowed() -> None:
    """The job is exact with several shards a subtask: whether it keeps up is for `env check`."""
    wider = DEV.replace("shards = 1", "shards = 3", 1)
    on_demand = DEV.replace('"PROVISIONED"\nshards = 1', '"ON_DEMAND"', 1)
    for text in (wider, on_demand):
        found = parse_specification(text, file="dev.toml", name="dev")
        assert found.flink.parallelism == 1


@pytest.mark.parametrize(
    "text",
    ["", "name = ", "[streams.raw\n", "a = 1\na = 2", "x = \x00", "\ufeff[", "name=" + "[" * 5000],
)
def test_a_broken_text_is_one_clear_error(text: str) -> None:
    """A text that is no TOML, or an empty one, is an error with a place and never a crash."""
    assert faults_of(text)


@pytest.mark.parametrize("path", list(leaves(tomllib.loads(DEV))), ids=".".join)
@pytest.mark.parametrize(
    "value",
    [
        None, True, -1, 10**40, 1.5, "", "x" * 300, "💥\x1b[31m", [], [1], {},
    ],
    ids=repr,
)  # fmt: skip
def test_each_key_wrong_in_turn_is_named_or_accepted(path: tuple[str, ...], value: object) -> None:
    """Whatever stands at a key, the answer is a specification or faults that name that place."""
    document = copy.deepcopy(tomllib.loads(DEV))
    table = document
    for part in path[:-1]:
        table = table[part]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    text = _as_toml(document)
    try:
        parse_specification(text, file="dev.toml", name="dev")
    except ConfigurationError as error:
        assert error.details
        assert all(fault.file == "dev.toml" for fault in error.details)
        roots = {(fault.key or "").split(".")[0] for fault in error.details}
        related = {"streams": {"streams", "flink"}, "kind": {"kind", "protected", "traffic_class"}}
        assert roots <= related.get(path[0], {path[0]}) | {"protected", "traffic_class"}


@given(st.text(max_size=200))
def test_no_text_crashes_the_reader(text: str) -> None:
    """Arbitrary text is refused with faults, never with another exception."""
    with pytest.raises(ConfigurationError):
        parse_specification(text, file="x.toml", name="x")


def test_the_committed_schema_is_generated_from_the_types() -> None:
    """The JSON Schema editors use is the one the types give."""
    path = ROOT / "docs" / "schemas" / "environment-specification.json"
    assert json.loads(path.read_text()) == json.loads(json.dumps(specification_schema()))


def _as_toml(document: dict[str, Any]) -> str:
    """The document as TOML; JSON's strings, numbers and arrays are TOML's too."""
    plain = {key: value for key, value in document.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, table in document.items():
        if isinstance(table, dict):
            lines += _table((key,), table)
    return "\n".join(lines)


def _table(path: tuple[str, ...], table: dict[str, Any]) -> list[str]:
    lines = [f"[{'.'.join(path)}]"]
    lines += [f"{k} = {_value(v)}" for k, v in table.items() if not isinstance(v, dict)]
    for key, inner in table.items():
        if isinstance(inner, dict):
            lines += _table((*path, key), inner)
    return lines


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
