"""Posting events at an environment's front door, as a player does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx

from videoctl.errors import FailedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

POST_TIMEOUT_SECONDS: Final = 10.0
_TRY_AGAIN: Final = frozenset({429, 502, 503, 504})
_TEXT_SHOWN: Final = 200


class FrontDoor(Protocol):
    """Where players post events."""

    def post(self, event: Mapping[str, Any]) -> None:
        """Post one event; returns once it is acknowledged, which means stored in Kinesis.

        Raises:
            TransientError: not reachable, or asked to come again.
            FailedError: rejected, with the reason.

        """


class HttpFrontDoor:
    """The front door over HTTP.

    Args:
        url: ends in `/v1/events`.

    """

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, event: Mapping[str, Any]) -> None:
        """Post one event; see `FrontDoor`."""
        try:
            answer = httpx.post(self.url, json=dict(event), timeout=POST_TIMEOUT_SECONDS)
        except httpx.TransportError as error:
            raise TransientError(
                f"the front door {self.url} does not answer: {error}",
                code="front-door-unreachable",
            ) from error
        if answer.status_code in _TRY_AGAIN:
            raise TransientError(
                f"the front door {self.url} answered {answer.status_code}",
                code="front-door-unavailable",
            )
        if answer.status_code != httpx.codes.ACCEPTED:
            raise FailedError(
                f"the front door {self.url} answered {answer.status_code}:"
                f" {answer.text[:_TEXT_SHOWN]}",
                hint="look at the load balancer's target health and http_handler's log",
                code="front-door-refused",
            )
