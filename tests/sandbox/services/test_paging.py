"""Pages of long lists."""

from __future__ import annotations

import pytest

from sandbox.protocol.errors import ServiceError
from sandbox.services.paging import page


def test_following_the_tokens_gives_every_item_once() -> None:
    """Whatever the page size."""
    items = list(range(10))
    for size in (1, 3, 10, 11):
        seen: list[int] = []
        token: str | None = None
        while True:
            shown, token = page(items, size, token)
            seen += shown
            if token is None:
                break
        assert seen == items


def test_a_made_up_token_is_refused() -> None:
    """With the error code the service has for it."""
    with pytest.raises(ServiceError) as caught:
        page([1], 1, "%%%", error_code="InvalidNextTokenException")
    assert caught.value.code == "InvalidNextTokenException"
