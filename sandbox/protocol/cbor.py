"""The CBOR form of the JSON protocols, as the Java clients of Kinesis write and read it.

Bytes are bytes, and a time is tag 1 with epoch milliseconds: not the seconds that RFC 8949, and the
newer rpc-v2-cbor, mean by that tag (AWS SDK for Java, AwsCborProtocolFactory).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import cbor2

CONTENT_TYPE: Final = "application/x-amz-cbor-1.1"
_TIME_TAG: Final = 1


def loads(body: bytes) -> Any:
    """A document with bytes and moments in it; raises `cbor2.CBORDecodeError`."""
    return cbor2.loads(body, semantic_decoders={_TIME_TAG: _read_time})


def dumps(document: Any) -> bytes:
    """A document with bytes and moments in it, written."""
    return cbor2.dumps(document, encoders={datetime: _write_time})


def _read_time(milliseconds: float, _is_immutable: bool) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _write_time(encoder: Any, moment: datetime) -> None:
    encoder.encode(cbor2.CBORTag(_TIME_TAG, round(moment.timestamp() * 1000)))
