"""Global Accelerator's control plane: its states and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

from tests.sandbox.services.globalaccelerator.traffic import (
    EAST,
    code_of,
    deployed,
    new_accelerator,
    new_listener,
    token,
)

if TYPE_CHECKING:
    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox


def test_an_accelerator_has_two_addresses_and_a_name(client: Any) -> None:
    """And is IN_PROGRESS before it is DEPLOYED."""
    made = new_accelerator(client, Tags=[{"Key": "team", "Value": "video"}])
    assert made["Status"] == "IN_PROGRESS"
    assert made["Enabled"] is True
    assert len(made["IpSets"][0]["IpAddresses"]) == 2
    assert made["DnsName"].endswith(".awsglobalaccelerator.com")
    assert made["AcceleratorArn"].startswith("arn:aws:globalaccelerator::000000000000:accelerator/")
    assert deployed(client, made["AcceleratorArn"])["Name"] == "test"
    tags = client.list_tags_for_resource(ResourceArn=made["AcceleratorArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "video"}]


def test_the_api_is_in_one_region_only(running: RealSandbox) -> None:
    """Elsewhere there is no endpoint to talk to."""
    with pytest.raises((ConnectionError, HTTPClientError)):
        running.client("globalaccelerator", EAST).list_accelerators()


def test_an_idempotency_token_makes_one_accelerator(client: Any) -> None:
    """The same call twice gives the same ARN."""
    same = token()
    arns = {
        client.create_accelerator(Name="once", IdempotencyToken=same)["Accelerator"][
            "AcceleratorArn"
        ]
        for _ in range(2)
    }
    assert len(arns) == 1


def test_a_second_change_has_to_wait(client: Any) -> None:
    """TransactionInProgressException until the first one is deployed."""
    arn = new_accelerator(client)["AcceleratorArn"]
    with pytest.raises(ClientError) as caught:
        client.update_accelerator(AcceleratorArn=arn, Name="new")
    assert code_of(caught) == "TransactionInProgressException"
    deployed(client, arn)
    changed = client.update_accelerator(AcceleratorArn=arn, Name="new")["Accelerator"]
    assert (changed["Name"], changed["Status"]) == ("new", "IN_PROGRESS")


def test_deletion_goes_from_the_leaves_to_the_root(client: Any) -> None:
    """Groups, listeners, then the disabled and deployed accelerator; else each refuses."""
    arn = new_accelerator(client)["AcceleratorArn"]
    listener = new_listener(client, arn)
    group = client.create_endpoint_group(
        ListenerArn=listener, EndpointGroupRegion=EAST, IdempotencyToken=token()
    )["EndpointGroup"]["EndpointGroupArn"]
    with pytest.raises(ClientError) as caught:
        client.delete_listener(ListenerArn=listener)
    assert code_of(caught) == "AssociatedEndpointGroupFoundException"
    with pytest.raises(ClientError) as caught:
        client.delete_accelerator(AcceleratorArn=arn)
    assert code_of(caught) == "AcceleratorNotDisabledException"
    deployed(client, arn)
    client.update_accelerator(AcceleratorArn=arn, Enabled=False)
    with pytest.raises(ClientError) as caught:
        client.delete_accelerator(AcceleratorArn=arn)
    assert code_of(caught) == "AssociatedListenerFoundException"
    client.delete_endpoint_group(EndpointGroupArn=group)
    client.delete_listener(ListenerArn=listener)
    with pytest.raises(ClientError) as caught:
        client.delete_accelerator(AcceleratorArn=arn)
    assert code_of(caught) == "TransactionInProgressException"
    deployed(client, arn)
    client.delete_accelerator(AcceleratorArn=arn)
    with pytest.raises(ClientError) as caught:
        client.describe_accelerator(AcceleratorArn=arn)
    assert code_of(caught) == "AcceleratorNotFoundException"


def test_listeners_share_no_ports(client: Any) -> None:
    """Overlapping ranges are refused, at creation and at update."""
    arn = new_accelerator(client)["AcceleratorArn"]
    new_listener(client, arn, 443)
    other = new_listener(client, arn, 80)
    ranges = [{"FromPort": 400, "ToPort": 500}]
    with pytest.raises(ClientError) as caught:
        client.update_listener(ListenerArn=other, PortRanges=ranges)
    assert code_of(caught) == "InvalidPortRangeException"
    assert len(client.list_listeners(AcceleratorArn=arn)["Listeners"]) == 2


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda c: c.describe_accelerator(AcceleratorArn="x"), "AcceleratorNotFoundException"),
        (lambda c: c.describe_listener(ListenerArn="x"), "ListenerNotFoundException"),
        (
            lambda c: c.describe_endpoint_group(EndpointGroupArn="x"),
            "EndpointGroupNotFoundException",
        ),
        (lambda c: c.list_accelerators(NextToken="%"), "InvalidNextTokenException"),
        (lambda c: c.list_accelerators(MaxResults=1000), "InvalidArgumentException"),
        (lambda c: c.tag_resource(ResourceArn="x", Tags=[]), "AcceleratorNotFoundException"),
    ],
)
def test_what_is_not_there_is_named(client: Any, call: Any, code: str) -> None:
    """Each kind of resource has its own error."""
    with pytest.raises(ClientError) as caught:
        call(client)
    assert code_of(caught) == code


def test_attributes_and_tags_can_be_changed(client: Any) -> None:
    """Flow logs need a bucket; tags come and go."""
    arn = new_accelerator(client)["AcceleratorArn"]
    deployed(client, arn)
    with pytest.raises(ClientError) as caught:
        client.update_accelerator_attributes(AcceleratorArn=arn, FlowLogsEnabled=True)
    assert code_of(caught) == "InvalidArgumentException"
    client.update_accelerator_attributes(
        AcceleratorArn=arn, FlowLogsEnabled=True, FlowLogsS3Bucket="b", FlowLogsS3Prefix="p"
    )
    found = client.describe_accelerator_attributes(AcceleratorArn=arn)["AcceleratorAttributes"]
    assert found == {"FlowLogsEnabled": True, "FlowLogsS3Bucket": "b", "FlowLogsS3Prefix": "p"}
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    tags = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "b", "Value": "2"}]
