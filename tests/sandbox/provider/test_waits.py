"""Waiting for AWS: what ends a wait, and what its error says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.provider.clients import Clients
from sandbox.provider.failures import ProviderError
from sandbox.provider.framework import Context
from sandbox.provider.waits import await_absence, await_status


@pytest.fixture
def context() -> Context:
    """A request's context that never calls AWS."""
    return Context(Clients(), "us-east-1")


def _statuses(*statuses: str) -> Any:
    left: Iterator[str] = iter(statuses)
    return lambda: (status := next(left), f"value of {status}")


def test_a_wanted_status_gives_the_value(context: Context) -> None:
    """Passing statuses are waited through."""
    found = await_status(
        context,
        "stream raw",
        _statuses("CREATING", "ACTIVE"),
        wanted=("ACTIVE",),
        passing=("CREATING",),
    )
    assert found == "value of ACTIVE"


def test_a_value_of_none_ends_the_wait_too(context: Context) -> None:
    """What the probe gives along with the status may be anything."""
    probe = lambda: ("ACTIVE", None)  # noqa: E731 - the shortest probe there is
    assert await_status(context, "it", probe, wanted=("ACTIVE",), passing=()) is None


def test_a_status_that_leads_nowhere_is_an_error_at_once(context: Context) -> None:
    """The error tells the status that was found and the one that was wanted."""
    with pytest.raises(ProviderError, match="stream raw is DELETING, wanted ACTIVE"):
        await_status(
            context, "stream raw", _statuses("DELETING"), wanted=("ACTIVE",), passing=("CREATING",)
        )


def test_a_timeout_tells_the_state_things_were_left_in(context: Context) -> None:
    """The wait is bounded, and its error names the last status."""
    probe = lambda: ("CREATING", None)  # noqa: E731
    with pytest.raises(ProviderError, match="stream raw is still CREATING, wanted ACTIVE"):
        await_status(
            context,
            "stream raw",
            probe,
            wanted=("ACTIVE",),
            passing=("CREATING",),
            timeout_seconds=0.01,
        )


def _failing(code: str) -> Any:
    def describe() -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "Describe")

    return describe


def test_absence_is_aws_saying_so(context: Context) -> None:
    """A not-found error ends the wait; another one is let through."""
    await_absence(context, "stream raw", _failing("ResourceNotFoundException"))
    with pytest.raises(ClientError, match="AccessDenied"):
        await_absence(context, "stream raw", _failing("AccessDenied"))


def test_what_stays_is_an_error(context: Context) -> None:
    """A deletion that does not end is told, with the name of the thing."""
    with pytest.raises(ProviderError, match="stream raw is still there"):
        await_absence(context, "stream raw", lambda: None, timeout_seconds=0.01)
