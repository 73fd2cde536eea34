"""Sandboxes as processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.home import Home
from tests.sandbox.services.real import RealSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSandbox]:
    """A running sandbox that tests share; each leaves no fault behind."""
    started = RealSandbox(Home(tmp_path_factory.mktemp("sandbox")))
    started.start()
    yield started
    started.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RealSandbox]:
    """A sandbox of the test's own, not started yet; ended afterwards whatever happened."""
    made = RealSandbox(Home(tmp_path))
    yield made
    made.stop()
