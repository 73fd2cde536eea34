"""A cluster of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.services.ecs.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.sandbox.services.real import RealSandbox


@pytest.fixture
def cluster(running: RealSandbox, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of the test's own."""
    made = Cluster(running, tmp_path)
    yield made
    made.close()
