"""A security group whose every rule is a resource of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import ec2, vpc

from stacks.sites import Site

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class SecurityGroupArgs:
    """A security group.

    Attributes:
        site: where it is.
        purpose: last part of its name.
        description: what it is put on.
        vpc_id: its VPC.

    """

    site: Site
    purpose: str
    description: str
    vpc_id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other side of a rule: exactly one of these.

    Attributes:
        group_id: members of a security group.
        cidr_ipv4: an address block.
        prefix_list_id: a service's addresses.

    """

    group_id: pulumi.Input[str] | None = None
    cidr_ipv4: str | None = None
    prefix_list_id: pulumi.Input[str] | None = None


class SecurityGroup(pulumi.ComponentResource):
    """A group that lets nothing in or out until a rule says so.

    Attributes:
        id: the group's id.

    """

    id: pulumi.Output[str]

    def __init__(
        self, name: str, args: SecurityGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:ec2:SecurityGroup", name, None, opts)
        self._name = name
        self._site = args.site
        self._group_name = f"{args.site.names.prefix}-{args.purpose}"
        group = ec2.SecurityGroup(
            f"{name}-group",
            region=args.site.region,
            name=self._group_name,
            description=args.description,
            vpc_id=args.vpc_id,
            tags=args.site.tags("network", self._group_name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = group.id
        self.register_outputs({"id": self.id})

    def allow_from(self, label: str, peer: Peer, *, port: int) -> pulumi.Resource:
        """Let a peer in on one TCP port; `label` is unique in the group and says who."""
        return self._rule(vpc.SecurityGroupIngressRule, f"from-{label}", peer, port)

    def allow_to(self, label: str, peer: Peer, *, port: int) -> pulumi.Resource:
        """Let members out to a peer's TCP port; `label` is unique in the group and says whom."""
        return self._rule(vpc.SecurityGroupEgressRule, f"to-{label}", peer, port)

    def _rule(
        self, rule: Callable[..., pulumi.Resource], label: str, peer: Peer, port: int
    ) -> pulumi.Resource:
        rule_name = f"{self._group_name}-{label}"
        return rule(
            f"{self._name}-{label}",
            region=self._site.region,
            security_group_id=self.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=peer.group_id,
            cidr_ipv4=peer.cidr_ipv4,
            prefix_list_id=peer.prefix_list_id,
            description=label.replace("-", " "),
            tags=self._site.tags("network", rule_name),
            opts=pulumi.ResourceOptions(parent=self),
        )
