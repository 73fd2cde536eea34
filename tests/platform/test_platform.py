"""AwsPlatform against the sandbox: what is looked at is there, what is changed is changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.platform.conftest import Place, Sandbox, apply, make_bucket
from videoctl.errors import FailedError, InterruptedRunError, TransientError
from videoctl.model.names import BucketKind
from videoctl.model.regions import Region
from videoctl.planning import changes
from videoctl.planning.observation import ABSENT, ALL_FACETS, Facet
from videoctl.planning.presence import missing_resources

pytestmark = pytest.mark.sandbox
EAST, WEST = Region.US_EAST_1, Region.US_WEST_2
EXPIRES = datetime(2026, 12, 1, tzinfo=UTC)


def test_an_environment_nobody_made_is_absent_everywhere(place: Place) -> None:
    """Every part of both regions was looked for and is not there; the account is known."""
    seen = place.platform.observe(ALL_FACETS)
    assert seen.account_id == place.session.account_id
    assert seen.record is None
    assert seen.unreadable == ()
    assert seen.accelerator is not None
    assert seen.accelerator.status == ABSENT
    # 5 buckets, 3 streams, 3 delivery streams, 5 single things and the tables, in two regions.
    assert len(missing_resources(seen)) == 2 * (5 + 3 + 3 + 5 + 1) + 1
    assert {region.timestream_access for region in seen.regions} == {"open"}


def test_only_what_is_asked_for_is_looked_at(place: Place) -> None:
    """A narrow look leaves the rest unknown."""
    seen = place.platform.observe(frozenset({Facet.STREAMS}))
    assert seen.facets == {Facet.STREAMS}
    assert seen.region(EAST).streams is not None
    assert seen.region(EAST).buckets is None
    assert seen.account_id is None


def test_a_bucket_is_seen_with_its_objects_and_emptied(place: Place) -> None:
    """Objects are seen, every version is deleted, and the look afterwards shows it."""
    name = make_bucket(place, BucketKind.RAW, WEST)
    client = place.session.client("s3", WEST)
    for body in (b"one", b"two"):
        client.call("PutObject", Bucket=name, Key="raw/1", Body=body)
    found = place.platform.observe(frozenset({Facet.BUCKETS})).bucket(name)
    assert found is not None
    assert (found.exists, found.has_objects) == (True, True)
    apply(place, changes.EmptyBucket(region=WEST, bucket=name))
    found = place.platform.observe(frozenset({Facet.BUCKETS})).bucket(name)
    assert found is not None
    assert found.has_objects is False


def test_emptying_stops_on_request_between_two_calls(place: Place) -> None:
    """Asked to stop, it ends after a batch and says how far it came."""
    name = make_bucket(place, BucketKind.LATE)
    place.session.client("s3", EAST).call("PutObject", Bucket=name, Key="k", Body=b"b")
    place.platform.request_stop()
    with pytest.raises(InterruptedRunError, match="1 versions"):
        apply(place, changes.EmptyBucket(region=EAST, bucket=name))
    assert place.stack.calls == ["stop"]


def test_the_record_is_written_kept_and_forgotten(place: Place) -> None:
    """The first record says when it was made; a later one changes only the expiry."""
    apply(place, changes.RecordEnvironment(expires_at=None))
    first = place.records.read(place.spec.name)
    apply(place, changes.RecordEnvironment(expires_at=EXPIRES))
    second = place.records.read(place.spec.name)
    assert first is not None
    assert second is not None
    assert (second.created_at, second.expires_at) == (first.created_at, EXPIRES)
    assert place.platform.observe(frozenset({Facet.RECORD})).record == second
    apply(place, changes.ForgetEnvironment())
    assert place.records.read(place.spec.name) is None


def test_the_stack_is_asked_for_its_own(place: Place) -> None:
    """Engine matters go to the stack, one call each."""
    for change in (
        changes.ReleaseStackLock(owner="ann@host (pid 7)"),
        changes.RecoverPendingOperations(),
        changes.UpdateStack(fingerprint="f"),
        changes.LiftDeletionProtection(),
        changes.DestroyStack(),
        changes.Await(),
        changes.ManualTask(instructions="look"),
    ):
        apply(place, change)
    expected = ["release ann@host (pid 7)", "recover", "update", "lift", "destroy"]
    assert place.stack.calls == expected


def test_what_arrives_while_the_stack_goes_is_deleted_if_data_may_be(place: Place) -> None:
    """A bucket that filled up meanwhile is emptied again, with --delete-data only."""
    name = make_bucket(place, BucketKind.RAW)
    client = place.session.client("s3", EAST)
    late = iter([b"late"])

    def refuse() -> None:
        for body in late:
            client.call("PutObject", Bucket=name, Key="raw/late", Body=body)
            raise FailedError("api error BucketNotEmpty: the bucket is not empty")

    place.stack.on_destroy = refuse
    apply(place, changes.DestroyStack(delete_data=True))
    assert place.stack.calls == ["destroy", "destroy"]
    found = place.platform.observe(frozenset({Facet.BUCKETS})).bucket(name)
    assert found is not None
    assert found.has_objects is False
    late = iter([b"late"])
    with pytest.raises(FailedError, match="BucketNotEmpty"):
        apply(place, changes.DestroyStack(delete_data=False))


def test_a_mapping_that_is_not_there_is_told(place: Place) -> None:
    """Switching what does not exist names the repair."""
    with pytest.raises(FailedError) as refused:
        apply(place, changes.SetEventSourceMapping(region=WEST, enabled=True))
    assert refused.value.code == "event-source-mapping-absent"


def test_a_throttled_service_fails_the_look_or_is_named(sandbox: Sandbox, place: Place) -> None:
    """Plans need everything seen; a status shows the rest and names what it could not read."""
    words = ("throttle", "--service", "firehose", "--region", "us-west-2")
    sandbox.fault("add", *words)
    try:
        with pytest.raises(TransientError):
            place.platform.observe(frozenset({Facet.DELIVERY}))
        seen = place.platform.look()
    finally:
        sandbox.fault("clear")
    assert seen.region(WEST).delivery_streams is None
    assert seen.region(EAST).delivery_streams is not None
    (line,) = seen.unreadable
    assert line.startswith("delivery in us-west-2: firehose:DescribeDeliveryStream")


def test_without_an_accelerator_there_is_no_front_door(place: Place) -> None:
    """A canary needs somewhere to go."""
    with pytest.raises(FailedError) as refused:
        apply(place, changes.SendCanary())
    assert refused.value.code == "front-door-absent"
