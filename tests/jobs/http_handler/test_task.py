"""Handler and sidecar as processes against Kinesis: acknowledged means stored."""

from __future__ import annotations

from tests.jobs.made_events import events

import pytest

pytestmark = pytest.mark.sandbox


def test_acknowledged_events_are_in_kinesis_exactly(make_task):
    """What is acknowledged is in the stream, once, and nothing else is."""
    task = make_task(shards=3)
    sent = events(250)
    answer = task.post(sent)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 250, "rejected": []})
    stored = task.stored()
    assert sorted(r.event["event_id"] for r in stored) == sorted(e["event_id"] for e in sent)
