"""Listeners of accelerators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.protocol.errors import ServiceError
from sandbox.services.globalaccelerator.common import AcceleratorTables, identifier

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_MEMBERS = ("PortRanges", "Protocol", "ClientAffinity")


class Listeners(AcceleratorTables):
    """Operations on listeners."""

    def create_listener(self, call: Call, request: Json) -> Json:
        """A listener whose ports no other listener of the accelerator has."""
        arn = self.remembered(call, request, lambda: self._create_listener(call, request))
        return {"Listener": self.listener(call, arn)}

    def describe_listener(self, call: Call, request: Json) -> Json:
        """One listener."""
        return {"Listener": self.listener(call, request["ListenerArn"])}

    def list_listeners(self, call: Call, request: Json) -> Json:
        """Listeners of an accelerator."""
        arn = request["AcceleratorArn"]
        self.accelerator(call, arn)
        records = self.below(call, "listeners", arn)
        return self.listed(request, "Listeners", records, lambda record: record)

    def update_listener(self, call: Call, request: Json) -> Json:
        """Ports, protocol, client affinity."""
        arn = request["ListenerArn"]
        record = self.listener(call, arn)
        accelerator = self.accelerator(call, arn)
        if "PortRanges" in request:
            self._refuse_taken_ports(call, accelerator, request["PortRanges"], but=arn)
        record |= {member: request[member] for member in _MEMBERS if member in request}
        self.deploy(call, accelerator)
        return {"Listener": record}

    def delete_listener(self, call: Call, request: Json) -> Json:
        """Only without endpoint groups."""
        arn = request["ListenerArn"]
        self.listener(call, arn)
        if self.below(call, "endpoint_groups", arn):
            raise ServiceError(
                "AssociatedEndpointGroupFoundException",
                "The listener that you specified has an endpoint group associated with it. "
                "You must remove all dependent resources from a listener before you can delete "
                "it.",
            )
        del self.table(call, "listeners")[arn]
        self.deploy(call, self.accelerator(call, arn))
        return {}

    def _create_listener(self, call: Call, request: Json) -> str:
        accelerator = self.accelerator(call, request["AcceleratorArn"])
        self._refuse_taken_ports(call, accelerator, request["PortRanges"])
        arn = f"{accelerator['AcceleratorArn']}/listener/{identifier(8)}"
        self.table(call, "listeners")[arn] = {
            "ListenerArn": arn,
            "PortRanges": request["PortRanges"],
            "Protocol": request["Protocol"],
            "ClientAffinity": request.get("ClientAffinity", "NONE"),
        }
        self.deploy(call, accelerator)
        return arn

    def _refuse_taken_ports(
        self, call: Call, accelerator: Json, wanted: list[Json], *, but: str = ""
    ) -> None:
        for port_range in wanted:
            if port_range["FromPort"] > port_range["ToPort"]:
                raise ServiceError("InvalidPortRangeException", "FromPort is above ToPort")
        for other in self.below(call, "listeners", accelerator["AcceleratorArn"]):
            if other["ListenerArn"] != but and any(
                mine["FromPort"] <= theirs["ToPort"] and theirs["FromPort"] <= mine["ToPort"]
                for mine in wanted
                for theirs in other["PortRanges"]
            ):
                raise ServiceError(
                    "InvalidPortRangeException",
                    "The port numbers that you specified are used by another listener",
                )
