"""What becomes of a batch that a function was given: done, tried again, or given up. Pure.

As the service does (Lambda developer guide, Kinesis event source mappings): a partial batch
response names the first record that failed, and everything from there on comes again; a function
error fails the whole batch; retries and the records' age are bounded by the mapping, and what is
given up is named to the on-failure destination.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.protocol.wire import Json

RETRIES_EXHAUSTED: Final = "RetryAttemptsExhausted"
TOO_OLD: Final = "MaxRecordAgeExceeded"
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 15.0
_NO_LIMIT: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """A batch that is to come again.

    Attributes:
        size: records of it.
        attempts: how often its first record failed.
        not_before: epoch seconds.

    """

    size: int
    attempts: int = 0
    not_before: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a shard goes on.

    Attributes:
        advance: records it moves on by.
        given_up: how many of them, the last, were not processed.
        retry: the batch that is to come again; None: whatever comes next.

    """

    advance: int
    given_up: int = 0
    retry: Retry | None = None


def processed(mapping: Json, result: Json, sequence_numbers: Sequence[str]) -> int:
    """How many records from the front of a batch are done, by the function's answer."""
    if result.get("error"):
        return 0
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", ()):
        return len(sequence_numbers)
    failed = _failed(result.get("body"))
    if failed is None:
        return 0
    places = {number: place for place, number in enumerate(sequence_numbers)}
    if not all(number in places for number in failed):
        return 0
    return min((places[number] for number in failed), default=len(sequence_numbers))


def _failed(body: Any) -> list[str] | None:
    """The item identifiers of a partial batch response; None where it is malformed."""
    if isinstance(body, (str, bytes)):
        try:
            body = json.loads(body or "null")
        except ValueError:
            return None
    if not body:
        return []
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    if not isinstance(failures, list):
        return [] if failures is None else None
    named = [one.get("itemIdentifier") for one in failures if isinstance(one, dict)]
    found = [name for name in named if name and isinstance(name, str)]
    return found if len(found) == len(failures) else None


def verdict(
    mapping: Json, before: Retry | None, *, size: int, done: int, is_error: bool, now: float
) -> Verdict:
    """How a shard goes on after an invocation.

    Args:
        mapping: the event source mapping.
        before: the retry that this invocation was; None: it was the batch's first.
        size: records of the batch.
        done: how many of them, from the front, are processed.
        is_error: the function failed, rather than report what it could not process.
        now: epoch seconds.

    """
    if done >= size:
        return Verdict(advance=size)
    attempts = 1 if done or before is None else before.attempts + 1
    left = size - done
    if is_error and left > 1 and mapping.get("BisectBatchOnFunctionError"):
        # Splitting a batch does not count as a retry.
        return Verdict(advance=done, retry=_again(left // 2, attempts - 1, now))
    most = int(mapping.get("MaximumRetryAttempts", _NO_LIMIT))
    if most != _NO_LIMIT and attempts > most:
        return Verdict(advance=size, given_up=left)
    return Verdict(advance=done, retry=_again(left, attempts, now))


def too_old(mapping: Json, arrived_at: Sequence[float], now: float) -> int:
    """How many records from the front are older than the mapping lets them become."""
    most_seconds = int(mapping.get("MaximumRecordAgeInSeconds", _NO_LIMIT))
    if most_seconds <= 0:
        return 0
    fresh = (place for place, at in enumerate(arrived_at) if now - at <= most_seconds)
    return next(fresh, len(arrived_at))


def _again(size: int, attempts: int, now: float) -> Retry:
    pause = min(_FIRST_PAUSE_SECONDS * 2 ** min(max(0, attempts - 1), 10), _LONGEST_PAUSE_SECONDS)
    return Retry(size=size, attempts=attempts, not_before=now + pause)
