"""Where everything of one sandbox lives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """Paths under the home directory of a sandbox; `prepare` makes the directories."""

    directory: Path

    @property
    def process_file(self) -> Path:
        """JSON: pid and start time of the server, its ports."""
        return self.directory / "server.json"

    @property
    def ports_file(self) -> Path:
        """JSON: the ports chosen at the first start, kept for the next."""
        return self.directory / "ports.json"

    @property
    def lock_file(self) -> Path:
        """Held while a server is started or stopped."""
        return self.directory / "lifecycle.lock"

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.directory / "server.log"

    @property
    def logs(self) -> Path:
        """Logs of tasks and functions."""
        return self.directory / "logs"

    @property
    def state(self) -> Path:
        """Saved state of the services."""
        return self.directory / "state"

    @property
    def objects(self) -> Path:
        """Objects of S3 buckets."""
        return self.directory / "objects"

    @property
    def plugins(self) -> Path:
        """Directory with the engine's `pulumi-resource-aws` for this sandbox."""
        return self.directory / "plugins"

    def prepare(self) -> None:
        """Make the directories."""
        for directory in (self.directory, self.logs, self.state, self.objects, self.plugins):
            directory.mkdir(parents=True, exist_ok=True)
