"""What destroy plans, and refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes import world
from videoctl.execution.results import Outcome, next_commands
from videoctl.model.names import BucketKind
from videoctl.model.regions import Region
from videoctl.planning.observation import ObservedEnvironment
from videoctl.planning.observed_flink import ObservedApplication
from videoctl.planning.plan import Verdict
from videoctl.planning.teardown import plan_destroy

SPEC = world.specification(two_regions=False)
EAST = Region.US_EAST_1


def with_objects(*kinds: BucketKind) -> ObservedEnvironment:
    """A ready environment of which some buckets hold objects."""
    start = world.ready(SPEC)
    buckets = start.region(EAST).buckets or ()
    filled = tuple(replace(b, has_objects=b.kind in kinds) for b in buckets)
    return world.in_region(start, EAST, buckets=filled)


def test_writers_go_before_buckets_and_the_record_last() -> None:
    """Tasks, application and mapping stop before anything is emptied; the record goes last."""
    start = with_objects(BucketKind.RAW, BucketKind.ARTIFACTS)
    plan = plan_destroy(SPEC, start, world.destroy_request(delete_data=True))
    order = [step.name.partition(":")[0] for step in plan.pending(start)]
    assert order == [
        "stop-service",
        "stop-application",
        "disable-event-source-mapping",
        "empty-bucket",
        "empty-bucket",
        "destroy-stack",
        "forget-environment",
    ]


def test_buckets_with_data_refuse_and_are_each_listed() -> None:
    """Without --delete-data every bucket that holds data is a blocker of its own."""
    start = with_objects(BucketKind.RAW, BucketKind.LATE, BucketKind.ARTIFACTS)
    blockers = plan_destroy(SPEC, start, world.destroy_request()).blockers
    assert [b.check for b in blockers] == [
        "bucket-empty:video-dev-raw-us-east-1-000000000000",
        "bucket-empty:video-dev-late-us-east-1-000000000000",
    ]
    assert {b.flag for b in blockers} == {"--delete-data"}


def test_artefacts_are_no_data() -> None:
    """The artefact bucket is emptied without a flag: its content is built from the source."""
    start = with_objects(BucketKind.ARTIFACTS)
    plan = plan_destroy(SPEC, start, world.destroy_request())
    assert plan.blockers == ()
    emptied = [s.name for s in plan.pending(start) if s.name.startswith("empty-bucket")]
    assert emptied == ["empty-bucket:video-dev-artifacts-us-east-1-000000000000"]


def test_a_bucket_that_could_not_be_counted_is_unknown() -> None:
    """Unknown content is neither a pass nor a blocker: S3 itself refuses to delete a full one."""
    buckets = tuple(
        replace(b, has_objects=None) for b in world.ready(SPEC).region(EAST).buckets or ()
    )
    start = world.in_region(world.ready(SPEC), EAST, buckets=buckets)
    checks = plan_destroy(SPEC, start, world.destroy_request()).checks
    verdicts = {c.verdict for c in checks if c.check.startswith("bucket-empty")}
    assert verdicts == {Verdict.UNKNOWN}


@pytest.mark.parametrize("typed", [None, "prod"])
def test_the_name_must_be_typed(typed: str | None) -> None:
    """Destroy is refused without --confirm, or with another name."""
    request = world.destroy_request(confirmed_name=typed)
    (blocker,) = plan_destroy(SPEC, world.ready(SPEC), request).blockers
    assert blocker.flag == "--confirm dev"


def test_protection_is_lifted_first() -> None:
    """A protected environment's resources are unprotected before the stack goes."""
    spec = world.specification(two_regions=False, protected=True)
    start = world.ready(spec)
    assert start.stack is not None
    start = replace(start, stack=replace(start.stack, protected_count=3))
    pending = [s.name for s in plan_destroy(spec, start, world.destroy_request()).pending(start)]
    assert pending.index("lift-deletion-protection") < pending.index("destroy-stack")


@pytest.mark.parametrize(
    ("status", "force"),
    [("RUNNING", False), ("STARTING", True), ("AUTOSCALING", True), ("UPDATING", True)],
)
def test_an_application_in_between_is_stopped_by_force(status: str, *, force: bool) -> None:
    """A plain stop works from RUNNING only; what is in between needs force."""
    application = ObservedApplication(status=status, snapshot_count=2)
    start = world.in_region(world.ready(SPEC), EAST, application=application)
    plan = plan_destroy(SPEC, start, world.destroy_request())
    step = plan.step("stop-application:us-east-1")
    assert step is not None
    assert step.change.force is force  # type: ignore[union-attr]
    assert any(c.check == "flink-snapshots:us-east-1" for c in plan.checks)


def test_destroying_what_is_not_there_has_nothing_to_do() -> None:
    """Every step holds already when nothing exists."""
    start = world.absent(SPEC)
    assert plan_destroy(SPEC, start, world.destroy_request(delete_data=True)).pending(start) == ()


def test_the_same_command_again_has_the_same_consent() -> None:
    """What to type next repeats --delete-data where it was given, and only there."""
    start = with_objects()
    for delete_data in (True, False):
        plan = plan_destroy(SPEC, start, world.destroy_request(delete_data=delete_data))
        again = next_commands(plan, Outcome.FAILED)[-1]
        assert again.startswith(f"videoctl env destroy {SPEC.name} --confirm {SPEC.name}")
        assert ("--delete-data" in again) is delete_data
