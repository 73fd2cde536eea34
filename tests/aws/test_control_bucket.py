"""The control bucket, and S3's conditional writes as the lock needs them."""

from __future__ import annotations

import json
import multiprocessing
import time
import uuid

import pytest

from tests.fakes.ministack import VARIABLES
from tests.fakes.world import ACCOUNT
from videoctl.aws.control_bucket import ControlBucket
from videoctl.aws.session import AwsSession, AwsSettings
from videoctl.errors import LockedError
from videoctl.execution.clock import SystemClock
from videoctl.execution.lock import read_lock
from videoctl.execution.processes import this_process
from videoctl.execution.run_lock import RunLock
from videoctl.model.regions import Region

pytestmark = pytest.mark.sandbox
RACERS = 3


@pytest.fixture(params=list(Region))
def bucket(session: AwsSession, request: pytest.FixtureRequest) -> ControlBucket:
    """A control bucket of the test's own, in each region."""
    name = f"video-control-{uuid.uuid4().hex[:12]}"
    bucket = ControlBucket(session.client("s3", request.param), name)
    assert bucket.ensure()
    return bucket


def test_it_is_made_once_with_its_protections(session: AwsSession, bucket: ControlBucket) -> None:
    """Versioned, encrypted, closed to the public, TLS only, with a lifecycle; then left alone."""
    assert not bucket.ensure()
    call, name = session.client("s3", Region.US_EAST_1).call, bucket.bucket
    assert call("GetBucketVersioning", Bucket=name)["Status"] == "Enabled"
    block = call("GetPublicAccessBlock", Bucket=name)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    rules = call("GetBucketEncryption", Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (statement,) = json.loads(call("GetBucketPolicy", Bucket=name)["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    lifecycle = call("GetBucketLifecycleConfiguration", Bucket=name)["Rules"]
    assert {rule["ID"] for rule in lifecycle} == {"replaced-versions", "journals"}


def test_one_made_half_way_is_finished(session: AwsSession) -> None:
    """A bucket without its last setting gets all of them."""
    client = session.client("s3", Region.US_EAST_1)
    name = f"video-control-{uuid.uuid4().hex[:12]}"
    client.call("CreateBucket", Bucket=name)
    bucket = ControlBucket(client, name)
    assert bucket.ensure()
    assert client.call("GetBucketVersioning", Bucket=name)["Status"] == "Enabled"
    assert not bucket.ensure()


def test_what_is_not_there_is_none(session: AwsSession) -> None:
    """Reading from a bucket nobody made is reading nothing."""
    bucket = ControlBucket(session.client("s3", Region.US_EAST_1), "video-nobody-made-this")
    assert bucket.get("locks/dev.json") is None
    assert bucket.keys("environments/") == ()


def test_writes_keep_their_conditions(bucket: ControlBucket) -> None:
    """put_new only where nothing is; replace and delete only what was read."""
    first = bucket.put_new("k", b"one")
    assert first is not None
    assert bucket.put_new("k", b"two") is None
    second = bucket.replace("k", b"two", etag=first)
    assert second is not None
    assert bucket.replace("k", b"three", etag=first) is None
    kept = bucket.get("k")
    assert kept is not None
    assert (kept.body, kept.etag) == (b"two", second)
    assert not bucket.delete("k", etag=first)
    assert bucket.delete("k", etag=second)
    assert bucket.get("k") is None
    assert bucket.replace("k", b"four", etag=second) is None
    assert bucket.put_new("k", b"five") is not None


@pytest.mark.parametrize("bucket", [Region.US_EAST_1], indirect=True)
def test_ages_are_told_by_the_stores_clock(bucket: ControlBucket) -> None:
    """An object grows older between two looks."""
    bucket.put("k", b"one")
    time.sleep(2.1)
    kept = bucket.get("k")
    assert kept is not None
    assert 1 <= kept.age_seconds < 30


def _store(endpoint: str, bucket: str) -> ControlBucket:
    settings = AwsSettings(account_id=ACCOUNT, endpoint_url=endpoint, environment=VARIABLES)
    return ControlBucket(AwsSession(settings).client("s3", Region.US_EAST_1), bucket)


def _race(endpoint: str, bucket: str, ready: object, results: object, told: object) -> None:
    """One process that wants the lock at the same moment as the others; it lets go at the end."""
    lock = RunLock(_store(endpoint, bucket), "dev", this_process(), SystemClock())
    ready.wait(60)  # type: ignore[attr-defined]
    try:
        with lock.hold("run", "create"):
            results.put("held")  # type: ignore[attr-defined]
            told.wait(60)  # type: ignore[attr-defined]
    except LockedError as error:
        results.put(error.message)  # type: ignore[attr-defined]


def _die_holding(endpoint: str, bucket: str, holding: object) -> None:
    lock = RunLock(_store(endpoint, bucket), "dev", this_process(), SystemClock())
    with lock.hold("run-dead", "create"):
        holding.set()  # type: ignore[attr-defined]
        time.sleep(60)


@pytest.mark.parametrize("bucket", [Region.US_EAST_1], indirect=True)
def test_of_many_processes_one_gets_the_lock(ministack: str, bucket: ControlBucket) -> None:
    """Real processes against real conditional writes: one holds, the others name it."""
    context = multiprocessing.get_context("spawn")
    ready, results, everyone = context.Barrier(RACERS), context.Queue(), context.Event()
    racers = [
        context.Process(target=_race, args=(ministack, bucket.bucket, ready, results, everyone))
        for _ in range(RACERS)
    ]
    for racer in racers:
        racer.start()
    told = [results.get(timeout=60) for _ in racers]
    everyone.set()
    for racer in racers:
        racer.join(timeout=30)
    assert told.count("held") == 1
    assert sum("dev is locked by" in text for text in told) == RACERS - 1
    assert read_lock(bucket, "dev") is None


@pytest.mark.parametrize("bucket", [Region.US_EAST_1], indirect=True)
def test_the_lock_of_a_killed_process_is_taken_over(ministack: str, bucket: ControlBucket) -> None:
    """Kill -9 of the holder, and the next run on this machine goes on at once."""
    context = multiprocessing.get_context("spawn")
    holding = context.Event()
    holder = context.Process(target=_die_holding, args=(ministack, bucket.bucket, holding))
    holder.start()
    assert holding.wait(60)
    mine = RunLock(bucket, "dev", this_process(), SystemClock())
    with pytest.raises(LockedError), mine.hold("run-2", "create"):
        raise AssertionError
    holder.kill()
    holder.join(timeout=30)
    with mine.hold("run-2", "create"):
        assert mine.taken_over_from is not None
        assert mine.taken_over_from.document is not None
        assert mine.taken_over_from.document.run_id == "run-dead"
