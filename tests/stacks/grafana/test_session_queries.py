"""Every question asked of the sessions table, run, and its figures counted again."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from stacks.grafana.session_queries import ALERT_MINUTES, LEAST_WINDOWS, SessionTable
from tests.stacks.grafana.viewers import (
    MINUTE_MS,
    MINUTES,
    Made,
    RegionStore,
    Window,
    every_object,
    expanded,
    lambda_event,
    queries_of,
)

Stores = dict[str, tuple[RegionStore, Made]]
REGIONS = ("us-east-1", "us-west-2")
INTERVAL_MS = 5 * MINUTE_MS
SESSION = "s-7"
Figures = dict[str, Callable[[list[Window]], Any]]


def stall_ratio(windows: list[Window]) -> float:
    """Stalled time over the minutes watched."""
    return sum(one["stall_ms"] for one in windows) / (MINUTE_MS * len(windows))


def error_ratio(windows: list[Window]) -> float:
    """Errors over events."""
    return sum(one["errors"] for one in windows) / sum(one["events"] for one in windows)


def per_minute(figure: str) -> Callable[[list[Window]], float]:
    """A figure's mean over the minutes there are."""

    def mean(windows: list[Window]) -> float:
        minutes = {one["window_start_ms"] for one in windows}
        return float(sum(one[figure] for one in windows) / len(minutes))

    return mean


def most_at_once(windows: list[Window]) -> int:
    """Sessions in the fullest minute."""
    sessions = defaultdict(set)
    for one in windows:
        sessions[one["window_start_ms"]].add(one["session_id"])
    return max(len(ids) for ids in sessions.values())


SERIES: dict[str, Figures] = {
    "Concurrent sessions": {"sessions": most_at_once},
    "Stalls a minute": {"stalls": per_minute("stalls")},
    "Stall ratio": {"stall_ratio": stall_ratio},
    "Errors a minute": {"errors": per_minute("errors")},
    "Error ratio": {"error_ratio": error_ratio},
}
"""Panels of exact figures; the percentiles, which are estimates, have a test of their own."""


def panel_query(exported: Any, title: str, region: str) -> str:
    """The query a panel of the live dashboard asks in a region."""
    dashboard = exported["dashboards/prod-live-sessions.json"]
    (panel,) = (one for one in dashboard["panels"] if one["title"] == title)
    (target,) = (
        one for one in panel["targets"] if one["datasource"]["uid"] == f"prod-timestream-{region}"
    )
    return str(target["rawQuery"])


def asked(
    stores: Stores, region: str, raw_query: str, interval_ms: int = INTERVAL_MS
) -> list[dict[str, str | None]]:
    """The rows a query gives over all that was written."""
    store, made = stores[region]
    start = made.now_ms - MINUTES * 2 * MINUTE_MS
    return store.select(expanded(raw_query, start, made.now_ms, interval_ms, SESSION))


