"""Where a new connection goes: Global Accelerator's rules, as pure functions.

- Traffic starts at the endpoint group nearest to the player. There is no geography here, so every
  group is taken to be the nearest for an equal share of the players.
- The traffic dial of a group cuts only traffic that was directed to it: what it does not take goes
  to the next group, where that group's dial applies.
- Inside a group healthy endpoints share by weight; weight 0 takes nothing.
- A group without a healthy endpoint of weight above 0 hands over to the next groups, whose dials
  are then ignored. If the three nearest groups have none, traffic fails open: any endpoint of the
  nearest group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

_GROUPS_TRIED = 3
_WHOLE_PERCENTAGE = 100.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of a group: a load balancer."""

    load_balancer: str
    weight: int
    is_healthy: bool

    @property
    def is_usable(self) -> bool:
        """Whether it takes traffic while something better than failing open is possible."""
        return self.is_healthy and self.weight > 0


@dataclass(frozen=True, slots=True)
class EndpointGroup:
    """One region of a listener."""

    region: str
    traffic_dial_percentage: float
    endpoints: tuple[Endpoint, ...]

    @property
    def is_usable(self) -> bool:
        """Whether any endpoint takes traffic."""
        return any(endpoint.is_usable for endpoint in self.endpoints)


def groups_from(table: list[dict[str, Any]]) -> tuple[EndpointGroup, ...]:
    """Endpoint groups from the server's routing table."""
    return tuple(
        EndpointGroup(
            region=group["region"],
            traffic_dial_percentage=group["traffic_dial_percentage"],
            endpoints=tuple(Endpoint(**endpoint) for endpoint in group["endpoints"]),
        )
        for group in table
    )


def choose_endpoint(
    groups: tuple[EndpointGroup, ...], dice: random.Random
) -> tuple[EndpointGroup, Endpoint] | None:
    """Group and endpoint for a new connection; None where nothing takes traffic."""
    groups = tuple(group for group in groups if group.endpoints)
    if not groups:
        return None
    nearest = dice.randrange(len(groups))
    by_distance = groups[nearest:] + groups[:nearest]
    directed = _group_by_dial(by_distance, dice)
    if directed is None:
        return None
    if directed.is_usable:
        return directed, _by_weight(directed, dice)
    others = [group for group in by_distance if group is not directed]
    for group in [directed, *others][:_GROUPS_TRIED]:
        if group.is_usable:
            return group, _by_weight(group, dice)
    return by_distance[0], dice.choice(by_distance[0].endpoints)


def _group_by_dial(
    by_distance: tuple[EndpointGroup, ...], dice: random.Random
) -> EndpointGroup | None:
    """The group that traffic is directed to; all dials at 0 stop it."""
    for group in by_distance:
        if dice.random() * _WHOLE_PERCENTAGE < group.traffic_dial_percentage:
            return group
    return next((group for group in by_distance if group.traffic_dial_percentage > 0), None)


def _by_weight(group: EndpointGroup, dice: random.Random) -> Endpoint:
    usable = [endpoint for endpoint in group.endpoints if endpoint.is_usable]
    return dice.choices(usable, [endpoint.weight for endpoint in usable])[0]


def targets_in_turn(targets: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Addresses a load balancer sends to: the healthy targets, or all when none is healthy."""
    healthy = [target for target in targets if target["is_healthy"]]
    return [(target["host"], target["port"]) for target in healthy or targets]
