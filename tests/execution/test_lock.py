"""The lock: one holder, seen to live; when it may be taken over, and how a loss is found out."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from tests.conftest import validate
from tests.fakes.clock import FakeClock
from tests.fakes.store import MemoryStore
from videoctl.errors import LockedError, NotAllowedError, TransientError
from videoctl.execution.clock import SystemClock
from videoctl.execution.lock import (
    ABANDONED_AFTER_LEASES,
    LEASE_SECONDS,
    break_lock,
    lock_document,
    read_lock,
)
from videoctl.execution.processes import ProcessIdentity, is_gone, this_process
from videoctl.execution.run_lock import RunLock

KEY = "locks/dev.json"
ME = this_process()
ELSEWHERE = replace(ME, host="other", machine="other-boot/pid:[1]", pid=1)
DEAD = replace(ME, started_at=ME.started_at - 1000)
"""This very pid, but of a process that began long before: its owner is gone."""


def lock(
    store: MemoryStore, holder: ProcessIdentity = ME, clock: FakeClock | None = None
) -> RunLock:
    """A lock of `dev`."""
    return RunLock(store, "dev", holder, clock or FakeClock())


def left_behind(store: MemoryStore, holder: ProcessIdentity) -> None:
    """The lock object of a run that never released it."""
    with lock(store, holder).hold("run-1", "create"):
        kept = store.get(KEY)
    assert kept is not None
    store.put(KEY, kept.body)


def test_it_is_held_while_inside_and_gone_afterwards() -> None:
    """Inside, the object names the holder; outside, there is none."""
    store = MemoryStore()
    with lock(store).hold("run-1", "create"):
        seen = read_lock(store, "dev")
        assert seen is not None
        assert seen.document is not None
        assert (seen.document.run_id, seen.document.action) == ("run-1", "create")
        assert not seen.is_abandoned
    assert read_lock(store, "dev") is None


def test_a_second_run_is_refused_with_the_owner() -> None:
    """Exit code 5, naming who, where, what and since when."""
    store = MemoryStore()
    with lock(store).hold("run-1", "create") as held:
        held.at_step("update-stack")
        with pytest.raises(LockedError) as refused, lock(store).hold("run-2", "destroy"):
            raise AssertionError
    for part in (ME.user, ME.host, str(ME.pid), "create", "update-stack"):
        assert part in refused.value.message


def test_of_many_at_once_one_wins() -> None:
    """Twenty threads at the same moment: exactly one holds it."""
    store, barrier, results = MemoryStore(), threading.Barrier(20), []
    done = threading.Event()

    def contend() -> None:
        barrier.wait()
        try:
            with lock(store).hold("run", "create"):
                results.append("held")
                done.wait(5)
        except LockedError:
            results.append("refused")
            if results.count("refused") == 19:
                done.set()

    threads = [threading.Thread(target=contend) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["held"] + ["refused"] * 19


def test_a_dead_holder_of_this_machine_is_taken_over_at_once() -> None:
    """After kill -9 the same command again waits for no lease."""
    store = MemoryStore()
    left_behind(store, DEAD)
    taking = lock(store)
    with taking.hold("run-2", "create"):
        assert taking.taken_over_from is not None
        assert taking.taken_over_from.holder_is_gone


@pytest.mark.parametrize(
    ("age", "is_free"),
    [
        (0.0, False),
        (LEASE_SECONDS + 1, False),
        (LEASE_SECONDS * ABANDONED_AFTER_LEASES + 1, True),
    ],
)
def test_a_holder_elsewhere_is_taken_over_after_ten_leases(age: float, *, is_free: bool) -> None:
    """Nobody here can see whether it lives: only long silence frees its lock, by S3's clock."""
    now = 0.0
    store = MemoryStore(lambda: now)
    left_behind(store, ELSEWHERE)
    now = age
    if is_free:
        with lock(store).hold("run-2", "create"):
            return
    with pytest.raises(LockedError) as refused, lock(store).hold("run-2", "create"):
        raise AssertionError
    is_quiet = age > LEASE_SECONDS
    assert ("lock break --env dev --reason" in (refused.value.hint or "")) is is_quiet


