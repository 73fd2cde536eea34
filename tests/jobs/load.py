"""Players that post in turn, one session each, while a test breaks things."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tests.jobs.made_events import events

if TYPE_CHECKING:
    from typing import Self


@dataclass
class Load:
    """Players in threads, each posting batches of its own session one after the other.

    Attributes:
        url: the handler.
        acknowledged: event ids by session, in the order they were sent.
        statuses: of every answer; None where the connection broke.

    """

    url: str
    players: int = 4
    batch: int = 5
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    statuses: list[int | None] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for player in range(self.players):
            thread = threading.Thread(target=self._play, args=(f"player-{player}",))
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def count(self) -> int:
        """Events acknowledged so far."""
        return sum(len(ids) for ids in self.acknowledged.values())

    def _play(self, session: str) -> None:
        ids = self.acknowledged.setdefault(session, [])
        with httpx.Client(timeout=30) as client:
            while not self._stop.is_set():
                self._post(client, events(self.batch, session_id=session), ids)

    def _post(self, client: httpx.Client, batch: list[dict[str, Any]], ids: list[str]) -> None:
        try:
            answer = client.post(f"{self.url}/v1/events", json=batch)
        except httpx.TransportError:
            self.statuses.append(None)
            self._stop.wait(0.05)
            return
        self.statuses.append(answer.status_code)
        if answer.status_code == 202:
            refused = {item["index"] for item in answer.json()["rejected"]}
            ids.extend(e["event_id"] for at, e in enumerate(batch) if at not in refused)
        else:
            self._stop.wait(0.05)
