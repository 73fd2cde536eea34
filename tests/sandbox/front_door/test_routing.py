"""Global Accelerator's routing rules."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from sandbox.front_door.routing import (
    Endpoint,
    EndpointGroup,
    choose_endpoint,
    groups_from,
    targets_in_turn,
)

EAST, WEST, NORTH = "us-east-1", "us-west-2", "ca-central-1"


def group(
    region: str, dial: float = 100.0, *, weight: int = 128, healthy: bool = True
) -> EndpointGroup:
    """A group with one load balancer."""
    return EndpointGroup(region, dial, (Endpoint(f"lb.{region}", weight, healthy),))


def shares(*groups: EndpointGroup, draws: int = 4000) -> Counter[str]:
    """How many of `draws` connections went to each region."""
    dice = random.Random(7)
    found: Counter[str] = Counter()
    for _ in range(draws):
        chosen = choose_endpoint(groups, dice)
        found[chosen[0].region if chosen else "nowhere"] += 1
    return found


def test_open_dials_spread_players_by_nearness() -> None:
    """With both dials at 100 each region serves its own half of the players."""
    counts = shares(group(EAST), group(WEST))
    assert counts[EAST] == pytest.approx(2000, rel=0.1)
    assert counts[WEST] == pytest.approx(2000, rel=0.1)


def test_dial_zero_takes_nothing_while_the_other_region_is_healthy() -> None:
    """The usual state of the pair: one region live, the other at dial 0."""
    assert shares(group(EAST), group(WEST, 0.0)) == {EAST: 4000}


def test_a_dial_cuts_only_what_was_directed_to_its_group() -> None:
    """Half of the west's half goes east when the west's dial is at 50."""
    counts = shares(group(EAST), group(WEST, 50.0))
    assert counts[WEST] == pytest.approx(1000, rel=0.15)
    assert counts[EAST] == pytest.approx(3000, rel=0.1)


def test_all_dials_at_zero_stop_traffic() -> None:
    """Nothing is routed when every group refuses it."""
    assert shares(group(EAST, 0.0), group(WEST, 0.0)) == {"nowhere": 4000}


def test_an_unhealthy_region_fails_over_even_to_dial_zero() -> None:
    """Failing over ignores the dials of the groups it goes to."""
    assert shares(group(EAST, healthy=False), group(WEST, 0.0)) == {WEST: 4000}


def test_weight_zero_counts_as_no_endpoint() -> None:
    """A group whose endpoints have weight 0 hands over like an unhealthy one."""
    assert shares(group(EAST, weight=0), group(WEST, 0.0)) == {WEST: 4000}


def test_weights_share_traffic_inside_a_group() -> None:
    """Three quarters go to the endpoint with three times the weight."""
    endpoints = (Endpoint("heavy", 192, True), Endpoint("light", 64, True))
    dice = random.Random(3)
    found = Counter(
        chosen[1].load_balancer
        for _ in range(4000)
        if (chosen := choose_endpoint((EndpointGroup(EAST, 100.0, endpoints),), dice))
    )
    assert found["heavy"] == pytest.approx(3000, rel=0.06)


def test_an_unhealthy_endpoint_leaves_its_share_to_its_neighbour() -> None:
    """Within a group only healthy endpoints count."""
    endpoints = (Endpoint("sick", 255, False), Endpoint("well", 1, True))
    chosen = choose_endpoint((EndpointGroup(EAST, 100.0, endpoints),), random.Random(1))
    assert chosen is not None
    assert chosen[1].load_balancer == "well"


def test_nothing_healthy_fails_open_to_the_nearest_group() -> None:
    """When no group has a healthy endpoint, traffic still goes somewhere: the nearest."""
    counts = shares(group(EAST, healthy=False), group(WEST, healthy=False))
    assert counts[EAST] == pytest.approx(2000, rel=0.1)
    assert counts[EAST] + counts[WEST] == 4000


def test_groups_without_endpoints_do_not_exist_for_routing() -> None:
    """An empty group neither takes traffic nor keeps it."""
    assert shares(EndpointGroup(WEST, 100.0, ()), group(EAST)) == {EAST: 4000}
    assert choose_endpoint((EndpointGroup(WEST, 100.0, ()),), random.Random(1)) is None


def test_only_three_groups_are_tried() -> None:
    """A fourth group is not reached, however healthy; traffic fails open instead."""
    sick = [group(region, healthy=False) for region in (EAST, WEST, NORTH)]
    counts = shares(*sick, group("eu-west-1", 0.0))
    assert counts["eu-west-1"] < 4000
    assert set(counts) > {"eu-west-1"}


def test_the_table_of_the_server_is_understood() -> None:
    """Groups arrive as JSON."""
    endpoint = {"load_balancer": "lb", "weight": 1, "is_healthy": True}
    table = [{"region": EAST, "traffic_dial_percentage": 10.0, "endpoints": [endpoint]}]
    assert groups_from(table) == (EndpointGroup(EAST, 10.0, (Endpoint("lb", 1, True),)),)


def test_a_load_balancer_prefers_healthy_targets_and_fails_open() -> None:
    """Only healthy targets get requests, or all of them when none is healthy."""
    well = {"host": "h", "port": 1, "is_healthy": True}
    sick = {"host": "h", "port": 2, "is_healthy": False}
    assert targets_in_turn([well, sick]) == [("h", 1)]
    assert targets_in_turn([sick]) == [("h", 2)]
    assert targets_in_turn([]) == []
