"""The Kinesis Producer Library's aggregated record format, read.

An aggregated record is the magic number, a protobuf message with many user records, and the MD5
digest of the message. Data Firehose and the Kinesis Client Library split it by themselves.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

# The generated module finds its sibling only on the path that `deaggregator` adds to sys.path.
from aws_kinesis_agg import DIGEST_SIZE, MAGIC, deaggregator
from google.protobuf.message import DecodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MESSAGES = deaggregator.messages_pb2


def is_aggregated(data: bytes) -> bool:
    """Whether `data` has the magic number and the digest of an aggregated record."""
    if len(data) <= len(MAGIC) + DIGEST_SIZE or not data.startswith(MAGIC):
        return False
    message, digest = data[len(MAGIC) : -DIGEST_SIZE], data[-DIGEST_SIZE:]
    return hashlib.md5(message, usedforsecurity=False).digest() == digest


def deaggregate(data: bytes) -> Sequence[bytes]:
    """The user records in `data`; `data` itself when it is not an aggregated record.

    What only looks like an aggregated record (magic number, wrong digest or message) is handed on
    as it is, as the service does: nothing is dropped here.
    """
    if not is_aggregated(data):
        return (data,)
    message = _MESSAGES.AggregatedRecord()
    try:
        message.ParseFromString(data[len(MAGIC) : -DIGEST_SIZE])
    except DecodeError:
        return (data,)
    return [record.data for record in message.records]
