"""Settings: where each value came from, and the targets.

Precedence: flag > environment variable > project `videoctl.toml` > user file > default.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from platformdirs import PlatformDirs
from pydantic import ConfigDict, Field

from videoctl.errors import ConfigurationError, Fault
from videoctl.model.regions import Region
from videoctl.model.toml_document import TomlDocument
from videoctl.text_file import UnreadableFileError, read_text_file

PROJECT_FILE: Final = "videoctl.toml"
OUTPUT_FORMATS: Final = ("text", "json", "ndjson")
_DIRECTORIES: Final = PlatformDirs("videoctl", appauthor=False)


@dataclass(frozen=True, kw_only=True)
class _Strict:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True)
class TargetSettings(_Strict):
    """One place environments can live: an AWS account, or anything that speaks its API.

    Attributes:
        account_id: twelve digits; commands refuse when STS's account differs.
        profile: the AWS profile to use; absent: the usual chain.
        endpoint_url: another endpoint than AWS's own.
        state_backend_url: the Pulumi state, such as `s3://bucket?region=us-east-1`.
        front_door_url_template: `{dns_name}` is the accelerator's.
        certificate_arns: ACM certificate of the load balancer, by region.
        images: container images `http_handler` and `kpl_sidecar`; absent: the environment's own
            repositories.
        plugin_directories: put before PATH when the engine looks for plugins.
        environment: variables for the engine and the AWS clients.
        ensure_command: brings the target up and prints it as JSON (`videoctl/sandbox-target/v1`);
            what it prints completes the values above.

    """

    account_id: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    state_backend_url: str | None = None
    front_door_url_template: str = "https://{dns_name}/v1/events"
    certificate_arns: dict[Region, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    plugin_directories: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    ensure_command: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class SettingsFile(_Strict):
    """The keys of a settings file; absent keys are decided further down the precedence."""

    target: str | None = None
    output: Literal["text", "json", "ndjson"] | None = None
    home: str | None = None
    environment: str | None = None
    environments_directory: str | None = None
    engine_root: str | None = None
    targets: dict[str, TargetSettings] = field(default_factory=dict)


SETTINGS: Final = TomlDocument(
    SettingsFile, code="configuration-invalid", reference="`videoctl config explain`"
)

_VARIABLES: Final = {
    "target": "VIDEOCTL_TARGET",
    "output": "VIDEOCTL_OUTPUT",
    "home": "VIDEOCTL_HOME",
    "environment": "VIDEOCTL_ENV",
    "environments_directory": "VIDEOCTL_ENVIRONMENTS",
    "engine_root": "VIDEOCTL_ENGINE_ROOT",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """One value, and where it came from, such as `environment variable VIDEOCTL_HOME`."""

    key: str
    value: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything decided about this invocation.

    Attributes:
        target_name: which target.
        targets: every target known, the built-in ones included.
        output: `text`, `json` or `ndjson`.
        home: state, journal, logs and local targets.
        environment: the default environment, if any.
        environments_directory: where specifications are; None: the packaged ones.
        engine_root: a directory with `bin/pulumi`; None: it is looked for.
        origins: where each value came from.

    """

    target_name: str
    targets: Mapping[str, TargetSettings]
    output: str
    home: Path
    environment: str | None
    environments_directory: Path | None
    engine_root: Path | None
    origins: tuple[Origin, ...]

    @property
    def target(self) -> TargetSettings:
        """The settings of the target in use.

        Raises:
            ConfigurationError: when no such target is configured.

        """
        if self.target_name in self.targets:
            return self.targets[self.target_name]
        origin = next(item.origin for item in self.origins if item.key == "target")
        known = ", ".join(sorted(self.targets))
        raise ConfigurationError(
            f"target {self.target_name!r} (from {origin}) is not configured; known: {known}",
            hint=f'add [targets.{self.target_name}] with account_id = "..." and'
            f" state_backend_url to {PROJECT_FILE}",
            code="target-unknown",
        )


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's settings file: VIDEOCTL_CONFIG, or the system's usual place."""
    named = environ.get("VIDEOCTL_CONFIG")
    return Path(named) if named else Path(_DIRECTORIES.user_config_dir) / "config.toml"


def default_home() -> Path:
    """Where state lives when nothing says otherwise."""
    return Path(_DIRECTORIES.user_state_dir)


def sandbox_home(home: Path) -> Path:
    """The directory of the local target that belongs to this home."""
    return home / "sandbox"


def load(
    flags: Mapping[str, str | None],
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """Decide every setting.

    Args:
        flags: values given on the command line, by key; None where not given.
        environ: the environment variables; default: this process's.
        directory: where the project file is looked for, upwards; default: the working directory.

    Raises:
        ConfigurationError: with the faults of every file at once.

    """
    environ = os.environ if environ is None else environ
    files = _read_files(environ, Path.cwd() if directory is None else directory)
    sources: list[tuple[str, Mapping[str, str | None]]] = [
        ("flag", flags),
        (
            "environment variable",
            {key: environ.get(variable) or None for key, variable in _VARIABLES.items()},
        ),
        *(
            (str(path), {key: getattr(content, key) for key in _VARIABLES})
            for path, content in files
        ),
        ("default", {"target": "sandbox", "output": "text", "home": str(default_home())}),
    ]
    origins = {key: _decide(key, sources) for key in _VARIABLES}
    if origins["output"].value not in OUTPUT_FORMATS:
        raise ConfigurationError(
            f"output {origins['output'].value!r} (from {origins['output'].origin}) is unknown",
            hint=f"use one of: {', '.join(OUTPUT_FORMATS)}",
        )
    home = Path(origins["home"].value or default_home()).expanduser().absolute()
    targets = {"sandbox": _sandbox_target(home)}
    for _, content in reversed(files):
        targets.update(content.targets)
    return Settings(
        target_name=origins["target"].value or "sandbox",
        targets=targets,
        output=origins["output"].value or "text",
        home=home,
        environment=origins["environment"].value,
        environments_directory=_path(origins["environments_directory"].value),
        engine_root=_path(origins["engine_root"].value),
        origins=tuple(origins.values()),
    )


def _sandbox_target(home: Path) -> TargetSettings:
    command = ("-m", "sandbox", "ensure", "--home", str(sandbox_home(home)), "-o", "json")
    return TargetSettings(
        ensure_command=(sys.executable, *command),
        state_backend_url=(home / "stacks").as_uri(),
    )


def _decide(key: str, sources: list[tuple[str, Mapping[str, str | None]]]) -> Origin:
    for name, values in sources:
        value = values.get(key)
        if value is not None:
            variable = f" {_VARIABLES[key]}" if name == "environment variable" else ""
            return Origin(key, value, f"{name}{variable}")
    return Origin(key, None, "not set")


def _read_files(environ: Mapping[str, str], start: Path) -> list[tuple[Path, SettingsFile]]:
    paths = []
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            paths.append(folder / PROJECT_FILE)
            break
    user = user_file(environ)
    if user.is_file():
        paths.append(user)
    elif environ.get("VIDEOCTL_CONFIG"):
        raise ConfigurationError(
            f"{user} does not exist (named by VIDEOCTL_CONFIG)",
            hint="unset VIDEOCTL_CONFIG, or create the file",
        )
    files: list[tuple[Path, SettingsFile]] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            files.append((path, SETTINGS.parse(_text(path), file=str(path))))
        except ConfigurationError as error:
            faults += error.details
    if faults:
        raise SETTINGS.invalid(", ".join(dict.fromkeys(f.file or "" for f in faults)), faults)
    return files


def _text(path: Path) -> str:
    try:
        return read_text_file(path, shown=str(path))
    except UnreadableFileError as error:
        raise SETTINGS.invalid(str(path), [error.fault]) from error


def _path(value: str | None) -> Path | None:
    return Path(value).expanduser().absolute() if value else None
