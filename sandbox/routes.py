"""What the front door must know: accelerators, their groups, endpoints and healthy targets."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from sandbox.services.elbv2 import LoadBalancing
from sandbox.services.globalaccelerator import GlobalAccelerator

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.faults import Faults
    from sandbox.services.registry import Registry

_SETTLE_SECONDS = 0.02
"""Changes that come together are told together."""
_LONGEST_TAKEOVER_SECONDS = 3.0


class Routes:
    """The routing table, numbered; whoever holds an old number can wait for the next."""

    def __init__(self, registry: Registry, faults: Faults) -> None:
        self._registry = registry
        self._faults = faults
        self._table: dict[str, Any] = {}
        self._version = 0
        self._taken_over = -1
        self._is_closed = False
        self._dirty = asyncio.Event()
        self._news = asyncio.Condition()

    def changed(self) -> None:
        """Something that routing depends on may have changed."""
        self._dirty.set()

    async def keep_current(self) -> None:
        """Build the table anew after each change, for as long as the server runs."""
        while True:
            self._dirty.clear()
            await self._rebuild()
            await self._dirty.wait()
            await asyncio.sleep(_SETTLE_SECONDS)

    async def close(self) -> None:
        """Let nobody wait any longer."""
        async with self._news:
            self._is_closed = True
            self._news.notify_all()

    async def newer_than(self, version: int, wait_seconds: float) -> dict[str, Any]:
        """The table as soon as its number is above `version`, or after the wait.

        Who asks for what is newer than a version has taken that version over.
        """
        async with self._news:
            if version > self._taken_over:
                self._taken_over = version
                self._news.notify_all()
            await self._wait_for(lambda: self._version > version, wait_seconds)
            return {"version": self._version, **self._table}

    async def taken_over(self) -> None:
        """Until the front door routes by the state as it is now, or a bounded time has passed."""
        await self._rebuild()
        version = self._version
        async with self._news:
            await self._wait_for(lambda: self._taken_over >= version, _LONGEST_TAKEOVER_SECONDS)

    async def _wait_for(self, condition: Callable[[], bool], seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                self._news.wait_for(lambda: self._is_closed or condition()), seconds
            )

    async def _rebuild(self) -> None:
        table = self._build()
        if table != self._table:
            async with self._news:
                self._table = table
                self._version += 1
                self._news.notify_all()

    def _build(self) -> dict[str, Any]:
        load_balancers = self._load_balancers()
        accelerator_service = self._registry.get("globalaccelerator")
        assert isinstance(accelerator_service, GlobalAccelerator)
        return {"accelerators": accelerator_service.routes(), "load_balancers": load_balancers}

    def _load_balancers(self) -> dict[str, Any]:
        service = self._registry.get("elbv2")
        assert isinstance(service, LoadBalancing)
        table: dict[str, Any] = service.routes()
        for load_balancer in table.values():
            load_balancer["reachable"] = not self._faults.is_region_down(load_balancer["region"])
        return table
