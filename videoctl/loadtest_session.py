"""A load test of one environment: fired once, and counted until nothing is missing.

What was sent is kept in a file before it is counted, so that a count that was cut off is gone on
with. Where the sending itself was cut off, or what was sent is no longer there, another attempt has
event ids of its own: the same ones at another time would be other events of the same name.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from videoctl.arrivals import RunArrivals
from videoctl.errors import RefusedError
from videoctl.loadtest.accounting import Found
from videoctl.loadtest.feed import FeedSettings, feed
from videoctl.loadtest.unruly import Posts, unruly
from videoctl.loadtest.viewers import MINUTE_MS, Audience, within_a_minute
from videoctl.planning.canary import delivery_seconds
from videoctl.progress import bar

if TYPE_CHECKING:
    from pathlib import Path

    from videoctl.context import Context
    from videoctl.loadtest.feed import FeedReport
    from videoctl.model.specification import EnvironmentSpecification

SPREAD_MS: Final = 20_000
"""Made-up events lie in this much time, inside the allowed lateness."""

POLL_SECONDS: Final = 2.0
CLOSING_MARGIN_SECONDS: Final = 60.0
"""Ticks, the job's own buffers, and a machine that is busy."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a load test is to send and to count.

    Attributes:
        run: the run's id.
        events: how many.
        viewers: sessions at a time.
        seed: of the viewers.
        rate_per_second: None: as fast as it goes.
        batch_events: events a request.
        find: wait until they are in raw objects.
        sessions: wait until their minute is closed, and count what is behind Flink.
        unruly: with what real players do: see `videoctl.loadtest.unruly`.

    """

    run: str
    events: int
    viewers: int
    seed: int
    rate_per_second: float | None
    batch_events: int
    find: bool
    sessions: bool
    unruly: bool = False

    def posts(self, audience: Audience) -> Posts:
        """What its viewers post."""
        events = audience.events(self.events)
        return unruly(events, self.seed) if self.unruly else Posts(events)

    def audience(self, run: str) -> Audience:
        """Its viewers, whose events end now, or lately; `run` is part of every id."""
        return Audience(
            run=run,
            seed=self.seed,
            viewers=min(self.viewers, self.events),
            start_ms=within_a_minute(int(time.time() * 1000), SPREAD_MS),
            duration_ms=SPREAD_MS,
        )


class LoadTestSession:
    """Fires made-up viewers at one environment, and finds them again."""

    def __init__(self, context: Context, specification: EnvironmentSpecification) -> None:
        self._context = context
        self._specification = specification

    def once(self, wish: Wish) -> dict[str, Any]:
        """The report of this run: of an earlier one that is whole, or of another attempt.

        Raises:
            RefusedError: there is no such environment.

        """
        kept = self._kept(wish.run)
        if kept is None:
            return self.fire(wish)
        self._front_door()
        attempt = int(kept.get("attempt", 1))
        if kept["acknowledged_distinct"] is not None:
            report = self._counted(kept, wish)
            if Found(**report["found"]).is_whole(report["acknowledged_distinct"]):
                self._context.output.say(
                    f"run {report['run_id']} was sent before and is whole: nothing was sent again"
                )
                return report
        return self.fire(wish, attempt=attempt + 1)

    def fire(self, wish: Wish, *, attempt: int = 1) -> dict[str, Any]:
        """Send a run's events and count them; the report.

        Raises:
            RefusedError: there is no such environment.

        """
        url = self._front_door()
        audience = wish.audience(wish.run if attempt == 1 else f"{wish.run}r{attempt}")
        began = datetime.now(UTC)
        report = {
            "run_id": audience.run,
            "attempt": attempt,
            "source": f"made-up viewers, seed {audience.seed}",
            "target": self._specification.name,
            "started_at": began.isoformat(),
            "event_minute_ends_at": _moment(_minute_end_ms(audience)).isoformat(),
            "rate_asked": wish.rate_per_second,
            "stopped_by": None,
            "acknowledged_distinct": None,
        }
        self._keep(wish.run, report)
        posts = wish.posts(audience)
        settings = FeedSettings(
            url=url, batch_events=wish.batch_events, rate_per_second=wish.rate_per_second
        )
        with bar(self._context.output, "sending", len(posts.events)) as advance:
            fed = feed(
                posts.events,
                settings,
                lambda seen: advance(seen.acknowledged + seen.rejected + seen.undelivered),
            )
        report |= {**_fed(fed), "malformed": posts.malformed}
        self._keep(wish.run, report)
        return self._counted(report, wish)

    def _front_door(self) -> str:
        name = self._specification.name
        url = self._context.session(self._specification).front_door_url()
        if url is None:
            raise RefusedError(
                f"{name} has no front door: it is not built",
                hint=f"videoctl env create {name}",
                code="environment-absent",
            )
        return url

    def _counted(self, report: dict[str, Any], wish: Wish) -> dict[str, Any]:
        """The report with what is found by now, or once what was sent has had time to arrive."""
        acknowledged = report["acknowledged_distinct"]
        if not (wish.find or wish.sessions):
            return {**report, "found": asdict(Found())}
        since = datetime.fromisoformat(report["started_at"])
        arrivals = RunArrivals(self._specification, self._context.aws, report["run_id"])
        found = arrivals.look(since, with_sessions=False)
        with bar(self._context.output, "found in S3", acknowledged) as advance:
            deadline = since + timedelta(seconds=report["seconds"] + self._delivered_within())
            while not found.is_whole(acknowledged) and datetime.now(UTC) < deadline:
                advance(found.raw or 0)
                time.sleep(POLL_SECONDS)
                found = arrivals.look(since, with_sessions=False)
            advance(found.raw or 0)
        if wish.sessions:
            found = self._with_sessions(arrivals, report, since)
        return {**report, "found": asdict(found)}

    def _with_sessions(
        self, arrivals: RunArrivals, report: dict[str, Any], since: datetime
    ) -> Found:
        """What is found behind Flink, once the events' minute is closed and delivered."""
        acknowledged = report["acknowledged_distinct"]
        closes_at = datetime.fromisoformat(report["event_minute_ends_at"]) + timedelta(
            seconds=self._specification.flink.watermark_delay_seconds
        )
        deadline = closes_at + timedelta(seconds=self._delivered_within() + CLOSING_MARGIN_SECONDS)
        found = arrivals.look(since, with_sessions=True)
        if not found.is_whole(acknowledged):
            self._say_what_is_waited_for(closes_at)
        with bar(self._context.output, "counted behind Flink", acknowledged) as advance:
            while not found.is_whole(acknowledged) and datetime.now(UTC) < deadline:
                advance((found.session_events or 0) + (found.late or 0))
                time.sleep(POLL_SECONDS)
                found = arrivals.look(since, with_sessions=True)
            advance((found.session_events or 0) + (found.late or 0))
        return found

    def _say_what_is_waited_for(self, closes_at: datetime) -> None:
        flink = self._specification.flink
        left = max(0.0, (closes_at - datetime.now(UTC)).total_seconds())
        self._context.output.say(
            f"waiting {left:.0f} s for the events' minute to close: it is written"
            f" {flink.watermark_delay_seconds} s after its end ({flink.allowed_lateness_seconds} s"
            " for late players, the rest for the way into the stream), then delivered within about"
            f" {self._specification.delivery.buffer_seconds} s"
        )

    def _delivered_within(self) -> float:
        return delivery_seconds(self._specification.delivery)

    def _file(self, run: str) -> Path:
        return self._context.settings.home / "loadtest" / self._specification.name / f"{run}.json"

    def _kept(self, run: str) -> dict[str, Any] | None:
        try:
            kept: dict[str, Any] = json.loads(self._file(run).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return kept if "acknowledged_distinct" in kept else None

    def _keep(self, run: str, report: dict[str, Any]) -> None:
        file = self._file(run)
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(report), encoding="utf-8")
        fresh.replace(file)


def _fed(report: FeedReport) -> dict[str, Any]:
    """What became of the events at the front door."""
    return {
        "sent": report.sent,
        "acknowledged": report.acknowledged,
        "acknowledged_distinct": len(report.acknowledged_ids),
        "rejected": report.rejected,
        "undelivered": report.undelivered,
        "rate_reached": round(report.rate_per_second, 1),
        "latency_p50_ms": report.latency_ms(0.5),
        "latency_p99_ms": report.latency_ms(0.99),
        "seconds": round(report.seconds, 2),
        "reasons": report.reasons,
    }


def _minute_end_ms(audience: Audience) -> int:
    """The end of the last event's minute."""
    last_ms = audience.start_ms + audience.duration_ms - 1
    return last_ms - last_ms % MINUTE_MS + MINUTE_MS


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
