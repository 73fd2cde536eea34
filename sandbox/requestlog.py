"""The last requests, for tests and people: what was asked of which service, and how it ended."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox import identity
from sandbox.identity import Identity

KEPT_REQUESTS = 20_000


@dataclass(slots=True)
class Entry:
    """One request; the operation of a REST request is worked out only when somebody looks."""

    number: int
    who: Identity
    method: str
    path: str
    query: str
    started: float
    status: int = 0
    seconds: float = 0.0
    fault: str = ""

    def describe(self) -> dict[str, Any]:
        """The entry as JSON: `status` 0 means that no answer was given."""
        service = self.who.service
        operation = self.who.operation or identity.rest_operation_name(
            service, self.method, self.path, self.query
        )
        return {
            "number": self.number,
            "time": datetime.fromtimestamp(self.started, UTC).isoformat(),
            "service": service,
            "operation": operation,
            "region": self.who.region,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "duration_ms": round(self.seconds * 1000, 3),
            "fault": self.fault or None,
        }


class RequestLog:
    """A ring of the last `KEPT_REQUESTS` requests."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_REQUESTS)
        self.count = 0

    def begin(self, who: Identity, scope: dict[str, Any]) -> Entry:
        """Note a request that arrived."""
        self.count += 1
        raw_path = scope.get("raw_path") or scope["path"].encode()
        entry = Entry(
            self.count,
            who,
            scope["method"],
            raw_path.decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            time.time(),
        )
        self._entries.append(entry)
        return entry

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """Requests with a number above `after`, oldest first."""
        return [entry.describe() for entry in list(self._entries) if entry.number > after]

    def clear(self) -> None:
        """Forget all requests; numbers go on."""
        self._entries.clear()
