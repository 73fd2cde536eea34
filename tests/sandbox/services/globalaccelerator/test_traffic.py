"""Traffic that dials, weights and health steer, through a real front door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.services.globalaccelerator.traffic import (
    EAST,
    WEST,
    Balancers,
    FrontDoor,
    code_of,
    deployed,
    token,
)

if TYPE_CHECKING:
    from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox


def test_dials_steer_traffic(door: FrontDoor) -> None:
    """Both at 100: both serve. One at 0: the other serves all. Both at 0: nobody does."""
    assert door.becomes(EAST, WEST)
    door.dial(WEST, 0)
    assert door.becomes(EAST)
    door.dial(EAST, 0)
    assert door.becomes("503")
    door.dial(WEST, 100)
    assert door.becomes(WEST)
    assert door.group(EAST)["TrafficDialPercentage"] == 0.0


def test_weight_zero_takes_an_endpoint_out(
    door: FrontDoor, client: Any, balancers: Balancers
) -> None:
    """Its group hands over, the dial of the other group being ignored."""
    door.dial(WEST, 0)
    client.update_endpoint_group(
        EndpointGroupArn=door.groups[EAST],
        EndpointConfigurations=[{"EndpointId": balancers.arns[EAST], "Weight": 0}],
    )
    assert door.becomes(WEST)


def test_failing_health_checks_move_traffic_without_the_control_plane(
    door: FrontDoor, balancers: Balancers
) -> None:
    """Unhealthy targets make the endpoint UNHEALTHY; recovery brings the traffic back."""
    door.dial(WEST, 0)
    balancers.sick.add(EAST)
    door.wait_for_health(us_east_1="UNHEALTHY")
    assert door.becomes(WEST)
    reason = door.group(EAST)["EndpointDescriptions"][0]["HealthReason"]
    assert reason == "Health checks failed"
    balancers.sick.clear()
    door.wait_for_health(us_east_1="HEALTHY")
    assert door.becomes(EAST)


def test_when_nothing_is_healthy_traffic_fails_open(door: FrontDoor, balancers: Balancers) -> None:
    """Sick targets get requests rather than nobody."""
    balancers.sick.update((EAST, WEST))
    door.wait_for_health(us_east_1="UNHEALTHY", us_west_2="UNHEALTHY")
    assert door.becomes(EAST, WEST)


def test_a_lost_region_loses_its_traffic_to_the_other(
    door: FrontDoor, running: RealSandbox
) -> None:
    """The fault region-down makes the region's endpoint unhealthy."""
    control = f"{running.endpoint_url}/_sandbox/faults"
    httpx.post(control, json={"kind": "region-down", "region": EAST})
    try:
        assert door.health(EAST) == "UNHEALTHY"
        assert door.becomes(WEST)
    finally:
        httpx.delete(control)
    assert door.becomes(EAST, WEST)


def test_an_established_connection_stays_where_it_is(door: FrontDoor) -> None:
    """A dial moves new connections only."""
    door.dial(WEST, 0)
    assert door.becomes(EAST)
    with httpx.Client() as client:
        assert client.get(door._url).text == EAST
        door.dial(EAST, 0)
        door.dial(WEST, 100)
        assert door.becomes(WEST)
        assert client.get(door._url).text == EAST


def test_endpoints_are_added_and_removed(
    door: FrontDoor, client: Any, balancers: Balancers
) -> None:
    """Adding keeps what is there, removing takes only what is named."""
    group = door.groups[EAST]
    accelerator = group.partition("/listener/")[0]
    deployed(client, accelerator)
    endpoint = {"EndpointId": balancers.arns[EAST]}
    client.remove_endpoints(EndpointGroupArn=group, EndpointIdentifiers=[endpoint])
    with pytest.raises(ClientError) as caught:
        client.add_endpoints(
            EndpointGroupArn=group, EndpointConfigurations=[{**endpoint, "Weight": 5}]
        )
    assert code_of(caught) == "TransactionInProgressException"
    assert door.group(EAST)["EndpointDescriptions"] == []
    assert door.becomes(WEST)
    deployed(client, accelerator)
    added = client.add_endpoints(
        EndpointGroupArn=group, EndpointConfigurations=[{**endpoint, "Weight": 5}]
    )["EndpointDescriptions"]
    assert [e["Weight"] for e in added] == [5]
    with pytest.raises(ClientError) as caught:
        client.update_endpoint_group(
            EndpointGroupArn=group, EndpointConfigurations=[{"EndpointId": "arn:aws:nothing"}]
        )
    assert code_of(caught) == "InvalidArgumentException"


def test_one_group_a_region(door: FrontDoor, client: Any) -> None:
    """A second group for the same region and listener is refused."""
    listener = door.groups[EAST].partition("/endpoint-group/")[0]
    with pytest.raises(ClientError) as caught:
        client.create_endpoint_group(
            ListenerArn=listener, EndpointGroupRegion=EAST, IdempotencyToken=token()
        )
    assert code_of(caught) == "EndpointGroupAlreadyExistsException"
    found = client.list_endpoint_groups(ListenerArn=listener)["EndpointGroups"]
    assert sorted(group["EndpointGroupRegion"] for group in found) == [EAST, WEST]
