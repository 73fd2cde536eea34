"""EC2: VPC endpoints, gateway and interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.failures import ProviderError
from sandbox.provider.framework import ResourceType, changed, resource, tags_from_pairs
from sandbox.provider.mapping import Field, to_members, to_properties
from sandbox.provider.types.ec2_common import first, tag_specifications, update_tags

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_ENDPOINT: Final = (
    Field("vpcId", "VpcId"),
    Field("serviceName", "ServiceName"),
    Field("vpcEndpointType", "VpcEndpointType"),
    Field("policy", "PolicyDocument"),
    Field("privateDnsEnabled", "PrivateDnsEnabled"),
    Field("ipAddressType", "IpAddressType"),
    Field(
        "dnsOptions",
        "DnsOptions",
        fields=(
            Field("dnsRecordIpType", "DnsRecordIpType"),
            Field(
                "privateDnsOnlyForInboundResolverEndpoint",
                "PrivateDnsOnlyForInboundResolverEndpoint",
            ),
        ),
    ),
)
_LISTS: Final = {
    "routeTableIds": "RouteTableId",
    "subnetIds": "SubnetId",
    "securityGroupIds": "SecurityGroupId",
}
_TERMS: Final = ("privateDnsEnabled", "ipAddressType", "dnsOptions")


@resource(
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    replace_on=("vpcId", "serviceName", "vpcEndpointType"),
    defaults={"vpcEndpointType": "Gateway"},
    documents=("policy",),
    unordered=tuple(_LISTS),
    adopted=("policy", "privateDnsEnabled", "ipAddressType", "dnsOptions", *_LISTS),
    supports=tuple(field.property for field in _ENDPOINT) + tuple(_LISTS),
)
class VpcEndpoint(ResourceType):
    """A private way from a VPC to an AWS service."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """An endpoint to a service needs the service's name."""
        if "serviceName" not in inputs:
            return [("serviceName", 'Missing required argument "serviceName"')]
        return []

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the endpoint and waits until it can be used."""
        ec2 = context.client("ec2")
        lists = {f"{member}s": inputs[name] for name, member in _LISTS.items() if inputs.get(name)}
        endpoint = ec2.create_vpc_endpoint(
            **to_members(_ENDPOINT, inputs),
            **lists,
            **tag_specifications("vpc-endpoint", inputs),
        )["VpcEndpoint"]
        endpoint_id = endpoint["VpcEndpointId"]
        context.made(endpoint_id, self._outputs(context, endpoint))
        if endpoint.get("State", "").lower() != "available":
            endpoint = self._available(context, endpoint_id)
        return endpoint_id, {**self._outputs(context, endpoint), **self._prefixes(context, inputs)}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The endpoint; one that is being deleted counts as gone."""
        del inputs
        endpoint = self._endpoint(context, resource_id)
        if endpoint is None or endpoint.get("State", "").lower() in ("deleting", "deleted"):
            return None
        outputs = self._outputs(context, endpoint)
        outputs["tags"] = tags_from_pairs(endpoint.get("Tags", []))
        return outputs, {**outputs, **self._prefixes(context, outputs)}

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Policy, DNS, and the lists by what is to be added and removed."""
        change: dict[str, Any] = {}
        if changed(old, new, "policy"):
            policy = new.get("policy")
            change |= {"PolicyDocument": policy} if policy else {"ResetPolicy": True}
        if changed(old, new, *_TERMS):
            terms = {name: new.get(name) for name in _TERMS}
            change |= to_members(_ENDPOINT, terms)
        change |= self._list_changes(context, resource_id, new)
        if change:
            context.client("ec2").modify_vpc_endpoint(VpcEndpointId=resource_id, **change)
        update_tags(context, resource_id, old, new)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the endpoint and waits until its network interfaces are gone."""
        del outputs
        answer = context.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[resource_id])
        for item in answer.get("Unsuccessful", []):
            error = item.get("Error", {})
            if "NotFound" not in error.get("Code", ""):
                raise ProviderError(f"{error.get('Code')}: {error.get('Message')}")
        context.wait(
            lambda: True if self._endpoint(context, resource_id) is None else None,
            until=f"VPC endpoint {resource_id} to be deleted",
        )

    def _list_changes(
        self, context: Context, endpoint_id: str, new: Properties
    ) -> dict[str, list[str]]:
        wanted = {name: set(new[name]) for name in _LISTS if new.get(name) is not None}
        if not wanted:
            return {}
        present = self._outputs(context, self._endpoint(context, endpoint_id) or {})
        change = {}
        for name, ids in wanted.items():
            before = set(present.get(name) or [])
            change[f"Add{_LISTS[name]}s"] = sorted(ids - before)
            change[f"Remove{_LISTS[name]}s"] = sorted(before - ids)
        return {member: ids for member, ids in change.items() if ids}

    def _available(self, context: Context, endpoint_id: str) -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            endpoint = self._endpoint(context, endpoint_id) or {}
            state = endpoint.get("State", "").lower()
            if state in ("failed", "rejected", "expired"):
                raise ProviderError(f"VPC endpoint {endpoint_id} is {state}")
            return endpoint if state == "available" else None

        return context.wait(probe, until=f"VPC endpoint {endpoint_id} to be available")

    def _endpoint(self, context: Context, endpoint_id: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - start-up time

        try:
            answer = context.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidVpcEndpointId.NotFound":
                return None
            raise
        return first(answer["VpcEndpoints"])

    def _outputs(self, context: Context, endpoint: dict[str, Any]) -> Properties:
        groups = [group["GroupId"] for group in endpoint.get("Groups", [])]
        entries = (Field("dnsName", "DnsName"), Field("hostedZoneId", "HostedZoneId"))
        return {
            **to_properties(_ENDPOINT, endpoint),
            "arn": context.arn("ec2", f"vpc-endpoint/{endpoint.get('VpcEndpointId')}"),
            "ownerId": endpoint.get("OwnerId", context.account_id),
            "state": endpoint.get("State", "").lower(),
            "requesterManaged": endpoint.get("RequesterManaged", False),
            "networkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
            "dnsEntries": [to_properties(entries, one) for one in endpoint.get("DnsEntries", [])],
            "cidrBlocks": [],
            "routeTableIds": endpoint.get("RouteTableIds", []),
            "subnetIds": endpoint.get("SubnetIds", []),
            "securityGroupIds": groups,
        }

    def _prefixes(self, context: Context, endpoint: Properties) -> Properties:
        """The prefix list of a gateway endpoint's service, for routes and rules that name it."""
        if endpoint["vpcEndpointType"] != "Gateway":
            return {}
        answer = context.client("ec2").describe_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [endpoint["serviceName"]]}]
        )
        prefixes = first(answer["PrefixLists"])
        if prefixes is None:
            return {}
        return {"prefixListId": prefixes["PrefixListId"], "cidrBlocks": prefixes.get("Cidrs", [])}
