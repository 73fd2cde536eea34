"""The lower bound: the recorded calls made directly, so many at a time, on an empty sandbox.

A call waits only for the calls whose results it needs: those that made an id it uses, and those
that were made before it for the same named thing. Ids of the recording are replaced by those the
new sandbox gives.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from aiohttp import ClientSession, TCPConnector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.recorder import Recorded

_MINTED = re.compile(rb"[A-Za-z0-9_-]*[0-9a-f]{8,}[A-Za-z0-9_-]*")
"""What an id looks like that AWS chose: it has a run of hexadecimal digits."""

_NAMED = re.compile(rb"video-[a-z0-9-]+")
"""Names this project gives."""


def replay(calls: Sequence[Recorded], endpoint_url: str, connections: int) -> tuple[float, int]:
    """Make the calls; how many seconds it took, and how many were answered otherwise than then."""
    return asyncio.run(_replay(calls, endpoint_url, connections))


async def _replay(
    calls: Sequence[Recorded], endpoint_url: str, connections: int
) -> tuple[float, int]:
    ordered = sorted(calls, key=lambda call: call.began)
    needs = _needs(ordered)
    done = [asyncio.Event() for _ in ordered]
    now: dict[bytes, bytes] = {}
    gate = asyncio.Semaphore(connections)
    different = 0
    async with ClientSession(connector=TCPConnector(limit=connections)) as session:

        async def make(number: int) -> None:
            nonlocal different
            for needed in needs[number]:
                await done[needed].wait()
            call = ordered[number]
            async with gate:
                status, answer = await _call(session, endpoint_url, call, now)
            different += status // 100 != call.status // 100
            then, fresh = _MINTED.findall(call.answer), _MINTED.findall(answer)
            if len(then) == len(fresh):
                now.update(pair for pair in zip(then, fresh, strict=True) if pair[0] != pair[1])
            done[number].set()

        began = time.monotonic()
        await asyncio.gather(*(make(number) for number in range(len(ordered))))
        return time.monotonic() - began, different


async def _call(
    session: ClientSession, endpoint_url: str, call: Recorded, now: dict[bytes, bytes]
) -> tuple[int, bytes]:
    def renamed(text: bytes) -> bytes:
        return _MINTED.sub(lambda found: now.get(found[0], found[0]), text)

    path = renamed(call.path.encode()).decode()
    body = renamed(call.body) if now else call.body
    async with session.request(
        call.method, endpoint_url + path, data=body, headers=call.headers, allow_redirects=False
    ) as answered:
        return answered.status, await answered.read()


def _needs(ordered: Sequence[Recorded]) -> list[set[int]]:
    """For each call the earlier, ended calls it depends on."""
    maker: dict[bytes, int] = {}
    about: dict[bytes, list[int]] = defaultdict(list)
    needs: list[set[int]] = []
    for number, call in enumerate(ordered):
        text = call.path.encode() + b" " + call.body
        needed = {maker[found] for found in _MINTED.findall(text) if found in maker}
        names = _NAMED.findall(text)
        for name in dict.fromkeys(names):
            needed.update(about[name][-3:])
        needs.append({other for other in needed if ordered[other].ended <= call.began})
        for found in _MINTED.findall(call.answer):
            maker.setdefault(found, number)
        if names:
            about[names[0]].append(number)
    return needs