def test_an_object_nobody_can_read_is_held() -> None:
    """A lock of another version is never taken over by itself."""
    store = MemoryStore()
    store.put(KEY, b"{}")
    with pytest.raises(LockedError, match="unknown holder"), lock(store).hold("run-2", "create"):
        raise AssertionError


def test_a_holder_finds_out_that_it_lost() -> None:
    """Broken or taken over, the next step does not begin; the new holder's lock stays."""
    store = MemoryStore()
    with lock(store).hold("run-1", "create") as held:
        store.put(KEY, b"somebody else's")
        with pytest.raises(LockedError) as lost:
            held.at_step("update-stack")
    assert lost.value.code == "lock-lost"
    kept = store.get(KEY)
    assert kept is not None
    assert kept.body == b"somebody else's"


def test_a_failing_heartbeat_is_borne_for_one_lease() -> None:
    """Unreachable S3 is no loss within the lease, and is one after it."""
    store, clock = MemoryStore(), FakeClock()
    with lock(store, clock=clock).hold("run-1", "create") as held:
        store.failures = [TransientError("no S3")]
        held.at_step("one")
        clock.elapsed += LEASE_SECONDS + 1
        store.failures = [TransientError("no S3")]
        with pytest.raises(LockedError) as lost:
            held.at_step("two")
        assert lost.value.code == "lock-lost"


def test_a_heartbeat_that_is_denied_is_a_loss() -> None:
    """A permission taken away is not waited for."""
    store = MemoryStore()
    with lock(store).hold("run-1", "create") as held:
        store.failures = [NotAllowedError("denied")]
        with pytest.raises(LockedError, match="denied"):
            held.at_step("one")


def test_a_heartbeat_whose_answer_was_lost_is_recognised() -> None:
    """A conditional write refused because our own retry had written is no loss."""
    store = MemoryStore()
    with lock(store).hold("run-1", "create") as held:
        store.loses_answers = True
        held.at_step("one")
        store.loses_answers = False
        held.at_step("two")
    assert store.get(KEY) is None


def test_a_thread_keeps_it_alive() -> None:
    """Without a step in between, the heartbeat is renewed within the lease."""
    store = MemoryStore()
    holding = RunLock(store, "dev", ME, SystemClock(), lease_seconds=0.2)
    with holding.hold("run-1", "create") as held:
        first = store.get(KEY)
        threading.Event().wait(0.5)
        held.check()
        second = store.get(KEY)
    assert first is not None
    assert second is not None
    assert first.etag != second.etag


def test_a_release_that_fails_does_not_hide_the_result() -> None:
    """The run's outcome matters more than the lock object of a process that ends."""
    store = MemoryStore()
    with lock(store).hold("run-1", "create"):
        store.failures = [TransientError("no S3")]
    assert store.get(KEY) is not None


def test_breaking_needs_the_lock_that_was_seen() -> None:
    """A lock renewed since it was looked at is not broken: its holder lives."""
    store = MemoryStore()
    left_behind(store, ELSEWHERE)
    seen = read_lock(store, "dev")
    assert seen is not None
    store.put(KEY, b"renewed")
    with pytest.raises(LockedError) as refused:
        break_lock(store, "dev", seen)
    assert refused.value.code == "lock-renewed"
    again = read_lock(store, "dev")
    assert again is not None
    break_lock(store, "dev", again)
    assert read_lock(store, "dev") is None


def test_what_is_shown_fits_the_schema() -> None:
    """lock/v1 of a held and of a free lock."""
    store = MemoryStore()
    with lock(store).hold("run-1", "create"):
        held = lock_document("dev", read_lock(store, "dev"))
    free = lock_document("dev", read_lock(store, "dev"))
    for document in (held, free):
        validate(json.loads(json.dumps({"schema": "videoctl/lock/v1", **document})))
    assert (held["holder"], held["pid"], held["held"]) == (ME.user, ME.pid, True)
    assert (free["holder"], free["held"]) == (None, False)


def test_processes_are_told_apart() -> None:
    """We live; one of our pid that began earlier is gone; elsewhere nobody knows."""
    assert not is_gone(ME)
    assert is_gone(DEAD)
    assert is_gone(replace(ME, pid=2**22 - 1))
    assert not is_gone(ELSEWHERE)
    assert not is_gone(replace(DEAD, machine=""))
