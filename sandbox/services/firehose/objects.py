"""One object of a bucket: its key, its bytes, and putting it there."""

from __future__ import annotations

import asyncio
import gzip
import io
import uuid
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sandbox.services.firehose import prefix as prefixes

if TYPE_CHECKING:
    from sandbox.loopback import Loopback
    from sandbox.protocol.wire import Json
    from sandbox.services.firehose.buffers import Buffer
    from sandbox.services.firehose.configuration import Destination

_CONTENT_TYPE: Final = "application/octet-stream"


def key(destination: Destination, stream_name: str, version: int, buffer: Buffer) -> str:
    """Key of the object a buffer becomes: evaluated prefix, then stream, version, time, UUID."""
    moment = datetime.fromtimestamp(buffer.oldest_arrival, destination.time_zone)
    partition = buffer.partition
    if partition.error_output_type is not None:
        prefix = _error_prefix(destination, partition.error_output_type, moment)
    elif partition.prefix is not None:
        prefix = partition.prefix
    else:
        prefix = prefixes.evaluate(destination.prefix, moment)
    time = moment.strftime("%Y-%m-%d-%H-%M-%S")
    extension = destination.file_extension
    return f"{prefix}{stream_name}-{version}-{time}-{uuid.uuid4()}{extension}"


def _error_prefix(destination: Destination, error_output_type: str, moment: datetime) -> str:
    template = destination.error_prefix
    if "!{" not in template:
        template += "!{firehose:error-output-type}/"
    return prefixes.evaluate(template, moment, error_output_type=error_output_type)


def body(destination: Destination, pieces: list[bytes], name: str) -> bytes:
    """Bytes of the object, compressed as the destination says; takes a while for large ones."""
    joined = b"".join(pieces)
    if destination.compression == "GZIP":
        return gzip.compress(joined, compresslevel=6, mtime=0)
    if destination.compression == "ZIP":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(name, joined)
        return archive.getvalue()
    return joined


async def put(
    aws: Loopback, destination: Destination, stream_name: str, version: int, buffer: Buffer
) -> tuple[str, int]:
    """Write a buffer to its bucket; gives key and size in bytes. Raises `ServiceError`."""
    object_key = key(destination, stream_name, version, buffer)
    name = object_key.rpartition("/")[2].removesuffix(destination.file_extension)
    content = await asyncio.to_thread(body, destination, buffer.pieces, name)
    parameters: Json = {
        "Bucket": destination.bucket,
        "Key": object_key,
        "Body": content,
        "ContentType": _CONTENT_TYPE,
    }
    if destination.kms_key_arn is not None:
        parameters |= {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": destination.kms_key_arn,
        }
    await aws.invoke("s3", "PutObject", **parameters)
    return object_key, len(content)
