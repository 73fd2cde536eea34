"""What a resource type is given to work with: clients, identity, waits and retries."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.provider.clients import Clients

T = TypeVar("T")
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 2.0


class WaitTimeoutError(Exception):
    """AWS did not reach the awaited state in time; `str()` says which state was awaited."""


class CancelledError(Exception):
    """The engine asked the provider to stop."""


class Context:
    """One request's view of AWS: clients of the resource's region, account, waits and retries."""

    def __init__(
        self,
        clients: Clients,
        region: str,
        *,
        timeout_seconds: float = 0,
        cancelled: threading.Event | None = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        self._clients = clients
        self.region = region
        self.state = state or {}
        """The outputs recorded at the last update; empty in a creation and an import."""
        self.timeout_seconds = timeout_seconds
        self._cancelled = cancelled or threading.Event()
        self.unfinished: tuple[str, dict[str, Any]] | None = None

    @property
    def account_id(self) -> str:
        """The twelve digits of the account that the credentials belong to."""
        return self._clients.account_id()

    @property
    def provider_region(self) -> str:
        """The provider's own region, for resources that have none."""
        return self._clients.default_region

    @property
    def partition(self) -> str:
        """The ARN partition of the region."""
        return "aws"

    def client(self, service: str, region: str | None = None) -> Any:
        """A shared botocore client; `region` only where it is not the resource's own."""
        return self._clients.get(service, region or self.region)

    def arn(self, service: str, resource: str, *, global_service: bool = False) -> str:
        """An ARN of this account, with an empty region for a global service."""
        region = "" if global_service else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account_id}:{resource}"

    def made(self, resource_id: str, outputs: dict[str, Any]) -> None:
        """Notes that the resource exists.

        Should a later step of `create` fail, the engine records it as half made, and the next
        update completes it.
        """
        self.unfinished = (resource_id, outputs)

    def wait(self, probe: Callable[[], T | None], *, until: str, timeout_seconds: float = 600) -> T:
        """Asks `probe` again, with growing pauses, until it gives something other than None.

        `until` says what is awaited. Raises `WaitTimeoutError` or, on Ctrl-C, `CancelledError`.
        """
        deadline = time.monotonic() + (self.timeout_seconds or timeout_seconds)
        pause = _FIRST_PAUSE_SECONDS
        while (found := probe()) is None:
            self._pause(pause, deadline, until)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        return found

    def retry(
        self,
        action: Callable[[], T],
        *,
        on: tuple[str, ...],
        containing: str = "",
        timeout_seconds: float = 120,
    ) -> T:
        """Repeats an AWS call while it fails with one of the error codes `on`.

        This is for eventual consistency; where a code means other faults too, `containing` is
        what the message must say. The last error is raised when time is up.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - start-up time

        deadline = time.monotonic() + timeout_seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return action()
            except ClientError as error:
                details = error.response["Error"]
                expected = details["Code"] in on and containing in details.get("Message", "")
                if not expected or time.monotonic() >= deadline:
                    raise
            self._pause(pause, float("inf"), "a retry")
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)

    def _pause(self, seconds: float, deadline: float, until: str) -> None:
        if time.monotonic() + seconds > deadline:
            raise WaitTimeoutError(f"timeout while waiting for {until}")
        if self._cancelled.wait(seconds):
            raise CancelledError(f"cancelled while waiting for {until}")
