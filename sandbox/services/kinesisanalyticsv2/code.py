"""The code object of an application: whether it is there, and whether Flink can run it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any, Final

from sandbox.protocol.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.loopback import Loopback
    from sandbox.protocol.wire import Json

RUN_OPTIONS: Final = "kinesis.analytics.flink.run.options"
"""Property group that names the Python program and its jar."""
_FILE_OPTIONS: Final = ("python", "jarfile", "pyFiles", "pyArchives")
_UNSUPPORTED_OPTIONS: Final = ("pyModule", "pyExecutable", "pyRequirements")


async def fetched(aws: Loopback, configuration: Json) -> bytes | None:
    """The application's zip; None when it has no zip. Raises `InvalidArgumentException`."""
    content = configuration.get("ApplicationCodeConfiguration", {}).get("CodeContent", {})
    if "ZipFileContent" in content:
        return bytes(content["ZipFileContent"])
    location = content.get("S3ContentLocation")
    if location is None:
        return None
    bucket, key = location["BucketARN"].rpartition(":")[2], location["FileKey"]
    version = {"VersionId": location["ObjectVersion"]} if location.get("ObjectVersion") else {}
    try:
        answer = await aws.invoke("s3", "GetObject", Bucket=bucket, Key=key, **version)
    except ServiceError as error:
        raise ServiceError(
            "InvalidArgumentException",
            "Please check the role provided or validity of S3 location you provided. We are unable "
            f"to get the specified fileKey: {key} in the specified bucket: {bucket}",
        ) from error
    return bytes(answer["Body"])


def facts(code: bytes | None) -> Json:
    """Size and checksum of a zip, as a description holds them."""
    if code is None:
        return {}
    return {"CodeMD5": hashlib.md5(code, usedforsecurity=False).hexdigest(), "CodeSize": len(code)}


def problems(code: bytes | None, configuration: Json) -> list[str]:
    """Why Flink could not run this; empty when it can."""
    if code is None:
        return ["The application has no code."]
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            broken = archive.testzip()
            names = set(archive.namelist())
    except zipfile.BadZipFile as error:
        return [f"The code object is not a zip file: {error}."]
    if broken is not None:
        return [f"The zip file is damaged at {broken}."]
    options = run_options(configuration)
    if options is None:
        return list(_java_problems(names))
    return list(_python_problems(names, options))


def run_options(configuration: Json) -> dict[str, str] | None:
    """The run options of a Python application; None for a Java one."""
    groups: list[dict[str, Any]] = configuration.get("EnvironmentProperties", {}).get(
        "PropertyGroups", []
    )
    for group in groups:
        if group["PropertyGroupId"] == RUN_OPTIONS:
            options: dict[str, str] = group["PropertyMap"]
            return options
    return None


def _java_problems(names: set[str]) -> Iterator[str]:
    is_jar = "META-INF/MANIFEST.MF" in names
    if not is_jar and not any(name.endswith(".jar") for name in names):
        yield (
            "No valid JAR file found in the zip file. A Python application needs the property "
            f"group {RUN_OPTIONS}."
        )


def _python_problems(names: set[str], options: dict[str, str]) -> Iterator[str]:
    for option in _UNSUPPORTED_OPTIONS:
        if option in options:
            yield f"The run option {option} is not supported."
    if "python" not in options:
        yield f"The property python is missing in the property group {RUN_OPTIONS}."
    for option in _FILE_OPTIONS:
        for path in filter(None, options.get(option, "").split(",")):
            # A directory on pyFiles has no entry of its own in many zip files.
            if path not in names and not any(name.startswith(f"{path}/") for name in names):
                yield f"The file {path}, named by the run option {option}, is not in the zip file."
