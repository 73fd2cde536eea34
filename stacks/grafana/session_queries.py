"""The questions asked of the sessions table, in Timestream's SQL. Pure text.

A row is one session in one minute. Figures of viewers name the measure of session windows, so that
what canaries leave in the same table is in none of them. `$__timeFilter` and `$__interval_ms` are
the data source's macros: the time range of the dashboard, and a duration of at least a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from videoctl.model.names import SESSION_MEASURE

WINDOW_MILLISECONDS: Final = 60_000
LEAST_WINDOWS: Final = 20
"""Session minutes below which a ratio says more of one viewer than of the platform."""
ALERT_MINUTES: Final = 15
"""How far back alert rules look: several windows, so that one late batch is no alert."""
NO_WINDOW_SECONDS: Final = 86_400
"""The age that stands for "no window at all": as far back as the newest one is looked for."""
_SHOWN: Final = f"measure_name = '{SESSION_MEASURE}' AND $__timeFilter"
_RECENT: Final = f"measure_name = '{SESSION_MEASURE}' AND time > ago({ALERT_MINUTES}m)"
_STALL_RATIO: Final = f"CAST(sum(stall_ms) AS DOUBLE) / ({WINDOW_MILLISECONDS} * count(*))"
_ERROR_RATIO: Final = "CAST(sum(errors) AS DOUBLE) / sum(events)"


@dataclass(frozen=True, slots=True)
class SessionTable:
    """The sessions table of one region.

    Args:
        database: its database.
        table: its name.

    """

    database: str
    table: str

    def __str__(self) -> str:
        """As SQL names it; the quotes are for the hyphens."""
        return f'"{self.database}"."{self.table}"'

    def concurrent_sessions(self) -> str:
        """Most sessions in one minute of each interval: time, region, sessions."""
        return _of_minutes(self, "count(DISTINCT session_id)", "max(figure) AS sessions")

    def stalls_per_minute(self) -> str:
        """Stalls a minute, over the minutes somebody watched: time, region, stalls."""
        return _of_minutes(self, "sum(stalls)", "avg(figure) AS stalls")

    def errors_per_minute(self) -> str:
        """Errors a minute, over the minutes somebody watched: time, region, errors."""
        return _of_minutes(self, "sum(errors)", "avg(figure) AS errors")

    def stall_ratio(self) -> str:
        """Share of the viewers' time spent stalled: time, region, stall_ratio."""
        return _of_windows(self, f"{_STALL_RATIO} AS stall_ratio")

    def error_ratio(self) -> str:
        """Errors as a share of the events: time, region, error_ratio."""
        return _of_windows(self, f"{_ERROR_RATIO} AS error_ratio")

    def startup_percentiles(self) -> str:
        """Start-up time in milliseconds: time, region, p50, p95, p99."""
        shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        return _of_windows(
            self,
            ", ".join(
                f"approx_percentile(startup_ms, {share}) AS {name}"
                for name, share in shares.items()
            ),
            "startup_ms IS NOT NULL",
        )

    def bitrate(self) -> str:
        """Bitrate in kbit/s over session minutes: time, region, mean, p10 (the poorest tenth)."""
        return _of_windows(
            self,
            "avg(avg_bitrate_kbps) AS mean, approx_percentile(avg_bitrate_kbps, 0.1) AS p10",
            "avg_bitrate_kbps IS NOT NULL",
        )

    def top_content(self) -> str:
        """The twenty contents most watched, by region, with what their viewers met."""
        return (
            "SELECT content_id, region, count(DISTINCT session_id) AS sessions, "
            f"count(*) AS session_minutes, {_STALL_RATIO} AS stall_ratio, sum(errors) AS errors "
            f"FROM {self} WHERE {_SHOWN} GROUP BY content_id, region "
            "ORDER BY session_minutes DESC, content_id LIMIT 20"
        )

    def session(self) -> str:
        """Every minute of the session that the dashboard's variable names, the newest first."""
        return (
            "SELECT time, region, content_id, viewer_id, device, country, events, heartbeats, "
            "stalls, stall_ms, errors, startup_ms, avg_bitrate_kbps, max_bitrate_kbps, "
            f"max_position_ms, ended FROM {self} WHERE {_SHOWN} "
            "AND session_id = ${session_id:sqlstring} ORDER BY time DESC"
        )

    def sessions_now(self) -> str:
        """Sessions in the newest minute that has closed: region, sessions."""
        return (
            "SELECT region, max_by(sessions, minute) AS sessions FROM ("
            "SELECT time AS minute, region, count(DISTINCT session_id) AS sessions "
            f"FROM {self} WHERE {_RECENT} GROUP BY time, region) GROUP BY region"
        )

    def newest_window_age(self) -> str:
        """Seconds since the newest window ended, however long ago; one row, age_seconds."""
        return (
            "SELECT coalesce(date_diff('second', max(time) + 1m, now()), "
            f"{NO_WINDOW_SECONDS}) AS age_seconds "
            f"FROM {self} WHERE measure_name = '{SESSION_MEASURE}' AND time > ago(1d)"
        )

    def recent_stall_ratio(self) -> str:
        """The stall ratio of the last minutes, where enough was watched: region, stall_ratio."""
        return _recently(self, f"{_STALL_RATIO} AS stall_ratio")

    def recent_error_ratio(self) -> str:
        """The error ratio of the last minutes, where enough was watched: region, error_ratio."""
        return _recently(self, f"{_ERROR_RATIO} AS error_ratio")

    def recent_events(self) -> str:
        """Events in session windows of the last minutes; one row, events."""
        return f"SELECT coalesce(sum(events), 0) AS events FROM {self} WHERE {_RECENT}"


def _of_minutes(table: SessionTable, figure: str, shown: str) -> str:
    """A figure of each minute, then of the minutes of each interval."""
    return (
        f"SELECT bin(minute, $__interval_ms) AS time, region, {shown} FROM ("
        f"SELECT time AS minute, region, {figure} AS figure "
        f"FROM {table} WHERE {_SHOWN} GROUP BY time, region) "
        "GROUP BY bin(minute, $__interval_ms), region ORDER BY 1, 2"
    )


def _of_windows(table: SessionTable, shown: str, where: str | None = None) -> str:
    """Figures over all windows of each interval."""
    condition = f"{_SHOWN} AND {where}" if where else _SHOWN
    return (
        f"SELECT bin(time, $__interval_ms) AS time, region, {shown} "
        f"FROM {table} WHERE {condition} GROUP BY bin(time, $__interval_ms), region ORDER BY 1, 2"
    )


def _recently(table: SessionTable, shown: str) -> str:
    return (
        f"SELECT region, {shown} FROM {table} WHERE {_RECENT} "
        f"GROUP BY region HAVING count(*) >= {LEAST_WINDOWS}"
    )
