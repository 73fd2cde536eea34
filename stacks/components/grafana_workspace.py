"""The Grafana in which an environment is watched: an Amazon Managed Grafana workspace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
from pulumi_aws import grafana

from stacks.components.service_role import ServiceRole, ServiceRoleArgs
from stacks.policies import roles
from stacks.policies.document import trust
from stacks.sites import Site
from videoctl.model.regions import Region

GRAFANA_VERSION: Final = "10.4"
"""The version that the dashboards are generated for, and one that the service offers."""
CONFIGURATION: Final = {"unifiedAlerting": {"enabled": True}}
"""Alert rules are Grafana's own, not those of a Prometheus."""


@dataclass(frozen=True, kw_only=True)
class GrafanaWorkspaceArgs:
    """The workspace.

    Attributes:
        site: where it is; it reads all regions from there.
        authentication: who vouches for its users.
        table_arns: the sessions table of each region.

    """

    site: Site
    authentication: Literal["AWS_SSO", "SAML"]
    table_arns: Mapping[Region, pulumi.Output[str]]


class GrafanaWorkspace(pulumi.ComponentResource):
    """A workspace with a role that reads this environment's sessions and CloudWatch's metrics.

    Dashboards and alert rules are imported into it: `videoctl grafana export` writes them.

    Attributes:
        endpoint: its host name.

    """

    endpoint: pulumi.Output[str]

    def __init__(
        self, name: str, args: GrafanaWorkspaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:grafana:GrafanaWorkspace", name, None, opts)
        site = args.site
        options = pulumi.ResourceOptions(parent=self)
        role_args = ServiceRoleArgs(
            site=site,
            purpose="grafana",
            trust=trust("grafana.amazonaws.com", account_id=site.account_id),
            policy=roles.grafana(),
            regional_policies={
                region: table_arn.apply(roles.grafana_sessions)
                for region, table_arn in args.table_arns.items()
            },
        )
        role = ServiceRole(f"{name}-role", role_args, options)
        workspace = grafana.Workspace(
            f"{name}-workspace",
            region=site.region,
            name=site.names.grafana_workspace,
            description="Live sessions and pipeline health",
            account_access_type="CURRENT_ACCOUNT",
            authentication_providers=[args.authentication],
            permission_type="CUSTOMER_MANAGED",
            role_arn=role.arn,
            data_sources=["CLOUDWATCH", "TIMESTREAM"],
            grafana_version=GRAFANA_VERSION,
            configuration=json.dumps(CONFIGURATION),
            tags=site.tags("grafana", site.names.grafana_workspace),
            # Dashboards that people made are in it, and nowhere else.
            opts=pulumi.ResourceOptions(parent=self, protect=site.protected),
        )
        self.endpoint = workspace.endpoint
        self.register_outputs({"endpoint": self.endpoint})
