"""Amazon Managed Grafana: the control plane of workspaces. There is no Grafana behind them."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.base import Call, Service
from sandbox.services.paging import page

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

VERSIONS: Final = ("9.4", "10.4", "12.4", "13.2")
"""Versions of Grafana that a workspace may have; it never goes back to a lower one."""
_SETTLING_SECONDS: Final = 0.5
"""How long a change takes; minutes in AWS."""
_PAGE: Final = 100
_WORKSPACES: Final = "workspaces"
_SETTINGS: Final = {
    # Members of UpdateWorkspace and what the description calls them.
    "accountAccessType": "accountAccessType",
    "organizationRoleName": "organizationRoleName",
    "permissionType": "permissionType",
    "stackSetName": "stackSetName",
    "workspaceDataSources": "dataSources",
    "workspaceDescription": "description",
    "workspaceName": "name",
    "workspaceNotificationDestinations": "notificationDestinations",
    "workspaceOrganizationalUnits": "organizationalUnits",
    "workspaceRoleArn": "workspaceRoleArn",
    "vpcConfiguration": "vpcConfiguration",
    "networkAccessControl": "networkAccessControl",
    "ipAddressType": "ipAddressType",
}


class ManagedGrafana(Service):
    """Workspaces with their configuration, authentication and tags."""

    name = "grafana"

    def create_workspace(self, call: Call, request: Json) -> Json:
        """Begin to make a workspace; the same client token gives the same one."""
        workspaces = self._settled(call)
        token = request.get("clientToken")
        for record in workspaces.values():
            if token is not None and record["clientToken"] == token:
                return {"workspace": _described(record)}
        record = _new_workspace(call, request)
        workspaces[record["workspace"]["id"]] = record
        return {"workspace": _described(record)}

    def describe_workspace(self, call: Call, request: Json) -> Json:
        """A workspace."""
        return {"workspace": _described(self._workspace(call, request))}

    def list_workspaces(self, call: Call, request: Json) -> Json:
        """Workspaces by id."""
        every = [record["workspace"] for _, record in sorted(self._settled(call).items())]
        shown, token = page(
            [_summary(one) for one in every],
            request.get("maxResults", _PAGE),
            request.get("nextToken"),
            error_code="AccessDeniedException",
        )
        return {"workspaces": shown, "nextToken": token}

    def update_workspace(self, call: Call, request: Json) -> Json:
        """Change what is given; what is to be removed has a member of its own."""
        record = self._active(call, request)
        workspace = record["workspace"]
        for member, shown in _SETTINGS.items():
            if member in request:
                workspace[shown] = request[member]
        if request.get("removeVpcConfiguration"):
            workspace.pop("vpcConfiguration", None)
        if request.get("removeNetworkAccessConfiguration"):
            workspace.pop("networkAccessControl", None)
        _begin(record, "UPDATING", call.now())
        return {"workspace": _described(record)}

    def delete_workspace(self, call: Call, request: Json) -> Json:
        """Begin to delete a workspace with its dashboards."""
        record = self._active(call, request)
        _begin(record, "DELETING", call.now())
        return {"workspace": _described(record)}

    def describe_workspace_configuration(self, call: Call, request: Json) -> Json:
        """Grafana's settings and version."""
        record = self._workspace(call, request)
        return {
            "configuration": record["configuration"],
            "grafanaVersion": record["workspace"]["grafanaVersion"],
        }

    def update_workspace_configuration(self, call: Call, request: Json) -> Json:
        """Replace the settings; perhaps go on to a higher version."""
        record = self._active(call, request)
        settings = _settings_text(request["configuration"])
        version = request.get("grafanaVersion")
        if version is not None:
            before = record["workspace"]["grafanaVersion"]
            if _version(version) < VERSIONS.index(before):
                raise _invalid(f"Version {before} cannot be changed to the lower {version}.")
            record["workspace"]["grafanaVersion"] = version
        record["configuration"] = settings
        _begin(record, "UPDATING" if version is None else "VERSION_UPDATING", call.now())
        return {}

    def list_versions(self, call: Call, request: Json) -> Json:
        """Versions for a new workspace, or those that one may go on to."""
        versions = list(VERSIONS)
        if "workspaceId" in request:
            has = self._workspace(call, request)["workspace"]["grafanaVersion"]
            versions = versions[versions.index(has) + 1 :]
        shown, token = page(
            versions,
            request.get("maxResults", _PAGE),
            request.get("nextToken"),
            error_code="ValidationException",
        )
        return {"grafanaVersions": shown, "nextToken": token}

    def describe_workspace_authentication(self, call: Call, request: Json) -> Json:
        """Who vouches for a workspace's users."""
        return {"authentication": self._authentication(self._workspace(call, request))}

    def update_workspace_authentication(self, call: Call, request: Json) -> Json:
        """Change who vouches for a workspace's users."""
        record = self._active(call, request)
        record["workspace"]["authentication"]["providers"] = request["authenticationProviders"]
        if "samlConfiguration" in request:
            record["saml"] = request["samlConfiguration"]
        record["workspace"]["authentication"]["samlConfigurationStatus"] = _saml_status(record)
        return {"authentication": self._authentication(record)}

    def tag_resource(self, call: Call, request: Json) -> Json:
        """Add or replace tags."""
        self._tagged(call, request)["tags"].update(request["tags"])
        return {}

    def untag_resource(self, call: Call, request: Json) -> Json:
        """Remove tags; keys that are not there are ignored."""
        tags = self._tagged(call, request)["tags"]
        for key in request["tagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, call: Call, request: Json) -> Json:
        """Tags of a workspace."""
        return {"tags": self._tagged(call, request)["tags"]}

    @staticmethod
    def _authentication(record: Json) -> Json:
        summary = record["workspace"]["authentication"]
        described: Json = {"providers": summary["providers"]}
        if "AWS_SSO" in summary["providers"]:
            described["awsSso"] = {"ssoClientId": record["workspace"]["id"]}
        if "SAML" in summary["providers"]:
            configuration = {"configuration": record["saml"]} if record["saml"] else {}
            described["saml"] = {"status": _saml_status(record), **configuration}
        return described

    def _settled(self, call: Call) -> dict[str, Json]:
        """The workspaces, changes that are through by now brought to their end."""
        workspaces: dict[str, Json] = self.table(call, _WORKSPACES)
        for workspace_id, record in list(workspaces.items()):
            if record["settles_at"] <= call.now():
                if record["workspace"]["status"] == "DELETING":
                    del workspaces[workspace_id]
                else:
                    record["workspace"]["status"] = "ACTIVE"
        return workspaces

    def _workspace(self, call: Call, request: Json) -> Json:
        return self._named(call, request["workspaceId"])

    def _named(self, call: Call, workspace_id: str) -> Json:
        try:
            return self._settled(call)[workspace_id]
        except KeyError:
            raise ServiceError(
                "ResourceNotFoundException",
                f"The workspace {workspace_id} does not exist.",
                404,
                members={"resourceId": workspace_id, "resourceType": "workspace"},
            ) from None

    def _active(self, call: Call, request: Json) -> Json:
        record = self._workspace(call, request)
        status = record["workspace"]["status"]
        if status != "ACTIVE":
            raise ServiceError(
                "ConflictException",
                f"The workspace {request['workspaceId']} is {status}, not ACTIVE.",
                409,
                members={"resourceId": request["workspaceId"], "resourceType": "workspace"},
            )
        return record

    def _tagged(self, call: Call, request: Json) -> Json:
        record = self._named(call, request["resourceArn"].rpartition("/")[2])
        workspace: Json = record["workspace"]
        return workspace


def _new_workspace(call: Call, request: Json) -> Json:
    version = request.get("grafanaVersion", VERSIONS[-1])
    _version(version)
    if request["accountAccessType"] == "ORGANIZATION" and not request.get(
        "workspaceOrganizationalUnits"
    ):
        raise _invalid("Access to an organization needs workspaceOrganizationalUnits.")
    workspace_id = f"g-{secrets.token_hex(5)}"
    now = call.now()
    workspace: Json = {
        shown: request[member] for member, shown in _SETTINGS.items() if member in request
    }
    providers = request["authenticationProviders"]
    record: Json = {"clientToken": request.get("clientToken"), "saml": None}
    record["configuration"] = _settings_text(request.get("configuration", "{}"))
    record["workspace"] = {
        "dataSources": [],
        "notificationDestinations": [],
        "organizationalUnits": [],
        **workspace,
        "id": workspace_id,
        "created": now,
        "endpoint": f"{workspace_id}.grafana-workspace.{call.region}.amazonaws.com",
        "grafanaVersion": version,
        "authentication": {"providers": providers},
        "tags": dict(request.get("tags", {})),
        "status": "CREATING",
    }
    if "kmsKeyId" in request:
        record["workspace"]["kmsKeyId"] = request["kmsKeyId"]
    if "SAML" in providers:
        record["workspace"]["authentication"]["samlConfigurationStatus"] = "NOT_CONFIGURED"
    _begin(record, "CREATING", now)
    return record


def _begin(record: Json, status: str, now: float) -> None:
    record["workspace"]["status"] = status
    record["workspace"]["modified"] = now
    record["settles_at"] = now + _SETTLING_SECONDS


def _described(record: Json) -> Json:
    return dict(record["workspace"])


def _summary(workspace: Json) -> Json:
    members = (
        "authentication", "created", "description", "endpoint", "grafanaVersion", "id", "modified",
        "name", "notificationDestinations", "status", "tags",
    )  # fmt: skip
    return {member: workspace[member] for member in members if member in workspace}


def _saml_status(record: Json) -> str | None:
    if "SAML" not in record["workspace"]["authentication"]["providers"]:
        return None
    return "CONFIGURED" if record["saml"] else "NOT_CONFIGURED"


def _version(version: str) -> int:
    if version not in VERSIONS:
        raise _invalid(f"Grafana {version} is none of {', '.join(VERSIONS)}.")
    return VERSIONS.index(version)


def _settings_text(text: str) -> str:
    try:
        settings = json.loads(text)
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise _invalid("The configuration is no JSON object.")
    return text


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message, members={"reason": "OTHER"})
