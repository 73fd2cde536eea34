"""What the server offers its services: places, addresses, other services, child processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.account import ACCOUNT_ID, client_environment
from sandbox.children import Children
from sandbox.faults import Faults
from sandbox.home import Home
from sandbox.loopback import Loopback
from sandbox.metrics import Metrics
from sandbox.services.base import Service
from sandbox.services.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path


def _nothing(*_names: str) -> None:
    """Nobody listens yet."""


def _not_saved(_service: Service) -> None:
    """There is no disk yet."""


async def _no_wait() -> None:
    """There is no front door yet."""


@dataclass(slots=True)
class Host:
    """The server as its services see it.

    Attributes:
        home: directories of this sandbox.
        endpoint_url: where the server listens.
        children: starts processes that die with the server.
        ministack: MiniStack's ASGI application.
        faults: the faults in force.
        metrics: what is counted of the services' work, and published as CloudWatch metrics.
        registry: the services; set once they are made.
        ministack_written: told signing name and operation of each write a service makes there.
        save: writes a service, and what it changed in MiniStack, to disk; for work without a
            request, of which others learn before anybody was answered.
        routes_changed: to be called when something changed that the front door depends on.
        routes_taken_over: waits until the front door routes by the present state.

    """

    home: Home
    endpoint_url: str
    children: Children
    ministack: Callable[..., Awaitable[None]]
    faults: Faults = field(default_factory=Faults)
    metrics: Metrics = field(default_factory=Metrics)
    registry: Registry | None = None
    ministack_written: Callable[[str, str], None] = _nothing
    save: Callable[[Service], None] = _not_saved
    routes_changed: Callable[[], None] = _nothing
    routes_taken_over: Callable[[], Awaitable[None]] = _no_wait
    account_id: str = ACCOUNT_ID

    def aws(self, region: str, *, with_faults: bool = False) -> Loopback:
        """All services in a region, called in this process; if asked, faults refuse."""
        assert self.registry is not None, "services are made before they call each other"
        return Loopback(
            self.registry,
            self.ministack,
            account_id=self.account_id,
            region=region,
            on_write=self.ministack_written,
            faults=self.faults if with_faults else None,
        )

    def environment(self, region: str) -> dict[str, str]:
        """AWS_* variables for a child process that works in `region`."""
        return client_environment(self.endpoint_url, region)

    def log_directory(self, *parts: str) -> Path:
        """A directory for log files, made when missing."""
        directory = self.home.logs.joinpath(*parts)
        directory.mkdir(parents=True, exist_ok=True)
        return directory
