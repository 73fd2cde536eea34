"""One environment in AWS: gateways and stack joined into the executor's two verbs."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from videoctl.aws.ecs import EcsGateway
from videoctl.aws.lambda_ import LambdaGateway
from videoctl.aws.s3 import S3Gateway
from videoctl.errors import FailedError, InterruptedRunError, TimedOutError
from videoctl.execution.canary import CanaryProbe
from videoctl.execution.front_door import HttpFrontDoor
from videoctl.model.names import Names, StreamKind, stream_arn
from videoctl.planning import changes
from videoctl.planning.canary import canary_route
from videoctl.planning.environment import active_regions
from videoctl.planning.observation import (
    ALL_FACETS,
    CanaryProof,
    CanaryResult,
    EnvironmentRecord,
    Facet,
)
from videoctl.platform_canary import CanaryPlatform
from videoctl.platform_flink import FlinkPlatform
from videoctl.platform_observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from videoctl.aws.session import AwsSession
    from videoctl.execution.clock import Clock
    from videoctl.execution.platform import Progress, StackGateway
    from videoctl.execution.records import EnvironmentRecords
    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.changes import Change
    from videoctl.planning.observation import CanaryHop, ObservedEnvironment

EMPTYING_ROUNDS: Final = 3
"""How often buckets are emptied again because something still arrived while the stack went."""

_NOT_EMPTY: Final = "BucketNotEmpty"


class AwsPlatform:
    """Looks at and changes one environment.

    Args:
        specification: what the environment is like.
        session: makes AWS clients and guards the account.
        stack: the Pulumi stack.
        records: environment records.
        front_door_url: the URL players post to, for an accelerator's DNS name.
        clock: time.

    """

    def __init__(
        self,
        *,
        specification: EnvironmentSpecification,
        session: AwsSession,
        stack: StackGateway,
        records: EnvironmentRecords,
        front_door_url: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._specification = specification
        self._names = Names(specification.name, session.account_id)
        self._session = session
        self._stack = stack
        self._records = records
        self._front_door_url = front_door_url
        self._clock = clock
        self._stop = threading.Event()
        self.flink = FlinkPlatform(self._names, session, clock)
        self._observer = Observer(specification, session, stack, records, clock)
        self.last_canary: CanaryResult | None = None

    def observe(self, facets: frozenset[Facet] = ALL_FACETS) -> ObservedEnvironment:
        """Look; raises when any of it cannot be read."""
        return self._observer.observe(facets)

    def look(self) -> ObservedEnvironment:
        """Look at everything; what cannot be read is unknown, and named."""
        return self._observer.look()

    def request_stop(self) -> None:
        """Ask the change under way to end early and in order."""
        self._stop.set()
        self._stack.request_stop()

    def withdraw_stop(self) -> None:
        """Forget requests to stop: they were about a change that has ended since."""
        self._stop.clear()
        self._stack.withdraw_stop()

    def apply(self, change: Change, *, token: str, progress: Progress) -> None:  # noqa: C901, PLR0912 (one case a kind)
        """Make one change; see `videoctl.execution.platform.Platform`."""
        match change:
            case changes.RecordEnvironment(expires_at=expires_at):
                self._record(expires_at)
            case changes.ForgetEnvironment():
                self._records.forget(self._specification.name)
            case changes.RecoverPendingOperations():
                self._stack.recover(progress=progress)
            case changes.ReleaseStackLock(owner=owner):
                self._stack.release_lock(owner)
            case changes.UpdateStack():
                self._stack.update(
                    fingerprint=change.fingerprint,
                    refresh=change.refresh,
                    accepted_replacements=change.accepted_replacements,
                    progress=progress,
                )
            case changes.DestroyStack(delete_data=delete_data):
                self._destroy(delete_data=delete_data, progress=progress)
            case changes.SetDesiredCount(region=region, desired_count=count):
                ecs = EcsGateway(self._session.client("ecs", region))
                ecs.set_desired_count(self._names.cluster, self._names.ingest_service, count)
            case changes.SetEventSourceMapping(region=region, enabled=enabled):
                self._set_event_source_mapping(region, enabled=enabled)
            case changes.StartApplication(region=region):
                self.flink.start(region)
            case changes.StopApplication(region=region, force=force):
                self.flink.stop(region, force=force)
            case changes.TakeSnapshot(region=region, snapshot=snapshot):
                self.flink.take_snapshot(region, snapshot)
            case changes.SetParallelism(region=region, parallelism=parallelism):
                self.flink.set_parallelism(region, parallelism)
            case changes.UpdateShardCount(region=region, stream=stream, count=count):
                self.flink.update_shard_count(region, stream, count)
            case changes.LiftDeletionProtection():
                self._stack.lift_protection(progress=progress)
            case changes.EmptyBucket(region=region, bucket=bucket):
                self._empty(region, bucket, progress)
            case changes.SendCanary():
                self._send_canary(token, progress)
            case changes.Await() | changes.ManualTask():
                pass
            case _:
                assert_never(change)

    def fly_canary(self, token: str, progress: Progress) -> CanaryResult:
        """Send a canary and follow it, whatever comes of it; the record is left alone."""
        observed = self.observe(frozenset({Facet.ACCELERATOR}))
        accelerator = observed.accelerator
        if accelerator is None or accelerator.dns_name is None:
            raise FailedError(
                f"{self._specification.name} has no front door: there is no accelerator",
                hint=f"videoctl env create {self._specification.name}",
                code="front-door-absent",
            )
        probe = CanaryProbe(
            self._specification.name,
            HttpFrontDoor(self._front_door_url(accelerator.dns_name)),
            CanaryPlatform(self._names, self._session, self._clock),
            self._clock,
            self._stop.is_set,
        )
        route = canary_route(self._specification, active_regions(self._specification, observed))
        self.last_canary = probe.fly(token, route, progress)
        return self.last_canary

    def _record(self, expires_at: datetime | None) -> None:
        def changed(record: EnvironmentRecord | None) -> EnvironmentRecord:
            if record is not None:
                return replace(record, expires_at=expires_at)
            return EnvironmentRecord(
                environment=self._specification.name,
                account_id=self._session.account_id,
                created_at=self._clock.now(),
                expires_at=expires_at,
            )

        self._records.change(self._specification.name, changed)

    def _set_event_source_mapping(self, region: Region, *, enabled: bool) -> None:
        gateway = LambdaGateway(self._session.client("lambda", region))
        source = stream_arn(
            self._names.stream(StreamKind.SESSION), region, self._session.account_id
        )
        mapping = gateway.event_source_mapping(self._names.session_function, source)
        if mapping is None:
            raise FailedError(
                f"{self._names.session_function} in {region} has no event source mapping",
                hint=f"videoctl env repair {self._specification.name}",
                code="event-source-mapping-absent",
            )
        gateway.set_event_source_mapping(mapping.uuid, enabled=enabled)

    def _empty(self, region: Region, bucket: str, progress: Progress) -> None:
        def on_deleted(total: int) -> None:
            progress(f"{total} versions deleted from {bucket}", bucket=bucket, deleted=total)
            if self._stop.is_set():
                raise InterruptedRunError(
                    f"stopped on request: {total} versions of {bucket} are deleted",
                    hint="the same command again deletes the rest",
                )

        S3Gateway(self._session.client("s3", region)).empty(bucket, on_deleted)

    def _destroy(self, *, delete_data: bool, progress: Progress) -> None:
        """Destroy; what Firehose or replication delivered meanwhile is deleted, if data may be."""
        for rounds_left in reversed(range(EMPTYING_ROUNDS)):
            try:
                self._stack.destroy(progress=progress)
            except FailedError as error:
                if _NOT_EMPTY not in error.message or not delete_data or rounds_left == 0:
                    raise
                progress("objects arrived meanwhile; the buckets are emptied again")
                self._empty_existing(progress)
            else:
                return

    def _empty_existing(self, progress: Progress) -> None:
        observed = self.observe(frozenset({Facet.BUCKETS}))
        for seen in observed.regions:
            for bucket in seen.buckets or ():
                if bucket.exists and bucket.has_objects:
                    self._empty(seen.region, bucket.name, progress)

    def _send_canary(self, token: str, progress: Progress) -> None:
        result = self.fly_canary(token, progress)
        if self._stop.is_set() and not result.complete:
            raise InterruptedRunError(f"stopped on request while {result.canary_id} was under way")
        fingerprint = self._stack.facts().fingerprint
        if not result.complete or fingerprint is None:
            lost = result.lost_at
            hint = lost.next_command if lost else None
            raise TimedOutError(
                f"the canary {result.canary_id} {_lost(lost)}",
                hint=hint or f"videoctl env check {self._specification.name}",
                code="canary-lost",
            )
        proof = CanaryProof(fingerprint=fingerprint, result=result)

        def changed(record: EnvironmentRecord | None) -> EnvironmentRecord:
            known = record or EnvironmentRecord(
                environment=self._specification.name,
                account_id=self._session.account_id,
                created_at=self._clock.now(),
            )
            return replace(known, canary=proof)

        self._records.change(self._specification.name, changed)


def _lost(hop: CanaryHop | None) -> str:
    """Where a canary was lost, in words."""
    if hop is None:
        return "went through an unfinished build"
    where = f" in {hop.region}" if hop.region else ""
    return f"did not get to {hop.hop}{where} ({hop.reason})"
