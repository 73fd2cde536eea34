"""The composition root: settings, output and everything an invocation is made of.

Heavy imports happen here or below, when something is first used.
"""

from __future__ import annotations

import difflib
import os
import sys
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from videoctl.errors import ConfigurationError, Fault, UsageError
from videoctl.model.regions import PRIMARY, Region
from videoctl.output import Output
from videoctl.settings import load
from videoctl.text_file import UnreadableFileError, read_text_file

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

    from stacks.program_input import ProgramInput
    from videoctl.aws.control_bucket import ControlBucket
    from videoctl.aws.session import AwsSession
    from videoctl.aws.sts import Caller
    from videoctl.errors import VideoctlError
    from videoctl.execution.lock import SeenLock
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.provisioning.artifacts import Artifacts
    from videoctl.provisioning.gateway import StackGateway
    from videoctl.session import EnvironmentSession
    from videoctl.settings import Settings
    from videoctl.target import Target


class Context:
    """One invocation: what was asked, where it goes, what it may use.

    Args:
        command: Typer's context; its root object holds the global options.

    """

    def __init__(self, command: typer.Context) -> None:
        options = command.find_root().obj
        self.settings: Settings = load({"output": options.output, "target": options.target})
        self.output = Output(self.settings.output, quiet=options.quiet)
        self.assume_yes: bool = options.yes
        self.debug: bool = options.debug
        self._sessions: dict[str, EnvironmentSession] = {}
        self.may_ask = (
            not options.no_input
            and not self.output.is_machine
            and sys.stdin.isatty()
            and sys.stderr.isatty()
        )

    @cached_property
    def target(self) -> Target:
        """The target, brought up if it is one that can be."""
        from videoctl.target import resolve

        return resolve(self.settings, self.output.say)

    @cached_property
    def aws(self) -> AwsSession:
        """AWS of the target."""
        from videoctl.aws.session import AwsSession, AwsSettings

        target = self.target
        return AwsSession(
            AwsSettings(
                account_id=target.account_id,
                profile=target.profile,
                endpoint_url=target.endpoint_url,
                environment=target.environment,
            )
        )

    def caller(self) -> Caller:
        """Whose credentials are in use."""
        from videoctl.aws.sts import StsGateway

        return StsGateway(self.aws.client("sts", PRIMARY)).caller()

    def control_store(self, region: Region = PRIMARY) -> ControlBucket:
        """The control bucket of a region: locks, records, mirrored journals."""
        from videoctl.aws.control_bucket import ControlBucket
        from videoctl.model.names import control_bucket

        name = control_bucket(self.target.account_id, region)
        return ControlBucket(self.aws.client("s3", region), name)

    def record_broken_lock(self, environment: str, seen: SeenLock, reason: str) -> None:
        """Keep beside the locks who broke whose lock, when and why."""
        import json
        from datetime import UTC, datetime

        from videoctl.execution.processes import this_process

        moment = datetime.now(UTC)
        record = {
            "schema": "videoctl/broken-lock/v1",
            "environment": environment,
            "broken_at": moment.isoformat(),
            "broken_by": str(this_process()),
            "holder": seen.holder,
            "heartbeat_age_seconds": seen.heartbeat_age_seconds,
            "reason": reason,
        }
        key = f"locks/broken/{environment}/{moment:%Y%m%dT%H%M%S.%fZ}.json"
        self.control_store().put(key, json.dumps(record, indent=1).encode())

    def session(self, specification: EnvironmentSpecification) -> EnvironmentSession:
        """One environment, as commands use it; the same one each time."""
        from videoctl.session import EnvironmentSession

        if specification.name not in self._sessions:
            self._sessions[specification.name] = EnvironmentSession(self, specification)
        return self._sessions[specification.name]

    @cached_property
    def stack_gateway(self) -> StackGateway:
        """The Pulumi stacks of the target."""
        from videoctl.aws.locate import Locator
        from videoctl.provisioning.engine_install import ensure_engine
        from videoctl.provisioning.gateway import StackGateway
        from videoctl.provisioning.workspace import Workspace

        target = self.target
        workspace = Workspace(
            home=self.settings.home,
            target=target.name,
            backend_url=target.state_backend_url,
            account_id=target.account_id,
            environment=target.environment,
            plugin_directories=target.plugin_directories,
        )
        return StackGateway(
            workspace,
            engine=lambda: ensure_engine(self.output.say, self.engine_environment()),
            locator=Locator(self.aws),
            say=self.output.say,
        )

    @cached_property
    def artifacts(self) -> Artifacts:
        """The packages of what runs inside the platform, built now if their sources changed."""
        from videoctl.provisioning.artifacts import build_artifacts

        return build_artifacts(self.settings.home / "artifacts")

    def program_input(self, specification: EnvironmentSpecification) -> Callable[[], ProgramInput]:
        """What an environment's program takes; artefacts are built when it is called."""

        def build() -> ProgramInput:
            from stacks.program_input import ProgramInput

            return ProgramInput(
                specification=specification,
                account_id=self.target.account_id,
                certificate_arns=self.target.certificate_arns,
                artifacts=self.artifacts.paths,
                images=self.target.images,
            )

        return build

    def engine_environment(self) -> dict[str, str]:
        """Variables for finding the engine: this process's, and the configured engine root."""
        root = self.settings.engine_root
        return {**os.environ, **({"VIDEOCTL_ENGINE_ROOT": str(root)} if root else {})}

    def specifications(self) -> dict[str, EnvironmentSpecification]:
        """Every environment specification, by name; the faults of all files at once.

        Raises:
            ConfigurationError: when one or more files are wrong.

        """
        from videoctl.model.specification_file import SPECIFICATION, parse_specification

        found: dict[str, EnvironmentSpecification] = {}
        faults: list[Fault] = []
        for name, path in self._specification_files().items():
            try:
                text = self._read(path)
                found[name] = parse_specification(text, file=_shown(path), name=name)
            except ConfigurationError as error:
                faults += error.details
        if faults:
            named = ", ".join(dict.fromkeys(fault.file or "" for fault in faults))
            raise SPECIFICATION.invalid(named, faults)
        return found

    def specification(self, name: str) -> EnvironmentSpecification:
        """One environment's specification.

        Raises:
            UsageError: no environment has that name; the nearest ones are named.
            ConfigurationError: its file is wrong.

        """
        from videoctl.model.specification_file import parse_specification

        known = self._specification_files()
        if name not in known:
            raise unknown_environment(name, list(known))
        path = known[name]
        return parse_specification(self._read(path), file=_shown(path), name=name)

    def environment_name(self, given: str | None) -> str:
        """The environment meant: the argument, VIDEOCTL_ENV or the configured default.

        Raises:
            UsageError: nothing says which; the choices are named.

        """
        chosen = given or self.settings.environment
        if chosen:
            return chosen
        choices = sorted(self._specification_files())
        if len(choices) == 1:
            return choices[0]
        raise UsageError(
            f"which environment? one of: {', '.join(choices)}",
            hint="name it with --env NAME, or set VIDEOCTL_ENV",
            code="environment-missing",
        )

    def confirm(self, question: str, *, flag: str = "--yes") -> None:
        """Ask before an ordinary write.

        Raises:
            UsageError: nobody can be asked, or the answer was no.

        """
        if self.assume_yes:
            return
        if not self.may_ask:
            raise UsageError(
                f"{question} Nobody can be asked here; nothing was changed",
                hint=f"add {flag} to answer yes",
                code="confirmation-missing",
            )
        import typer

        if not typer.confirm(question, err=True):
            raise UsageError("answered no; nothing was changed", code="declined")

    def confirm_by_name(self, name: str, confirm: str | None, *, what: str) -> None:
        """Ask for the name before a severe write.

        Raises:
            UsageError: another name was given, or none and nobody can be asked.

        """
        if confirm is None and self.may_ask:
            import typer

            confirm = typer.prompt(f"{what} Type {name} to go on", err=True, default="")
        if confirm is None:
            raise UsageError(
                f"{what} It needs its name typed; nothing was changed",
                hint=f"add --confirm {name}",
                code="confirmation-missing",
            )
        if confirm != name:
            raise UsageError(
                f"--confirm names {confirm!r}, not {name!r}; nothing was changed",
                hint=f"add --confirm {name}",
                code="confirmation-wrong",
            )

    def end_with(self, error: VideoctlError) -> NoReturn:
        """End with an error after the result was printed, still as one JSON document.

        Raises:
            VideoctlError: `error`, for people.
            typer.Exit: its exit code alone, for programs: the result says the rest.

        """
        if self.output.is_machine:
            import typer

            raise typer.Exit(int(error.exit_code))
        raise error

    def _specification_files(self) -> dict[str, Path]:
        directory = self.settings.environments_directory or Path(
            str(files("stacks.environments").joinpath(""))
        )
        try:
            paths = sorted(directory.glob("*.toml"))
        except OSError as error:
            raise ConfigurationError(f"{directory} cannot be read: {error}") from error
        if not paths:
            raise ConfigurationError(
                f"{directory} holds no environment (*.toml)",
                hint="set VIDEOCTL_ENVIRONMENTS to a directory of specifications",
                code="environments-missing",
            )
        return {path.stem: path for path in paths}

    @staticmethod
    def _read(path: Path) -> str:
        from videoctl.model.specification_file import SPECIFICATION

        try:
            return read_text_file(path, shown=_shown(path))
        except UnreadableFileError as error:
            raise SPECIFICATION.invalid(_shown(path), [error.fault]) from error


def unknown_environment(name: str, known: list[str]) -> UsageError:
    """The error for a name that is no environment, with the nearest ones."""
    near = difflib.get_close_matches(name.lower().replace("-", ""), known, n=2, cutoff=0.4)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return UsageError(
        f"no environment is named {name!r}",
        hint=f"{meant}known: {', '.join(sorted(known))}",
        code="environment-unknown",
    )


def _shown(path: Path) -> str:
    """A path as people type it: relative to the working directory where that is shorter."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
