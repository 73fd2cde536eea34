"""The dashboard of what viewers see right now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders.dashboard import Dashboard, TextBoxVariable

from stacks.grafana import panels
from stacks.grafana.cloudwatch import ref_ids
from stacks.grafana.sources import MIXED, Subject
from stacks.grafana.timestream import Built, ResultFormat, TimestreamQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grafana_foundation_sdk.builders import stat, table, timeseries

    from videoctl.model.thresholds import Threshold, Thresholds

HALF: Final = panels.WIDTH // 2
THIRD: Final = panels.WIDTH // 3
QUARTER: Final = panels.WIDTH // 4


def live_sessions(subject: Subject, limits: Thresholds) -> Dashboard:
    """Concurrent sessions, stalls, start-up, errors, bitrate, top content, one session."""
    dashboard = (
        Dashboard(f"{subject.specification.title}: live sessions")
        .uid(f"{subject.environment}-live-sessions")
        .description("What viewers see, from session windows of a minute; canaries are not counted")
        .tags(["videoctl", subject.environment])
        .readonly()
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("utc")
        .with_variable(TextBoxVariable("session_id").label("Session").default_value(""))
    )
    rows = {
        "Now": _now(subject, limits),
        "Over time": _over_time(subject, limits),
        "Content and sessions": _details(subject),
    }
    return panels.with_rows(dashboard, rows)


def _now(subject: Subject, limits: Thresholds) -> tuple[panels.AnyPanel, ...]:
    sessions = subject.sessions

    def tile(
        title: str, description: str, unit: str, query: str, limit: Threshold | None
    ) -> stat.Panel:
        targets = _targets(subject, query, ResultFormat.TABLE)
        return panels.tile(
            title, description, unit, source=MIXED, targets=targets, width=QUARTER, limit=limit
        )

    return (
        tile(
            "Sessions",
            "Sessions of the newest minute that has closed, by region",
            "short",
            sessions.sessions_now(),
            None,
        ),
        tile(
            "Stall ratio, 15 minutes",
            "Stalled time as a share of the minutes watched",
            "percentunit",
            sessions.recent_stall_ratio(),
            limits.session_stall_ratio,
        ),
        tile(
            "Error ratio, 15 minutes",
            "Errors as a share of the events",
            "percentunit",
            sessions.recent_error_ratio(),
            limits.session_error_ratio,
        ),
        tile(
            "Newest window",
            "Time since the newest session window ended; a day where there is none",
            "s",
            sessions.newest_window_age(),
            limits.session_age_seconds,
        ),
    )


def _over_time(subject: Subject, limits: Thresholds) -> tuple[panels.AnyPanel, ...]:
    sessions = subject.sessions

    def lines(
        title: str,
        description: str,
        unit: str,
        query: str,
        limit: Threshold | None = None,
        width: int = THIRD,
    ) -> timeseries.Panel:
        targets = _targets(subject, query, ResultFormat.TIME_SERIES)
        return panels.time_series(
            title, description, unit, source=MIXED, targets=targets, width=width, limit=limit
        )

    return (
        lines(
            "Concurrent sessions",
            "Most sessions with an event in one minute of each interval, by region",
            "short",
            sessions.concurrent_sessions(),
            width=HALF,
        ),
        lines(
            "Start-up time",
            "Milliseconds from the wish to watch to the first picture: median, p95, p99",
            "ms",
            sessions.startup_percentiles(),
            limits.session_startup_milliseconds,
            width=HALF,
        ),
        lines(
            "Stalls a minute",
            "Mean over the minutes somebody watched",
            "short",
            sessions.stalls_per_minute(),
        ),
        lines(
            "Stall ratio",
            "Stalled time as a share of the minutes watched",
            "percentunit",
            sessions.stall_ratio(),
            limits.session_stall_ratio,
        ),
        lines(
            "Bitrate",
            "Mean over session minutes, and of the poorest tenth",
            "Kbits",
            sessions.bitrate(),
        ),
        lines(
            "Errors a minute",
            "Mean over the minutes somebody watched",
            "short",
            sessions.errors_per_minute(),
            width=HALF,
        ),
        lines(
            "Error ratio",
            "Errors as a share of the events",
            "percentunit",
            sessions.error_ratio(),
            limits.session_error_ratio,
            width=HALF,
        ),
    )


def _details(subject: Subject) -> tuple[panels.AnyPanel, ...]:
    sessions = subject.sessions

    def rows(title: str, description: str, query: str, sort_by: str) -> table.Panel:
        return panels.rows(
            title,
            description,
            source=MIXED,
            targets=_targets(subject, query, ResultFormat.TABLE),
            sort_by=sort_by,
            units={"stall_ratio": "percentunit", "stall_ms": "ms", "startup_ms": "ms"},
        )

    return (
        rows(
            "Top content",
            "The contents most watched in each region, in session minutes",
            sessions.top_content(),
            "session_minutes",
        ),
        rows(
            "Session ${session_id}",
            "Every minute of the session named at the top of the page",
            sessions.session(),
            "time",
        ),
    )


def _targets(subject: Subject, query: str, result_format: ResultFormat) -> Iterator[Built]:
    """The same question in each region."""
    for region, ref_id in zip(subject.regions, ref_ids(), strict=False):
        source = subject.timestream(region)
        yield Built(TimestreamQuery(ref_id, source, query, result_format))
