"""The target in use: settings completed by what its ensure command says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from videoctl.errors import ConfigurationError, FailedError
from videoctl.model.regions import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from videoctl.settings import Settings

ENSURE_TIMEOUT_SECONDS: Final = 120
ENSURE_SCHEMA: Final = "videoctl/sandbox-target/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPart:
    """Something a target of this machine needs of it.

    Attributes:
        part: what it is.
        seen: where it is, or that it is not.
        cure: what installs it; None where it is there.

    """

    part: str
    seen: str
    cure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Everything needed to reach one place environments live in.

    Attributes:
        name: the name in the settings.
        account_id: the account every write is guarded by.
        endpoint_url: None means AWS's own endpoints.
        profile: the AWS profile; None: the usual chain.
        state_backend_url: where Pulumi keeps its state.
        front_door_url_template: `{dns_name}` is the accelerator's.
        certificate_arns: ACM certificate of the load balancer, by region.
        images: container images by container; empty: the environment's own repositories.
        plugin_directories: put before PATH when the engine looks for plugins.
        environment: variables for the engine and the AWS clients.
        parts: what it needs of this machine, by its own word.

    """

    name: str
    account_id: str
    endpoint_url: str | None
    profile: str | None
    state_backend_url: str
    front_door_url_template: str
    certificate_arns: Mapping[Region, str]
    images: Mapping[str, str]
    plugin_directories: tuple[str, ...]
    environment: Mapping[str, str]
    parts: tuple[TargetPart, ...] = ()

    def front_door_url(self, dns_name: str) -> str:
        """Where players post events, for an accelerator's DNS name."""
        return self.front_door_url_template.format(dns_name=dns_name)


def resolve(settings: Settings, say: Callable[[str], None]) -> Target:
    """Bring the target up if it says how, and complete its settings.

    Raises:
        ConfigurationError: when the account or the state backend is not configured.
        FailedError: when the ensure command fails.

    """
    chosen = settings.target
    told = _ensure(settings.target_name, chosen.ensure_command, say)
    account_id = chosen.account_id or told.get("account_id")
    backend = chosen.state_backend_url
    missing = [
        key
        for key, value in (("account_id", account_id), ("state_backend_url", backend))
        if not value
    ]
    if missing or account_id is None or backend is None:
        raise ConfigurationError(
            f"target {settings.target_name!r} has no {' and no '.join(missing)}",
            hint=f"add it under [targets.{settings.target_name}] in videoctl.toml",
            code="target-incomplete",
        )
    environment = {**told.get("environment", {}), **chosen.environment}
    if chosen.profile:
        environment["AWS_PROFILE"] = chosen.profile
    return Target(
        name=settings.target_name,
        account_id=account_id,
        endpoint_url=chosen.endpoint_url or told.get("endpoint_url"),
        profile=chosen.profile,
        state_backend_url=backend,
        front_door_url_template=told.get("front_door_url_template")
        or chosen.front_door_url_template,
        certificate_arns=chosen.certificate_arns,
        images=chosen.images,
        plugin_directories=(*chosen.plugin_directories, *told.get("plugin_directories", ())),
        environment=environment,
        parts=tuple(TargetPart(**part) for part in told.get("parts", ())),
    )


def _ensure(
    name: str, command: tuple[str, ...] | None, say: Callable[[str], None]
) -> dict[str, Any]:
    if command is None:
        return {}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ENSURE_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FailedError(
            f"target {name!r} could not be brought up: {error}",
            hint=f"videoctl {name} status, then videoctl {name} up",
            code="target-unavailable",
        ) from error
    if done.returncode != 0:
        raise ensure_failure(name, done.stdout, done.stderr)
    told: dict[str, Any] = json.loads(done.stdout)
    if told.get("schema") != ENSURE_SCHEMA:
        raise FailedError(
            f"target {name!r} answered with schema {told.get('schema')!r}, not {ENSURE_SCHEMA}",
            hint="videoctl and the target's ensure command are of different versions",
            code="target-unavailable",
        )
    if told.get("started"):
        say(f"started {name} at {told.get('endpoint_url')} (stop it with: videoctl {name} down)")
    return told


def ensure_failure(name: str, stdout: str, stderr: str) -> FailedError:
    """What an ensure command said when it failed, as one error."""
    try:
        told = json.loads(stdout)
        return FailedError(
            f"target {name!r} could not be brought up: {told['message']}",
            hint=told.get("hint"),
            code=told.get("code", "target-unavailable"),
        )
    except (ValueError, KeyError, TypeError):
        last = (stderr.strip() or stdout.strip() or "no output").splitlines()[-1]
        return FailedError(
            f"target {name!r} could not be brought up: {last}",
            hint=f"videoctl {name} status",
            code="target-unavailable",
        )
