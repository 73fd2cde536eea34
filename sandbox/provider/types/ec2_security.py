"""EC2: security groups. Their rules are resources of their own (`vpc.SecurityGroup*Rule`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.provider.framework import ResourceType, resource, tags_from_pairs
from sandbox.provider.types.ec2_common import first, tag_specifications, update_tags

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties


@resource(
    "aws:ec2/securityGroup:SecurityGroup",
    replace_on=("name", "namePrefix", "description", "vpcId"),
    named="name",
    defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    adopted=("vpcId", "ingress", "egress"),
    supports=("name", "namePrefix", "description", "vpcId", "revokeRulesOnDelete"),
)
class SecurityGroup(ResourceType):
    """A security group without rules: AWS's "allow all egress" is taken out at creation."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the group and revokes the egress rule that AWS puts into it."""
        ec2 = context.client("ec2")
        vpc = {"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}
        answer = ec2.create_security_group(
            GroupName=inputs["name"],
            Description=inputs["description"],
            **vpc,
            **tag_specifications("security-group", inputs),
        )
        group_id = answer["GroupId"]
        outputs = {
            "arn": context.arn("ec2", f"security-group/{group_id}"),
            "ownerId": context.account_id,
            "ingress": [],
            "egress": [],
        }
        context.made(group_id, outputs)
        everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[everywhere])
        return group_id, outputs

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The group and, in the outputs, whatever rules it has."""
        del inputs
        group = self._group(context, resource_id)
        if group is None:
            return None
        outputs = {
            "arn": group.get("SecurityGroupArn")
            or context.arn("ec2", f"security-group/{resource_id}"),
            "ownerId": group.get("OwnerId", context.account_id),
            "name": group["GroupName"],
            "description": group.get("Description"),
            "vpcId": group.get("VpcId"),
            "tags": tags_from_pairs(group.get("Tags", [])),
            "ingress": [_rule(entry) for entry in group.get("IpPermissions", [])],
            "egress": [_rule(entry) for entry in group.get("IpPermissionsEgress", [])],
        }
        settable = {
            key: value for key, value in outputs.items() if key not in ("ingress", "egress")
        }
        return settable, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Tags; everything else of a group is fixed."""
        if not old:
            self._revoke(context, resource_id)
        update_tags(context, resource_id, old, new)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the group; what still uses it is waited for."""
        ec2 = context.client("ec2")
        if outputs.get("revokeRulesOnDelete"):
            self._revoke(context, resource_id)
        context.retry(
            lambda: ec2.delete_security_group(GroupId=resource_id),
            on=("DependencyViolation", "InvalidGroup.InUse"),
        )

    def _revoke(self, context: Context, group_id: str) -> None:
        ec2 = context.client("ec2")
        group = self._group(context, group_id) or {}
        if group.get("IpPermissions"):
            ec2.revoke_security_group_ingress(
                GroupId=group_id, IpPermissions=group["IpPermissions"]
            )
        if group.get("IpPermissionsEgress"):
            ec2.revoke_security_group_egress(
                GroupId=group_id, IpPermissions=group["IpPermissionsEgress"]
            )

    def _group(self, context: Context, group_id: str) -> dict[str, Any] | None:
        answer = context.client("ec2").describe_security_groups(GroupIds=[group_id])
        return first(answer["SecurityGroups"])


def _rule(entry: dict[str, Any]) -> Properties:
    """One permission as the SDK shows it in `ingress` and `egress`."""
    groups = [pair["GroupId"] for pair in entry.get("UserIdGroupPairs", [])]
    described = entry.get("IpRanges", []) + entry.get("UserIdGroupPairs", [])
    return {
        "protocol": entry.get("IpProtocol"),
        "fromPort": entry.get("FromPort", 0),
        "toPort": entry.get("ToPort", 0),
        "cidrBlocks": [item["CidrIp"] for item in entry.get("IpRanges", [])],
        "ipv6CidrBlocks": [item["CidrIpv6"] for item in entry.get("Ipv6Ranges", [])],
        "prefixListIds": [item["PrefixListId"] for item in entry.get("PrefixListIds", [])],
        "securityGroups": groups,
        "self": False,
        "description": described[0].get("Description", "") if described else "",
    }
