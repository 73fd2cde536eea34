"""The answers of the front door, with a producer that does what the test says."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jobs.http_handler.app import build_app
from jobs.http_handler.counters import Counters
from jobs.http_handler.settings import HandlerSettings
from jobs.http_handler.wire import State, Status
from tests.fakes.examples import examples
from tests.jobs.made_events import event, events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

NOW_MS = 1_700_000_000_000


class FakeProducer:
    """Stores everything, or gives the statuses it was told."""

    def __init__(self, statuses: Sequence[Status] | None = None) -> None:
        self.statuses = statuses
        self.stored: list[tuple[str, bytes]] = []
        self.problems: list[str] = []

    async def put(self, records: Sequence[tuple[str, bytes]]) -> bytes:
        """The statuses the test asked for."""
        statuses = self.statuses or [Status.STORED] * len(records)
        for record, status in zip(records, statuses, strict=True):
            if status == Status.STORED:
                self.stored.append(record)
        return bytes(statuses)

    async def state(self) -> State:
        """The problems the test asked for."""
        return State(0, self.problems, {"records_stored": len(self.stored)})


class Door:
    """The application in this process."""

    def __init__(
        self, statuses: Sequence[Status] | None = None, problems: Any = list, **limits: Any
    ) -> None:
        self.producer = FakeProducer(statuses)
        self.counters = Counters()
        settings = HandlerSettings(aws_region="us-east-1", **limits)
        self.app = build_app(
            settings, self.producer, self.counters, problems, clock_ms=lambda: NOW_MS
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request and its answer."""

        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                return await client.request(method, path, **options)

        return asyncio.run(run())

    def post(self, body: Any, **headers: str) -> httpx.Response:
        """Post a body to the front door; values are written as JSON."""
        if isinstance(body, dict | list):
            body = json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", "/v1/events", content=body, headers=names)


def test_one_event_is_accepted_with_the_handlers_time():
    """`received_time_ms` is the handler's, whatever the player sent."""
    door = Door()
    sent = event(received_time_ms=5, unknown={"kept": [1]})
    answer = door.post(sent)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []})
    ((key, data),) = door.producer.stored
    assert key == sent["session_id"]
    assert json.loads(data) == {**sent, "received_time_ms": NOW_MS}


@pytest.mark.parametrize("is_gzipped", [False, True])
@pytest.mark.parametrize("is_ndjson", [False, True])
def test_arrays_and_lines_are_accepted_also_gzipped(is_ndjson, is_gzipped):
    """The order of the request is the order of the records."""
    door = Door()
    batch = events(3)
    text = "\n".join(map(json.dumps, batch)) if is_ndjson else json.dumps(batch)
    headers = {"Content_Encoding": "gzip"} if is_gzipped else {}
    body = gzip.compress(text.encode()) if is_gzipped else text.encode()
    assert door.post(body, **headers).json()["accepted"] == 3
    stored = [json.loads(data)["event_id"] for _, data in door.producer.stored]
    assert stored == [item["event_id"] for item in batch]


def test_the_good_events_of_a_batch_are_accepted():
    """The others are listed with index, id, reason and message."""
    door = Door()
    answer = door.post([event(), event(event_id="bad", position_ms="far"), event()])
    document = answer.json()
    assert (answer.status_code, document["accepted"]) == (202, 2)
    (rejected,) = document["rejected"]
    assert set(rejected) == {"index", "event_id", "reason", "message"}
    assert (rejected["index"], rejected["event_id"]) == (1, "bad")
    assert rejected["reason"] == "wrong-type"
    assert "position_ms" in rejected["message"]


def test_no_good_event_is_400():
    """The body has the same shape."""
    answer = Door().post([{}, 7])
    assert answer.status_code == 400
    assert answer.json()["accepted"] == 0
    assert [item["index"] for item in answer.json()["rejected"]] == [0, 1]


def test_what_was_not_stored_is_named_when_others_were():
    """A partly stored batch is 202, and says which events to send again."""
    door = Door([Status.STORED, Status.NOT_STORED])
    answer = door.post([event(), event(), {"event_id": "bad"}])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    reasons = [(item["index"], item["reason"]) for item in answer.json()["rejected"]]
    assert reasons == [(1, "not-stored"), (2, "missing-field")]


