"""The feed: batches of events to a front door, and what became of each event.

Nothing counts as acknowledged that the front door did not acknowledge. A batch that failed in
transit is sent again with the same event ids, which makes the repeat harmless.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tenacity import RetryCallState

    from videoctl.loadtest.viewers import Event

ACCEPTED: Final = 202
NONE_ACCEPTED: Final = 400
BUSY: Final = frozenset({429, 502, 503, 504})


class _BusyError(Exception):
    """The front door asks to come back later, or could not be reached."""

    def __init__(self, reason: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """How a feed sends.

    Attributes:
        url: the front door, ending in `/v1/events`.
        batch_events: events a request.
        connections: requests under way at once.
        rate_per_second: events a second asked for; None: as fast as they are acknowledged.
        give_up_seconds: how long one batch is tried again.

    """

    url: str
    batch_events: int = 100
    connections: int = 8
    rate_per_second: float | None = None
    give_up_seconds: float = 60.0


@dataclass(slots=True)
class FeedReport:
    """What became of the events; `sent = acknowledged + rejected + undelivered`.

    Attributes:
        acknowledged_ids: ids of the acknowledged events, those sent again once.
        latencies_ms: of each acknowledged request.
        reasons: why events were rejected or stayed undelivered, by reason.

    """

    sent: int = 0
    acknowledged: int = 0
    rejected: int = 0
    undelivered: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    acknowledged_ids: set[str] = field(default_factory=set)

    @property
    def rate_per_second(self) -> float:
        """Acknowledged events a second."""
        return self.acknowledged / self.seconds if self.seconds else 0.0

    def latency_ms(self, quantile: float) -> float | None:
        """A quantile of the acknowledgement time; None when nothing was acknowledged."""
        if not self.latencies_ms:
            return None
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]

    def note(self, reason: str, events: int) -> None:
        """Count events under a reason."""
        self.reasons[reason] = self.reasons.get(reason, 0) + events


def feed(
    events: Sequence[Event],
    settings: FeedSettings,
    progress: Callable[[FeedReport], None] = lambda _report: None,
) -> FeedReport:
    """Send every event and wait for every answer."""
    return asyncio.run(_feed(events, settings, progress))


async def _feed(
    events: Sequence[Event], settings: FeedSettings, progress: Callable[[FeedReport], None]
) -> FeedReport:
    report = FeedReport()
    began = time.monotonic()
    batches = _batches(events, settings.batch_events)
    limits = httpx.Limits(max_connections=settings.connections)
    async with httpx.AsyncClient(limits=limits, timeout=30.0) as client:

        async def worker() -> None:
            for batch in batches:
                await _keep_pace(report.sent, began, settings.rate_per_second)
                report.sent += len(batch)
                await _send(client, settings, batch, report)
                report.seconds = time.monotonic() - began
                progress(report)

        await asyncio.gather(*(worker() for _ in range(settings.connections)))
    report.seconds = time.monotonic() - began
    return report


def _batches(events: Sequence[Event], size: int) -> Iterator[Sequence[Event]]:
    # One iterator serves all workers: whoever is free takes the next batch.
    return (events[start : start + size] for start in range(0, len(events), size))


async def _keep_pace(sent: int, began: float, rate_per_second: float | None) -> None:
    if rate_per_second:
        await asyncio.sleep(max(0.0, began + sent / rate_per_second - time.monotonic()))


async def _send(
    client: httpx.AsyncClient, settings: FeedSettings, batch: Sequence[Event], report: FeedReport
) -> None:
    body = gzip.compress(json.dumps(batch).encode(), compresslevel=1)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(_BusyError),
        stop=stop_after_delay(settings.give_up_seconds),
        wait=_wait,
    )
    try:
        async for attempt in attempts:
            with attempt:
                answer, milliseconds = await _post(client, settings.url, body, headers)
    except RetryError as error:
        report.undelivered += len(batch)
        report.note(str(error.last_attempt.exception()), len(batch))
        return
    report.latencies_ms.append(milliseconds)
    report.acknowledged += answer["accepted"]
    report.rejected += len(answer["rejected"])
    refused = {item.get("index") for item in answer["rejected"]}
    if answer["accepted"]:
        report.acknowledged_ids.update(
            event["event_id"] for index, event in enumerate(batch) if index not in refused
        )
    for reason in _reasons(answer["rejected"]):
        report.note(reason, 1)


async def _post(
    client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]
) -> tuple[dict[str, Any], float]:
    began = time.monotonic()
    try:
        response = await client.post(url, content=body, headers=headers)
    except httpx.TransportError as error:
        raise _BusyError(f"front door unreachable: {type(error).__name__}") from error
    if response.status_code in {ACCEPTED, NONE_ACCEPTED}:
        return response.json(), (time.monotonic() - began) * 1000
    if response.status_code in BUSY:
        after = response.headers.get("Retry-After", "")
        seconds = float(after) if after.isdigit() else 0.0
        raise _BusyError(f"front door answered {response.status_code}", seconds)
    empty = {"index": None, "reason": f"front door answered {response.status_code}"}
    size = len(json.loads(gzip.decompress(body)))
    return {"accepted": 0, "rejected": [empty] * size}, (time.monotonic() - began) * 1000


_backoff = wait_exponential_jitter(initial=0.2, max=5.0)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_seconds if isinstance(error, _BusyError) else 0.0
    return max(asked, _backoff(state))


def _reasons(rejected: Iterable[dict[str, Any]]) -> Iterator[str]:
    for item in rejected:
        yield str(item.get("reason", "unknown"))
