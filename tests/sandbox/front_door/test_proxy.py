"""The proxy of the front door over real sockets, against targets of the test's own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx
import pytest

from sandbox.front_door.proxy import Player
from sandbox.front_door.table import RoutingTable
from sandbox.front_door.traffic import Traffic
from sandbox.front_door.upstream import Pools
from sandbox.lifecycle import free_socket

NAME = "lb.us-east-1.elb.amazonaws.com"


class Target(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[set[Any]] = set()
    closes_after_answer: ClassVar[bool] = False

    def do_GET(self) -> None:
        """Echo."""
        self._echo(b"")

    do_HEAD = do_GET  # noqa: N815 - the name http.server looks for

    def do_POST(self) -> None:
        """Echo, or refuse before the body is read."""
        if self.path == "/refused":
            self.send_response(413)
            self.send_header("content-length", "9")
            self.end_headers()
            self.wfile.write(b"too large")
            self.rfile.read(int(self.headers["content-length"]))
            return
        if self.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["content-length"]))
        self._echo(body)

    def _echo(self, body: bytes) -> None:
        type(self).connections.add(self.client_address)
        answer = (
            body
            if len(body) > 1000
            else json.dumps(
                {"path": self.path, "body": body.decode(), "headers": dict(self.headers)}
            ).encode()
        )
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        if type(self).closes_after_answer:
            self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Silence."""


class FrontDoor:
    """A front door in a thread, whose table the test sets."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.table = RoutingTable()
        self.traffic = Traffic()
        listening = free_socket()
        self.port = listening.getsockname()[1]
        self._pools = Pools()

        async def serve() -> asyncio.Server:
            return await self._loop.create_server(
                lambda: Player(self.table, self._pools, self.traffic), sock=listening
            )

        self._server = self._await(serve())

    def _await(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def route(self, *targets: int, reachable: bool = True) -> None:
        """Send the load balancer's name to local ports."""
        entry = {
            "region": "us-east-1",
            "reachable": reachable,
            "targets": [{"host": "127.0.0.1", "port": p, "is_healthy": True} for p in targets],
        }
        self.table.replace({"accelerators": {}, "load_balancers": {NAME: entry}})

    @property
    def url(self) -> str:
        """Where the load balancer is."""
        return f"http://127.0.0.1:{self.port}/{NAME}"

    def close(self) -> None:
        """End the thread."""

        async def stop() -> None:
            self._server.close()
            self._pools.close()
            await asyncio.sleep(0.01)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        self._await(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def door() -> Iterator[FrontDoor]:
    """A front door with an empty table."""
    made = FrontDoor()
    yield made
    made.close()


@pytest.fixture
def target() -> Iterator[int]:
    """A target's port."""
    Target.connections = set()
    Target.closes_after_answer = False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Target)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_name_is_taken_off_the_path(door: FrontDoor, target: int) -> None:
    """The target sees the path and query that follow the name, and who asked."""
    door.route(target)
    answer = httpx.get(f"{door.url}/v1/events?x=1").json()
    assert answer["path"] == "/v1/events?x=1"
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"


def test_many_requests_share_one_connection_to_the_target(door: FrontDoor, target: int) -> None:
    """Connections are kept on both sides."""
    door.route(target)
    with httpx.Client() as client:
        for number in range(20):
            answer = client.post(f"{door.url}/", content=str(number)).json()
            assert answer["body"] == str(number)
    assert len(Target.connections) == 1


def test_a_large_body_goes_through_unchanged(door: FrontDoor, target: int) -> None:
    """Ten megabytes each way, more than any buffer holds."""
    door.route(target)
    body = b"0123456789" * 1_000_000
    assert httpx.post(f"{door.url}/", content=body).content == body


def test_an_answer_before_the_end_of_the_body_is_seen(door: FrontDoor, target: int) -> None:
    """A refused upload is told why, and its rest is nobody's next request."""
    door.route(target)
    for _ in range(3):
        refused = httpx.post(f"{door.url}/refused", content=b"x" * 8_000_000)
        assert (refused.status_code, refused.text) == (413, "too large")
        answer = httpx.post(f"{door.url}/v1/events", content=b"after")
        assert answer.json()["body"] == "after"


def test_a_large_body_without_a_target_is_told_so(door: FrontDoor) -> None:
    """The answer is not lost with the bytes nobody reads."""
    door.route()
    for _ in range(3):
        assert httpx.post(f"{door.url}/v1/events", content=b"x" * 8_000_000).status_code == 503


def test_a_chunked_body_goes_through_unchanged(door: FrontDoor, target: int) -> None:
    """A body without a length is passed on as it comes."""
    door.route(target)
    answer = httpx.post(f"{door.url}/", content=iter([b"one", b"two"])).json()
    assert answer["body"] == "onetwo"


