"""Accelerators, their attributes and tags."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from sandbox.protocol.errors import ServiceError
from sandbox.services.globalaccelerator.common import AcceleratorTables, identifier

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_EDGE_NETWORKS = ("75.2", "99.83")
"""First halves of the two anycast addresses of an accelerator."""
_ATTRIBUTES = ("FlowLogsEnabled", "FlowLogsS3Bucket", "FlowLogsS3Prefix")


class Accelerators(AcceleratorTables):
    """Operations on accelerators."""

    def create_accelerator(self, call: Call, request: Json) -> Json:
        """An accelerator with two static addresses and a DNS name."""
        arn = self.remembered(call, request, lambda: self._create(call, request))
        return {"Accelerator": self._describe(call, self.accelerator(call, arn))}

    def describe_accelerator(self, call: Call, request: Json) -> Json:
        """One accelerator, its status included."""
        found = self.accelerator(call, request["AcceleratorArn"])
        return {"Accelerator": self._describe(call, found)}

    def list_accelerators(self, call: Call, request: Json) -> Json:
        """All accelerators of the account."""
        records = list(self.table(call, "accelerators").values())
        return self.listed(request, "Accelerators", records, lambda r: self._describe(call, r))

    def update_accelerator(self, call: Call, request: Json) -> Json:
        """Name, address type, enabled or not."""
        record = self.accelerator(call, request["AcceleratorArn"])
        self.refuse_while_deploying(call, record)
        for member in ("Name", "IpAddressType", "Enabled"):
            if member in request:
                record[member] = request[member]
        self.deploy(call, record)
        return {"Accelerator": self._describe(call, record)}

    def delete_accelerator(self, call: Call, request: Json) -> Json:
        """Only once it is disabled, deployed so, and without listeners."""
        arn = request["AcceleratorArn"]
        record = self.accelerator(call, arn)
        if record["Enabled"]:
            raise ServiceError(
                "AcceleratorNotDisabledException",
                "The accelerator that you specified could not be disabled.",
            )
        if self.below(call, "listeners", arn):
            raise ServiceError(
                "AssociatedListenerFoundException",
                "The accelerator that you specified has a listener associated with it. "
                "You must remove all dependent resources from an accelerator before you can "
                "delete it.",
            )
        self.refuse_while_deploying(call, record)
        del self.table(call, "accelerators")[arn]
        self.host.routes_changed()
        return {}

    def describe_accelerator_attributes(self, call: Call, request: Json) -> Json:
        """Flow log settings."""
        record = self.accelerator(call, request["AcceleratorArn"])
        return {"AcceleratorAttributes": record["Attributes"]}

    def update_accelerator_attributes(self, call: Call, request: Json) -> Json:
        """Flow log settings."""
        record = self.accelerator(call, request["AcceleratorArn"])
        self.refuse_while_deploying(call, record)
        if request.get("FlowLogsEnabled") and "FlowLogsS3Bucket" not in request:
            raise ServiceError(
                "InvalidArgumentException", "Flow logs need a bucket: FlowLogsS3Bucket"
            )
        record["Attributes"] |= {name: request[name] for name in _ATTRIBUTES if name in request}
        self.deploy(call, record)
        return {"AcceleratorAttributes": record["Attributes"]}

    def tag_resource(self, call: Call, request: Json) -> Json:
        """Tags of an accelerator."""
        tags = self.accelerator(call, request["ResourceArn"])["Tags"]
        tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return {}

    def untag_resource(self, call: Call, request: Json) -> Json:
        """Tags of an accelerator."""
        tags = self.accelerator(call, request["ResourceArn"])["Tags"]
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call, request: Json) -> Json:
        """Tags of an accelerator."""
        tags = self.accelerator(call, request["ResourceArn"])["Tags"]
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _create(self, call: Call, request: Json) -> str:
        arn = call.arn(f"accelerator/{uuid.uuid4()}", region="")
        addresses = request.get("IpAddresses") or [
            f"{network}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
            for network in _EDGE_NETWORKS
        ]
        record: Json = {
            "AcceleratorArn": arn,
            "Name": request["Name"],
            "IpAddressType": request.get("IpAddressType", "IPV4"),
            "Enabled": request.get("Enabled", True),
            "Addresses": addresses,
            "DnsName": f"a{identifier(16)}.awsglobalaccelerator.com",
            "CreatedTime": call.now(),
            "Attributes": {"FlowLogsEnabled": False},
            "Tags": {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
        }
        self.deploy(call, record)
        self.table(call, "accelerators")[arn] = record
        return arn

    def _describe(self, call: Call, record: Json) -> Json:
        members = ("AcceleratorArn", "Name", "IpAddressType", "Enabled", "DnsName", "CreatedTime",
                   "LastModifiedTime")  # fmt: skip
        answer = {member: record[member] for member in members}
        answer["Status"] = "IN_PROGRESS" if self.is_deploying(call, record) else "DEPLOYED"
        answer["IpSets"] = [
            {"IpFamily": "IPv4", "IpAddressFamily": "IPv4", "IpAddresses": record["Addresses"]}
        ]
        if record["IpAddressType"] == "DUAL_STACK":
            answer["DualStackDnsName"] = record["DnsName"].replace(".", ".dualstack.", 1)
        answer["Events"] = []
        return answer
