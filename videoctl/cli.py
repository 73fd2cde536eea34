"""The command line: global options, commands loaded when they are used, the one error boundary."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from videoctl import __version__
from videoctl.errors import ExitCode, FailedError, UsageError, VideoctlError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """One line of the top-level help: what is shown, and the module that is loaded when used."""

    name: str
    help: str
    module: str


COMMANDS: Final = (
    CommandEntry("env", "Build, see, change, check and destroy environments.", "env"),
    CommandEntry(
        "flink", "Flink applications: state, snapshots, safe restarts, reshards.", "flink"
    ),
    CommandEntry("stacks", "The module catalogue.", "stacks"),
    CommandEntry("loadtest", "Made-up viewers, fired at an environment.", "loadtest"),
    CommandEntry("grafana", "Dashboards and alert rules, as files for a Grafana.", "grafana"),
    CommandEntry("sandbox", "The local target: both regions on this machine.", "sandbox"),
    CommandEntry("history", "Past runs, from the journal.", "history"),
    CommandEntry("lock", "Who holds an environment's lock; break a dead one.", "lock"),
    CommandEntry("engine", "The Pulumi engine: find or install it.", "engine"),
    CommandEntry("config", "Settings, and where each value comes from.", "config"),
    CommandEntry("doctor", "What this machine or account lacks, and the cure.", "doctor"),
)
"""The order of the help. A test holds each line against the command's own help."""

_VALUE_OPTIONS: Final = ("--output", "-o", "--target")
_FLAG_OPTIONS: Final = ("--yes", "--no-input", "--quiet", "--debug")


class LazyGroup(TyperGroup):
    """A group that imports a command's module when that command runs, not for the help."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  (the signature is Typer's)
        """Every command, in the order of the help."""
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """A stand-in that only knows its one line of help."""
        for entry in COMMANDS:
            if entry.name == cmd_name:
                return TyperCommand(entry.name, help=entry.help)
        return None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real command, imported now."""
        name = args[0]
        for entry in COMMANDS:
            if entry.name == name:
                module = importlib.import_module(f"videoctl.commands.{entry.module}")
                command = typer.main.get_command(module.app)
                command.name = name
                _leave_help_to_be_asked_for(command)
                return name, command, args[1:]
        if name.startswith("-"):
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(name, self.list_commands(ctx), n=2)
        meant = f"did you mean {' or '.join(near)}?" if near else "videoctl --help lists them"
        raise UsageError(f"no command is named {name!r}", hint=meant, code="command-unknown")


def _leave_help_to_be_asked_for(command: Any) -> None:
    """A group without its subcommand is an error in every output format, not a page of help."""
    if hasattr(command, "commands"):
        command.no_args_is_help = False
        for inner in command.commands.values():
            _leave_help_to_be_asked_for(inner)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """What was asked on the command line for every command alike; None: not given."""

    output: str | None = None
    target: str | None = None
    yes: bool = False
    no_input: bool = False
    quiet: bool = False
    debug: bool = False


@app.callback()
def _global_options(
    context: typer.Context,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="text, json or ndjson.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="sandbox, aws, or one of videoctl.toml.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Answer ordinary questions with yes.")] = False,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Never ask: fail and name the flag.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no notes.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks and engine output.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Build, watch, fail over and rehearse a two-region AWS video-analytics platform."""
    if version:
        sys.stdout.write(f"videoctl {__version__}\n")
        raise typer.Exit
    context.obj = GlobalOptions(
        output=output, target=target, yes=yes, no_input=no_input, quiet=quiet, debug=debug
    )


def hoist_global_options(arguments: Sequence[str]) -> list[str]:
    """Move global options to the front, so that they are accepted after the subcommand too.

    What follows `--` stays where it is.
    """
    front: list[str] = []
    rest: list[str] = []
    position = 0
    while position < len(arguments):
        word = arguments[position]
        if word == "--":
            rest += arguments[position:]
            break
        if word in _VALUE_OPTIONS and position + 1 < len(arguments):
            front += arguments[position : position + 2]
            position += 1
        elif word in _FLAG_OPTIONS or word.startswith(("--output=", "--target=")):
            front.append(word)
        else:
            rest.append(word)
        position += 1
    return front + rest


def _refuse_missing_value(words: Sequence[str]) -> None:
    """A global option at the very end lacks its value; Click would call it unknown there."""
    if words and words[-1] in _VALUE_OPTIONS and "--" not in words:
        values = "sandbox, aws" if words[-1] == "--target" else "text, json, ndjson"
        raise UsageError(
            f"{words[-1]} needs a value, such as one of: {values}", hint="videoctl --help"
        )


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; every error ends here."""
    words = hoist_global_options(arguments)
    try:
        _refuse_missing_value(words)
        command = typer.main.get_command(app)
        result = command(args=words, prog_name="videoctl", standalone_mode=False)
    except VideoctlError as error:
        _report(error, words)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except (typer.Exit, typer.Abort) as error:
        return int(getattr(error, "exit_code", ExitCode.INTERRUPTED))
    except BrokenPipeError:
        # Whoever read stdout has gone; Python would complain once more while closing it.
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return int(ExitCode.FAILED)
    except Exception as error:
        usage = _usage_error(error)
        if usage is not None:
            _report(usage, words)
            return int(usage.exit_code)
        if "--debug" in words:
            raise
        _report(_unexpected(error), words)
        return int(ExitCode.FAILED)
    return int(result) if isinstance(result, int) else int(ExitCode.DONE)


def _usage_error(error: Exception) -> UsageError | None:
    """Typer's own complaint about the command line, as ours; None for anything else."""
    format_message = getattr(error, "format_message", None)
    if format_message is None:
        return None
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "videoctl"
    message = str(format_message()).strip()
    known = getattr(getattr(context, "command", None), "commands", None)
    if known and message == "Missing command.":
        return UsageError(
            f"{path} needs a subcommand: one of {', '.join(known)}", hint=f"{path} --help"
        )
    return UsageError(message, hint=f"{path} --help")


def _unexpected(error: Exception) -> VideoctlError:
    return FailedError(
        f"unexpected {type(error).__name__}: {error}",
        hint="run the same command with --debug for the traceback, and please report it",
        code="unexpected",
    )


def _report(error: VideoctlError, words: Sequence[str]) -> None:
    from videoctl.output import Output

    Output(_output_format(words)).error(error)


def _output_format(words: Sequence[str]) -> str:
    """The format asked for, also where the settings themselves are at fault."""
    from videoctl.settings import OUTPUT_FORMATS, load

    flags: dict[str, str | None] = {"output": None}
    for position, word in enumerate(words):
        if word in ("--output", "-o"):
            flags["output"] = words[position + 1] if position + 1 < len(words) else None
        elif word.startswith("--output="):
            flags["output"] = word.partition("=")[2]
    try:
        return load(flags).output
    except VideoctlError:
        asked = flags["output"]
        return asked if asked in OUTPUT_FORMATS else "text"
