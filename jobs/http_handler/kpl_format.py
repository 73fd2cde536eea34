"""The KPL's aggregated record format: magic bytes, a protobuf message, and the message's MD5.

The message is described here rather than taken from a package: the one on PyPI changes `sys.path`
and needs modules that it does not declare.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

if TYPE_CHECKING:
    from collections.abc import Iterable

MAGIC: Final = b"\xf3\x89\x9a\xc2"
FRAME_BYTES: Final = len(MAGIC) + 16
"""What the format adds to the message."""
RECORD_OVERHEAD_BYTES: Final = 16
"""Upper bound of the tags, lengths and indexes that protobuf puts around one record and its key."""
_PACKAGE: Final = "videoctl.kpl"


def _message_class() -> Any:
    """`AggregatedRecord` of aggregation-format.md, without the tags that nobody uses."""
    kinds = FieldDescriptorProto
    file = FileDescriptorProto(name="videoctl/kpl.proto", package=_PACKAGE, syntax="proto2")
    record = file.message_type.add(name="Record")
    for number, name, kind in (
        (1, "partition_key_index", kinds.TYPE_UINT64),
        (2, "explicit_hash_key_index", kinds.TYPE_UINT64),
        (3, "data", kinds.TYPE_BYTES),
    ):
        label = kinds.LABEL_OPTIONAL if number == 2 else kinds.LABEL_REQUIRED  # noqa: PLR2004
        record.field.add(name=name, number=number, type=kind, label=label)
    aggregate = file.message_type.add(name="AggregatedRecord")
    for number, name in ((1, "partition_key_table"), (2, "explicit_hash_key_table")):
        aggregate.field.add(
            name=name, number=number, type=kinds.TYPE_STRING, label=kinds.LABEL_REPEATED
        )
    aggregate.field.add(
        name="records",
        number=3,
        type=kinds.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.Record",
        label=kinds.LABEL_REPEATED,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName(f"{_PACKAGE}.AggregatedRecord")
    return message_factory.GetMessageClass(descriptor)


_AggregatedRecord: Final = _message_class()


def aggregate(records: Iterable[tuple[str, bytes]]) -> bytes:
    """User records, each a partition key and its data, as the data of one Kinesis record."""
    message = _AggregatedRecord()
    indexes: dict[str, int] = {}
    add = message.records.add
    for partition_key, data in records:
        add(partition_key_index=indexes.setdefault(partition_key, len(indexes)), data=data)
    message.partition_key_table.extend(indexes)
    body: bytes = message.SerializeToString()
    return MAGIC + body + hashlib.md5(body, usedforsecurity=False).digest()
