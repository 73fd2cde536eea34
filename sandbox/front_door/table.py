"""The routing table as the front door holds it, kept current from the server."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import httpx

from sandbox.front_door import routing

_WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.2
_LOG = logging.getLogger("sandbox.front_door")


class LoadBalancer:
    """One load balancer: its targets, taken in turn."""

    def __init__(self, dns_name: str, entry: dict[str, Any]) -> None:
        self.dns_name = dns_name
        self.region: str = entry["region"]
        self.is_reachable: bool = entry["reachable"]
        self.addresses = routing.targets_in_turn(entry["targets"])
        self._next = 0

    def next_address(self) -> tuple[str, int] | None:
        """Host and port of the next target; None when there is none."""
        if not self.addresses:
            return None
        self._next = (self._next + 1) % len(self.addresses)
        return self.addresses[self._next]


class RoutingTable:
    """Answers where a name leads."""

    def __init__(self, dice: random.Random | None = None) -> None:
        self._dice = dice or random.Random()
        self._groups: dict[str, tuple[routing.EndpointGroup, ...]] = {}
        self._load_balancers: dict[str, LoadBalancer] = {}

    def replace(self, table: dict[str, Any]) -> None:
        """Take over a table of the server."""
        self._groups = {
            name: routing.groups_from(entry["groups"])
            for name, entry in table["accelerators"].items()
        }
        self._load_balancers = {
            name: LoadBalancer(name, entry) for name, entry in table["load_balancers"].items()
        }

    def knows(self, dns_name: str) -> bool:
        """Whether the name exists, in DNS so to speak."""
        return dns_name in self._groups or dns_name in self._load_balancers

    def is_accelerator(self, dns_name: str) -> bool:
        """Whether the name is an accelerator's."""
        return dns_name in self._groups

    def choose(self, dns_name: str) -> str | None:
        """DNS name of the load balancer for a new connection to `dns_name`."""
        if dns_name in self._load_balancers:
            return dns_name
        chosen = routing.choose_endpoint(self._groups.get(dns_name, ()), self._dice)
        return chosen[1].load_balancer if chosen else None

    def load_balancer(self, dns_name: str) -> LoadBalancer | None:
        """The load balancer of that name."""
        return self._load_balancers.get(dns_name)

    async def follow(self, endpoint_url: str) -> None:
        """Take over each new table as it appears, for ever."""
        version = -1
        timeout = httpx.Timeout(_WAIT_SECONDS + 5)
        async with httpx.AsyncClient(base_url=endpoint_url, timeout=timeout) as client:
            while True:
                query = {"after": version, "wait": _WAIT_SECONDS}
                try:
                    answer = await client.get("/_sandbox/routes", params=query)
                    table = answer.raise_for_status().json()
                except httpx.HTTPError as error:
                    _LOG.warning("no routes: %s", error)
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                if table["version"] != version:
                    version = table["version"]
                    self.replace(table)
