"""An accelerator over both regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.services.globalaccelerator.traffic import WEST, Balancers, FrontDoor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.services.real import RealSandbox


@pytest.fixture
def client(running: RealSandbox) -> Any:
    """The API's only region."""
    return running.client("globalaccelerator", WEST)


@pytest.fixture
def balancers(running: RealSandbox) -> Iterator[Balancers]:
    """A load balancer in each region."""
    made = Balancers(running)
    yield made
    made.close()


@pytest.fixture
def door(running: RealSandbox, client: Any, balancers: Balancers) -> FrontDoor:
    """An accelerator over both regions, both healthy."""
    made = FrontDoor(running, client, balancers)
    made.wait_for_health(us_east_1="HEALTHY", us_west_2="HEALTHY")
    return made
