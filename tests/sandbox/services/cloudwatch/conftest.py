"""CloudWatch without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.services.cloudwatch import CloudWatch
from tests.sandbox.services.calling import Caller

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cloudwatch() -> Iterator[Caller]:
    """The service with no metrics yet."""
    caller = Caller(CloudWatch)
    yield caller
    caller.close()
