"""Players as they are, by seed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from videoctl.loadtest.unruly import OVERSIZED_BYTES, unruly
from videoctl.loadtest.viewers import Audience

CONTRACT = Path(__file__).parents[2] / "docs" / "schemas" / "contracts" / "event.schema.json"
TOTAL = 3_000
TAKEN_BYTES = 256 * 1024


def events(total: int = TOTAL, seed: int = 1) -> list[dict[str, Any]]:
    """Well-behaved events."""
    audience = Audience(run="t", seed=seed, viewers=40, start_ms=10**12, duration_ms=20_000)
    return audience.events(total)


@given(seed=st.integers(0, 10**6), total=st.integers(0, 400))
def test_every_event_is_posted_and_the_same_seed_does_the_same(seed: int, total: int) -> None:
    """None is left out, none is made up, and what was given is left as it was."""
    given_events = events(total, seed)
    before = json.dumps(given_events)
    posts = unruly(given_events, seed)
    assert posts == unruly(events(total, seed), seed)
    assert json.dumps(given_events) == before
    assert {post["event_id"] for post in posts.events} == {one["event_id"] for one in given_events}


def test_as_many_are_malformed_as_it_says_and_only_those() -> None:
    """The contract holds for all others, and the front door takes none that is too large."""
    validator = jsonschema.Draft202012Validator(json.loads(CONTRACT.read_text()))
    posts = unruly(events(), 1)
    bad = [
        post
        for post in posts.events
        if not validator.is_valid(post) or len(json.dumps(post)) > TAKEN_BYTES
    ]
    assert 0 < len(bad) == posts.malformed
    assert any(len(json.dumps(post)) > OVERSIZED_BYTES for post in bad)


def test_what_is_sent_again_is_the_same_event_later_and_was_never_malformed() -> None:
    """A retry has the id and the content of the first."""
    posts = unruly(events(), 1).events
    counts = Counter(post["event_id"] for post in posts)
    assert max(counts.values()) > 1
    copies = {post["event_id"]: post for post in posts}
    assert all(post == copies[post["event_id"]] for post in posts)


def test_clocks_are_off_by_session_and_order_is_lost() -> None:
    """Some players are hours behind, some hours ahead, some keep an event for minutes."""
    given_events = {one["event_id"]: one for one in events()}
    posts = list(unruly(list(given_events.values()), 1).events)
    off = {
        post["event_time_ms"] - given_events[post["event_id"]]["event_time_ms"]
        for post in posts
        if isinstance(post.get("event_time_ms"), int) and post["event_time_ms"] > 0
    }
    assert min(off) < -3_600_000
    assert max(off) > 3_600_000
    assert any(-240_000 < one < 0 for one in off)
    times = [given_events[post["event_id"]]["event_time_ms"] for post in posts]
    assert times != sorted(times)
