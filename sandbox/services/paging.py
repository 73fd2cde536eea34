"""Pages of long lists, as AWS's `NextToken` operations hand them out."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

from sandbox.protocol.errors import ServiceError

_Item = TypeVar("_Item")


def page(
    items: list[_Item], limit: int, token: str | None, *, error_code: str = "InvalidNextToken"
) -> tuple[list[_Item], str | None]:
    """At most `limit` items from where `token` points, and the token of the rest."""
    start = 0
    if token:
        try:
            start = int(base64.urlsafe_b64decode(token.encode()))
        except (ValueError, binascii.Error) as error:
            raise ServiceError(error_code, "The next token is not valid.") from error
    end = start + limit
    following = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return items[start:end], following
