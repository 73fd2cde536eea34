"""Nothing is lost and nothing counts twice, whatever goes wrong on the way.

Once the last minute has closed: the distinct acknowledged valid events of a session = the events
in its windows + its late events; raw S3 holds each of them; the table's rows are the session
stream's last records. Scenarios are played one after the other in one environment, each with
sessions of its own, and judged at the end against a batch computation over the raw bucket.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.end_to_end.conservation.arrived import ENVIRONMENT, PREFIX, Written
from tests.end_to_end.conservation.batch import Batch, Row, WindowKey, computed
from tests.end_to_end.conservation.conftest import LATENESS_MS, Pipeline
from tests.end_to_end.conservation.players import HOUR_MS, MINUTE_MS
from tests.end_to_end.conservation.report import not_conserved, not_stored, other_rows, told
from tests.sandbox.services.real import eventually

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.engine,
    pytest.mark.flink,
    pytest.mark.timeout(1500),
]

REGION = "us-east-1"
WHERE: Final = ("--env", ENVIRONMENT, "--region", REGION)
SCENARIOS: Final = (
    "backlog-of-two-shards-a-subtask",
    "updated",
    "backlog-of-a-shard-a-subtask",
    "throttled",
    "answers-lost",
    "task-manager-killed",
    "restarted",
    "firehose-down",
    "s3-and-timestream-down",
    "resharded",
)


def test_a_backlog_with_more_shards_than_subtasks(pipeline: Pipeline, start_ms: int) -> None:
    """An hour of aggregated records in two shards, one of them silent for a third of it."""
    runs = pipeline.past("backlog-of-two-shards-a-subtask", start_ms, HOUR_MS, 1_500)
    pipeline.backlog.put(*runs, aggregated=25, silent_shard=0)
    pipeline.videoctl("flink", "restart", *WHERE, "--yes")
    assert parallelism(pipeline.application()) == 1
    eventually(lambda: pipeline.late_events("backlog-of-two-shards-a-subtask"), 60)


def test_an_update_of_the_running_application(pipeline: Pipeline, start_ms: int) -> None:
    """UpdateApplication with minutes open: another parallelism, another sink buffer."""
    runs = pipeline.past("updated", start_ms + HOUR_MS, 20 * MINUTE_MS, 500)
    detail = pipeline.application()
    assert detail["ApplicationStatus"] == "RUNNING"
    pipeline.backlog.put(*runs, aggregated=7)
    pipeline.operate(
        "update_application",
        ConditionalToken=detail["ConditionalToken"],
        ApplicationConfigurationUpdate=update(detail, parallelism=2),
    )
    assert parallelism(pipeline.application()) == 2
    eventually(lambda: pipeline.late_events("updated"), 60)


def test_a_backlog_with_a_shard_a_subtask(pipeline: Pipeline, start_ms: int) -> None:
    """Stopped with a snapshot, an hour of plain records comes, and `env update` starts it again."""
    pipeline.operate("stop_application")
    runs = pipeline.past("backlog-of-a-shard-a-subtask", start_ms + 2 * HOUR_MS, HOUR_MS, 1_500)
    pipeline.backlog.put(*runs, aggregated=1)
    pipeline.specify(parallelism="2", desired_status='"RUNNING"')
    pipeline.videoctl("env", "update", ENVIRONMENT, "--yes", "--skip-canary")
    detail = pipeline.application()
    assert (detail["ApplicationStatus"], parallelism(detail)) == ("RUNNING", 2)


def test_kinesis_throttles_everybody(pipeline: Pipeline) -> None:
    """Half of all reads and writes are refused: of the sidecar, of Flink, of Firehose."""
    with (
        pipeline.faults(
            {"kind": "throttle", "service": "kinesis", "operation": "PutRecords", "rate": 0.5},
            {"kind": "throttle", "service": "kinesis", "operation": "GetRecords", "rate": 0.5},
        ),
        pipeline.sending("throttled", seconds=10),
    ):
        pass
    assert pipeline.refusals["kinesis", "PutRecords"]
    assert pipeline.refusals["kinesis", "GetRecords"]


def test_answers_are_lost(pipeline: Pipeline) -> None:
    """A third of the puts take effect without an answer, and are made again."""
    lost = {"kind": "timeout-after-effect", "service": "kinesis", "rate": 0.3}
    with (
        pipeline.faults({**lost, "operation": "PutRecords"}),
        pipeline.sending("answers-lost", seconds=8),
    ):
        pass
    assert pipeline.refusals["kinesis", "PutRecords"]


def test_a_task_manager_is_killed(pipeline: Pipeline) -> None:
    """`kill -9` under load: the job goes on from its last checkpoint."""
    with pipeline.sending("task-manager-killed", seconds=15):
        pipeline.wait(lambda: pipeline.acknowledged("task-manager-killed") > 100, 60)
        pipeline.kill_task_manager()
        before = pipeline.late_events("task-manager-killed")
    eventually(lambda: pipeline.late_events("task-manager-killed") > before, 180)


def test_a_restart(pipeline: Pipeline) -> None:
    """`flink restart` under load: snapshot, stop, start from it."""
    with pipeline.sending("restarted", seconds=20):
        pipeline.videoctl("flink", "restart", *WHERE, "--yes")


def test_firehose_fails(pipeline: Pipeline) -> None:
    """While it is down nothing comes to S3; the streams keep what was acknowledged."""
    with pipeline.faults({"kind": "service-down", "service": "firehose"}):
        with pipeline.sending("firehose-down", seconds=5):
            pass
        assert pipeline.delivered("firehose-down") == 0


def test_s3_and_timestream_fail(pipeline: Pipeline) -> None:
    """Firehose keeps what it cannot put, and Lambda tries the same windows until they are rows."""
    with pipeline.faults(
        {"kind": "service-down", "service": "s3", "operation": "PutObject"},
        {"kind": "service-down", "service": "timestream-write", "operation": "WriteRecords"},
    ):
        with pipeline.sending("s3-and-timestream-down", seconds=5):
            pass
        eventually(lambda: pipeline.was_refused("WriteRecords"), 180)
        assert pipeline.delivered("s3-and-timestream-down") == 0


def test_a_reshard(pipeline: Pipeline) -> None:
    """`flink reshard` from two shards to three under load: splits and merges at once."""
    with pipeline.sending("resharded", seconds=20):
        pipeline.videoctl("flink", "reshard", *WHERE, "--shards", "3", "--yes")
    assert parallelism(pipeline.application()) == 3


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """Everything, once the last minute has closed."""

    pipeline: Pipeline
    batch: Batch
    written: Written
    table: dict[WindowKey, Row]


@pytest.fixture(scope="module")
def evidence(pipeline: Pipeline) -> Evidence:
    """Waits until as much has arrived as was acknowledged, or the time is over."""
    ends, acknowledged = pipeline.ends, pipeline.ledger.acknowledged
    total = sum(map(len, acknowledged.values()))

    def has_closed() -> bool:
        written = ends.written()
        return written.events >= total and not list(other_rows(written.windows, ends.table()))

    def batch() -> Batch:
        return computed(ends.raw_objects(), lateness_ms=LATENESS_MS, region=REGION)

    def is_stored() -> bool:
        sessions = batch().sessions
        return all(names <= sessions.get(name, set()) for name, names in acknowledged.items())

    pipeline.wait(has_closed)
    pipeline.wait(is_stored, 60)
    return Evidence(pipeline, batch(), ends.written(), ends.table())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_acknowledged_events_are_in_raw_s3(evidence: Evidence, scenario: str) -> None:
    """Each acknowledged event, and no other that is valid; none that was refused."""
    ledger, batch = evidence.pipeline.ledger, evidence.batch
    for run in evidence.pipeline.runs[scenario]:
        assert told(not_stored(ledger.acknowledged, batch, run)) == ""
    stored = {name for names in batch.sessions.values() for name in names}
    assert stored & ledger.refused == set()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_events_are_conserved(evidence: Evidence, scenario: str) -> None:
    """Acknowledged = in windows + late for each session, and as the batch says, field by field."""
    ledger = evidence.pipeline.ledger
    for run in evidence.pipeline.runs[scenario]:
        mine = [name for name in ledger.acknowledged if name.startswith(f"{run}-")]
        assert mine
        assert {row["reason"] for key, row in evidence.batch.late.items() if key[0] in mine} == {
            "late", "future",
        }  # fmt: skip
        assert told(not_conserved(ledger.acknowledged, evidence.batch, evidence.written, run)) == ""


def test_repeats_are_harmless(evidence: Evidence) -> None:
    """At least once: a record may come again, and none says more than the last of its key.

    An earlier record that differs is one of a minute that was written again, since an event in
    time by its stamps came after the minute had been written. How many there were is printed.
    """
    earlier, last = evidence.written.earlier, evidence.written.windows
    differing = [
        (row, last[key]) for key, rows in earlier.items() for row in rows if row != last[key]
    ]
    assert [pair for pair in differing if pair[0]["events"] >= pair[1]["events"]] == []
    late = evidence.written.late.values()
    assert [rows for rows in late if any(row != rows[0] for row in rows)] == []
    sys.stdout.write(
        f"{len(last)} windows, {sum(map(len, earlier.values()))} of them repeated,"
        f" {len(differing)} with another content; {len(late)} late events,"
        f" {sum(len(rows) - 1 for rows in late)} repeated\n"
    )


@pytest.mark.parametrize("scenario", ["backlog-of-two-shards-a-subtask", "updated"])
def test_a_start_from_a_snapshot_repeats_nothing(evidence: Evidence, scenario: str) -> None:
    """What was read before an update or a stop in good order is not read again."""
    runs = tuple(f"{run}-" for run in evidence.pipeline.runs[scenario])
    mine = {key: rows for key, rows in evidence.written.late.items() if key[0].startswith(runs)}
    assert mine
    assert {key: rows for key, rows in mine.items() if len(rows) > 1} == {}


def test_the_table_has_the_last_record_of_each_key(evidence: Evidence) -> None:
    """Timestream's rows are the session stream's windows, each as it was last written."""
    assert told(other_rows(evidence.written.windows, evidence.table)) == ""


def test_no_row_was_given_up(evidence: Evidence) -> None:
    """The function's dead-letter queue is empty."""
    sqs = evidence.pipeline.ends.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{PREFIX}-kds-timestream-buf-sess-dlq")["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert set(counts.values()) == {"0"}


