"""The function that copies new objects."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.object_copy.handler import copy_created


class Copies:
    """An S3 client that keeps what it was asked to copy."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[dict[str, str], str, str]] = []
        self.error = error

    def copy(self, source: dict[str, str], bucket: str, key: str) -> None:
        """As boto3's managed copy."""
        if self.error:
            raise self.error
        self.asked.append((source, bucket, key))


def event(*keys: str) -> dict[str, Any]:
    """S3's notification of new objects."""
    return {"Records": [{"s3": {"bucket": {"name": "a"}, "object": {"key": key}}} for key in keys]}


def test_every_object_of_an_event_is_copied_under_its_key() -> None:
    """Keys come URL-encoded and are copied as they are stored."""
    client = Copies()
    assert copy_created(event("raw/year%3D2026/x+y.json.gz", "z"), "b", client) == 2
    assert client.asked == [
        (
            {"Bucket": "a", "Key": "raw/year=2026/x y.json.gz"},
            "b",
            "raw/year=2026/x y.json.gz",
        ),
        ({"Bucket": "a", "Key": "z"}, "b", "z"),
    ]


def test_the_test_event_of_s3_copies_nothing() -> None:
    """S3 sends an event without records when the notification is set up."""
    client = Copies()
    assert copy_created({"Event": "s3:TestEvent"}, "b", client) == 0
    assert client.asked == []


def test_a_failed_copy_fails_the_invocation() -> None:
    """Lambda must know, or it would not try again."""
    with pytest.raises(RuntimeError):
        copy_created(event("k"), "b", Copies(RuntimeError("denied")))
