"""Tests of Amazon Managed Grafana's control plane."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services import grafana as service
from sandbox.services.grafana import ManagedGrafana
from tests.sandbox.services.calling import Caller

NEW = {
    "accountAccessType": "CURRENT_ACCOUNT",
    "authenticationProviders": ["AWS_SSO"],
    "permissionType": "CUSTOMER_MANAGED",
    "workspaceName": "video-dev",
}


@pytest.fixture
def grafana(monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """The service; changes take no time."""
    monkeypatch.setattr(service, "_SETTLING_SECONDS", 0)
    caller = Caller(ManagedGrafana)
    yield caller
    caller.close()


def make(grafana: Caller, **parameters: Any) -> str:
    """A new workspace's id."""
    workspace = grafana("CreateWorkspace", **{**NEW, **parameters})["workspace"]
    assert workspace["status"] == "CREATING"
    return str(workspace["id"])


def described(grafana: Caller, workspace_id: str) -> dict[str, Any]:
    """A workspace as it is now."""
    found: dict[str, Any] = grafana("DescribeWorkspace", workspaceId=workspace_id)["workspace"]
    return found


def refused(grafana: Caller, operation: str, **parameters: Any) -> ServiceError:
    """The error an operation ends with."""
    with pytest.raises(ServiceError) as caught:
        grafana(operation, **parameters)
    return caught.value


def test_a_workspace_becomes_active(grafana: Caller) -> None:
    """It has an address of its own, the newest version, and what was asked for."""
    workspace = described(grafana, make(grafana, tags={"a": "b"}, workspaceRoleArn="arn:role"))
    assert workspace["status"] == "ACTIVE"
    assert workspace["endpoint"] == f"{workspace['id']}.grafana-workspace.us-east-1.amazonaws.com"
    assert workspace["grafanaVersion"] == service.VERSIONS[-1]
    assert workspace["authentication"] == {"providers": ["AWS_SSO"]}
    assert (workspace["name"], workspace["workspaceRoleArn"]) == ("video-dev", "arn:role")
    assert workspace["tags"] == {"a": "b"}


def test_a_client_token_makes_one_workspace(grafana: Caller) -> None:
    """A retry gives the workspace that the first call made."""
    token = {"clientToken": "t" * 32}
    assert make(grafana, **token) == grafana("CreateWorkspace", **NEW, **token)["workspace"]["id"]
    assert make(grafana) != make(grafana)


