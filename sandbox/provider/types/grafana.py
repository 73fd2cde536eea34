"""Amazon Managed Grafana workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import ResourceType, changed, resource, tag_changes
from sandbox.provider.mapping import Field, declared, rules_of, to_members, to_properties
from sandbox.provider.waits import await_absence, await_status

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_VPC: Final = (Field("securityGroupIds", "securityGroupIds"), Field("subnetIds", "subnetIds"))
_ACCESS: Final = (Field("prefixListIds", "prefixListIds"), Field("vpceIds", "vpceIds"))
_SETTINGS: Final = (
    Field("accountAccessType", "accountAccessType"),
    Field("dataSources", "workspaceDataSources", unordered=True),
    Field("description", "workspaceDescription"),
    Field("name", "workspaceName"),
    Field("networkAccessControl", "networkAccessControl", fields=_ACCESS),
    Field("notificationDestinations", "workspaceNotificationDestinations"),
    Field("organizationRoleName", "organizationRoleName"),
    Field("organizationalUnits", "workspaceOrganizationalUnits"),
    Field("permissionType", "permissionType"),
    Field("roleArn", "workspaceRoleArn"),
    Field("stackSetName", "stackSetName", adopted=True),
    Field("vpcConfiguration", "vpcConfiguration", fields=_VPC),
)
"""What UpdateWorkspace changes, under its names."""
_AT_CREATION: Final = (
    Field("authenticationProviders", "authenticationProviders", unordered=True),
    Field("kmsKeyId", "kmsKeyId"),
)
_CONFIGURATION: Final = (
    Field("configuration", "configuration", adopted=True, document=True),
    Field("grafanaVersion", "grafanaVersion", adopted=True),
)
_SHOWN: Final = {
    # How a description names what requests name otherwise.
    "workspaceDataSources": "dataSources",
    "workspaceDescription": "description",
    "workspaceName": "name",
    "workspaceNotificationDestinations": "notificationDestinations",
    "workspaceOrganizationalUnits": "organizationalUnits",
}
_ALL: Final = (*_SETTINGS, *_AT_CREATION, *_CONFIGURATION)
_COMPUTED: Final = (Field("endpoint", "endpoint"),)
_CHANGING: Final = ("CREATING", "UPDATING", "UPGRADING", "VERSION_UPDATING")
"""Statuses in which the service refuses any other change."""


@resource(
    "aws:grafana/workspace:Workspace",
    replace_on=("authenticationProviders", "kmsKeyId"),
    **rules_of(_ALL),
)
class Workspace(ResourceType):
    """A workspace; its id is AWS's. Deleting it deletes its dashboards."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates with tags and configuration in one call, and waits until it is there."""
        answer = context.client("grafana").create_workspace(
            **to_members(_ALL, inputs), tags=inputs.get("tagsAll") or {}
        )
        workspace_id = answer["workspace"]["id"]
        context.made(workspace_id, {"endpoint": answer["workspace"]["endpoint"]})
        return workspace_id, _settled(context, workspace_id)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The workspace, its configuration and tags."""
        outputs = _outputs(context, _workspace(context, resource_id))
        return declared(_ALL, outputs, inputs), outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Settings, then configuration and version, then tags; each waits for the one before."""
        grafana = context.client("grafana")
        _at_rest(context, resource_id)
        settings = [field.property for field in _SETTINGS]
        if changed(old, new, *settings):
            removed = _removed(old, new)
            grafana.update_workspace(
                workspaceId=resource_id, **removed, **to_members(_SETTINGS, new)
            )
            _settled(context, resource_id)
        if changed(old, new, "configuration", "grafanaVersion"):
            has = grafana.describe_workspace_configuration(workspaceId=resource_id)
            wanted = {"configuration": has["configuration"], **to_members(_CONFIGURATION, new)}
            if wanted.get("grafanaVersion") == has.get("grafanaVersion"):
                wanted.pop("grafanaVersion", None)
            grafana.update_workspace_configuration(workspaceId=resource_id, **wanted)
            _settled(context, resource_id)
        set_tags, gone = tag_changes(old, new)
        arn = _arn(context, resource_id)
        if gone:
            grafana.untag_resource(resourceArn=arn, tagKeys=gone)
        if set_tags:
            grafana.tag_resource(resourceArn=arn, tags=set_tags)
        return _outputs(context, _workspace(context, resource_id))

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes it, and waits until it is gone."""
        del outputs
        if _at_rest(context, resource_id)["status"] != "DELETING":
            context.client("grafana").delete_workspace(workspaceId=resource_id)
        await_absence(context, f"workspace {resource_id}", lambda: _workspace(context, resource_id))


def _removed(old: Properties, new: Properties) -> dict[str, bool]:
    """What UpdateWorkspace must be told to take away."""
    flags = {
        "vpcConfiguration": "removeVpcConfiguration",
        "networkAccessControl": "removeNetworkAccessConfiguration",
    }
    return {flag: True for name, flag in flags.items() if old.get(name) and not new.get(name)}


def _workspace(context: Context, workspace_id: str) -> dict[str, Any]:
    answer = context.client("grafana").describe_workspace(workspaceId=workspace_id)
    workspace: dict[str, Any] = answer["workspace"]
    return workspace


def _at_rest(context: Context, workspace_id: str) -> dict[str, Any]:
    """The workspace, once what an earlier run left under way is through, well or badly."""

    def probe() -> dict[str, Any] | None:
        workspace = _workspace(context, workspace_id)
        return None if workspace["status"] in _CHANGING else workspace

    return context.wait(probe, until=f"workspace {workspace_id} to be at rest")


def _settled(context: Context, workspace_id: str) -> Properties:
    """The outputs, once no change is under way."""

    def probe() -> tuple[str, dict[str, Any]]:
        workspace = _workspace(context, workspace_id)
        return workspace["status"], workspace

    found = await_status(
        context,
        f"workspace {workspace_id}",
        probe,
        wanted=("ACTIVE",),
        passing=_CHANGING,
    )
    return _outputs(context, found)


def _outputs(context: Context, workspace: dict[str, Any]) -> Properties:
    configuration = context.client("grafana").describe_workspace_configuration(
        workspaceId=workspace["id"]
    )
    authentication = workspace["authentication"]
    members = {
        **workspace,
        **{request: workspace.get(shown) for request, shown in _SHOWN.items()},
        "authenticationProviders": authentication["providers"],
        "configuration": configuration["configuration"],
    }
    outputs = to_properties((*_ALL, *_COMPUTED), members)
    return {
        **outputs,
        "arn": _arn(context, workspace["id"]),
        "samlConfigurationStatus": authentication.get("samlConfigurationStatus"),
        "tags": workspace.get("tags", {}),
    }


def _arn(context: Context, workspace_id: str) -> str:
    return context.arn("grafana", f"/workspaces/{workspace_id}")
