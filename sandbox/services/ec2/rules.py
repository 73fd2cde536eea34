"""EC2's security group rules.

MiniStack reads no prefix lists as peers, and answers a rule that exists with the old one.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox import ministack_runtime
from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json


class SecurityGroupRules(Service):
    """Rules, with prefix lists as peers and no rule twice."""

    name = "ec2"

    async def authorize_security_group_ingress(self, call: Call, request: Json) -> Json:
        """Rules for what may come in."""
        return await self._authorize(call, request, "Ingress")

    async def authorize_security_group_egress(self, call: Call, request: Json) -> Json:
        """Rules for what may go out."""
        return await self._authorize(call, request, "Egress")

    async def describe_security_group_rules(self, call: Call, request: Json) -> Json:
        """Rules by id and filter."""
        aws = self.host.aws(call.region)
        answer = await aws.pass_on("ec2", "DescribeSecurityGroupRules", request)
        for rule in answer.get("SecurityGroupRules", []):
            rule.update(self._peer(call, rule))
        return answer

    def _peer(self, call: Call, described: Json) -> Json:
        """The prefix list and text of a rule, as MiniStack's record of its group has them."""
        group = self._group(call, described["GroupId"])
        for rule in group["IpPermissionsEgress" if described["IsEgress"] else "IpPermissions"]:
            lists = rule.get("PrefixListIds", [])
            if lists and rule.get("SecurityGroupRuleId") == described["SecurityGroupRuleId"]:
                return dict(lists[0])
        return {}

    def _group(self, call: Call, group_id: str) -> Json:
        groups: dict[Any, Json] = ministack_runtime.regional_records("ec2", "_security_groups")
        group = groups.get((call.account_id, call.region, group_id))
        if group is None:
            raise ServiceError(
                "InvalidGroup.NotFound", f"The security group '{group_id}' does not exist"
            )
        return group

    async def _authorize(self, call: Call, request: Json, way: str) -> Json:
        group_id, aws = request["GroupId"], self.host.aws(call.region)
        filters = [{"Name": "group-id", "Values": [group_id]}]
        described = await aws.pass_on("ec2", "DescribeSecurityGroupRules", {"Filters": filters})
        before = {one["SecurityGroupRuleId"] for one in described.get("SecurityGroupRules", [])}
        lists = [one for one in request.get("IpPermissions", []) if one.get("PrefixListIds")]
        others = [one for one in request.get("IpPermissions", []) if one not in lists]
        rules: list[Json] = []
        if others or not lists:
            passed = {**request, "IpPermissions": others}
            answer = await aws.pass_on("ec2", f"AuthorizeSecurityGroup{way}", passed)
            rules = answer.get("SecurityGroupRules", [])
        if any(rule["SecurityGroupRuleId"] in before for rule in rules):
            raise _duplicate()
        if lists:
            made = [self._add(call, group_id, way, one) for one in lists]
            ids = [rule_id for found in made for rule_id in found]
            for given in request.get("TagSpecifications", []):
                await aws.pass_on("ec2", "CreateTags", {"Resources": ids, "Tags": given["Tags"]})
            found = await self.describe_security_group_rules(call, {"SecurityGroupRuleIds": ids})
            rules = [*rules, *found["SecurityGroupRules"]]
        return {"Return": True, "SecurityGroupRules": rules}

    def _add(self, call: Call, group_id: str, way: str, permission: Json) -> list[str]:
        """Puts one rule a prefix list into MiniStack's record of the group; their ids."""
        rules = self._group(call, group_id)[
            "IpPermissions" if way == "Ingress" else "IpPermissionsEgress"
        ]
        ids = []
        for entry in permission["PrefixListIds"]:
            terms: Json = {
                key: permission[key]
                for key in ("IpProtocol", "FromPort", "ToPort")
                if key in permission
            }
            peers: Json = {"IpRanges": [], "Ipv6Ranges": [], "UserIdGroupPairs": []}
            if any(_is_rule(one, terms, entry["PrefixListId"]) for one in rules):
                raise _duplicate()
            rule_id = f"sgr-{secrets.token_hex(9)[:17]}"
            lists = {"PrefixListIds": [dict(entry)], "SecurityGroupRuleId": rule_id}
            rules.append({**terms, **peers, **lists})
            ids.append(rule_id)
        return ids


def _duplicate() -> ServiceError:
    return ServiceError("InvalidPermission.Duplicate", "the specified rule already exists")


def _is_rule(rule: Json, terms: Json, prefix_list_id: str) -> bool:
    peers = [one["PrefixListId"] for one in rule.get("PrefixListIds", [])]
    return prefix_list_id in peers and all(rule.get(key) == terms[key] for key in terms)
