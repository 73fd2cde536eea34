"""How an operation that did not succeed is told: interrupted, out of time, or classified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoctl.errors import FailedError, InterruptedRunError, TimedOutError, VideoctlError
from videoctl.provisioning.classification import Failure, classify
from videoctl.provisioning.events import Diagnostic, Outcome
from videoctl.provisioning.supervision import GRACEFULLY

if TYPE_CHECKING:
    from videoctl.provisioning.request import OperationRequest
    from videoctl.provisioning.supervision import Followed


def raise_unless_succeeded(request: OperationRequest, followed: Followed) -> None:
    """Raise what fits an operation that was followed to its end."""
    if followed.ended is not None and followed.ended.outcome is Outcome.SUCCEEDED:
        return
    stopped = followed.interrupts > 0
    if stopped:
        raise _stopped(request, followed)
    if followed.ended is None:
        raise FailedError(
            f"{request.operation} of stack {request.stack} ended without a word: its process was"
            " killed",
            hint=f"run the same command again; see {request.log_file}",
            code="engine-killed",
        )
    raise _failure(request, followed)


def _stopped(request: OperationRequest, followed: Followed) -> VideoctlError:
    how = "gracefully" if followed.interrupts == GRACEFULLY else "at once"
    what = f"{request.operation} of stack {request.stack}"
    again = "run the same command again: it takes over from here"
    if followed.timed_out:
        return TimedOutError(
            f"{what} was stopped {how} at its deadline", hint=again, code="engine-timed-out"
        )
    return InterruptedRunError(f"{what} was stopped {how}", hint=again, code="interrupted")


def _failure(request: OperationRequest, followed: Followed) -> VideoctlError:
    errors = [
        event
        for event in followed.events
        if isinstance(event, Diagnostic) and event.severity == "error"
    ]
    # The resource's own error first; "update failed" of the stack says nothing more.
    errors.sort(key=lambda event: event.urn is None or "pulumi:pulumi:Stack" in event.urn)
    ended = followed.ended
    texts = [event.message for event in errors]
    texts += [ended.error_text] if ended is not None and ended.error_text else []
    error = classify(
        Failure(
            stack=request.stack,
            operation=request.operation.value,
            texts=tuple(texts),
            log_file=request.log_file,
        )
    )
    urns = [event.urn for event in errors if event.urn and "pulumi:pulumi:Stack" not in event.urn]
    if not urns:
        return error
    names = ", ".join(urn.rsplit("::", 1)[-1] for urn in dict.fromkeys(urns[:3]))
    more = f" and {len(set(urns)) - 3} more" if len(set(urns)) > 3 else ""  # noqa: PLR2004
    return type(error)(
        f"{error.message} (resource {names}{more})",
        hint=error.hint,
        code=error.code,
        details=error.details,
    )
