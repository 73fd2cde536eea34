"""Every command once with `-o json` and `-o ndjson`: one document of its schema, and its exit code.

Nothing is built here; that what commands do is right is the other files' matter.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any, Final

import pytest
import typer

from tests.end_to_end.conftest import Place
from videoctl.cli import COMMANDS, app

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

COMMAND_LINES: Final = (
    ("env list", 0, "env-list"),
    ("env show dev", 0, "env-show"),
    ("env plan dev --exit-code --ttl 8h", 7, "plan"),
    ("env create dev", 2, "error"),
    ("env create prod --yes", 2, "error"),
    ("env update dev --yes", 3, "error"),
    ("env update dev --dry-run", 3, "plan"),
    ("env repair dev --yes", 3, "error"),
    ("env status dev", 0, "env-status"),
    ("env status dev --wait absent", 0, "env-status"),
    ("env status dev --wait ready --timeout 1", 8, "error"),
    ("env status dev --wait nowhere", 2, "error"),
    ("env check dev", 0, "env-check"),
    ("env check dev --canary", 3, "env-check"),
    ("env drift dev", 0, "env-drift"),
    ("env destroy dev", 2, "error"),
    ("env destroy dev --confirm prod", 2, "error"),
    ("env destroy dev --dry-run", 0, "plan"),
    ("env destroy dev --confirm dev", 0, "run"),
    ("env extend dev --ttl 8h", 3, "error"),
    ("env extend dev --ttl never", 2, "error"),
    ("env reap", 0, "env-reap"),
    ("env reap --dry-run", 0, "env-reap"),
    ("flink status", 2, "error"),
    ("flink status --env dev", 0, "flink-status"),
    ("flink status --env dev --region eu-west-1", 2, "error"),
    ("flink status --env dev --region us-west-2 --exit-code", 7, "flink-status"),
    ("flink timeouts --env dev", 0, "flink-timeouts"),
    ("flink snapshot --env dev --yes", 3, "error"),
    ("flink restart --env dev --yes", 3, "error"),
    ("flink restart --env dev --skip-snapshot --dry-run", 3, "plan"),
    ("flink reshard --env dev", 2, "error"),
    ("flink reshard --env dev --shards 2 --yes", 3, "error"),
    ("flink", 2, "error"),
    ("grafana export", 2, "error"),
    ("grafana export grafana --env dev --dry-run", 0, "grafana-export"),
    ("grafana export grafana --env dev", 0, "grafana-export"),
    ("stacks modules", 0, "stacks-modules"),
    ("loadtest generate --to dev", 3, "error"),
    ("loadtest generate --to prod", 3, "error"),
    ("sandbox up", 0, "sandbox-status"),
    ("sandbox status", 0, "sandbox-status"),
    ("sandbox reset", 2, "error"),
    ("sandbox fault add slow --service kinesis --delay-ms 1", 0, "sandbox-status"),
    ("sandbox fault add nothing", 2, "error"),
    ("sandbox fault add region-down", 2, "error"),
    ("sandbox fault add region-down --region eu-west-1", 2, "error"),
    ("sandbox fault add deny --service kinesys", 2, "error"),
    ("sandbox fault add deny --service s3 --operation PutObjects", 2, "error"),
    ("sandbox fault list", 0, "sandbox-status"),
    ("sandbox fault clear", 0, "sandbox-status"),
    ("history", 0, "history"),
    ("history --env dev --limit 1", 0, "history"),
    ("history --env nowhere", 2, "error"),
    ("lock show", 2, "error"),
    ("lock show --env dev", 0, "lock"),
    ("lock break --env dev", 2, "error"),
    ("lock break --env dev --reason test", 0, "lock-break"),
    ("engine install", 0, "engine"),
    ("config explain", 0, "config-explain"),
    ("doctor", 0, "doctor"),
    ("env", 2, "error"),
    ("sandbox fault", 2, "error"),
    ("env show", 2, "error"),
    ("env show dev more", 2, "error"),
    ("env show dev --nothing", 2, "error"),
    ("env shwo dev", 2, "error"),
    ("env status dev --timeout soon", 2, "error"),
    ("evn list", 2, "error"),
    ("sandbox reset --yes", 0, "sandbox-status"),
    ("sandbox down", 0, "sandbox-status"),
    ("sandbox fault list", 1, "error"),
)
"""Command line, exit code and the document's kind, in an order that works from an empty home."""


@pytest.fixture(scope="module", autouse=True)
def _the_sandbox_runs(place: Place) -> None:
    """Started once; a command would start it by itself."""
    assert place("sandbox", "up", "-o", "json").code == 0


@pytest.mark.parametrize(("line", "exit_code", "kind"), COMMAND_LINES, ids=str)
def test_each_command_prints_one_document_of_its_schema(
    place: Place, line: str, exit_code: int, kind: str
) -> None:
    """With -o json the answer is one document, valid, and an error says its exit code."""
    ran = place(*shlex.split(line), "-o", "json")
    document = ran.document
    assert (ran.code, document["schema"]) == (exit_code, f"videoctl/{kind}/v1"), ran.stdout
    if kind == "error":
        assert document["exit_code"] == exit_code
        assert document["message"]
        assert document["hint"]


@pytest.mark.parametrize("line", ["env list", "env show nowhere", "history", "env", "doctor"])
def test_a_line_of_ndjson_is_a_document_too(place: Place, line: str) -> None:
    """With -o ndjson results and errors are lines with schema, time and code."""
    (document,) = place(*shlex.split(line), "-o", "ndjson").documents
    assert document["schema"].startswith("videoctl/")


@pytest.mark.parametrize("line", ["env", "env show nowhere", "evn", "lock show", "env create dev"])
def test_people_get_a_line_what_and_a_line_what_next(place: Place, line: str) -> None:
    """As text an error goes to stderr: `error:`, then `hint:` with something to type."""
    ran = place(*shlex.split(line))
    assert ran.code == 2
    lines = ran.stderr.splitlines()
    assert lines[-2].startswith("error: ")
    assert lines[-1].startswith("hint: ")


@pytest.mark.parametrize("asked", ["jsno", "", "JSON"])
def test_an_output_format_that_is_none_is_a_usage_error(place: Place, asked: str) -> None:
    """`-o jsno` is refused with the formats there are, as text: no program can have asked it."""
    ran = place("env", "list", "-o", asked) if asked else place("env", "list", "-o")
    assert ran.code == 2
    assert ran.stdout == ""
    assert "text, json, ndjson" in ran.stderr


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command that does something."""
    if not hasattr(command, "commands"):
        yield path
    else:
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


def test_no_command_is_left_out() -> None:
    """Every command there is, is in the table above."""
    import importlib

    assert typer.main.get_command(app)
    seen = {
        path
        for entry in COMMANDS
        for path in commands(
            typer.main.get_command(
                importlib.import_module(f"videoctl.commands.{entry.module}").app
            ),
            (entry.name,),
        )
    }
    tried = {tuple(shlex.split(line)) for line, _, _ in COMMAND_LINES}
    missing = {path for path in seen if not any(line[: len(path)] == path for line in tried)}
    assert not missing, f"add them to COMMAND_LINES: {json.dumps(sorted(map(list, missing)))}"
