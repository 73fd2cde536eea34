"""What the server offers its services: places, addresses, other services, child processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.children import Children
from sandbox.home import Home
from sandbox.loopback import Loopback
from sandbox.services.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT_ID = "000000000000"
"""The one account of a sandbox."""
ACCESS_KEY_ID = "sandbox"
SECRET_ACCESS_KEY = "sandbox"  # noqa: S105 - no secret: nothing checks it, clients want one
DEFAULT_REGION = "us-east-1"


def client_environment(endpoint_url: str, region: str = DEFAULT_REGION) -> dict[str, str]:
    """AWS_* variables that make any AWS SDK talk to this sandbox."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass(slots=True)
class Host:
    """The server as its services see it.

    Attributes:
        home: directories of this sandbox.
        endpoint_url: where the server listens.
        children: starts processes that die with the server.
        ministack: MiniStack's ASGI application.
        registry: the services; set once they are made.

    """

    home: Home
    endpoint_url: str
    children: Children
    ministack: Callable[..., Awaitable[None]]
    registry: Registry | None = None
    account_id: str = ACCOUNT_ID

    def aws(self, region: str) -> Loopback:
        """All services in a region, called in this process."""
        assert self.registry is not None, "services are made before they call each other"
        return Loopback(self.registry, self.ministack, account_id=self.account_id, region=region)

    def environment(self, region: str) -> dict[str, str]:
        """AWS_* variables for a child process that works in `region`."""
        return client_environment(self.endpoint_url, region)

    def log_directory(self, *parts: str) -> Path:
        """A directory for log files, made when missing."""
        directory = self.home.logs.joinpath(*parts)
        directory.mkdir(parents=True, exist_ok=True)
        return directory
