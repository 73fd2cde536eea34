"""EC2's VPC endpoints.

MiniStack forgets an endpoint's security groups, policy, private DNS and address type, and ignores
filters.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from sandbox import ministack_runtime
from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

_FULL_ACCESS: Final = json.dumps(
    {
        "Version": "2008-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)
_ZONES: Final = {"us-east-1": "Z7HUB22UULQXV", "us-west-2": "Z1YSA3EXCYUU9Z"}
_FILTERS: Final = {
    "vpc-endpoint-id": "VpcEndpointId",
    "vpc-id": "VpcId",
    "service-name": "ServiceName",
    "vpc-endpoint-state": "State",
    "vpc-endpoint-type": "VpcEndpointType",
}


class Endpoints(Service):
    """VPC endpoints as AWS describes them."""

    name = "ec2"

    async def create_vpc_endpoint(self, call: Call, request: Json) -> Json:
        """An endpoint that is available at once, with a network interface in each subnet."""
        key = (call.account_id, call.region, request["VpcId"])
        if key not in ministack_runtime.regional_records("ec2", "_vpcs"):
            raise ServiceError(
                "InvalidVpcId.NotFound", f"The Vpc Id {request['VpcId']} does not exist"
            )
        aws = self.host.aws(call.region)
        made = (await aws.pass_on("ec2", "CreateVpcEndpoint", request))["VpcEndpoint"]
        interface = made["VpcEndpointType"] == "Interface"
        record: Json = {
            "policy": request.get("PolicyDocument", _FULL_ACCESS),
            "private_dns": bool(request.get("PrivateDnsEnabled", interface)) and interface,
            "address_type": request.get("IpAddressType", "ipv4"),
            "dns_options": {
                "DnsRecordIpType": "ipv4" if interface else "service-defined",
                **request.get("DnsOptions", {}),
            },
            "groups": list(request.get("SecurityGroupIds", [])),
            "interfaces": {},
            "suffix": secrets.token_hex(4),
            "created": call.now(),
        }
        self.table(call, "endpoints")[made["VpcEndpointId"]] = record
        await self._set_interfaces(call, made["VpcEndpointId"], record, made.get("SubnetIds", []))
        return {"VpcEndpoint": self._described(call, made)}

    async def describe_vpc_endpoints(self, call: Call, request: Json) -> Json:
        """Endpoints by id and filter."""
        wanted = request.get("VpcEndpointIds", [])
        found = await self._endpoints(call)
        missing = set(wanted) - found.keys()
        if missing:
            raise _not_found(min(missing))
        chosen = [
            endpoint
            for endpoint_id, endpoint in found.items()
            if (not wanted or endpoint_id in wanted)
            and all(_passes(endpoint, one) for one in request.get("Filters", []))
        ]
        return {"VpcEndpoints": [self._described(call, endpoint) for endpoint in chosen]}

    async def modify_vpc_endpoint(self, call: Call, request: Json) -> Json:
        """Policy, DNS, address type, and what the endpoint is attached to."""
        endpoint_id = request["VpcEndpointId"]
        record = self.table(call, "endpoints").get(endpoint_id)
        if record is None:
            raise _not_found(endpoint_id)
        await self.host.aws(call.region).pass_on("ec2", "ModifyVpcEndpoint", request)
        if request.get("ResetPolicy"):
            record["policy"] = _FULL_ACCESS
        record["policy"] = request.get("PolicyDocument", record["policy"])
        record["private_dns"] = request.get("PrivateDnsEnabled", record["private_dns"])
        record["address_type"] = request.get("IpAddressType", record["address_type"])
        record["dns_options"] |= request.get("DnsOptions", {})
        removed = request.get("RemoveSecurityGroupIds", [])
        kept = [group for group in record["groups"] if group not in removed]
        added = [one for one in request.get("AddSecurityGroupIds", []) if one not in kept]
        record["groups"] = kept + added
        subnets = (await self._endpoints(call))[endpoint_id].get("SubnetIds", [])
        await self._set_interfaces(call, endpoint_id, record, subnets)
        return {"Return": True}

    async def delete_vpc_endpoints(self, call: Call, request: Json) -> Json:
        """Removes endpoints and their network interfaces; says which ones it did not find."""
        table, unsuccessful = self.table(call, "endpoints"), []
        for endpoint_id in request["VpcEndpointIds"]:
            record = table.pop(endpoint_id, None)
            if record is None:
                error = _not_found(endpoint_id)
                details = {"Code": error.code, "Message": str(error)}
                unsuccessful.append({"ResourceId": endpoint_id, "Error": details})
                continue
            await self._set_interfaces(call, endpoint_id, record, [])
            one = {"VpcEndpointIds": [endpoint_id]}
            await self.host.aws(call.region).pass_on("ec2", "DeleteVpcEndpoints", one)
        return {"Unsuccessful": unsuccessful}

    async def _endpoints(self, call: Call) -> dict[str, Json]:
        answer = await self.host.aws(call.region).pass_on("ec2", "DescribeVpcEndpoints", {})
        return {one["VpcEndpointId"]: one for one in answer.get("VpcEndpoints", [])}

    async def _set_interfaces(
        self, call: Call, endpoint_id: str, record: Json, subnets: list[str]
    ) -> None:
        """A network interface in each subnet, and none elsewhere."""
        aws, interfaces = self.host.aws(call.region), record["interfaces"]
        for subnet in interfaces.keys() - set(subnets):
            interface_id = interfaces.pop(subnet)
            await aws.invoke("ec2", "DeleteNetworkInterface", NetworkInterfaceId=interface_id)
        for subnet in sorted(set(subnets) - interfaces.keys()):
            made = await aws.invoke(
                "ec2",
                "CreateNetworkInterface",
                SubnetId=subnet,
                Groups=record["groups"],
                Description=f"VPC Endpoint Interface {endpoint_id}",
            )
            interfaces[subnet] = made["NetworkInterface"]["NetworkInterfaceId"]

    def _described(self, call: Call, endpoint: Json) -> Json:
        record = self.table(call, "endpoints").get(endpoint["VpcEndpointId"])
        if record is None:
            return endpoint
        created = dt.datetime.fromtimestamp(record["created"], dt.UTC)
        return {
            **endpoint,
            "PolicyDocument": record["policy"],
            "PrivateDnsEnabled": record["private_dns"],
            "IpAddressType": record["address_type"],
            "DnsOptions": record["dns_options"],
            "RequesterManaged": False,
            "Groups": [
                {"GroupId": group, "GroupName": self._group_name(call, group)}
                for group in record["groups"]
            ],
            "NetworkInterfaceIds": list(record["interfaces"].values()),
            "DnsEntries": _dns_entries(call.region, endpoint, record),
            "CreationTimestamp": created,
        }

    def _group_name(self, call: Call, group_id: str) -> str:
        groups = ministack_runtime.regional_records("ec2", "_security_groups")
        found: dict[str, Any] = groups.get((call.account_id, call.region, group_id), {})
        return str(found.get("GroupName", ""))


def _not_found(endpoint_id: str) -> ServiceError:
    return ServiceError(
        "InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
    )


def _passes(endpoint: Json, condition: Json) -> bool:
    name, values = condition["Name"], condition.get("Values", [])
    if name in _FILTERS:
        return endpoint.get(_FILTERS[name]) in values
    tags = {tag["Key"]: tag["Value"] for tag in endpoint.get("Tags", [])}
    if name.startswith("tag:"):
        return tags.get(name.removeprefix("tag:")) in values
    if name == "tag-key":
        return any(key in values for key in tags)
    raise ServiceError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _dns_entries(region: str, endpoint: Json, record: Json) -> list[Json]:
    if endpoint["VpcEndpointType"] != "Interface":
        return []
    service = endpoint["ServiceName"].removeprefix(f"com.amazonaws.{region}.")
    host = f"{endpoint['VpcEndpointId']}-{record['suffix']}.{service}.{region}.vpce.amazonaws.com"
    names = [host]
    if record["private_dns"]:
        names.append(f"{service}.{region}.amazonaws.com")
    return [{"DnsName": name, "HostedZoneId": _ZONES.get(region, "")} for name in names]