def bins(windows: Iterable[Window], interval_ms: int = INTERVAL_MS) -> dict[int, list[Window]]:
    """Windows by the start of their interval."""
    found: dict[int, list[Window]] = defaultdict(list)
    for one in windows:
        found[one["window_start_ms"] // interval_ms * interval_ms].append(one)
    return dict(sorted(found.items()))


def milliseconds(text: str | None) -> int:
    """A TIMESTAMP of an answer as epoch milliseconds."""
    assert text is not None
    moment = datetime.strptime(text[:26], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize("interval_ms", [MINUTE_MS, INTERVAL_MS])
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("title", SERIES)
def test_a_series_shows_what_was_seen(
    exported: Any, stores: Stores, title: str, region: str, interval_ms: int
) -> None:
    """Each interval's figure is that of its windows, corrections included and canaries not."""
    found = asked(stores, region, panel_query(exported, title, region), interval_ms)
    expected = bins(stores[region][1].standing, interval_ms)
    assert [milliseconds(row["time"]) for row in found] == list(expected)
    assert {row["region"] for row in found} == {region}
    for row, windows in zip(found, expected.values(), strict=True):
        for column, figure in SERIES[title].items():
            assert float(row[column] or "nan") == pytest.approx(figure(windows))


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(
    ("title", "field", "shares"),
    [
        ("Start-up time", "startup_ms", {"p50": 0.5, "p95": 0.95, "p99": 0.99}),
        ("Bitrate", "avg_bitrate_kbps", {"p10": 0.1}),
    ],
)
def test_percentiles_lie_where_the_shares_are(
    exported: Any, stores: Stores, region: str, title: str, field: str, shares: dict[str, float]
) -> None:
    """A percentile is an estimate: it lies between the values a twentieth of the rank away."""
    found = asked(stores, region, panel_query(exported, title, region))
    expected = bins(one for one in stores[region][1].standing if one[field] is not None)
    assert [milliseconds(row["time"]) for row in found] == list(expected)
    for row, windows in zip(found, expected.values(), strict=True):
        values = sorted(one[field] for one in windows)
        last = len(values) - 1
        for column, share in shares.items():
            low = values[max(0, math.floor(last * share - 0.05 * last) - 1)]
            high = values[min(last, math.ceil(last * share + 0.05 * last) + 1)]
            assert low <= float(row[column] or "nan") <= high
        if "mean" in row:
            assert float(row["mean"] or "nan") == pytest.approx(sum(values) / len(values))


@pytest.mark.parametrize("region", REGIONS)
def test_top_content_is_what_was_watched_most(exported: Any, stores: Stores, region: str) -> None:
    """Twenty contents by session minutes, with their viewers' stalls and errors."""
    by_content: dict[str, list[Window]] = defaultdict(list)
    for one in stores[region][1].standing:
        by_content[one["content_id"]].append(one)
    most = sorted(by_content, key=lambda content: (-len(by_content[content]), content))[:20]
    found = asked(stores, region, panel_query(exported, "Top content", region))
    assert [row["content_id"] for row in found] == most
    for row in found:
        windows = by_content[row["content_id"] or ""]
        assert row["session_minutes"] == str(len(windows))
        assert row["sessions"] == str(len({one["session_id"] for one in windows}))
        assert row["errors"] == str(sum(one["errors"] for one in windows))
        assert float(row["stall_ratio"] or "nan") == pytest.approx(stall_ratio(windows))


@pytest.mark.parametrize("region", REGIONS)
def test_a_session_is_found_with_all_its_minutes(
    exported: Any, stores: Stores, region: str
) -> None:
    """The newest minute first, each field as it was last written."""
    found = asked(stores, region, panel_query(exported, "Session ${session_id}", region))
    standing = [one for one in stores[region][1].standing if one["session_id"] == SESSION]
    standing.sort(key=lambda one: -one["window_start_ms"])
    assert [milliseconds(row["time"]) for row in found] == [
        one["window_start_ms"] for one in standing
    ]
    for row, one in zip(found, standing, strict=True):
        for name in ("content_id", "events", "stalls", "stall_ms", "errors", "startup_ms"):
            assert row[name] == (None if one[name] is None else str(one[name]))


def test_a_session_id_is_no_sql(exported: Any, stores: Stores) -> None:
    """What is typed into the dashboard stays a text."""
    store, made = stores["us-east-1"]
    raw_query = panel_query(exported, "Session ${session_id}", "us-east-1")
    assert store.select(expanded(raw_query, 0, made.now_ms, INTERVAL_MS, "x' OR 'a' = 'a")) == []


@pytest.mark.parametrize("region", REGIONS)
def test_tiles_show_the_newest(exported: Any, stores: Stores, region: str) -> None:
    """Sessions of the newest minute, ratios of the last fifteen, the age of the newest window."""
    store, made = stores[region]
    newest = max(one["window_start_ms"] for one in made.standing)
    (now,) = store.select(panel_query(exported, "Sessions", region))
    assert now == {"region": region, "sessions": str(len(made.within(newest, newest)))}
    (age,) = store.select(panel_query(exported, "Newest window", region))
    seen_ms = datetime.now(UTC).timestamp() * 1000 - newest - MINUTE_MS
    assert 0 <= seen_ms / 1000 - float(age["age_seconds"] or "nan") < 60
    for title, column, figure in (
        ("Stall ratio, 15 minutes", "stall_ratio", stall_ratio),
        ("Error ratio, 15 minutes", "error_ratio", error_ratio),
    ):
        (row,) = store.select(panel_query(exported, title, region))
        # The test itself takes time: the oldest minutes of the fifteen may have passed.
        possible = [
            figure(made.within(newest - minutes * MINUTE_MS, newest))
            for minutes in range(ALERT_MINUTES - 8, ALERT_MINUTES + 1)
        ]
        assert any(float(row[column] or "nan") == pytest.approx(one) for one in possible)


def test_every_query_runs_and_counts_no_canary(exported: Any, stores: Stores) -> None:
    """No panel and no rule asks anything Timestream does not answer, nor of every measure."""
    targets = [one for document in exported.values() for one in queries_of(document)]
    assert len(targets) > 40
    for target in targets:
        region = target["datasource"]["uid"].removeprefix("prod-timestream-")
        rows = asked(stores, region, target["rawQuery"])
        assert "measure_name = 'session_window'" in target["rawQuery"]
        values = [value for row in rows for value in row.values()]
        assert not any("canary" in (value or "") for value in values)
        numbers = [float(value) for value in values if value and value.isdigit()]
        assert max(numbers, default=0) < 1_000_000


def test_a_query_without_the_filter_would_count_canaries(stores: Stores) -> None:
    """The rows are there: it is the measure name that keeps them out."""
    store, made = stores["us-east-1"]
    (row,) = store.select('SELECT count(*) AS n FROM "video-prod"."sessions"')
    assert int(row["n"] or 0) == len(made.standing) + MINUTES // 3
    (most,) = store.select(
        'SELECT max(stalls) AS n FROM "video-prod"."sessions" WHERE measure_name = \'canary\''
    )
    assert most["n"] == "1000000"


def test_series_are_shaped_as_the_data_source_wants(exported: Any, stores: Stores) -> None:
    """A series has its time in order and one row for a time and region; a number has one column."""
    for document in exported.values():
        for target in queries_of(document):
            region = target["datasource"]["uid"].removeprefix("prod-timestream-")
            rows = asked(stores, region, target["rawQuery"])
            assert target["waitForResult"] is True
            if target["format"] == 1:
                times = [row["time"] for row in rows]
                assert times == sorted(set(times))


def test_few_viewers_are_no_ratio(empty_store: RegionStore) -> None:
    """Below the least number of session minutes a ratio rule has no figure, and no alert."""
    store, table = empty_store, SessionTable("video-dev", "sessions")
    start = int(datetime.now(UTC).timestamp()) // 60 * MINUTE_MS - MINUTE_MS
    one = {
        "content_id": "c", "window_start_ms": start, "window_end_ms": start + MINUTE_MS,
        "events": 1, "errors": 1, "stall_ms": 60_000, "region": "us-east-1",
    }  # fmt: skip
    windows = [{**one, "session_id": f"s-{number}"} for number in range(LEAST_WINDOWS)]
    store.sink.process(lambda_event(windows[:-1], start))
    assert store.select(table.recent_stall_ratio()) == []
    store.sink.process(lambda_event(windows[-1:], start))
    assert store.select(table.recent_stall_ratio()) == [
        {"region": "us-east-1", "stall_ratio": "1.0"}
    ]


def test_an_empty_table_is_as_old_as_can_be(empty_store: RegionStore) -> None:
    """Without any window the age is a day: an alert, not a gap."""
    table = SessionTable("video-dev", "sessions")
    assert empty_store.select(table.newest_window_age()) == [{"age_seconds": "86400"}]


def test_without_viewers_there_are_no_events(empty_store: RegionStore) -> None:
    """Old windows only: the late share is computed of nothing counted, not of no answer."""
    old = int(datetime.now(UTC).timestamp()) // 60 * MINUTE_MS - 60 * MINUTE_MS
    one = {
        "session_id": "s", "content_id": "c", "window_start_ms": old,
        "window_end_ms": old + MINUTE_MS, "events": 5, "errors": 0, "region": "us-east-1",
    }  # fmt: skip
    empty_store.sink.process(lambda_event([one], old))
    table = SessionTable("video-dev", "sessions")
    assert empty_store.select(table.recent_events()) == [{"events": "0"}]
    assert empty_store.select(table.recent_error_ratio()) == []


def test_every_object_is_walked() -> None:
    """The helper that finds queries looks into lists and objects."""
    assert queries_of([{"a": [{"rawQuery": "x"}]}]) == [{"rawQuery": "x"}]
    assert len(every_object({"a": [{"b": {"c": 1}}]})) == 3
