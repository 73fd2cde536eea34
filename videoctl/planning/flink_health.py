"""Whether a Flink application does its work: RUNNING alone is no proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from videoctl.planning import flink_conditions
from videoctl.planning.observed_flink import NO_JOB, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from videoctl.planning.observed_flink import ObservedApplication, ObservedJob

CHECKPOINTS_MISSED: Final = 3
"""So many intervals without a completed checkpoint count as too long."""

LEAST_CHECKPOINT_SECONDS: Final = 60.0
"""Shorter than this is never too long: a checkpoint takes its time, and looks are not exact."""

DEFAULT_CHECKPOINT_SECONDS: Final = 60.0
"""The service's own interval, where the application does not say."""

STEADY_SECONDS: Final = 300.0
"""A job that restarted less than this ago is not steady."""

STUCK_BEHIND_MS: Final = 60_000
"""A source that reads nothing and is further behind than this is stuck."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """Healthy, not, or not known (None), and why."""

    healthy: bool | None
    reasons: tuple[str, ...]


def health(application: ObservedApplication | None, job: ObservedJob | None) -> Health:
    """The health of an application and the job behind it."""
    if application is None:
        return Health(healthy=None, reasons=("the application could not be read",))
    if application.status != "RUNNING":
        return Health(healthy=False, reasons=(f"the application is {application.status}",))
    if job is None or job.state == UNREADABLE:
        because = f": {job.reason}" if job is not None and job.reason else ""
        return Health(healthy=None, reasons=(f"RUNNING, but its job cannot be looked at{because}",))
    reasons = tuple(_job_reasons(application, job))
    return Health(healthy=not reasons, reasons=reasons)


def dead_job(application: ObservedApplication | None, job: ObservedJob | None) -> str | None:
    """Why the job behind a RUNNING application will do nothing more; None: it lives, or unknown."""
    if application is None or job is None or application.status != "RUNNING":
        return None
    if job.state == NO_JOB:
        return f"RUNNING without a job: {job.reason}"
    if flink_conditions.is_dead(job.state):
        return f"RUNNING, but its job is {job.state}"
    return None


def unread_job(application: ObservedApplication | None, job: ObservedJob | None) -> str | None:
    """Why the job behind a RUNNING application is not known; None: it is, or was not looked at."""
    if application is None or job is None or application.status != "RUNNING":
        return None
    return job.reason or "could not be read" if job.state == UNREADABLE else None


def _job_reasons(application: ObservedApplication, job: ObservedJob) -> Iterator[str]:
    dead = dead_job(application, job)
    if dead is not None:
        yield dead
        return
    if job.state != "RUNNING":
        yield f"its job is {job.state}"
        return
    now = job.seen_at
    running = _seconds(job.running_since or job.started_at, now)
    if job.restarts and running is not None and running < STEADY_SECONDS:
        yield f"its job restarted {job.restarts} times, the last {running:.0f} s ago"
    yield from _checkpoint_reasons(application, job, running)
    behind = job.behind_ms
    if job.records_per_second == 0 and behind is not None and behind > STUCK_BEHIND_MS:
        yield f"its job reads nothing, {behind / 1000:.0f} s behind"


def _checkpoint_reasons(
    application: ObservedApplication, job: ObservedJob, running: float | None
) -> Iterator[str]:
    interval = application.checkpoint_interval_seconds or DEFAULT_CHECKPOINT_SECONDS
    limit = max(CHECKPOINTS_MISSED * interval, LEAST_CHECKPOINT_SECONDS)
    age = _seconds(job.last_checkpoint_at, job.seen_at)
    if age is None:
        if running is not None and running > limit:
            yield f"no checkpoint has completed in the {running:.0f} s it runs"
    elif age > limit:
        yield f"the last checkpoint is {age:.0f} s old, the interval is {interval:.0f} s"


def _seconds(moment: datetime | None, now: datetime | None) -> float | None:
    if moment is None or now is None:
        return None
    return max(0.0, (now - moment).total_seconds())
