"""An HTTP request and response as the protocol layer sees them: whole, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs

Json: TypeAlias = dict[str, Any]
"""A structure of a service model: member names to values (str, int, bytes, datetime, ...)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        method: upper-case HTTP method.
        path: path with percent-escapes still in place.
        query: query string without the question mark.
        headers: header values by lower-case name.
        body: the whole body.

    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def query_parameters(self) -> dict[str, list[str]]:
        """Values of the query string by name; `?versioning` counts as an empty value."""
        return parse_qs(self.query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