def test_a_head_answer_has_no_body(door: FrontDoor, target: int) -> None:
    """HEAD ends with its headers, and the connection can be used again."""
    door.route(target)
    with httpx.Client() as client:
        assert client.head(f"{door.url}/a").status_code == 200
        assert client.get(f"{door.url}/b").json()["path"] == "/b"


def test_pipelined_requests_are_answered_in_order(door: FrontDoor, target: int) -> None:
    """Two requests sent at once get their answers one after the other."""
    door.route(target)

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        for path in ("first", "second"):
            writer.write(f"GET /{NAME}/{path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        answer = b""
        while b"/second" not in answer:
            answer += await asyncio.wait_for(reader.read(65536), 5)
        writer.close()
        return answer

    answer = asyncio.run(ask())
    assert answer.index(b"/first") < answer.index(b"/second")


def test_targets_take_turns(door: FrontDoor, target: int) -> None:
    """A second target gets every other request."""
    second = ThreadingHTTPServer(("127.0.0.1", 0), Target)
    thread = threading.Thread(target=second.serve_forever)
    thread.start()
    try:
        door.route(target, second.server_address[1])
        with httpx.Client() as client:
            hosts = [client.get(f"{door.url}/").json()["headers"] for _ in range(4)]
        assert len(hosts) == 4
        assert len(Target.connections) == 2
    finally:
        second.shutdown()
        thread.join()
        second.server_close()


def test_an_idle_connection_the_target_closed_costs_no_request(
    door: FrontDoor, target: int
) -> None:
    """A target that closes after each answer is asked again over a new connection."""
    door.route(target)
    Target.closes_after_answer = True
    with httpx.Client() as client:
        for _ in range(10):
            assert client.post(f"{door.url}/", content="x").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("nobody.example/x", 404), ("", 404), (f"{NAME}/x", 503)]
)
def test_names_that_lead_nowhere(door: FrontDoor, path: str, status: int) -> None:
    """An unknown name is 404, a load balancer without targets 503."""
    door.route()
    assert httpx.get(f"http://127.0.0.1:{door.port}/{path}").status_code == status


def test_a_dead_target_is_a_bad_gateway(door: FrontDoor) -> None:
    """Nothing listens on the target's port: 502."""
    probe = free_socket()
    port = probe.getsockname()[1]
    probe.close()
    door.route(port)
    assert httpx.get(f"{door.url}/x").status_code == 502


def test_a_region_that_is_down_gives_no_answer_at_all(door: FrontDoor, target: int) -> None:
    """The connection is cut, as packets to a lost region are."""
    door.route(target, reachable=False)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{door.url}/x")


def test_garbage_is_answered_with_400(door: FrontDoor) -> None:
    """What is not HTTP ends the connection with a reason."""

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"\x00\x01\x02 nonsense\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return answer

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 400")


def test_requests_and_answers_are_counted(door: FrontDoor, target: int) -> None:
    """Each request counts once, with the class of its answer and a response time."""
    door.route(target)
    with httpx.Client() as client:
        for _ in range(3):
            client.get(f"{door.url}/a")
    door.route(1)
    httpx.get(f"{door.url}/a")
    door.route()
    httpx.get(f"{door.url}/a")
    found = {count.metric: count.point for count in door.traffic.take()}
    assert found["RequestCount"].total == 4
    assert found["HTTPCode_Target_2XX_Count"].total == 3
    assert found["TargetResponseTime"].samples == 3
    assert found["TargetConnectionErrorCount"].total == 1
    assert found["HTTPCode_ELB_5XX_Count"].total == 2
    assert found["HTTPCode_ELB_502_Count"].total == found["HTTPCode_ELB_503_Count"].total == 1


def test_flows_and_bytes_of_an_accelerator_are_counted(door: FrontDoor, target: int) -> None:
    """A connection is one flow of its region's group, however many requests it carries."""
    door.route(target)
    group = {
        "region": "us-east-1",
        "traffic_dial_percentage": 100.0,
        "endpoints": [{"load_balancer": NAME, "weight": 128, "is_healthy": True}],
    }
    balancer = {
        "region": "us-east-1",
        "reachable": True,
        "targets": [{"host": "127.0.0.1", "port": target, "is_healthy": True}],
    }
    accelerators = {"a.awsglobalaccelerator.com": {"groups": [group]}}
    door.table.replace({"accelerators": accelerators, "load_balancers": {NAME: balancer}})
    url = f"http://127.0.0.1:{door.port}/a.awsglobalaccelerator.com/x"
    with httpx.Client() as client:
        answers = [client.post(url, content=b"x" * 5000) for _ in range(2)]
    httpx.get(url)
    counts = [one for one in door.traffic.take() if one.kind == "accelerator"]
    assert {(one.dns_name, one.region) for one in counts} == {
        ("a.awsglobalaccelerator.com", "us-east-1")
    }
    found = {count.metric: count.point for count in counts}
    assert found["NewFlowCount"].total == 2
    assert found["ProcessedBytesIn"].total > 10_000
    assert found["ProcessedBytesOut"].total > sum(len(answer.content) for answer in answers)
