"""Timeouts: key names by runtime, values compared as durations."""

from __future__ import annotations

import pytest

from videoctl.model.flink_timeouts import duration_ms, keys, timeouts


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("300000", 300_000),
        ("300 s", 300_000),
        ("300s", 300_000),
        ("5 min", 300_000),
        ("5 minutes", 300_000),
        ("5 m", 300_000),
        ("300000 ms", 300_000),
        ("300000ms", 300_000),
        ("PT5M", 300_000),
        ("pt300s", 300_000),
        ("PT1H", 3_600_000),
        ("1 h", 3_600_000),
        ("2 days", 172_800_000),
        ("1500000 us", 1_500),
        ("10 seconds", 10_000),
        ("soon", None),
        ("5 fortnights", None),
        ("", None),
        ("-5 s", None),
    ],
)
def test_durations_are_read_as_flink_reads_them(text: str, milliseconds: int | None) -> None:
    """A number alone is milliseconds; what is no duration is not known."""
    assert duration_ms(text) == milliseconds


@pytest.mark.parametrize(
    ("runtime", "ask"),
    [
        ("FLINK-1_15", "akka.ask.timeout"),
        ("FLINK-1_18", "pekko.ask.timeout"),
        ("FLINK-1_20", "pekko.ask.timeout"),
        ("FLINK-2_2", "pekko.ask.timeout"),
        (None, "pekko.ask.timeout"),
    ],
)
def test_the_second_key_was_renamed(runtime: str | None, ask: str) -> None:
    """Pekko from Flink 1.18 on."""
    assert keys(runtime) == ("heartbeat.timeout", ask)


@pytest.mark.parametrize(
    ("configuration", "heartbeat", "ask"),
    [
        (None, (None, None, None), (None, None, None)),
        ({}, (50_000, False, "default"), (10_000, False, "default")),
        (
            {"heartbeat.timeout": "300000", "pekko.ask.timeout": "300 s"},
            (300_000, True, "configuration"),
            (300_000, True, "configuration"),
        ),
        (
            {"heartbeat.timeout": "5 min", "akka.ask.timeout": "300 s"},
            (300_000, True, "configuration"),
            (300_000, True, "configuration"),
        ),
        (
            {"pekko.ask.timeout": "10 s", "akka.ask.timeout": "300 s"},
            (50_000, False, "default"),
            (10_000, False, "configuration"),
        ),
        (
            {"heartbeat.timeout": "300", "pekko.ask.timeout": "whatever"},
            (300, False, "configuration"),
            (None, None, "configuration"),
        ),
    ],
)
def test_what_is_in_force(
    configuration: dict[str, str] | None, heartbeat: tuple, ask: tuple
) -> None:
    """Unset is Flink's default, the new name wins over the old one, unknown stays unknown."""
    found = timeouts("FLINK-1_20", configuration)
    assert [(one.effective_ms, one.in_force, one.source) for one in found] == [heartbeat, ask]
    assert {one.wanted_ms for one in found} == {300_000}
