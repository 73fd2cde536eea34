"""Carries requests from players to targets, byte by byte, over connections that stay open."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from sandbox.front_door.exchange import Exchange

if TYPE_CHECKING:
    from sandbox.front_door.table import LoadBalancer, RoutingTable
    from sandbox.front_door.traffic import Traffic
    from sandbox.front_door.upstream import Pools


class Player(asyncio.Protocol):
    """One connection of a player; keeps the endpoint it was given until it closes."""

    def __init__(self, table: RoutingTable, pools: Pools, traffic: Traffic) -> None:
        self.table = table
        self.pools = pools
        self.traffic = traffic
        self.loop = asyncio.get_running_loop()
        self.address = b"127.0.0.1"
        self.is_gone = False
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._exchanges: deque[Exchange] = deque()
        self._pinned: dict[str, str] = {}
        self._flow: tuple[str, str] | None = None
        self._bytes_in = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def load_balancer(self, dns_name: str) -> LoadBalancer | None:
        """The load balancer this connection leads to, chosen at its first request."""
        chosen = self._pinned.get(dns_name)
        if chosen is None or self.table.load_balancer(chosen) is None:
            chosen = self.table.choose(dns_name)
            if chosen is None:
                return None
            self._pinned[dns_name] = chosen
            self._begin_flow(dns_name, self.table.load_balancer(chosen))
        return self.table.load_balancer(chosen)

    def _begin_flow(self, dns_name: str, load_balancer: LoadBalancer | None) -> None:
        """A connection through an accelerator is one flow of the group it was given."""
        if load_balancer is not None and self.table.is_accelerator(dns_name):
            self._flow = (dns_name, load_balancer.region)
            self._count_flow("NewFlowCount", 1)

    def _count_flow(self, metric: str, value: float) -> None:
        if self._flow is not None:
            dns_name, region = self._flow
            self.traffic.add("accelerator", dns_name, metric, value, region)

    def spawn(self, work: asyncio._CoroutineLike[None]) -> None:
        """Run `work` beside the protocol's callbacks."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def write(self, data: bytes) -> None:
        """Bytes for the player."""
        if self._transport is not None and not self.is_gone:
            self._transport.write(data)
            self._count_flow("ProcessedBytesOut", len(data))

    def drop(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def end(self, exchange: Exchange, *, keep_alive: bool) -> None:
        """An answer is whole: the next request of the connection may start."""
        if self._exchanges and self._exchanges[0] is exchange:
            self._exchanges.popleft()
        if not keep_alive and self._transport is not None:
            self._transport.close()
        elif self._exchanges and self._exchanges[0].has_headers:
            self._exchanges[0].start()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a player connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by type
        peer = transport.get_extra_info("peername")
        if peer:
            self.address = str(peer[0]).encode()

    def connection_lost(self, _exc: Exception | None) -> None:
        """asyncio: the player left."""
        self.is_gone = True
        for exchange in self._exchanges:
            exchange.player_left()
        self._exchanges.clear()

    def pause_writing(self) -> None:
        """asyncio: the player reads too slowly."""
        if self._exchanges:
            self._exchanges[0].pause(paused=True)

    def resume_writing(self) -> None:
        """asyncio: the player reads again."""
        if self._exchanges:
            self._exchanges[0].pause(paused=False)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes of requests."""
        self._bytes_in += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.write(
                b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            if self._transport is not None:
                self._transport.close()
        if self._flow is not None:
            self._count_flow("ProcessedBytesIn", self._bytes_in)
            self._bytes_in = 0

    def on_message_begin(self) -> None:
        """httptools: a request begins."""
        self._exchanges.append(Exchange(self))

    def on_url(self, url: bytes) -> None:
        """httptools: part of the request target."""
        self._exchanges[-1].add_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a header."""
        self._exchanges[-1].add_header(name, value)

    def on_headers_complete(self) -> None:
        """httptools: the head is whole."""
        exchange = self._exchanges[-1]
        exchange.end_headers(self._parser.get_method(), keep_alive=self._parser.should_keep_alive())
        if len(self._exchanges) == 1:
            exchange.start()

    def on_body(self, body: bytes) -> None:
        """httptools: part of the body."""
        if self._exchanges:
            self._exchanges[-1].add_body(body)

    def on_message_complete(self) -> None:
        """httptools: the request is whole."""
        if self._exchanges:
            self._exchanges[-1].end_body()