@pytest.mark.parametrize("kind", ["session", "late"])
def test_results_are_in_s3(evidence: Evidence, kind: str) -> None:
    """Each record of the stream lies in its bucket, and nothing else."""
    ends = evidence.pipeline.ends
    evidence.pipeline.wait(lambda: set(ends.stream(kind)) <= set(ends.bucket(kind)), 60)
    streamed, stored = set(ends.stream(kind)), set(ends.bucket(kind))
    assert (streamed - stored, stored - streamed) == (set(), set())


def parallelism(detail: dict[str, Any]) -> int:
    """What the application is configured with."""
    flink = detail["ApplicationConfigurationDescription"][
        "FlinkApplicationConfigurationDescription"
    ]
    return int(flink["ParallelismConfigurationDescription"]["Parallelism"])


def update(detail: dict[str, Any], *, parallelism: int) -> dict[str, Any]:
    """A compatible change of the application."""
    properties = detail["ApplicationConfigurationDescription"]["EnvironmentPropertyDescriptions"]
    groups = properties["PropertyGroupDescriptions"]
    for group in groups:
        if group["PropertyGroupId"] == "agg":
            group["PropertyMap"]["sink.buffer.ms"] = "300"
    return {
        "FlinkApplicationConfigurationUpdate": {
            "ParallelismConfigurationUpdate": {
                "ConfigurationTypeUpdate": "CUSTOM",
                "ParallelismUpdate": parallelism,
            }
        },
        "EnvironmentPropertyUpdates": {"PropertyGroups": groups},
    }
