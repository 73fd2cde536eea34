"""Calls a service's operations as the server would, without a server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import dispatch
from sandbox.home import Home
from sandbox.metrics import Metrics
from sandbox.protocol import models, responses
from sandbox.services.base import Call, Service
from sandbox.store import Store
from tests.sandbox.services.doubles import InMemoryAws

ACCOUNT_ID = "000000000000"


@dataclass
class StubHost:
    """The part of the server that services reach other services by."""

    services: InMemoryAws = field(default_factory=InMemoryAws)
    endpoint_url: str = "http://127.0.0.1:4566"
    metrics: Metrics = field(default_factory=Metrics)
    home: Home = field(default_factory=lambda: Home(Path("nowhere")))

    def aws(self, region: str) -> InMemoryAws:
        """The same services in every region."""
        return self.services


class Caller:
    """One service, its event loop, and calls whose answers are held against the model."""

    def __init__(self, kind: type[Service], region: str = "us-east-1") -> None:
        self.host = StubHost()
        self.region = region
        self.store = Store()
        self.service: Any = kind(self.host, self.store)  # type: ignore[arg-type]
        self._runner = asyncio.Runner()
        self._gate = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """A clock's sleep that lasts until `settle`."""
        await self._gate.wait()

    def __call__(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Output of an operation; raises `ServiceError`."""
        model = models.operations(self.service.name)[operation]
        call = Call(self.service.name, operation, self.region, ACCOUNT_ID, "request")
        output = self.run(dispatch.call_method(self.service, model, call, parameters))
        protocol = model.service_model.resolved_protocol
        responses.serialise(model, protocol, output, "request")
        return output

    def run(self, work: Any) -> Any:
        """Run a coroutine on the service's loop."""
        return self._runner.run(work)

    def settle(self) -> None:
        """Let everything that is under way come to its end."""

        async def settled() -> None:
            self._gate.set()
            while self.service._tasks:
                await asyncio.gather(*self.service._tasks, return_exceptions=True)
            self._gate.clear()

        self.run(settled())

    def close(self) -> None:
        """Stop the service and its loop."""
        self.run(self.service.stop())
        self._runner.close()
