"""EC2: route tables and what they are associated with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import ResourceType, resource, tags_from_pairs
from sandbox.provider.mapping import Field, to_members, to_properties
from sandbox.provider.types.ec2_common import first, tag_specifications, update_tags

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_DESTINATIONS: Final = (
    Field("cidrBlock", "DestinationCidrBlock"),
    Field("ipv6CidrBlock", "DestinationIpv6CidrBlock"),
    Field("destinationPrefixListId", "DestinationPrefixListId"),
)
_ROUTE: Final = (
    *_DESTINATIONS,
    Field("gatewayId", "GatewayId"),
    Field("natGatewayId", "NatGatewayId"),
    Field("networkInterfaceId", "NetworkInterfaceId"),
    Field("transitGatewayId", "TransitGatewayId"),
    Field("vpcPeeringConnectionId", "VpcPeeringConnectionId"),
    Field("egressOnlyGatewayId", "EgressOnlyInternetGatewayId"),
    Field("carrierGatewayId", "CarrierGatewayId"),
    Field("localGatewayId", "LocalGatewayId"),
    Field("coreNetworkArn", "CoreNetworkArn"),
)


def _route_members(route: Properties) -> dict[str, Any]:
    members = to_members(_ROUTE, {key: value for key, value in route.items() if value})
    if route.get("vpcEndpointId"):
        members["VpcEndpointId"] = route["vpcEndpointId"]
    return members


def _to_endpoint(route: dict[str, Any]) -> bool:
    return str(route.get("GatewayId", "")).startswith("vpce-")


def _route_properties(route: dict[str, Any]) -> Properties:
    properties = to_properties(_ROUTE, route)
    if _to_endpoint(route):
        properties["vpcEndpointId"] = properties.pop("gatewayId")
    return properties


def _destination(route: Properties) -> tuple[Any, ...]:
    return tuple(route.get(field.property) or None for field in _DESTINATIONS)


@resource(
    "aws:ec2/routeTable:RouteTable",
    replace_on=("vpcId",),
    adopted=("routes", "propagatingVgws"),
    unordered=("routes",),
    supports=("vpcId", "routes"),
)
class RouteTable(ResourceType):
    """A route table; its routes are managed only when the program gives some."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the table, then its routes."""
        ec2 = context.client("ec2")
        table = ec2.create_route_table(
            VpcId=inputs["vpcId"], **tag_specifications("route-table", inputs)
        )["RouteTable"]
        table_id = table["RouteTableId"]
        outputs = self._known(context, table)
        context.made(table_id, outputs)
        self._set_routes(context, table_id, [], inputs.get("routes") or [])
        return table_id, {**outputs, "routes": inputs.get("routes") or []}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The table with the routes that somebody made (not local, endpoint or propagated)."""
        del inputs
        answer = context.client("ec2").describe_route_tables(RouteTableIds=[resource_id])
        table = first(answer["RouteTables"])
        if table is None:
            return None
        outputs = {
            **self._known(context, table),
            "tags": tags_from_pairs(table.get("Tags", [])),
            "routes": self._routes(table),
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Routes and tags; compared with what the table has now."""
        update_tags(context, resource_id, old, new)
        if "routes" in new:
            answer = context.client("ec2").describe_route_tables(RouteTableIds=[resource_id])
            present = self._routes(answer["RouteTables"][0])
            self._set_routes(context, resource_id, present, new["routes"] or [])
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the table; associations on their way out are waited for."""
        del outputs
        ec2 = context.client("ec2")
        context.retry(
            lambda: ec2.delete_route_table(RouteTableId=resource_id), on=("DependencyViolation",)
        )

    def _set_routes(
        self, context: Context, table_id: str, old: list[Properties], new: list[Properties]
    ) -> None:
        ec2 = context.client("ec2")
        before = {_destination(route): _route_members(route) for route in old}
        after = {_destination(route): _route_members(route) for route in new}
        for destination in before.keys() - after.keys():
            gone = zip(_DESTINATIONS, destination, strict=True)
            members = {field.member: value for field, value in gone if value}
            ec2.delete_route(RouteTableId=table_id, **members)
        for destination, members in after.items():
            if destination not in before:
                ec2.create_route(RouteTableId=table_id, **members)
            elif before[destination] != members:
                ec2.replace_route(RouteTableId=table_id, **members)

    def _routes(self, table: dict[str, Any]) -> list[Properties]:
        return [
            _route_properties(route)
            for route in table.get("Routes", [])
            if route.get("Origin", "CreateRoute") == "CreateRoute"
            and route.get("GatewayId") != "local"
            and not (_to_endpoint(route) and route.get("DestinationPrefixListId"))
        ]

    def _known(self, context: Context, table: dict[str, Any]) -> Properties:
        return {
            "arn": context.arn("ec2", f"route-table/{table['RouteTableId']}"),
            "ownerId": table.get("OwnerId", context.account_id),
            "vpcId": table["VpcId"],
            "propagatingVgws": [item["GatewayId"] for item in table.get("PropagatingVgws", [])],
            "routes": [],
        }


@resource(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    replace_on=("subnetId", "gatewayId"),
    delete_first=True,
)
class RouteTableAssociation(ResourceType):
    """The route table of a subnet or gateway.

    AWS gives an association another id when its table changes, and the engine cannot take over an
    id in an update: so an id that is gone is looked for by subnet or gateway.
    """

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """Exactly one of subnet and gateway."""
        if ("subnetId" in inputs) == ("gatewayId" in inputs):
            return [("subnetId", 'exactly one of "subnetId" and "gatewayId" must be specified')]
        return []

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:
        """Imports are asked for as SUBNET/TABLE or GATEWAY/TABLE."""
        target, slash, _ = resource_id.partition("/")
        if not slash:
            return resource_id, {}
        hint = {"subnetId" if target.startswith("subnet-") else "gatewayId": target}
        found = self._association(context, resource_id, hint)
        return (str(found["RouteTableAssociationId"]) if found else resource_id), hint

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Associates the table."""
        target = {
            member: inputs[name]
            for name, member in (("subnetId", "SubnetId"), ("gatewayId", "GatewayId"))
            if inputs.get(name)
        }
        answer = context.client("ec2").associate_route_table(
            RouteTableId=inputs["routeTableId"], **target
        )
        return answer["AssociationId"], {}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The association that the subnet or gateway has now."""
        found = self._association(context, resource_id, inputs)
        if found is None:
            return None
        outputs = {
            "routeTableId": found["RouteTableId"],
            "subnetId": found.get("SubnetId"),
            "gatewayId": found.get("GatewayId"),
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Another table for the same subnet or gateway."""
        del old
        found = self._association(context, resource_id, new)
        context.client("ec2").replace_route_table_association(
            AssociationId=found["RouteTableAssociationId"] if found else resource_id,
            RouteTableId=new["routeTableId"],
        )
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Ends the association."""
        found = self._association(context, resource_id, outputs)
        if found:
            context.client("ec2").disassociate_route_table(
                AssociationId=found["RouteTableAssociationId"]
            )

    def _association(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> dict[str, Any] | None:
        searches = [("association.route-table-association-id", resource_id)]
        if inputs.get("subnetId"):
            searches.append(("association.subnet-id", inputs["subnetId"]))
        if inputs.get("gatewayId"):
            searches.append(("association.gateway-id", inputs["gatewayId"]))
        for name, value in searches:
            answer = context.client("ec2").describe_route_tables(
                Filters=[{"Name": name, "Values": [value]}]
            )
            for table in answer["RouteTables"]:
                for found in table.get("Associations", []):
                    known = (found["RouteTableAssociationId"], found.get("SubnetId"))
                    if value in (*known, found.get("GatewayId")):
                        return dict(found)
        return None
