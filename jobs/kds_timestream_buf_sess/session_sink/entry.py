"""The function as Lambda calls it: clients are made once and kept between invocations."""

from __future__ import annotations

import functools
import logging
import os
from typing import Any

import boto3
from botocore.config import Config

from .function import FailureQueue, SessionSink
from .writer import TimestreamWriter

logging.getLogger().setLevel(logging.INFO)


@functools.cache
def _sink() -> SessionSink:
    """The sink of this execution environment.

    Environment: TIMESTREAM_DATABASE, TIMESTREAM_TABLE; FAILURE_QUEUE_URL (optional).
    """
    config = Config(
        retries={"total_max_attempts": 4, "mode": "standard"},
        connect_timeout=2,
        read_timeout=10,
        # Most of a batch's time, for calls that this code alone composes.
        parameter_validation=False,
    )
    region = os.environ["AWS_REGION"]
    writer = TimestreamWriter(
        boto3.client("timestream-write", region_name=region, config=config),
        os.environ["TIMESTREAM_DATABASE"],
        os.environ["TIMESTREAM_TABLE"],
    )
    queue_url = os.environ.get("FAILURE_QUEUE_URL")
    queue = boto3.client("sqs", region_name=region, config=config)
    return SessionSink(writer, FailureQueue(queue, queue_url))


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Write one batch of session windows."""
    return _sink().process(event)
