"""The Flink applications of one environment, as commands use them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from videoctl.errors import UsageError
from videoctl.model.flink_timeouts import timeouts
from videoctl.model.names import Names, StreamKind
from videoctl.model.regions import Region
from videoctl.planning.environment import active_regions
from videoctl.planning.flink import plan_reshard, plan_restart, plan_snapshot
from videoctl.planning.flink_health import health
from videoctl.planning.flink_request import FlinkRequest
from videoctl.planning.observation import ABSENT, Facet
from videoctl.planning.observed_flink import ObservedApplication, ObservedJob

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from videoctl.context import Context
    from videoctl.execution.events import Listener
    from videoctl.execution.history import RunRecord
    from videoctl.execution.results import RunResult
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.plan import Plan, Step
    from videoctl.session import EnvironmentSession

FACETS: Final = frozenset(
    {Facet.ACCOUNT, Facet.FLINK, Facet.FLINK_JOB, Facet.STREAMS, Facet.ACCELERATOR}
)
"""What plans on applications are made from."""

RESUMABLE: Final = timedelta(hours=1)
"""An unfinished run of the same command that began within this is gone on with."""

OPERATIONS_SHOWN: Final = 5
ORCHESTRATION_KPUS: Final = 1
"""Billed on top of those that run the job."""


class FlinkSession:
    """What the `flink` commands do to one environment.

    Args:
        context: the invocation.
        session: the environment.
        regions: as typed; none: every region that traffic is dialled to.

    """

    def __init__(
        self, context: Context, session: EnvironmentSession, regions: tuple[str, ...]
    ) -> None:
        self._context = context
        self._session = session
        self.specification = session.specification
        self._asked = tuple(map(self._region, dict.fromkeys(regions)))

    def look(self) -> ObservedEnvironment:
        """Applications, jobs and streams."""
        return self._session.platform.observe(FACETS)

    def regions(self, observed: ObservedEnvironment) -> tuple[Region, ...]:
        """Those that were asked for, else those that carry traffic."""
        return self._asked or active_regions(self.specification, observed)

    def plan(
        self, action: str, *, skip_snapshot: bool = False, shards: int | None = None
    ) -> tuple[Plan, ObservedEnvironment]:
        """What `snapshot`, `restart` or `reshard` would do now."""
        observed = self.look()
        request = FlinkRequest(
            account_id=self._context.target.account_id,
            regions=self.regions(observed),
            protected=self.specification.protected,
            skip_snapshot=skip_snapshot,
            shards=shards,
        )
        if action == "reshard":
            return plan_reshard(self.specification, observed, request), observed
        builder = plan_snapshot if action == "snapshot" else plan_restart
        return builder(observed, request), observed

    def to_go_on_with(self, plan: Plan) -> RunRecord | None:
        """An unfinished run of the same command, young enough to be meant by typing it again."""
        run = self._session.unfinished(plan)
        if run is None or datetime.now(UTC) - run.started_at > RESUMABLE:
            return None
        return run if run.plan.steps else None

    def execute(
        self,
        plan: Plan,
        *,
        listener: Listener,
        approve: Callable[[Step], bool],
        reason: str | None,
        timeout_seconds: float | None,
        resuming: RunRecord | None = None,
    ) -> RunResult:
        """Carry a plan out, or go on with an unfinished run of it."""
        return self._session.execute(
            plan,
            listener=listener,
            approve=approve,
            reason=reason,
            timeout_seconds=timeout_seconds,
            resuming=resuming,
            describe=self._end_state,
        )

    def applications(self, observed: ObservedEnvironment) -> list[dict[str, Any]]:
        """`applications` of `videoctl/flink-status/v1`."""
        name = Names(self.specification.name, self._context.target.account_id).flink_application
        wanted = self._asked or self.specification.regions
        return [described(name, observed, region) for region in wanted]

    def _end_state(self, observed: ObservedEnvironment) -> Mapping[str, Any]:
        keys = (
            "region", "application", "application_status", "healthy", "parallelism", "open_shards",
        )  # fmt: skip
        found = self.applications(observed)
        rows = [{**{key: one[key] for key in keys}, **_newest(one)} for one in found]
        told = [f"{one['region']}: {reason}" for one in found for reason in one["reasons"]]
        failed = [
            f"{one['region']}: {operation['operation']}: {operation['error']}"
            for one in found
            for operation in one["operations"][:1]
            if operation["error"]
        ]
        unread = [f"could not be read: {line}" for line in observed.unreadable]
        return {"applications": rows, "open_items": [*told, *failed, *unread]}

    def _region(self, name: str) -> Region:
        if name not in self.specification.regions:
            raise UsageError(
                f"{self.specification.name} is not in {name!r}",
                hint=f"one of: {', '.join(self.specification.regions)}",
                code="region-unknown",
            )
        return Region(name)


def described(name: str, observed: ObservedEnvironment, region: Region) -> dict[str, Any]:
    """One application as the documents show it; unknown is None."""
    seen = observed.region(region)
    application, job = seen.application, seen.job
    found = application or ObservedApplication(status=ABSENT)
    judged = health(application, job)
    stream = observed.stream(region, StreamKind.RAW)
    running = found.current_parallelism or found.parallelism
    settings = dict(job.configuration) if job and job.configuration is not None else None
    return {
        "application": name,
        "region": region,
        "runtime_environment": found.runtime_environment,
        "application_status": application.status if application else None,
        "healthy": judged.healthy,
        "reasons": list(judged.reasons),
        "timeouts": list(timeouts(found.runtime_environment, settings)),
        "parallelism": running,
        "configured_parallelism": found.parallelism,
        "kpus": _kpus(running, found.parallelism_per_kpu),
        "autoscaling": found.autoscaling,
        "open_shards": stream.open_shard_count if stream else None,
        "job": _job(job),
        "snapshots": [
            {
                "name": one.name,
                "status": one.status,
                "created_at": one.created_at,
                "age_seconds": _seconds(one.created_at, observed.observed_at),
            }
            for one in found.snapshots or ()
        ],
        "operations": [
            {
                "operation": one.operation,
                "operation_id": one.operation_id,
                "status": one.status,
                "started_at": one.started_at,
                "ended_at": one.ended_at,
                "error": one.error,
            }
            for one in (found.operations or ())[:OPERATIONS_SHOWN]
        ],
    }


def _job(job: ObservedJob | None) -> dict[str, Any] | None:
    if job is None:
        return None
    behind = job.behind_ms
    return {
        "state": job.state,
        "job_id": job.job_id,
        "reason": job.reason,
        "started_at": job.started_at,
        "running_since": job.running_since,
        "restarts": job.restarts,
        "completed_checkpoints": job.completed_checkpoints,
        "last_checkpoint_age_seconds": _seconds(job.last_checkpoint_at, job.seen_at),
        "records_read": job.records_read,
        "records_per_second": job.records_per_second,
        "behind_seconds": None if behind is None else behind / 1000,
        "seen_at": job.seen_at,
    }


def _kpus(parallelism: int | None, per_kpu: int | None) -> int | None:
    if parallelism is None or not per_kpu:
        return None
    return math.ceil(parallelism / per_kpu) + ORCHESTRATION_KPUS


def _seconds(moment: datetime | None, now: datetime | None) -> float | None:
    if moment is None or now is None:
        return None
    return round(max(0.0, (now - moment).total_seconds()), 1)


def _newest(described_application: Mapping[str, Any]) -> dict[str, Any]:
    ready = [one for one in described_application["snapshots"] if one["status"] == "READY"]
    newest = ready[0] if ready else {}
    return {
        "newest_snapshot": newest.get("name"),
        "snapshot_age_seconds": newest.get("age_seconds"),
    }
