"""A JobManager's REST API that answers from a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class JobManager:
    """What is answered, and what was asked.

    Attributes:
        answers: documents by path, given one after the other; the last one stays.
        metrics: values by path; those asked for are answered.
        aggregated: the same over subtasks; nothing is answered when one of those asked for is not
            there or has no number, as Flink does.
        asked: method, path and body of each request.

    """

    url: str = ""
    answers: dict[str, list[Any]] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    aggregated: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def answer(self, target: str) -> tuple[int, Any]:
        """Status and document of a request."""
        parts = urlsplit(target)
        wanted = parse_qs(parts.query).get("get", [""])[0].split(",")
        if parts.path in self.metrics:
            values = self.metrics[parts.path]
            if wanted == [""]:
                return 200, [{"id": name} for name in values]
            return 200, [{"id": name, "value": values[name]} for name in wanted if name in values]
        if parts.path in self.aggregated:
            figures = self.aggregated[parts.path]
            if wanted == [""]:
                return 200, [{"id": name} for name in figures]
            if any("NaN" in figures.get(name, {"min": "NaN"}).values() for name in wanted):
                return 200, []
            return 200, [{"id": name, **figures[name]} for name in wanted]
        scripted = self.answers.get(parts.path)
        if scripted is None:
            return 404, {"errors": [f"Not found: {parts.path}\nat java.lang.Thread"]}
        return 200, scripted.pop(0) if len(scripted) > 1 else scripted[0]


@contextmanager
def serving(manager: JobManager) -> Iterator[JobManager]:
    """Answer on a free port."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """Answer as scripted."""
            size = int(self.headers.get("Content-Length", "0"))
            body = json.loads(self.rfile.read(size)) if size else None
            manager.asked.append((self.command, self.path, body))
            status, document = manager.answer(self.path)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    manager.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield manager
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
