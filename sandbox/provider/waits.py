"""Waiting for AWS to finish, with an error that tells the state things were left in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import ClientError

from sandbox.provider.failures import ProviderError, means_gone
from sandbox.provider.framework import Context, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

T = TypeVar("T")
_SECONDS: Final = 300


def await_status(
    context: Context,
    what: str,
    probe: Callable[[], tuple[str, T]],
    *,
    wanted: Collection[str],
    passing: Collection[str],
    timeout_seconds: float = _SECONDS,
) -> T:
    """Asks `probe` for (status, value) until the status is a wanted one, and returns the value.

    Args:
        context: of the request.
        what: the thing, for errors, such as `stream raw`.
        probe: describes the thing.
        wanted: statuses that end the wait.
        passing: statuses on the way there; any other one is a `ProviderError` at once.
        timeout_seconds: then a `ProviderError` names the status it is in.

    """
    status = "unknown"

    def found() -> tuple[T] | None:
        nonlocal status
        status, value = probe()
        if status in wanted:
            return (value,)
        if status not in passing:
            raise ProviderError(f"{what} is {status}, wanted {' or '.join(wanted)}")
        return None

    try:
        return context.wait(found, until=what, timeout_seconds=timeout_seconds)[0]
    except WaitTimeoutError:
        message = f"{what} is still {status}, wanted {' or '.join(wanted)}: timeout"
        raise ProviderError(message) from None


def await_absence(
    context: Context, what: str, describe: Callable[[], Any], *, timeout_seconds: float = _SECONDS
) -> None:
    """Asks until AWS answers that the thing is not there."""

    def absent() -> bool | None:
        try:
            describe()
        except ClientError as error:
            if means_gone(error):
                return True
            raise
        return None

    try:
        context.wait(absent, until=f"deletion of {what}", timeout_seconds=timeout_seconds)
    except WaitTimeoutError:
        raise ProviderError(f"{what} is still there: timeout") from None
