"""An IAM role that one AWS service assumes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from stacks.sites import Site


@dataclass(frozen=True, kw_only=True)
class ServiceRoleArgs:
    """A service role.

    Attributes:
        site: where it works; IAM is global, so the region is part of the role's name.
        purpose: last part of the role's name.
        trust: who may assume it, a policy document.
        policy: what it may do, a policy document.

    """

    site: Site
    purpose: str
    trust: str
    policy: pulumi.Input[str]


class ServiceRole(pulumi.ComponentResource):
    """A role with one inline policy.

    Attributes:
        arn: known once the policy is attached too, so that nothing uses the role too early.

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
        policy = iam.RolePolicy(
            f"{name}-policy", name=args.purpose, role=role.name, policy=args.policy, opts=options
        )
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(_first)
        self.register_outputs({"arn": self.arn})


def _first(values: list[str]) -> str:
    return values[0]
