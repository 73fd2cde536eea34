"""The frame of the command line: global options, errors, exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from tests.conftest import CommandLine
from videoctl import __version__
from videoctl.cli import COMMANDS, hoist_global_options


def test_version_is_one_line_on_stdout(videoctl: CommandLine) -> None:
    """`--version` prints name and version and nothing else."""
    ran = videoctl("--version")
    assert (ran.code, ran.stdout, ran.stderr) == (0, f"videoctl {__version__}\n", "")


def test_help_lists_every_command_with_its_own_words() -> None:
    """Each line of the top-level help is the help of the command behind it."""
    import importlib

    for entry in COMMANDS:
        module = importlib.import_module(f"videoctl.commands.{entry.module}")
        assert typer.main.get_command(module.app).help == entry.help


@pytest.mark.parametrize(
    ("words", "hoisted"),
    [
        (["env", "list", "-o", "json"], ["-o", "json", "env", "list"]),
        (["env", "list", "--output=json"], ["--output=json", "env", "list"]),
        (["env", "destroy", "x", "--yes"], ["--yes", "env", "destroy", "x"]),
        (["run", "--", "--yes"], ["run", "--", "--yes"]),
        (["env", "-o"], ["env", "-o"]),
    ],
)
def test_global_options_are_accepted_after_the_subcommand(
    words: list[str], hoisted: list[str]
) -> None:
    """Global options mean the same before and after the subcommand; `--` ends them."""
    assert hoist_global_options(words) == hoisted


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("evn",), "command-unknown", 2),
        (("env", "lits"), "usage", 2),
        (("config", "explain", "--nope"), "usage", 2),
        (("env", "show", "slow-prodd"), "environment-unknown", 2),
        (("config", "explain", "--target", "moon"), None, 0),
    ],
)
def test_usage_errors_are_one_json_document(
    videoctl: CommandLine, words: tuple[str, ...], code: str | None, exit_code: int
) -> None:
    """With -o json a usage error is a document with a code, and the process ends with 2."""
    ran = videoctl(*words, "-o", "json")
    assert ran.code == exit_code
    document = ran.document
    if code is not None:
        assert document["code"] == code
        assert document["exit_code"] == exit_code


def test_an_unknown_environment_is_answered_with_the_nearest_names(videoctl: CommandLine) -> None:
    """A mistyped name gets the names that were meant."""
    ran = videoctl("env", "show", "slow-prod")
    assert ran.code == 2
    assert ran.stdout == ""
    assert "did you mean slowprod" in ran.stderr


def test_precedence_is_flag_environment_project_user_default(
    videoctl: CommandLine, home: Path, tmp_path: Path
) -> None:
    """Each layer wins over the one below, and `config explain` says which one it was."""
    user = tmp_path / "config" / "videoctl" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text('environment = "dev"\noutput = "ndjson"\n')

    def origin(key: str, *words: str, **variables: str) -> tuple[str | None, str]:
        values = videoctl("config", "explain", "-o", "json", *words, **variables).document["values"]
        found = next(item for item in values if item["key"] == key)
        return found["value"], found["origin"]

    assert origin("environment") == ("dev", str(user))
    (tmp_path / "videoctl.toml").write_text('environment = "prod"\n')
    assert origin("environment") == ("prod", str(tmp_path / "videoctl.toml"))
    assert origin("environment", VIDEOCTL_ENV="slowprod") == (
        "slowprod",
        "environment variable VIDEOCTL_ENV",
    )
    assert origin("output") == ("json", "flag")
    assert origin("home") == (str(home), "environment variable VIDEOCTL_HOME")


def test_faults_of_both_settings_files_come_at_once(videoctl: CommandLine, tmp_path: Path) -> None:
    """Every fault of every settings file is in one error, with file, line and key."""
    user = tmp_path / "user.toml"
    user.write_text('\n[targets.aws]\naccount_id = "12"\n')
    (tmp_path / "videoctl.toml").write_text('tagret = "aws"\noutput = "xml"\n')
    ran = videoctl("config", "explain", "-o", "json", VIDEOCTL_CONFIG=str(user))
    assert ran.code == 2
    found = {(fault["key"], fault["line"]) for fault in ran.document["details"]}
    assert found == {("tagret", 1), ("output", 2), ("targets.aws.account_id", 3)}


def test_a_settings_file_that_is_named_and_missing_is_an_error(videoctl: CommandLine) -> None:
    """VIDEOCTL_CONFIG naming nothing is said, not ignored."""
    ran = videoctl("config", "explain", VIDEOCTL_CONFIG="/nowhere/config.toml")
    assert ran.code == 2
    assert "does not exist" in ran.stderr
