"""Traffic the front door tells of, as metrics of load balancers and accelerators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sandbox.front_door.traffic import Count
from sandbox.services.elbv2 import LoadBalancing
from sandbox.services.globalaccelerator import GlobalAccelerator

if TYPE_CHECKING:
    from sandbox.metrics import Scope
    from sandbox.services.registry import Registry


class TrafficReports:
    """Takes reports in; what is of a resource that is gone is of no metric."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._decoder = msgspec.msgpack.Decoder(list[Count])

    def take(self, body: bytes) -> None:
        """Count what a report says; raises `msgspec.MsgspecError` for what is none."""
        for count in self._decoder.decode(body):
            for scope in self._scopes(count):
                scope.merge(count.metric, count.minute, count.point)

    def _scopes(self, count: Count) -> list[Scope]:
        if count.kind == "load_balancer":
            load_balancing = self._registry.get("elbv2")
            assert isinstance(load_balancing, LoadBalancing)
            return load_balancing.metric_scopes(count.dns_name)
        accelerator_service = self._registry.get("globalaccelerator")
        assert isinstance(accelerator_service, GlobalAccelerator)
        return accelerator_service.metric_scopes(count.dns_name, count.region)
