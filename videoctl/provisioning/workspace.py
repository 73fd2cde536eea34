"""Where a target's engine state, settings, passphrase and logs lie under VIDEOCTL_HOME."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from videoctl.provisioning.engine_environment import base_environment

PROJECT: Final = "videoctl"
"""The Pulumi project of every stack: part of each URN, so it never changes."""

PASSPHRASE_BYTES: Final = 32
KEPT_LOGS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One target's place for the engine.

    Attributes:
        home: VIDEOCTL_HOME.
        target: the target's name; each has a directory of its own.
        backend_url: where Pulumi keeps the state: `file:///...`, `s3://bucket?region=...`.
        account_id: what account-dependent ids are computed with.
        environment: the target's variables (AWS_*).
        plugin_directories: put before PATH when the engine looks for plugins.
        secrets_provider: who encrypts secrets in the state: `passphrase`, `awskms://...`.

    """

    home: Path
    target: str
    backend_url: str
    account_id: str
    environment: Mapping[str, str] = field(default_factory=dict)
    plugin_directories: tuple[str, ...] = ()
    secrets_provider: str = "passphrase"

    @property
    def directory(self) -> Path:
        """Pulumi.yaml and the settings of each stack."""
        return self.home / "engine" / self.target / "project"

    @property
    def passphrase_file(self) -> Path:
        """The generated passphrase; readable by its owner alone."""
        return self.home / "engine" / self.target / "passphrase"

    @property
    def local_state(self) -> Path | None:
        """The directory of the state backend when it is on this machine."""
        parts = urlsplit(self.backend_url)
        return Path(unquote(parts.path)) if parts.scheme == "file" else None

    @property
    def engine_backend_url(self) -> str:
        """The backend as the engine is told it.

        In a directory the engine would keep a sidecar of attributes beside each file and write it
        in place: a kill in that moment leaves it empty, and the stack unreadable. Without it every
        write is one rename, and cheaper.
        """
        if self.local_state is None or urlsplit(self.backend_url).query:
            return self.backend_url
        return f"{self.backend_url}?metadata=skip"

    def run_record(self, stack: str, *, preview: bool = False) -> Path:
        """Which processes the last operation on a stack consisted of; previews apart."""
        name = f"{stack}.preview.json" if preview else f"{stack}.json"
        return self.home / "engine" / self.target / "runs" / name

    def log_file(self, run_id: str) -> Path:
        """The engine's own words in one run."""
        return self.home / "logs" / "engine" / f"{run_id}.log"

    def prepare(self) -> None:
        """Make directories, Pulumi.yaml and the passphrase where they are missing."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._make_room_for_logs()
        (self.home / "engine" / "pulumi").mkdir(parents=True, exist_ok=True)
        if self.local_state is not None:
            self.local_state.mkdir(parents=True, exist_ok=True)
            if self.secrets_provider == "passphrase":
                self._generate_passphrase()
        # JSON is YAML: written without the SDK, which takes half a second to import.
        project = {
            "name": PROJECT,
            "runtime": "python",
            "backend": {"url": self.engine_backend_url},
        }
        wanted = json.dumps(project, indent=2) + "\n"
        file = self.directory / "Pulumi.yaml"
        if not file.exists() or file.read_text(encoding="utf-8") != wanted:
            with tempfile.NamedTemporaryFile("w", dir=self.directory, delete=False) as fresh:
                fresh.write(wanted)
            Path(fresh.name).replace(file)

    def engine_variables(self) -> dict[str, str]:
        """Variables of every engine command; the passphrase is named by its file, never given."""
        path = os.pathsep.join((*self.plugin_directories, os.environ.get("PATH", os.defpath)))
        variables = {
            "PATH": path,
            **self.environment,
            "PULUMI_HOME": str(self.home / "engine" / "pulumi"),
        }
        if self.passphrase_file.exists():
            variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(self.passphrase_file)
        else:
            # A shared state has a shared passphrase: the operator's own variable passes through.
            given = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
            variables |= {key: os.environ[key] for key in given if key in os.environ}
        return variables

    def command_environment(self) -> dict[str, str]:
        """The whole environment of an engine command started from here."""
        return base_environment(self.engine_variables())

    def _make_room_for_logs(self) -> None:
        """Keep the logs of the latest runs; their names begin with nothing that sorts by time."""
        directory = self.home / "logs" / "engine"
        directory.mkdir(parents=True, exist_ok=True)
        logs = sorted(directory.iterdir(), key=lambda file: file.stat().st_mtime)
        for old in logs[:-KEPT_LOGS]:
            old.unlink(missing_ok=True)

    def _generate_passphrase(self) -> None:
        """A passphrase for a state that never leaves this machine; kept once made."""
        if self.passphrase_file.exists():
            return
        # A temporary file is its owner's alone; linking it fails where another was quicker.
        with tempfile.NamedTemporaryFile("w", dir=self.passphrase_file.parent) as fresh:
            fresh.write(secrets.token_urlsafe(PASSPHRASE_BYTES))
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, self.passphrase_file)
