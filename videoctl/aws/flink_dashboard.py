"""A running job as Flink's own REST API tells of it, behind a presigned dashboard address.

The address is opened once; the session it begins is carried by a cookie, and the REST API lies
under the same path. Nothing is ever changed through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import httpx

from videoctl.errors import FailedError, TransientError

TIMEOUT_SECONDS: Final = 10.0
_LAG: Final = ".millisBehindLatest"
_RATE: Final = "numRecordsOutPerSecond"
_RESTARTS: Final = ("numRestarts", "fullRestarts")
"""From Flink 2.2 on, and before."""
_MS: Final = 1000
_Count = TypeVar("_Count", int, float)
_ENDED: Final = frozenset({"FINISHED", "CANCELED", "FAILED"})


@dataclass(frozen=True, kw_only=True)
class JobReading:
    """One job: Flink's state, moments, counts; None where Flink does not say.

    Attributes:
        shards: milliseconds behind its end by shard of a Kinesis source; None: it reports none.
        configuration: the job manager's settings, as written.

    """

    job_id: str
    state: str
    started_at: datetime | None
    running_since: datetime | None
    restarts: int | None
    completed_checkpoints: int | None
    last_checkpoint_at: datetime | None
    last_failed_checkpoint_at: datetime | None
    records_read: int | None
    records_per_second: float | None
    shards: Mapping[str, float] | None
    configuration: Mapping[str, str] | None


class FlinkDashboard:
    """The dashboard of one application.

    Args:
        client: has opened the presigned address.
        base: the address of the REST API, without a slash at its end.

    """

    def __init__(self, client: httpx.Client, base: str) -> None:
        self._client = client
        self._base = base

    @classmethod
    @contextmanager
    def opened(cls, presigned_url: str) -> Iterator[FlinkDashboard]:
        """The dashboard behind a presigned address, until the block ends.

        Raises:
            TransientError: it does not answer.
            FailedError: it refuses.

        """
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True) as client:
            answer = _get(client, presigned_url)
            parts = answer.url
            path = parts.path.rpartition("/")[0]
            yield cls(client, f"{parts.scheme}://{parts.netloc.decode()}{path}")

    def job(self) -> JobReading | None:
        """The application's job: the one that has not ended, else the newest; None: no job.

        Raises:
            TransientError: the job manager does not answer.
            FailedError: it answers something else.

        """
        jobs = self._json("/jobs/overview").get("jobs", [])
        if not jobs:
            return None
        jobs.sort(key=lambda one: (one["state"] not in _ENDED, one["start-time"]))
        job_id = jobs[-1]["jid"]
        details = self._json(f"/jobs/{job_id}")
        checkpoints = self._json(f"/jobs/{job_id}/checkpoints")
        latest = checkpoints.get("latest") or {}
        completed, failed = latest.get("completed") or {}, latest.get("failed") or {}
        sources = list(_sources(details))
        return JobReading(
            job_id=job_id,
            state=details["state"],
            started_at=_moment(details.get("start-time")),
            running_since=_moment(details.get("timestamps", {}).get("RUNNING")),
            restarts=self._restarts(job_id),
            completed_checkpoints=(checkpoints.get("counts") or {}).get("completed"),
            last_checkpoint_at=_moment(completed.get("latest_ack_timestamp")),
            last_failed_checkpoint_at=_moment(failed.get("failure_timestamp")),
            records_read=_total([one["metrics"].get("write-records") for one in sources]),
            records_per_second=self._rate(job_id, sources),
            shards=self._shards(job_id, sources),
            configuration=self.configuration(),
        )

    def configuration(self) -> dict[str, str] | None:
        """The settings the job manager lists, as written; None while it has no list yet."""
        found = self._json("/jobmanager/config")
        if not isinstance(found, list):
            return None
        return {str(one["key"]): str(one["value"]) for one in found}

    def _restarts(self, job_id: str) -> int | None:
        found = self._values(f"/jobs/{job_id}/metrics", _RESTARTS)
        counts = [found[name] for name in _RESTARTS if name in found]
        return int(counts[0]) if counts else None

    def _rate(self, job_id: str, sources: list[Any]) -> float | None:
        rates: list[float | None] = []
        for source in sources:
            path = f"/jobs/{job_id}/vertices/{source['id']}/subtasks/metrics"
            found = self._json(path, get=_RATE)
            rates += [_number(one.get("sum")) for one in found if one["id"] == _RATE]
        return _total(rates)

    def _shards(self, job_id: str, sources: list[Any]) -> dict[str, float] | None:
        """By the metrics of the sources; one that was never read says -1 and is left out."""
        shards: dict[str, float] = {}
        for source in sources:
            path = f"/jobs/{job_id}/vertices/{source['id']}/metrics"
            names = [one["id"] for one in self._json(path) if one["id"].endswith(_LAG)]
            for name, value in self._values(path, names).items():
                words = name.split(".")
                if "shardId" in words[:-1] and value >= 0:
                    shard_id = words[words.index("shardId") + 1]
                    shards[shard_id] = max(value, shards.get(shard_id, 0.0))
        return shards or None

    def _values(self, path: str, names: tuple[str, ...] | list[str]) -> dict[str, float]:
        if not names:
            return {}
        found = self._json(path, get=",".join(names))
        values = {one["id"]: _number(one.get("value")) for one in found}
        return {name: value for name, value in values.items() if value is not None}

    def _json(self, path: str, **parameters: str) -> Any:
        answer = _get(self._client, f"{self._base}{path}", parameters)
        try:
            return answer.json()
        except ValueError as error:
            raise FailedError(
                f"the Flink dashboard answered no JSON at {path}", code="dashboard-unreadable"
            ) from error


def _get(
    client: httpx.Client, url: str, parameters: Mapping[str, str] | None = None
) -> httpx.Response:
    shown = url.partition("?")[0]
    try:
        answer = client.get(url, params=parameters or None)
    except httpx.HTTPError as error:
        raise TransientError(
            f"the Flink dashboard {shown} does not answer: {type(error).__name__}",
            code="dashboard-unreachable",
        ) from error
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise TransientError(
            f"the Flink dashboard {shown} answered {answer.status_code}",
            code="dashboard-unavailable",
        )
    if answer.is_error:
        raise FailedError(
            f"the Flink dashboard {shown} answered {answer.status_code}",
            code="dashboard-refused",
        )
    return answer


def _sources(details: Mapping[str, Any]) -> Iterator[Any]:
    """The vertices nothing flows into."""
    fed = {node["id"] for node in details.get("plan", {}).get("nodes", []) if node.get("inputs")}
    return (one for one in details.get("vertices", []) if one["id"] not in fed)


def _moment(milliseconds: int | None) -> datetime | None:
    if not milliseconds or milliseconds < 0:
        return None
    return datetime.fromtimestamp(milliseconds / _MS, UTC)


def _number(text: object) -> float | None:
    """A metric's value; NaN and what is no number are no value."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if value == value else None  # noqa: PLR0124 (NaN alone differs from itself)


def _total(values: list[_Count | None]) -> _Count | None:
    known = [one for one in values if one is not None]
    return sum(known[1:], known[0]) if known else None
