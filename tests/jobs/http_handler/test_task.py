"""Handler and sidecar as processes against Kinesis: acknowledged means stored."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections import Counter, defaultdict

import httpx
import pytest

from tests.jobs.conftest import REPOSITORY, wait_for
from tests.jobs.load import Load
from tests.jobs.made_events import event, events

pytestmark = pytest.mark.sandbox


def stored_ids(task):
    """Event ids of everything stored."""
    return [record.event["event_id"] for record in task.stored()]


def by_session(task):
    """Event ids in the order of their first arrival."""
    found = defaultdict(list)
    for record in task.stored():
        ids = found[record.partition_key]
        if record.event["event_id"] not in ids:
            ids.append(record.event["event_id"])
    return found


def is_subsequence(part, whole):
    """Whether one list's items are in the other in the same order."""
    rest = iter(whole)
    return all(item in rest for item in part)


def assert_conserved(task, load):
    """Each session's acknowledged events are in the stream, in the order they were sent."""
    found = by_session(task)
    for session, ids in load.acknowledged.items():
        assert is_subsequence(ids, found[session])


def test_acknowledged_events_are_in_kinesis_exactly(make_task):
    """What is acknowledged is in the stream, once, in order, and nothing else is."""
    task = make_task(shards=3)
    sent = events(250)
    answer = task.post(sent)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 250, "rejected": []})
    records = task.stored()
    assert sorted(r.event["event_id"] for r in records) == sorted(e["event_id"] for e in sent)
    assert all(record.is_aggregated for record in records)
    for session, ids in by_session(task).items():
        assert ids == [e["event_id"] for e in sent if e["session_id"] == session]


@pytest.mark.parametrize("aggregated", ["true", "false"])
def test_throttled_entries_are_put_again(make_task, kinesis, aggregated):
    """Only what failed is retried: everything is there once, in order."""
    task = make_task(AGGREGATION_ENABLED=aggregated)
    kinesis.faults(entries=0.4)
    with Load(task.url) as load:
        wait_for(lambda: load.count >= 200)
    assert set(load.statuses) == {202}
    assert max(Counter(stored_ids(task)).values()) == 1
    assert len(stored_ids(task)) == load.count
    assert_conserved(task, load)


def test_answers_that_get_lost_repeat_events_but_lose_none(make_task, kinesis):
    """A put that took effect and failed is made again with the same event ids."""
    task = make_task()
    kinesis.faults(lost_answers=0.4)
    with Load(task.url) as load:
        wait_for(lambda: load.count >= 150)
    assert max(Counter(stored_ids(task)).values()) > 1
    assert_conserved(task, load)


def test_kinesis_down_is_503_within_bounds_and_unhealthy(make_task, kinesis):
    """Nothing is acknowledged, health turns red, and both come back with Kinesis."""
    # The handler's patience with its sidecar is the sum of both and a second more: 9 s, which end
    # before the 10 s after which a sidecar gives up by default.
    task = make_task(
        GIVE_UP_SECONDS="1", REQUEST_TIMEOUT_SECONDS="7", UNHEALTHY_AFTER_SECONDS="1.5"
    )
    kinesis.faults(down=True)
    answer = task.post(event())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json()["rejected"][0]["reason"] == "not-stored"
    # Decided by the sidecar, and not by the handler's end of patience with it.
    counters = httpx.get(f"{task.url}/metrics").json()["kpl_sidecar"]
    assert counters["records_not_stored"] == 1
    wait_for(lambda: task.post(event()) and not task.is_healthy(), 20)
    assert stored_ids_while_down(task, kinesis) == []
    kinesis.faults()
    wait_for(lambda: task.post(event()).status_code == 202, 20)
    wait_for(task.is_healthy, 20)


def stored_ids_while_down(task, kinesis):
    """Look into the stream although it is down."""
    kinesis.faults()
    found = stored_ids(task)
    kinesis.faults(down=True)
    return found


def test_a_missing_permission_is_answered_at_once(make_task, kinesis):
    """The client need not wait for retries that are of no use, however long they would go on."""
    task = make_task(GIVE_UP_SECONDS="600")
    kinesis.faults(code="AccessDeniedException")
    answer = task.post(event())
    assert answer.status_code == 503


def test_kill_9_of_the_sidecar_loses_nothing_acknowledged(make_task):
    """Events under way are answered 503; with a new sidecar the handler goes on by itself."""
    task = make_task()
    with Load(task.url) as load:
        wait_for(lambda: load.count >= 100)
        task.sidecar.send_signal(signal.SIGKILL)
        task.sidecar.wait()
        wait_for(lambda: 503 in load.statuses)
        assert not task.is_healthy()
        before = load.count
        task.start("jobs.http_handler.kpl_sidecar")
        wait_for(lambda: load.count >= before + 100)
        assert task.is_healthy()
    assert set(load.statuses) == {202, 503}
    assert_conserved(task, load)


