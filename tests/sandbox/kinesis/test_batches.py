"""What becomes of a batch: done, tried again from the first record that failed, or given up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.kinesis.batches import Retry, Verdict, processed, too_old, verdict

NUMBERS = ("1", "2", "3", "4")
REPORTS = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
NOW = 1_000.0


def response(*names: Any) -> dict[str, Any]:
    """A partial batch response that names these."""
    return {"body": {"batchItemFailures": [{"itemIdentifier": name} for name in names]}}


@pytest.mark.parametrize(
    ("mapping", "result", "done"),
    [
        (REPORTS, response(), 4),
        (REPORTS, {"body": None}, 4),
        (REPORTS, {"body": ""}, 4),
        (REPORTS, {"body": {}}, 4),
        (REPORTS, response("4", "2"), 1),
        (REPORTS, {"body": json.dumps(response("3")["body"])}, 2),
        (REPORTS, response("1"), 0),
        (REPORTS, response("9"), 0),
        (REPORTS, response(""), 0),
        (REPORTS, response(None), 0),
        (REPORTS, {"body": {"batchItemFailures": "all"}}, 0),
        (REPORTS, {"body": "no json"}, 0),
        (REPORTS, {"error": True, "body": response()["body"]}, 0),
        ({}, response("2"), 4),
        ({}, {"error": True}, 0),
    ],
)
def test_what_is_done(mapping: dict[str, Any], result: dict[str, Any], done: int) -> None:
    """Everything before the first record that is named; nothing by an answer without sense."""
    assert processed(mapping, result, NUMBERS) == done


def test_a_partial_success_moves_the_shard_to_what_failed() -> None:
    """The rest is a batch of its own that has failed once, whatever came before."""
    before = Retry(size=4, attempts=9)
    found = verdict(REPORTS, before, size=4, done=3, is_error=False, now=NOW)
    assert found == Verdict(advance=3, retry=Retry(size=1, attempts=1, not_before=NOW + 1))


def test_attempts_are_bounded_by_the_mapping() -> None:
    """After the first and so many retries the batch is given up, and the shard goes on."""
    mapping = {**REPORTS, "MaximumRetryAttempts": 2}
    retry: Retry | None = None
    for attempt in (1, 2):
        found = verdict(mapping, retry, size=4, done=0, is_error=False, now=NOW)
        assert (found.advance, found.given_up) == (0, 0)
        assert found.retry is not None
        assert found.retry.attempts == attempt
        retry = found.retry
    assert verdict(mapping, retry, size=4, done=0, is_error=False, now=NOW) == Verdict(
        advance=4, given_up=4
    )


def test_without_a_bound_a_batch_comes_again_for_ever() -> None:
    """Later each time, up to a limit."""
    found = verdict(REPORTS, Retry(size=4, attempts=5_000), size=4, done=0, is_error=False, now=NOW)
    assert found.retry == Retry(size=4, attempts=5_001, not_before=NOW + 15)


def test_a_function_error_bisects_the_batch_where_the_mapping_says_so() -> None:
    """Down to one record, without counting as a retry."""
    mapping = {"BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0}
    found = verdict(mapping, None, size=4, done=0, is_error=True, now=NOW)
    assert found == Verdict(advance=0, retry=Retry(size=2, attempts=0, not_before=NOW + 1))
    found = verdict(mapping, found.retry, size=1, done=0, is_error=True, now=NOW)
    assert found == Verdict(advance=1, given_up=1)


def test_records_grow_too_old() -> None:
    """Those at the front that are older than the mapping allows; none without such a limit."""
    arrived_at = [NOW - 90, NOW - 61, NOW - 60, NOW - 90]
    assert too_old({"MaximumRecordAgeInSeconds": 60}, arrived_at, NOW) == 2
    assert too_old({"MaximumRecordAgeInSeconds": 60}, arrived_at[:2], NOW) == 2
    assert too_old({"MaximumRecordAgeInSeconds": -1}, arrived_at, NOW) == 0
    assert too_old({}, arrived_at, NOW) == 0
