"""Flink's REST API, as far as it is needed here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import httpx

from sandbox.flink.jobs import JobError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sandbox.protocol.wire import Json

_TIMEOUT_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.1
_FIRST_ERROR_STATUS: Final = 400


class FlinkRest:
    """One JobManager's REST API; raises `JobError`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The document at a path."""
        return await self._ask("GET", path, query=query)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> Any:
        try:
            answer = await self._client.request(method, path, params=query, json=body)
            document = answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError, RuntimeError) as error:  # the last: closed meanwhile
            raise JobError(f"The JobManager does not answer {path}: {error!r}") from error
        if answer.status_code >= _FIRST_ERROR_STATUS:
            raise JobError(_first_line(document) or f"{path} answered {answer.status_code}")
        return document

    async def job(self) -> Json | None:
        """The job of this cluster, the latest if there are several: jid, name, state, tasks."""
        jobs = (await self.get("/jobs/overview"))["jobs"]
        return max(jobs, key=lambda job: float(job["start-time"]), default=None)

    async def root_cause(self, job_id: str) -> str | None:
        """What the job failed of last, in one line; None when nothing failed."""
        found = await self.get(f"/jobs/{job_id}/exceptions")
        history = found.get("exceptionHistory", {}).get("entries", [])
        # A job that could not even be initialised has no history.
        trace = history[0].get("stacktrace") if history else found.get("root-exception")
        return cause_of(trace) if trace else None

    async def values(self, path: str, names: Iterable[str]) -> dict[str, float]:
        """Metrics by name, of those that have a number."""
        found = await self.get(path, {"get": ",".join(names)})
        return {
            one["id"]: number for one in found if (number := _number(one.get("value"))) is not None
        }

    async def savepoint(self, job_id: str, directory: Path, *, stop: bool) -> str:
        """Take a savepoint, and end the job with it if asked to; gives the savepoint's URI."""
        if stop:
            body: Json = {"targetDirectory": directory.as_uri(), "drain": False}
        else:
            body = {"target-directory": directory.as_uri(), "cancel-job": False}
        action = "stop" if stop else "savepoints"
        trigger = await self._ask("POST", f"/jobs/{job_id}/{action}", body=body)
        path = f"/jobs/{job_id}/savepoints/{trigger['request-id']}"
        while True:
            seen = await self.get(path)
            if seen["status"]["id"] == "COMPLETED":
                break
            await asyncio.sleep(_POLL_SECONDS)
        outcome = seen["operation"]
        if "failure-cause" in outcome:
            cause = cause_of(outcome["failure-cause"].get("stack-trace", ""))
            raise JobError(f"Flink took no savepoint: {cause}")
        return str(outcome["location"])


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number == number else None  # noqa: PLR0124 - NaN: "no value"


def _first_line(document: Any) -> str:
    errors = document.get("errors", []) if isinstance(document, dict) else []
    return str(errors[-1]).splitlines()[0] if errors else ""


def cause_of(stack_trace: str) -> str:
    """The last `Caused by:` of a Java stack trace, else its first line."""
    lines = stack_trace.splitlines()
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return causes[-1].removeprefix("Caused by: ") if causes else (lines or ["no reason given"])[0]