def test_sigterm_drains_both(make_task, kinesis):
    """Requests under way are answered 202 and stored, then both processes end well."""
    task = make_task(RECORD_MAX_BUFFERED_MS="300")
    kinesis.faults(delay_seconds=0.2)
    with Load(task.url) as load:
        wait_for(lambda: load.count >= 20)
        for process in task.processes.values():
            process.send_signal(signal.SIGTERM)
        # One signal each, as ECS sends: a second one would find a process that is ending already.
        assert [process.wait(60) for process in task.processes.values()] == [0, 0]
    assert set(load.statuses) == {202, None}
    assert len(stored_ids(task)) == load.count
    assert_conserved(task, load)


def test_ticks_come_into_every_shard(make_task):
    """Each few seconds, and again into the shards after resharding."""
    task = make_task(shards=3, TICK_SECONDS="0.2", SHARD_MAP_SECONDS="0.2")
    wait_for(lambda: len(task.stored()) >= 9)
    task.kinesis.client("kinesis").update_shard_count(
        StreamName=task.stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING"
    )
    open_shards = {
        shard["ShardId"]
        for shard in task.kinesis.client("kinesis").list_shards(StreamName=task.stream)["Shards"]
    }

    def ticked():
        ticks = [record.event for record in task.stored()]
        assert all(tick["tick"] is True and "event_id" not in tick for tick in ticks)
        return open_shards <= {tick["shard"] for tick in ticks}

    wait_for(ticked)


def test_the_operators_flag_takes_the_task_out_of_service(make_task, kinesis):
    """An object in the ops bucket turns health red; without it health is green again."""
    s3 = kinesis.client("s3")
    s3.create_bucket(Bucket="ops")
    task = make_task(
        HEALTH_FLAG_BUCKET="ops", HEALTH_FLAG_KEY="evacuate.json", HEALTH_FLAG_SECONDS="0.1"
    )
    s3.put_object(Bucket="ops", Key="evacuate.json", Body=b'{"reason": "drill"}')
    wait_for(lambda: not task.is_healthy())
    assert "drill" in httpx.get(f"{task.url}/health").text
    assert task.post(event()).status_code == 202
    s3.put_object(Bucket="ops", Key="evacuate.json", Body=b'{"healthy": true}')
    wait_for(task.is_healthy)
    s3.put_object(Bucket="ops", Key="evacuate.json", Body=b"")
    wait_for(lambda: not task.is_healthy())
    s3.delete_object(Bucket="ops", Key="evacuate.json")
    wait_for(task.is_healthy)


def test_hostile_requests_leave_the_task_serving(make_task):
    """Bombs, rubbish and oversize are refused, and the next good event is accepted."""
    task = make_task(MAX_BODY_BYTES="100000", MAX_DECODED_BYTES="1000000")
    bomb = gzip.compress(b" " * 50_000_000)
    assert task.post(bomb, Content_Encoding="gzip").status_code == 413
    assert task.post(b"x" * 200_000).status_code == 413
    assert task.post(b"").status_code == 400
    assert task.post(b"\xff\xfe{}").status_code == 400
    assert httpx.put(f"{task.url}/v1/events", content=b"{}").status_code == 405
    assert task.post(event()).status_code == 202


def test_logs_are_json_lines_without_events(make_task):
    """Each line of both containers is an object; no line holds what a player sent."""
    task = make_task(METRICS_LOG_SECONDS="0.1")
    task.post([event(viewer_id="someone-in-particular"), {"event_id": "secret-id"}])
    wait_for(lambda: "events_accepted" in task.log("jobs.http_handler"))
    for module in task.processes:
        text = task.log(module)
        assert "someone-in-particular" not in text
        assert "secret-id" not in text
        for line in text.splitlines():
            assert {"time", "level", "container", "message"} <= set(json.loads(line))


@pytest.mark.parametrize("module", ["jobs.http_handler", "jobs.http_handler.kpl_sidecar"])
def test_wrong_variables_are_all_named_at_once(module):
    """The container ends with 2 and says which variables are wrong."""
    process = subprocess.run(
        [sys.executable, "-m", module],
        env={"KPL_SIDECAR_PORT": "99999", "GIVE_UP_SECONDS": "soon"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 2
    for name in ("AWS_REGION", "KPL_SIDECAR_PORT", "GIVE_UP_SECONDS"):
        assert name in process.stderr
