"""Checks before a Flink application is stopped, or its stream resharded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from videoctl.model.names import StreamKind
from videoctl.model.specification import StreamMode
from videoctl.planning.flink_health import dead_job
from videoctl.planning.flink_request import ENDING, STARTABLE
from videoctl.planning.observed_flink import UNREADABLE
from videoctl.planning.plan import Check, Loss, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import ObservedEnvironment

MOST_PARALLELISM: Final = 128
"""Flink's default maximum parallelism, which a restore cannot change."""


def status_check(observed: ObservedEnvironment, region: Region) -> Check:
    """The application is in a status a restart leads out of."""
    application = observed.region(region).application
    status = application.status if application else None
    name = observed.environment
    cures = {
        "ABSENT": f"videoctl env create {name}",
        "DELETING": f"wait until it is gone, then videoctl env create {name}",
        "ROLLED_BACK": f"videoctl flink status --env {name} names the operation that failed;"
        " restart it once the service has it READY or RUNNING",
    }
    if status is None:
        verdict = Verdict.UNKNOWN
    else:
        verdict = Verdict.PASS if status in STARTABLE else Verdict.FAIL
    return Check(
        check=f"flink-application:{region}",
        seen=status or "not known",
        limit="RUNNING, READY, or on the way there",
        verdict=verdict,
        cure=cures.get(status or ""),
    )


def running_check(observed: ObservedEnvironment, region: Region) -> Check:
    """There is something to take a snapshot of."""
    check = status_check(observed, region)
    application = observed.region(region).application
    if application is None or application.status not in {"READY", *ENDING}:
        return check
    newest = application.newest_snapshot
    has = f"; its newest snapshot is {newest.name}" if newest else "; it has no snapshot"
    return Check(
        check=check.check,
        seen=f"{application.status}{has}",
        limit="RUNNING",
        verdict=Verdict.FAIL,
        cure=f"videoctl flink restart --env {observed.environment} --region {region}",
    )


def snapshots_enabled_check(observed: ObservedEnvironment, region: Region) -> Check:
    """The application may take snapshots: without, a stop loses its state."""
    application = observed.region(region).application
    enabled = application.snapshots_enabled if application else None
    verdicts = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.UNKNOWN}
    words = {True: "enabled", False: "disabled", None: "not known"}
    return Check(
        check=f"flink-snapshots:{region}",
        seen=words[enabled],
        limit="enabled",
        verdict=verdicts[enabled],
        cure=f"set flink.snapshots = true, then videoctl env update {observed.environment}",
        flag="--skip-snapshot",
    )


def job_check(observed: ObservedEnvironment, region: Region) -> Check:
    """The job lives: only a living one can be saved."""
    seen = observed.region(region)
    application, job = seen.application, seen.job
    dead = dead_job(application, job)
    if dead is not None:
        verdict, said = Verdict.FAIL, dead
    elif application is not None and application.status != "RUNNING":
        verdict, said = Verdict.NOT_APPLICABLE, f"the application is {application.status}"
    elif job is None or job.state == UNREADABLE:
        verdict, said = Verdict.UNKNOWN, (job.reason if job else None) or "not looked at"
    else:
        verdict = Verdict.PASS if job.state == "RUNNING" else Verdict.WARN
        said = job.state
    return Check(
        check=f"flink-job:{region}",
        seen=said,
        limit="RUNNING",
        verdict=verdict,
        cure="its last snapshot is all that can be saved: read its log first",
        flag="--skip-snapshot",
    )


def mode_check(observed: ObservedEnvironment, region: Region) -> Check:
    """The stream is there, at rest, and its shards are ours to change."""
    stream = observed.stream(region, StreamKind.RAW)
    if stream is None or stream.mode is None:
        is_absent = stream is not None and stream.status == "ABSENT"
        return Check(
            check=f"raw-stream:{region}",
            seen="ABSENT" if is_absent else "not known",
            limit="ACTIVE, PROVISIONED",
            verdict=Verdict.FAIL if is_absent else Verdict.UNKNOWN,
            cure=f"videoctl env create {observed.environment}",
        )
    is_ours = stream.mode == StreamMode.PROVISIONED
    is_active = stream.status == "ACTIVE"
    return Check(
        check=f"raw-stream:{region}",
        seen=f"{stream.status}, {stream.mode}"
        + ("" if is_ours else ": AWS splits and merges its shards by itself"),
        limit="ACTIVE, PROVISIONED",
        verdict=Verdict.PASS if is_ours and is_active else Verdict.FAIL,
        cure="wait until it is ACTIVE"
        if is_ours
        else "hold flink.parallelism against its open shards instead: videoctl env check"
        f" {observed.environment}",
    )


def shard_limit_check(observed: ObservedEnvironment, region: Region, shards: int) -> Check:
    """UpdateShardCount allows at most double and at least half."""
    stream = observed.stream(region, StreamKind.RAW)
    current = stream.open_shard_count if stream else None
    if current is None:
        return Check(
            check=f"shard-limits:{region}",
            seen="open shards not known",
            limit="half to double",
            verdict=Verdict.UNKNOWN,
        )
    least, most = -(-current // 2), 2 * current
    nearest = max(least, min(most, shards))
    return Check(
        check=f"shard-limits:{region}",
        seen=f"{current} open, {shards} asked for",
        limit=f"{least} to {most}: half to double at once, ten times in 24 hours",
        verdict=Verdict.PASS if shards == nearest else Verdict.FAIL,
        cure=f"first videoctl flink reshard --env {observed.environment} --shards {nearest}",
    )


def most_parallelism_check(region: Region, shards: int) -> Check:
    """A job cannot be restored with more subtasks than its maximum parallelism."""
    return Check(
        check=f"flink-most-parallelism:{region}",
        seen=f"{shards} shards, one a subtask",
        limit=f"at most {MOST_PARALLELISM}",
        verdict=Verdict.PASS if shards <= MOST_PARALLELISM else Verdict.FAIL,
        cure="fewer shards: flink reshard gives each one a subtask",
    )


def reshard_specification_check(
    specification: EnvironmentSpecification, region: Region, shards: int, parallelism: int
) -> Check:
    """The specification will say the same, or the next update refuses."""
    raw, flink = specification.streams.raw, specification.flink
    says = raw.shards == shards and flink.parallelism >= parallelism
    return Check(
        check=f"specification:{region}",
        seen=f"streams.raw.shards = {raw.shards}, flink.parallelism = {flink.parallelism}",
        limit=f"{shards} and {max(parallelism, flink.parallelism)}",
        verdict=Verdict.PASS if says else Verdict.WARN,
        cure=f"write them into {specification.name}.toml: env update refuses until then",
    )


def losses(observed: ObservedEnvironment, region: Region) -> Loss:
    """What a stop without a snapshot costs."""
    application = observed.region(region).application
    newest = application.newest_snapshot if application else None
    if newest is None:
        return Loss(
            stage=f"flink:{region}",
            events=None,
            bytes=None,
            seconds=None,
            source="there is no snapshot: open windows are lost, and the job begins where its"
            " source begins",
            seen_at=observed.observed_at,
        )
    return Loss(
        stage=f"flink:{region}",
        events=None,
        bytes=None,
        seconds=_age(newest.created_at, observed.observed_at),
        source=f"the job's state since the snapshot {newest.name}: what came since is read again"
        " from the raw stream while that keeps it, and its windows are written again",
        seen_at=observed.observed_at,
    )


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (now - moment).total_seconds())
