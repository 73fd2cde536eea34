"""An IAM role that one AWS service assumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import iam

from stacks.sites import Site
from videoctl.model.regions import Region


@dataclass(frozen=True, kw_only=True)
class ServiceRoleArgs:
    """A service role.

    Attributes:
        site: where it works; IAM is global, so the region is part of the role's name.
        purpose: last part of the role's name.
        trust: who may assume it, a policy document.
        policy: what it may do, a policy document.
        regional_policies: what it may do besides in each region, policy documents. A policy of
            its own for each: one more region changes nothing of the others.

    """

    site: Site
    purpose: str
    trust: str
    policy: pulumi.Input[str]
    regional_policies: Mapping[Region, pulumi.Input[str]] = field(default_factory=dict)


class ServiceRole(pulumi.ComponentResource):
    """A role with its inline policies.

    Attributes:
        arn: known once the policies are attached too, so that nothing uses the role too early.

    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:iam:ServiceRole", name, None, opts)
        site = args.site
        role_name = site.names.role(args.purpose, site.region)
        options = pulumi.ResourceOptions(parent=self)
        role = iam.Role(
            f"{name}-role",
            name=role_name,
            assume_role_policy=args.trust,
            tags=site.tags(args.purpose, role_name),
            opts=options,
        )
        documents = {(f"{name}-policy", args.purpose): args.policy} | {
            (f"{region}-{name}-policy", f"{args.purpose}-{region}"): document
            for region, document in args.regional_policies.items()
        }
        policies = [
            iam.RolePolicy(
                logical_name, name=policy_name, role=role.name, policy=document, opts=options
            )
            for (logical_name, policy_name), document in documents.items()
        ]
        attached = [policy.id for policy in policies]
        self.arn = pulumi.Output.all(role.arn, *attached).apply(_first)
        self.register_outputs({"arn": self.arn})


def _first(values: list[str]) -> str:
    return values[0]
