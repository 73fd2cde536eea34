"""One object in a bucket, uploaded from the program's asset, text or base64."""

from __future__ import annotations

import base64
import os
import re
from io import BytesIO
from typing import Any, BinaryIO, Final
from urllib.parse import urlencode

from sandbox.provider.failures import ProviderError
from sandbox.provider.framework import Context, Properties, ResourceType, changed, resource
from sandbox.provider.mapping import (
    TAGS,
    TIMESTAMP,
    Field,
    Table,
    declared,
    to_members,
    to_properties,
)
from sandbox.provider.values import Asset

_HEADERS: Final[Table] = (
    Field("bucketKeyEnabled", "BucketKeyEnabled", adopted=True),
    Field("cacheControl", "CacheControl"),
    Field("contentDisposition", "ContentDisposition"),
    Field("contentEncoding", "ContentEncoding"),
    Field("contentLanguage", "ContentLanguage"),
    Field("contentType", "ContentType", adopted=True),
    Field("kmsKeyId", "SSEKMSKeyId", adopted=True),
    Field("metadata", "Metadata"),
    Field("objectLockLegalHoldStatus", "ObjectLockLegalHoldStatus"),
    Field("objectLockMode", "ObjectLockMode"),
    Field("objectLockRetainUntilDate", "ObjectLockRetainUntilDate", codec=TIMESTAMP),
    Field("serverSideEncryption", "ServerSideEncryption", adopted=True),
    Field("storageClass", "StorageClass", adopted=True),
    Field("websiteRedirect", "WebsiteRedirectLocation"),
)
_CHECKSUMS: Final[Table] = tuple(
    Field(f"checksum{name.capitalize()}", f"Checksum{name}")
    for name in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
)
_CONTENT: Final = (
    "source",
    "content",
    "contentBase64",
    "sourceHash",
    "etag",
    "checksumAlgorithm",
    *(field.property for field in _HEADERS),
)
"""Inputs that only a new upload can change."""
_PRIVATE: Final = "private"
_ONE_REQUEST_BYTES: Final = 5 * 1024**3


@resource(
    "aws:s3/bucketObjectv2:BucketObjectv2",
    replace_on=("bucket", "key"),
    supports=(*_CONTENT, "acl", "bucket", "forceDestroy", "key"),
    volatile=("versionId", "etag", *(field.property for field in _CHECKSUMS)),
)
class BucketObjectv2(ResourceType):
    """An object; each upload makes a new version where the bucket keeps versions."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Uploads in one request."""
        key = _key(inputs["key"])
        return f"{inputs['bucket']}/{key}", self._upload(context, key, inputs)

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:
        """An import takes an S3 URL too."""
        del context
        return resource_id.removeprefix("s3://"), {}

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Headers and tags as they are now; the content is known by its ETag alone."""
        s3 = context.client("s3")
        bucket, key = resource_id.split("/", maxsplit=1)
        outputs = {**inputs, **_outputs(s3, bucket, key, inputs)}
        outputs["tags"] = TAGS.decode(s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"])
        return {"bucket": bucket, "key": key, **declared(_HEADERS, outputs, inputs)}, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """A new upload for content and headers; tags and ACL are set on what is there."""
        del resource_id
        s3, key = context.client("s3"), _key(new["key"])
        if not old or _uploads_again(old, new):
            return self._upload(context, key, new)
        where = {"Bucket": new["bucket"], "Key": key}
        if changed(old, new, "tagsAll"):
            tags = TAGS.encode(new.get("tagsAll") or {})
            s3.put_object_tagging(**where, Tagging={"TagSet": tags})
        if changed(old, new, "acl"):
            s3.put_object_acl(**where, ACL=new.get("acl") or _PRIVATE)
        return {}

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Removes the object and, in a versioned bucket, every version of it."""
        s3 = context.client("s3")
        bucket, key = resource_id.split("/", maxsplit=1)
        if not outputs.get("versionId"):
            s3.delete_object(Bucket=bucket, Key=key)
            return
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        for page in pages:
            for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if entry["Key"] == key:
                    s3.delete_object(Bucket=bucket, Key=key, VersionId=entry["VersionId"])

    def _upload(self, context: Context, key: str, inputs: Properties) -> Properties:
        arguments = to_members(_HEADERS, inputs)
        if tags := inputs.get("tagsAll"):
            arguments["Tagging"] = urlencode(tags)
        for name, member in (("acl", "ACL"), ("checksumAlgorithm", "ChecksumAlgorithm")):
            if inputs.get(name):
                arguments[member] = inputs[name]
        s3, bucket = context.client("s3"), inputs["bucket"]
        arguments.setdefault("ContentType", "application/octet-stream")
        with _body(inputs) as body:
            s3.put_object(Bucket=bucket, Key=key, Body=body, **arguments)
        return _outputs(s3, bucket, key, inputs)


def _uploads_again(old: Properties, new: Properties) -> bool:
    before, after = old.get("source"), new.get("source")
    if isinstance(before, Asset) and isinstance(after, Asset) and before.hash == after.hash:
        return changed(old, new, *(name for name in _CONTENT if name != "source"))
    return changed(old, new, *_CONTENT)


def _key(key: str) -> str:
    """The key as the real provider uses it: no leading slash, no repeated ones."""
    return re.sub("/+", "/", key.lstrip("/"))


def _body(inputs: Properties) -> BinaryIO:
    """The content of the object, not yet read; empty without any."""
    source = inputs.get("source")
    if isinstance(source, Asset):
        body = source.open()
    elif inputs.get("contentBase64") is not None:
        body = BytesIO(base64.b64decode(inputs["contentBase64"], validate=True))
    else:
        body = BytesIO((inputs.get("content") or "").encode())
    size_bytes = body.seek(0, os.SEEK_END)
    body.seek(0)
    if size_bytes > _ONE_REQUEST_BYTES:
        body.close()
        raise ProviderError(
            f"object {inputs['key']} has {size_bytes} bytes: S3 takes 5 GiB at once"
        )
    return body


def _outputs(s3: Any, bucket: str, key: str, inputs: Properties) -> Properties:
    """What S3 says about the object."""
    head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    return {
        "acl": inputs.get("acl") or _PRIVATE,
        "arn": f"arn:aws:s3:::{bucket}/{key}",
        "bucket": bucket,
        "bucketKeyEnabled": False,
        "etag": head["ETag"].strip('"'),
        "key": key,
        "kmsKeyId": "",
        "serverSideEncryption": "",
        "storageClass": "STANDARD",
        "versionId": head.get("VersionId", ""),
        **{field.property: head.get(field.member, "") for field in _CHECKSUMS},
        **to_properties(_HEADERS, head),
    }
