"""Hypothesis strategies of start states: every part of an environment in every state, mixed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.fakes import flink, world
from videoctl.model.names import StreamKind
from videoctl.model.specification import EnvironmentSpecification
from videoctl.planning.observation import (
    ABSENT,
    ObservedEnvironment,
    ObservedService,
    ObservedStream,
    ObservedTargets,
    PendingOperation,
    StackFacts,
)
from videoctl.planning.observed_flink import ObservedApplication

PENDING = PendingOperation(
    urn="urn:pulumi:dev::videoctl::aws:s3/bucket:Bucket::b", operation="creating"
)


@st.composite
def specifications(draw: st.DrawFn) -> EnvironmentSpecification:
    """Specifications that differ in what shapes a plan."""
    return world.specification(
        two_regions=draw(st.booleans()),
        protected=draw(st.booleans()),
        flink=draw(st.sampled_from(["RUNNING", "READY"])),
    )


@st.composite
def worlds(draw: st.DrawFn, spec: EnvironmentSpecification) -> ObservedEnvironment:
    """Start states: absent, half made, drifted, running, locked, with and without a record."""
    if draw(st.booleans()):
        start = world.absent(spec)
    else:
        fingerprint = draw(st.sampled_from([world.FINGERPRINT, "an-older-one"]))
        start = world.ready(spec, fingerprint)
        start = replace(start, stack=draw(stacks(fingerprint)))
        for region in spec.regions:
            start = world.in_region(start, region, **draw(run_states()))
        accelerator = replace(
            world.deployed(spec), status=draw(st.sampled_from(["DEPLOYED", "IN_PROGRESS"]))
        )
        start = replace(start, accelerator=accelerator)
    if draw(st.booleans()):
        start = replace(start, record=None)
    return start


@st.composite
def stacks(draw: st.DrawFn, fingerprint: str) -> StackFacts:
    """Stacks with and without an interrupted operation and a lock left behind."""
    interrupted = draw(st.booleans())
    return StackFacts(
        exists=True,
        fingerprint=None if interrupted else fingerprint,
        resource_count=draw(st.integers(1, 100)),
        protected_count=draw(st.sampled_from([0, 3])),
        pending_operations=(PENDING,) if interrupted else (),
        lock_owner=draw(st.sampled_from([None, "ann@host (pid 7)"])),
        lock_owner_is_gone=True,
    )


@st.composite
def run_states(draw: st.DrawFn) -> dict[str, object]:
    """What one region may be at: services stopped, starting or steady; any application status."""
    desired = draw(st.sampled_from([0, 2, 5]))
    running = draw(st.sampled_from([0, desired]))
    return {
        "service": draw(
            st.sampled_from(
                [
                    ObservedService(status=ABSENT),
                    ObservedService(status="ACTIVE", desired_count=desired, running_count=running),
                ]
            )
        ),
        "targets": ObservedTargets(healthy_count=running, total_count=running),
        "application": ObservedApplication(
            status=draw(st.sampled_from(["READY", "RUNNING", "STARTING", ABSENT]))
        ),
        "event_source_mapping_state": draw(st.sampled_from(["Enabled", "Disabled", ABSENT])),
    }


STATUSES = (
    "READY", "STARTING", "RUNNING", "UPDATING", "AUTOSCALING", "MAINTENANCE", "ROLLING_BACK",
    "ROLLED_BACK", "FORCE_STOPPING", "STOPPING", "DELETING", "ABSENT",
)  # fmt: skip
"""Every ApplicationStatus of the service, and ours for none."""


@st.composite
def flink_worlds(draw: st.DrawFn, spec: EnvironmentSpecification) -> ObservedEnvironment:
    """Environments that were built, with an application in any status and any raw stream."""
    start = world.ready(spec)
    for region in spec.regions:
        count = draw(st.sampled_from([1, 2, 4]))
        raw = ObservedStream(
            kind=StreamKind.RAW,
            name="raw",
            status="ACTIVE",
            mode="PROVISIONED",
            open_shard_count=count,
            open_shard_ids=tuple(f"shardId-{number}" for number in range(count)),
        )
        known = draw(st.booleans())
        found = flink.application(
            draw(st.sampled_from(STATUSES)),
            parallelism=draw(st.sampled_from([1, 2, 4])),
            operations=flink.application().operations if known else (),
            snapshots=draw(st.sampled_from([(), (flink.snapshot("earlier"),)])),
        )
        reports = draw(st.booleans())
        job = flink.job() if reports else flink.job(shards=None)
        start = world.in_region(start, region, application=found, streams=(raw,), job=job)
    return start