def test_while_a_change_is_under_way_there_is_no_other(
    grafana: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace that is not ACTIVE refuses changes and deletion."""
    workspace = {"workspaceId": make(grafana)}
    described(grafana, workspace["workspaceId"])
    monkeypatch.setattr(service, "_SETTLING_SECONDS", 3600)
    grafana("UpdateWorkspace", **workspace, workspaceDescription="one")
    for operation, parameters in (
        ("UpdateWorkspace", {"workspaceDescription": "two"}),
        ("UpdateWorkspaceConfiguration", {"configuration": "{}"}),
        ("DeleteWorkspace", {}),
    ):
        error = refused(grafana, operation, **workspace, **parameters)
        assert error.code == "ConflictException"
        assert "is UPDATING" in error.message


def test_a_change_comes_to_its_end_by_itself(
    grafana: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPDATING lasts a moment."""
    workspace_id = make(grafana)
    described(grafana, workspace_id)
    monkeypatch.setattr(service, "_SETTLING_SECONDS", 0.2)
    grafana("UpdateWorkspace", workspaceId=workspace_id, workspaceDescription="one")
    assert described(grafana, workspace_id)["status"] == "UPDATING"
    while described(grafana, workspace_id)["status"] == "UPDATING":
        time.sleep(0.02)
    found = described(grafana, workspace_id)
    assert (found["status"], found["description"]) == ("ACTIVE", "one")


def test_a_deleted_workspace_is_gone(grafana: Caller) -> None:
    """It is not listed and not found any longer."""
    workspace = {"workspaceId": make(grafana)}
    grafana("DeleteWorkspace", **workspace)
    assert grafana("ListWorkspaces")["workspaces"] == []
    assert refused(grafana, "DescribeWorkspace", **workspace).code == "ResourceNotFoundException"


def test_versions_go_up_alone(grafana: Caller) -> None:
    """A workspace takes a higher version, never a lower or unknown one."""
    workspace = {"workspaceId": make(grafana, grafanaVersion="10.4")}
    assert grafana("ListVersions", **workspace)["grafanaVersions"] == ["12.4", "13.2"]
    settings = {"configuration": '{"unifiedAlerting": {"enabled": true}}'}
    grafana("UpdateWorkspaceConfiguration", **workspace, **settings, grafanaVersion="12.4")
    found = grafana("DescribeWorkspaceConfiguration", **workspace)
    assert found == {**settings, "grafanaVersion": "12.4"}
    for version in ("10.4", "11.0"):
        error = refused(
            grafana, "UpdateWorkspaceConfiguration", **workspace, **settings, grafanaVersion=version
        )
        assert error.code == "ValidationException"


def test_what_is_removed_is_named(grafana: Caller) -> None:
    """A member left out stays; the VPC goes with a flag of its own."""
    vpc = {"securityGroupIds": ["sg-1"], "subnetIds": ["subnet-1", "subnet-2"]}
    workspace = {"workspaceId": make(grafana, vpcConfiguration=vpc)}
    grafana("UpdateWorkspace", **workspace, workspaceDescription="one")
    assert described(grafana, workspace["workspaceId"])["vpcConfiguration"] == vpc
    grafana("UpdateWorkspace", **workspace, removeVpcConfiguration=True)
    assert "vpcConfiguration" not in described(grafana, workspace["workspaceId"])


def test_saml_waits_for_its_configuration(grafana: Caller) -> None:
    """It is NOT_CONFIGURED until the provider's metadata is given."""
    workspace = {"workspaceId": make(grafana, authenticationProviders=["SAML"])}
    found = grafana("DescribeWorkspaceAuthentication", **workspace)["authentication"]
    assert found["saml"]["status"] == "NOT_CONFIGURED"
    grafana(
        "UpdateWorkspaceAuthentication",
        **workspace,
        authenticationProviders=["SAML"],
        samlConfiguration={"idpMetadata": {"url": "https://idp.example"}},
    )
    found = described(grafana, workspace["workspaceId"])["authentication"]
    assert found["samlConfigurationStatus"] == "CONFIGURED"


@pytest.mark.parametrize(
    "parameters",
    [
        {"grafanaVersion": "8.0"},
        {"configuration": "no JSON"},
        {"accountAccessType": "ORGANIZATION"},
        {"authenticationProviders": ["PASSWORD"]},
        {"workspaceName": "with space"},
    ],
)
def test_what_cannot_be_is_refused(grafana: Caller, parameters: dict[str, Any]) -> None:
    """Wrong values make no workspace."""
    error = refused(grafana, "CreateWorkspace", **{**NEW, **parameters})
    assert error.code == "ValidationException"
    assert grafana("ListWorkspaces")["workspaces"] == []


def test_tags(grafana: Caller) -> None:
    """Tags are added, replaced and removed by ARN."""
    arn = f"arn:aws:grafana:us-east-1:000000000000:/workspaces/{make(grafana, tags={'a': 'b'})}"
    grafana("TagResource", resourceArn=arn, tags={"c": "d"})
    grafana("UntagResource", resourceArn=arn, tagKeys=["a", "nothing"])
    assert grafana("ListTagsForResource", resourceArn=arn)["tags"] == {"c": "d"}


def test_lists_come_in_pages(grafana: Caller) -> None:
    """Page by page, maxResults and nextToken walk through all workspaces."""
    made = sorted(make(grafana) for _ in range(3))
    first = grafana("ListWorkspaces", maxResults=2)
    second = grafana("ListWorkspaces", maxResults=2, nextToken=first["nextToken"])
    seen = [one["id"] for page in (first, second) for one in page["workspaces"]]
    assert seen == made
    assert second["nextToken"] is None
