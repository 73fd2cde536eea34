"""Copies each object that is created in one bucket to another, under the same key."""

from __future__ import annotations

import os
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

import boto3


@cache
def _client() -> Any:
    """One S3 client an execution environment, reused by its invocations."""
    return boto3.client("s3")


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Lambda's entry point: one S3 event notification, usually of one object."""
    return {"copied": copy_created(event, os.environ["DESTINATION_BUCKET"], _client())}


def copy_created(event: dict[str, Any], destination_bucket: str, client: Any) -> int:
    """Copy every object an event names; a repeated event overwrites a copy with itself.

    A failure is raised: Lambda tries an asynchronous invocation twice more.

    Args:
        event: S3's notification; keys in it are URL-encoded.
        destination_bucket: where the copies go.
        client: an S3 client.

    Returns:
        how many objects were copied.

    """
    records = event.get("Records", [])
    for record in records:
        source = record["s3"]
        client.copy(
            {"Bucket": source["bucket"]["name"], "Key": unquote_plus(source["object"]["key"])},
            destination_bucket,
            unquote_plus(source["object"]["key"]),
        )
    return len(records)
