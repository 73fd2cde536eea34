"""Changes to Flink applications and their stream look first: nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes import world
from tests.fakes.clock import FakeClock
from videoctl.aws.errors import Busy, NotAllowed, NotFound
from videoctl.errors import FailedError
from videoctl.model.names import Names, StreamKind
from videoctl.model.regions import Region
from videoctl.planning.observation import ABSENT
from videoctl.planning.observed_flink import NO_JOB, UNREADABLE
from videoctl.platform_flink import FlinkPlatform

EAST = Region.US_EAST_1
MOMENT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass
class Service:
    """Both services' answers, and the calls that would have changed something."""

    status: str | None = "RUNNING"
    snapshots: dict[str, str] = field(default_factory=dict)
    stream: tuple[str, int] = ("ACTIVE", 2)
    dashboard: Exception | None = None
    changes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def client(self, _service: str, _region: Region) -> Service:
        """As a session makes clients."""
        return self

    def call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """One call."""
        if operation == "DescribeApplication":
            if self.status is None:
                raise NotFound("no such application")
            parallelism = {"Parallelism": 2}
            flink = {"ParallelismConfigurationDescription": parallelism}
            return {
                "ApplicationDetail": {
                    "ApplicationStatus": self.status,
                    "RuntimeEnvironment": "FLINK-1_20",
                    "ApplicationVersionId": 7,
                    "ConditionalToken": "token",
                    "ApplicationConfigurationDescription": {
                        "FlinkApplicationConfigurationDescription": flink
                    },
                }
            }
        if operation == "ListApplicationOperations":
            return {"ApplicationOperationInfoList": []}
        if operation == "DescribeStreamSummary":
            status, count = self.stream
            return {"StreamDescriptionSummary": {"StreamStatus": status, "OpenShardCount": count}}
        if operation == "CreateApplicationPresignedUrl":
            raise self.dashboard or AssertionError(operation)
        self.changes.append((operation, parameters))
        return {}

    def items(self, operation: str, _key: str, /, **_: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list."""
        assert operation == "ListApplicationSnapshots"
        for name, status in self.snapshots.items():
            yield {
                "SnapshotName": name,
                "SnapshotStatus": status,
                "SnapshotCreationTimestamp": MOMENT,
            }


def platform(service: Service) -> FlinkPlatform:
    """The platform over it."""
    names = Names("dev", world.ACCOUNT)
    return FlinkPlatform(names, service, FakeClock())  # type: ignore[arg-type]


def called(service: Service) -> list[str]:
    """Operations that would have changed something."""
    return [operation for operation, _ in service.changes]


@pytest.mark.parametrize(
    ("status", "is_called"),
    [("READY", True), ("STARTING", False), ("RUNNING", False)],
)
def test_a_start_whose_answer_was_lost_is_not_made_twice(status: str, is_called: bool) -> None:
    """STARTING and RUNNING are what it leads to."""
    service = Service(status=status)
    platform(service).start(EAST)
    assert called(service) == (["StartApplication"] if is_called else [])


@pytest.mark.parametrize(
    ("snapshots", "restore"),
    [
        ({}, "SKIP_RESTORE_FROM_SNAPSHOT"),
        ({"s": "FAILED"}, "SKIP_RESTORE_FROM_SNAPSHOT"),
        ({"s": "READY"}, "RESTORE_FROM_LATEST_SNAPSHOT"),
    ],
)
def test_a_start_is_from_a_snapshot_that_is_ready(snapshots: dict[str, str], restore: str) -> None:
    """One that failed is none to start from."""
    service = Service(status="READY", snapshots=snapshots)
    platform(service).start(EAST)
    ((_, given),) = service.changes
    configuration = given["RunConfiguration"]["ApplicationRestoreConfiguration"]
    assert configuration == {"ApplicationRestoreType": restore}


@pytest.mark.parametrize(
    ("status", "force", "is_called"),
    [
        ("RUNNING", False, True),
        ("RUNNING", True, True),
        ("STOPPING", False, False),
        ("STOPPING", True, True),
        ("FORCE_STOPPING", True, False),
        ("READY", False, False),
    ],
)
def test_a_stop_is_made_once(status: str, force: bool, is_called: bool) -> None:
    """On the way to READY there is nothing to call, but for force."""
    service = Service(status=status)
    platform(service).stop(EAST, force=force)
    assert called(service) == (["StopApplication"] if is_called else [])


@pytest.mark.parametrize(("status", "is_called"), [(None, True), ("CREATING", False)])
def test_a_snapshot_of_that_name_is_taken_once(status: str | None, is_called: bool) -> None:
    """The name is the plan's: the second attempt finds the first one's."""
    service = Service(snapshots={"mine": status} if status else {"other": "READY"})
    platform(service).take_snapshot(EAST, "mine")
    assert called(service) == (["CreateApplicationSnapshot"] if is_called else [])


@pytest.mark.parametrize(("parallelism", "is_called"), [(2, False), (4, True)])
def test_parallelism_is_set_on_the_version_that_was_seen(parallelism: int, is_called: bool) -> None:
    """With the token of the look before the call."""
    service = Service(status="READY")
    platform(service).set_parallelism(EAST, parallelism)
    assert [given["ConditionalToken"] for _, given in service.changes] == ["token"] * is_called


@pytest.mark.parametrize(
    ("stream", "is_called"),
    [(("ACTIVE", 2), True), (("UPDATING", 2), False), (("ACTIVE", 4), False)],
)
def test_a_reshard_is_asked_for_once(stream: tuple[str, int], is_called: bool) -> None:
    """Ten a day are allowed: none is wasted on one that is under way or done."""
    service = Service(stream=stream)
    platform(service).update_shard_count(EAST, StreamKind.RAW, 4)
    assert called(service) == (["UpdateShardCount"] if is_called else [])


def test_an_application_that_is_not_there_is_absent() -> None:
    """Looking says so; changing fails with the command that makes it."""
    service = Service(status=None)
    assert platform(service).application(EAST).status == ABSENT
    with pytest.raises(FailedError) as raised:
        platform(service).start(EAST)
    assert raised.value.hint == "videoctl env create dev"


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (NotFound("none"), NO_JOB, "no application"),
        (Busy("in use"), NO_JOB, "not RUNNING"),
        (NotAllowed("not authorized to perform"), UNREADABLE, "not authorized"),
    ],
)
def test_a_dashboard_that_does_not_open_is_no_error(
    error: Exception, state: str, said: str
) -> None:
    """A look at an environment goes on: the job is not there, or not known, and why."""
    job = platform(Service(dashboard=error)).job(EAST)
    assert job.state == state
    assert said in (job.reason or "")


@pytest.mark.parametrize(
    ("status", "said"), [(None, "no application"), ("READY", "READY"), ("STARTING", "STARTING")]
)
def test_no_dashboard_is_asked_for_unless_the_application_is_running(
    status: str | None, said: str
) -> None:
    """There is no job then: no permission is needed to say so."""
    refusing = Service(status=status, dashboard=NotAllowed("not authorized to perform"))
    job = platform(refusing).job(EAST)
    assert job.state == NO_JOB
    assert said in (job.reason or "")
