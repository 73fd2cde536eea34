"""One request of a player and its answer, on its way through the front door."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from sandbox.front_door.proxy import Player
    from sandbox.front_door.table import LoadBalancer
    from sandbox.front_door.upstream import Upstream

TARGET_ANSWER_SECONDS = 60.0
"""A load balancer's idle timeout: how long a target may take to begin its answer."""
_REPLAYED_BYTES = 1024 * 1024
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"})
_REASONS = {400: "Bad Request", 404: "Not Found", 502: "Bad Gateway", 503: "Service Unavailable",
            504: "Gateway Timeout"}  # fmt: skip

_COUNTED_APART = frozenset({502, 503, 504})


class Exchange:
    """One request and its answer."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._pending: list[bytes] = []
        self._sent: list[bytes] = []
        self._sent_bytes = 0
        self._upstream: Upstream | None = None
        self._is_reused = False
        self._is_head = False
        self._is_chunked = False
        self._is_whole = False
        self._is_answered = False
        self._timer: asyncio.TimerHandle | None = None
        self._load_balancer: LoadBalancer | None = None
        self._asked_at = 0.0
        self._is_timed = False
        self.has_headers = False
        self.is_started = False
        self.keep_alive = True

    def add_url(self, part: bytes) -> None:
        """More of the request target."""
        self._target += part

    def add_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers.append((name, value))

    def end_headers(self, method: bytes, *, keep_alive: bool) -> None:
        """The head is whole: what goes to the target can be written."""
        self.has_headers = True
        self.keep_alive = keep_alive
        self._is_head = method == b"HEAD"
        name, _, path = self._target.lstrip(b"/").partition(b"/")
        self.dns_name = name.decode("latin-1")
        lines = [method + b" /" + path + b" HTTP/1.1"]
        for header, value in self._headers:
            lowered = header.lower()
            if lowered == b"transfer-encoding":
                self._is_chunked = True
            if lowered not in _HOP_BY_HOP:
                lines.append(header + b": " + value)
        lines.append(b"x-forwarded-for: " + self._player.address)
        lines.append(b"x-forwarded-proto: https")
        self._pending.append(b"\r\n".join(lines) + b"\r\n\r\n")

    def add_body(self, chunk: bytes) -> None:
        """More of the body, passed on at once when the target is connected."""
        if self._is_chunked:
            chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)
        self._pass_on(chunk)

    def end_body(self) -> None:
        """The request is whole."""
        self._is_whole = True
        if self._is_answered:
            self._end(keep_alive=False)
        elif self._is_chunked:
            self._pass_on(b"0\r\n\r\n")

    def start(self) -> None:
        """Find the target and send what there is of the request."""
        self.is_started = True
        player = self._player
        load_balancer = player.load_balancer(self.dns_name)
        if load_balancer is None:
            status = 503 if player.table.knows(self.dns_name) else 404
            self._fail(status, f"{self.dns_name or 'this path'} leads nowhere")
            return
        if not load_balancer.is_reachable:
            player.drop()
            return
        self._load_balancer = load_balancer
        address = load_balancer.next_address()
        if address is None:
            self._fail(503, "the load balancer has no targets")
            return
        self._count("RequestCount", 1)
        self._timer = player.loop.call_later(TARGET_ANSWER_SECONDS, self._time_out)
        self._address = address
        idle = player.pools.take(address)
        if idle is not None:
            self._is_reused = True
            self._use(idle)
        else:
            player.spawn(self._connect())

    def player_left(self) -> None:
        """Nobody waits for the answer."""
        self._cancel_timer()
        if self._upstream is not None:
            self._upstream.abandon()

    def pause(self, *, paused: bool) -> None:
        """The player reads slower than the target writes, or again fast enough."""
        transport = self._upstream.transport if self._upstream else None
        if transport is not None and not transport.is_closing():
            transport.pause_reading() if paused else transport.resume_reading()

    def _pass_on(self, chunk: bytes) -> None:
        if self._is_answered:
            return
        if self._upstream is None or self._upstream.transport is None:
            self._pending.append(chunk)
            return
        self._upstream.transport.write(chunk)
        if self._sent_bytes <= _REPLAYED_BYTES:
            self._sent_bytes += len(chunk)
            self._sent.append(chunk)

    async def _connect(self) -> None:
        try:
            connection = await self._player.pools.connect(self._address)
        except (OSError, TimeoutError):
            self._count("TargetConnectionErrorCount", 1)
            self._fail(502, "the target does not accept connections")
            return
        if self._player.is_gone:
            connection.abandon()
            return
        self._use(connection)

    def _use(self, connection: Upstream) -> None:
        self._upstream = connection
        self._asked_at = self._player.loop.time()
        connection.begin(self._receive, self._finish, is_head=self._is_head)
        pending, self._pending = self._pending, []
        for chunk in pending:
            self._pass_on(chunk)

    def _receive(self, data: bytes) -> None:
        self._cancel_timer()
        if not self._is_timed:
            self._is_timed = True
            self._count("TargetResponseTime", self._player.loop.time() - self._asked_at)
        self._player.write(data)

    def _finish(self, whole: bool) -> None:
        connection = self._upstream
        assert connection is not None
        if whole:
            self._count(f"HTTPCode_Target_{connection.status // 100}XX_Count", 1)
            if self._is_whole:
                self._player.pools.give_back(connection)
            else:
                connection.abandon()  # the rest of the body would be its next request
            self._end(keep_alive=self.keep_alive and connection.is_open)
        elif connection.began_response:
            self._cancel_timer()
            self._player.drop()
        elif self._is_reused and self._sent_bytes <= _REPLAYED_BYTES:
            # The target closed an idle connection just as it was taken: it has read nothing.
            self._is_reused = False
            self._pending, self._sent = self._sent + self._pending, []
            self._sent_bytes = 0
            self._upstream = None
            self._player.spawn(self._connect())
        else:
            self._fail(502, "the target closed the connection without an answer")

    def _time_out(self) -> None:
        if self._upstream is not None:
            self._upstream.abandon()
        self._fail(504, "the target did not answer in time")

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _count(self, metric: str, value: float) -> None:
        if self._load_balancer is not None:
            name = self._load_balancer.dns_name
            self._player.traffic.add("load_balancer", name, metric, value)

    def _fail(self, status: int, message: str) -> None:
        self._cancel_timer()
        self._count(f"HTTPCode_ELB_{status // 100}XX_Count", 1)
        if status in _COUNTED_APART:
            self._count(f"HTTPCode_ELB_{status}_Count", 1)
        body = b"" if self._is_head else json.dumps({"message": message}).encode()
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self._player.write(head.encode() + body)
        self._end(keep_alive=False)

    def _end(self, *, keep_alive: bool) -> None:
        """The answer is out; a body that still comes is let run out, or its end would cut it off.

        A connection closed with bytes unread is reset, and the player may never see the answer.
        """
        self._cancel_timer()
        self._is_answered = True
        if self._is_whole:
            self._player.end(self, keep_alive=keep_alive)
        else:
            self._timer = self._player.loop.call_later(TARGET_ANSWER_SECONDS, self._player.drop)
