"""Security group rules, one resource a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import ResourceType, changed, resource, tags_from_pairs
from sandbox.provider.types.ec2_common import first, tag_specifications, update_tags

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_PEERS: Final = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_TERMS: Final = ("ipProtocol", "fromPort", "toPort", "description", *_PEERS)


class _SecurityGroupRule(ResourceType):
    """A rule in one direction; everything but its group can be changed in place."""

    egress = False

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """Exactly one peer."""
        given = [name for name in _PEERS if name in inputs]
        if len(given) != 1:
            names = ", ".join(_PEERS)
            return [(given[1] if given else _PEERS[0], f"exactly one of {names} must be specified")]
        return []

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Authorizes the rule."""
        ec2 = context.client("ec2")
        authorize = (
            ec2.authorize_security_group_egress
            if self.egress
            else ec2.authorize_security_group_ingress
        )
        answer = authorize(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            **tag_specifications("security-group-rule", inputs),
        )
        rule_id = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return rule_id, self._known(context, rule_id)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The rule as EC2 describes it."""
        del inputs
        answer = context.client("ec2").describe_security_group_rules(
            SecurityGroupRuleIds=[resource_id]
        )
        rule = first(answer["SecurityGroupRules"])
        if rule is None:
            return None
        protocol = rule["IpProtocol"]
        ports = {} if protocol == "-1" else {"fromPort": rule["FromPort"], "toPort": rule["ToPort"]}
        outputs = {
            **self._known(context, resource_id),
            **ports,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": protocol,
            "description": rule.get("Description"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            "tags": tags_from_pairs(rule.get("Tags", [])),
        }
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Terms and tags."""
        if changed(old, new, *_TERMS):
            context.client("ec2").modify_security_group_rules(
                GroupId=new["securityGroupId"],
                SecurityGroupRules=[
                    {"SecurityGroupRuleId": resource_id, "SecurityGroupRule": _terms(new)}
                ],
            )
        update_tags(context, resource_id, old, new)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Revokes the rule."""
        ec2 = context.client("ec2")
        revoke = (
            ec2.revoke_security_group_egress if self.egress else ec2.revoke_security_group_ingress
        )
        revoke(GroupId=outputs["securityGroupId"], SecurityGroupRuleIds=[resource_id])

    def _known(self, context: Context, rule_id: str) -> Properties:
        return {
            "arn": context.arn("ec2", f"security-group-rule/{rule_id}"),
            "securityGroupRuleId": rule_id,
        }


def _ports(inputs: Properties) -> dict[str, int]:
    named = (("fromPort", "FromPort"), ("toPort", "ToPort"))
    return {member: inputs[name] for name, member in named if inputs.get(name) is not None}


def _permission(inputs: Properties) -> dict[str, Any]:
    text = {"Description": inputs["description"]} if inputs.get("description") else {}
    permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"], **_ports(inputs)}
    if inputs.get("cidrIpv4"):
        permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **text}]
    elif inputs.get("cidrIpv6"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **text}]
    elif inputs.get("prefixListId"):
        permission["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **text}]
    else:
        group = {"GroupId": inputs["referencedSecurityGroupId"], **text}
        permission["UserIdGroupPairs"] = [group]
    return permission


def _terms(inputs: Properties) -> dict[str, Any]:
    peers = {
        "CidrIpv4": inputs.get("cidrIpv4"),
        "CidrIpv6": inputs.get("cidrIpv6"),
        "PrefixListId": inputs.get("prefixListId"),
        "ReferencedGroupId": inputs.get("referencedSecurityGroupId"),
        "Description": inputs.get("description"),
    }
    given = {member: value for member, value in peers.items() if value}
    return {"IpProtocol": inputs["ipProtocol"], **_ports(inputs), **given}


@resource(
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", replace_on=("securityGroupId",)
)
class SecurityGroupIngressRule(_SecurityGroupRule):
    """What may come in."""


@resource(
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", replace_on=("securityGroupId",)
)
class SecurityGroupEgressRule(_SecurityGroupRule):
    """What may go out."""

    egress = True
