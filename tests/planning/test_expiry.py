"""Times to live: parsing, extending, reaping."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import world
from videoctl.errors import UsageError
from videoctl.planning.expiry import MAXIMUM_TTL, MINIMUM_TTL, decide_reap, extended, parse_ttl
from videoctl.planning.observation import EnvironmentRecord

RECORD = EnvironmentRecord(environment="dev", account_id=world.ACCOUNT, created_at=world.NOW)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "ttl"),
    [
        ("8h", timedelta(hours=8)),
        ("30m", timedelta(minutes=30)),
        ("2d", timedelta(days=2)),
        ("1d12h", timedelta(days=1, hours=12)),
    ],
)
def test_durations(text: str, ttl: timedelta) -> None:
    """Minutes, hours and days, alone or together."""
    assert parse_ttl(text) == ttl


@given(st.text(max_size=12))
def test_any_text_is_a_duration_in_range_or_a_usage_error(text: str) -> None:
    """Hostile text never ends in another error, nor in a duration out of range."""
    try:
        assert MINIMUM_TTL <= parse_ttl(text) <= MAXIMUM_TTL
    except UsageError as error:
        assert error.hint


@pytest.mark.parametrize("text", ["", "8", "h", "-1h", "1w", "4m", "91d", "9" * 30 + "d", "8h "])
def test_other_texts_are_refused_with_the_form(text: str) -> None:
    """What is no duration, or out of range, is exit code 2 and names the form."""
    with pytest.raises(UsageError, match="--ttl"):
        parse_ttl(text)


def test_extending_never_shortens() -> None:
    """The later of the two expiries wins."""
    late = replace(RECORD, expires_at=world.NOW + 9 * HOUR)
    assert extended(late, HOUR, world.NOW) == world.NOW + 9 * HOUR
    assert extended(late, 10 * HOUR, world.NOW) == world.NOW + 10 * HOUR
    assert extended(RECORD, HOUR, world.NOW) == world.NOW + HOUR


@pytest.mark.parametrize(
    ("expires_in", "protected", "holder", "reap"),
    [
        (None, False, None, False),
        (HOUR, False, None, False),
        (-HOUR, True, None, False),
        (-HOUR, False, "ann@host (pid 7)", False),
        (-HOUR, False, None, True),
        (timedelta(), False, None, True),
    ],
)
def test_reaping(
    expires_in: timedelta | None, *, protected: bool, holder: str | None, reap: bool
) -> None:
    """Only what is expired, unprotected and unused is reaped; every decision has its reason."""
    expires_at = None if expires_in is None else world.NOW + expires_in
    record = replace(RECORD, expires_at=expires_at)
    decision = decide_reap(record, world.NOW, protected=protected, in_use_by=holder)
    assert decision.reap is reap
    assert decision.reason
    is_overdue = expires_in is not None and expires_in <= timedelta()
    assert (decision.overdue is not None) is is_overdue
