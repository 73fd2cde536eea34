"""The ASGI application: events in, verdicts out, after Kinesis has the events."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from jobs.http_handler.bodies import BodyError, is_texts, parse
from jobs.http_handler.events import Rejected, Verdict, judge, judge_texts
from jobs.http_handler.reception import BodyReader, DisconnectedError
from jobs.http_handler.wire import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import Lifespan, Receive, Scope, Send

    from jobs.http_handler.counters import Counters
    from jobs.http_handler.settings import HandlerSettings
    from jobs.http_handler.sidecar_client import Producer

RETRY_AFTER_SECONDS: Final = 1
_NOT_STORED: Final = "Kinesis did not take it in time; send it again with the same event_id"
_QUEUE_FULL: Final = "too much is waiting for Kinesis; send it again later"
_encoder: Final = msgspec.json.Encoder()


class Answer(msgspec.Struct, frozen=True):
    """What every answer of the front door looks like.

    Attributes:
        accepted: events that are stored in Kinesis.
        rejected: the others, each with its reason.

    """

    accepted: int
    rejected: list[Rejected]


class EventsEndpoint:
    """`POST /v1/events`.

    Args:
        settings: limits.
        producer: stores records.
        counters: of this process.
        clock_ms: UTC epoch milliseconds.

    """

    def __init__(
        self,
        settings: HandlerSettings,
        producer: Producer,
        counters: Counters,
        clock_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._producer = producer
        self._counters = counters
        self._clock_ms = clock_ms
        self._reader = BodyReader(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            async with self._reader.read(scope, receive) as (body, content_type):
                status, answer = await self._serve(body, content_type)
        except BodyError as error:
            status = error.status
            answer = Answer(0, [Rejected(0, None, error.reason, str(error))])
        except DisconnectedError:
            self._counters.count("requests_disconnected")
            return
        self._count(status, answer)
        await _respond(send, status, answer)

    async def _serve(self, body: bytes, content_type: str) -> tuple[int, Answer]:
        items = parse(body, content_type, self._settings.max_events_per_request)
        verdict_on = judge_texts if is_texts(items) else judge
        verdict = verdict_on(items, self._clock_ms(), self._settings.max_event_bytes)
        if not verdict.accepted:
            return 400, Answer(0, verdict.rejected)
        records = [(event.session_id, event.data) for event in verdict.accepted]
        return _after_put(verdict, await self._producer.put(records))

    def _count(self, status: int, answer: Answer) -> None:
        self._counters.count(f"responses_{status}")
        self._counters.count("events_accepted", answer.accepted)
        for reason, times in Counter(item.reason for item in answer.rejected).items():
            self._counters.count(f"events_rejected_{reason}", times)


def build_app(  # noqa: D417  (the rest as in EventsEndpoint)
    settings: HandlerSettings,
    producer: Producer,
    counters: Counters,
    problems: Callable[[], list[str]] = list,
    *,
    clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """The application.

    Args:
        problems: why this process should get no traffic, apart from its producer's reasons.
        lifespan: what runs beside it.

    """

    async def health(_request: Request) -> Response:
        state = await producer.state()
        found = [*problems(), *state.problems]
        document = {"status": "unhealthy" if found else "healthy", "problems": found}
        return _json(document, 503 if found else 200)

    async def metrics(_request: Request) -> Response:
        state = await producer.state()
        return _json({"http_handler": dict(counters), "kpl_sidecar": state.counters}, 200)

    async def refuse(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        reason = error.detail.lower().replace(" ", "-")
        answer = Answer(0, [Rejected(0, None, reason, error.detail)])
        return _json(answer, error.status_code, error.headers)

    endpoint = EventsEndpoint(settings, producer, counters, clock_ms)
    return Starlette(
        routes=[
            Route("/v1/events", endpoint, methods=["POST"]),
            Route("/health", health),
            Route("/metrics", metrics),
        ],
        exception_handlers={HTTPException: refuse},
        lifespan=lifespan,
    )


def _after_put(verdict: Verdict, statuses: bytes) -> tuple[int, Answer]:
    rejected = verdict.rejected
    stored = statuses.count(Status.STORED)
    if stored == len(statuses):
        return 202, Answer(stored, rejected)
    for event, status in zip(verdict.accepted, statuses, strict=True):
        if status == Status.NOT_STORED:
            rejected.append(Rejected(event.index, event.event_id, "not-stored", _NOT_STORED))
        elif status == Status.QUEUE_FULL:
            rejected.append(Rejected(event.index, event.event_id, "queue-full", _QUEUE_FULL))
    rejected.sort(key=lambda item: item.index)
    if stored:
        return 202, Answer(stored, rejected)
    return 429 if Status.QUEUE_FULL in statuses else 503, Answer(0, rejected)


async def _respond(send: Send, status: int, answer: Answer) -> None:
    body = _encoder.encode(answer)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if status in {429, 503}:
        headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _json(document: Any, status: int, headers: Any = None) -> Response:
    return Response(_encoder.encode(document), status, headers, "application/json")