@pytest.mark.parametrize(
    ("status", "expected"), [(Status.NOT_STORED, 503), (Status.QUEUE_FULL, 429)]
)
def test_nothing_stored_asks_to_come_again(status, expected):
    """503 when Kinesis cannot take it, 429 when too much waits; both with Retry-After."""
    answer = Door([status]).post(event())
    assert answer.status_code == expected
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["accepted"] == 0


def test_a_body_past_the_limit_is_413():
    """By its declared length as well as by its bytes."""
    door = Door(max_body_bytes=1000)
    assert door.post(b"x" * 1001).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    assert door.request("POST", "/v1/events", content=chunks()).status_code == 413


def test_a_gzip_bomb_is_413():
    """By its size after decompression."""
    door = Door(max_decoded_bytes=10_000)
    bomb = gzip.compress(b" " * 1_000_000)
    assert door.post(bomb, Content_Encoding="gzip").status_code == 413


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"", {}, 400),
        (b"", {"Content_Encoding": "gzip"}, 400),
        (b"\x1f\x8b broken", {"Content_Encoding": "gzip"}, 400),
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"{}", {"Content_Encoding": "br"}, 415),
    ],
)
def test_unusable_bodies_say_why(body, headers, expected):
    """Every refusal has the same shape, with a reason."""
    answer = Door().post(body, **headers)
    assert answer.status_code == expected
    assert answer.json()["accepted"] == 0
    assert answer.json()["rejected"][0]["reason"]


def test_an_oversized_event_is_refused_and_the_others_are_not():
    """The limit on one event is not the limit on the body."""
    door = Door(max_event_bytes=1000)
    answer = door.post([event(padding="x" * 1000), event()])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert answer.json()["rejected"][0]["reason"] == "too-large"


def test_other_methods_and_paths_are_refused():
    """405 names the method that is allowed."""
    door = Door()
    answer = door.request("GET", "/v1/events")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert door.request("GET", "/nowhere").status_code == 404


def test_too_much_under_way_is_429():
    """Bodies in memory are bounded over all requests, and freed when they end."""
    door = Door(max_bytes_in_flight=500)
    assert door.post(json.dumps(events(10)).encode()).status_code == 429
    assert door.post(event()).status_code == 202


def test_a_slow_body_is_given_up():
    """A client that sends nothing does not hold a connection for ever."""
    door = Door(request_body_seconds=0.05)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.sleep(5)

    assert door.request("POST", "/v1/events", content=chunks()).status_code == 408


def test_health_is_the_producers_and_the_operators():
    """Either can take the task out of service."""
    door = Door()
    assert door.request("GET", "/health").status_code == 200
    door.producer.problems = ["Kinesis has taken nothing for 20 s"]
    answer = door.request("GET", "/health")
    assert (answer.status_code, answer.json()["problems"]) == (503, door.producer.problems)
    flagged = Door(problems=lambda: ["the operator's flag: drill"])
    assert flagged.request("GET", "/health").status_code == 503


def test_metrics_count_what_happened():
    """Accepted events, refusals by reason, answers by status, and the sidecar's own."""
    door = Door()
    door.post([event(), {}])
    assert door.request("GET", "/metrics").json() == {
        "http_handler": {
            "events_accepted": 1,
            "events_rejected_missing-field": 1,
            "responses_202": 1,
        },
        "kpl_sidecar": {"records_stored": 1},
    }


hostile_bodies = st.one_of(
    st.binary(max_size=300),
    st.text(alphabet='[]{}",:\\u0d8\n \x00', max_size=200).map(str.encode),
    st.lists(st.sampled_from([b"[", b"{", b"]", b"}", b",", b"1", b'"a":', b"\n", b"\xff"])).map(
        b"".join
    ),
    st.builds(lambda depth: b"[" * depth, st.integers(1, 5000)),
)


@hypothesis_settings(max_examples=examples(300))
@given(hostile_bodies, st.sampled_from(["", "gzip"]), st.booleans(), st.booleans())
def test_no_body_breaks_the_handler(body, encoding, is_compressed, is_ndjson):
    """Whatever comes, the answer is a 4xx of the agreed shape, and nothing is stored."""
    door = Door()
    if is_compressed:
        body = gzip.compress(body)
    headers = {"Content_Encoding": encoding} if encoding else {}
    if is_ndjson:
        headers["Content_Type"] = "application/x-ndjson"
    answer = door.post(body, **headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["accepted"] == 0
    assert answer.json()["rejected"]
    assert not door.producer.stored
