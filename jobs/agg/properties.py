"""The job's properties: what Managed Flink hands over, read once, all faults at once.

The service writes property groups to a file: a JSON list of `{"PropertyGroupId", "PropertyMap"}`,
all values text (Managed Service for Apache Flink developer guide, runtime properties).
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP: Final = "agg"
SERVICE_FILE: Final = "/etc/flink/application_properties.json"
FILE_VARIABLE: Final = "APPLICATION_PROPERTIES_FILE"
ENDPOINT_VARIABLES: Final = ("AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL")
"""The SDKs' own variables, the narrower one first; the connector's SDK is older than they are."""

REGIONS: Final = ("us-east-1", "us-west-2")
POSITIONS: Final = ("TRIM_HORIZON", "LATEST")
_STREAM_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:kinesis:(?P<region>[a-z0-9-]+):\d{12}:stream/[\w.-]+", re.ASCII
)
_MINUTE_SECONDS: Final = 60


class PropertyFaultsError(Exception):
    """The properties cannot be used; says every fault at once.

    Attributes:
        faults: one line each: the key, what is wrong, what is allowed.

    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("the application's properties cannot be used:\n  " + "\n  ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Settings:
    """What the job is told.

    Attributes:
        region: where it runs; stands in every record it writes.
        raw_stream_arn: read.
        session_stream_arn: session windows, and canaries.
        late_stream_arn: late and future events.
        bad_stream_arn: records that break the contract; None: they are only counted and logged.
        allowed_lateness_seconds: how long after its minute an event still counts as on time.
        watermark_delay_seconds: how far the watermark stays behind the handlers' clock.
        minute_retention_seconds: how long a minute is kept after its end; whole minutes.
        initial_position: where a start without a snapshot begins to read.
        poll_interval_ms: between two reads of one shard.
        sink_buffer_ms: how long a record may wait for others on its way out.
        endpoint_url: of Kinesis, where it is not the region's own.

    """

    region: str
    raw_stream_arn: str
    session_stream_arn: str
    late_stream_arn: str
    bad_stream_arn: str | None
    allowed_lateness_seconds: int
    watermark_delay_seconds: int
    minute_retention_seconds: int
    initial_position: str
    poll_interval_ms: int
    sink_buffer_ms: int
    endpoint_url: str | None


ACCEPTED_KEYS: Final = frozenset({"raw.stream.consumer.name", "raw.stream.consumer.arn"})
"""Set by the stack for enhanced fan-out; this connector polls, so the job does not use them."""

KEYS: Final = frozenset(
    {
        "aws.region",
        "raw.stream.arn",
        "session.stream.arn",
        "late.stream.arn",
        "bad.stream.arn",
        "allowed.lateness.seconds",
        "watermark.delay.seconds",
        "minute.retention.seconds",
        "raw.stream.initial.position",
        "raw.stream.poll.interval.ms",
        "sink.buffer.ms",
    }
)
"""Every key that the job reads; another one is a fault, since it would change nothing."""


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this run.

    Raises:
        PropertyFaultsError: the file cannot be read, or its content cannot be used.

    """
    path = Path(environ.get(FILE_VARIABLE) or SERVICE_FILE)
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PropertyFaultsError(
            [f"{path}: {error.strerror}; outside the service name the file in {FILE_VARIABLE}"]
        ) from error
    except ValueError as error:
        raise PropertyFaultsError([f"{path}: no JSON: {error}"]) from error
    endpoint = next(filter(None, (environ.get(name) for name in ENDPOINT_VARIABLES)), None)
    return settings(group_of(groups), endpoint)


def group_of(groups: Any) -> dict[str, str]:
    """The job's own property group, of all that the application has.

    Raises:
        PropertyFaultsError: there is none, or the document has another form.

    """
    if isinstance(groups, list):
        for group in groups:
            if isinstance(group, dict) and group.get("PropertyGroupId") == GROUP:
                found = group.get("PropertyMap")
                if isinstance(found, dict) and all(isinstance(v, str) for v in found.values()):
                    return found
                raise PropertyFaultsError([f"group {GROUP}: PropertyMap must map text to text"])
    raise PropertyFaultsError(
        [f"group {GROUP}: missing; the application needs this property group"]
    )


def settings(properties: Mapping[str, str], endpoint_url: str | None = None) -> Settings:
    """Typed settings from the property group.

    Raises:
        PropertyFaultsError: says every fault at once.

    """
    reader = _Reader(properties)
    region = reader.choice("aws.region", REGIONS)
    lateness = reader.whole("allowed.lateness.seconds", 0, 3600, default=30)
    found = Settings(
        region=region,
        raw_stream_arn=reader.stream("raw.stream.arn", region),
        session_stream_arn=reader.stream("session.stream.arn", region),
        late_stream_arn=reader.stream("late.stream.arn", region),
        bad_stream_arn=reader.optional_stream("bad.stream.arn", region),
        allowed_lateness_seconds=lateness,
        watermark_delay_seconds=reader.whole(
            "watermark.delay.seconds", 0, 7200, default=lateness + 30
        ),
        minute_retention_seconds=reader.whole("minute.retention.seconds", 60, 86400, default=600),
        initial_position=reader.choice("raw.stream.initial.position", POSITIONS, "TRIM_HORIZON"),
        poll_interval_ms=reader.whole("raw.stream.poll.interval.ms", 10, 60_000, default=250),
        sink_buffer_ms=reader.whole("sink.buffer.ms", 10, 60_000, default=1000),
        endpoint_url=endpoint_url,
    )
    reader.relations(found)
    reader.unknown_keys()
    if reader.faults:
        raise PropertyFaultsError(reader.faults)
    return found


class _Reader:
    """Reads values and gathers what is wrong with them."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._properties = properties
        self.faults: list[str] = []

    def stream(self, key: str, region: str) -> str:
        value = self._required(key)
        if value:
            self._check_stream(key, value, region)
        return value

    def optional_stream(self, key: str, region: str) -> str | None:
        value = self._properties.get(key)
        if value:
            self._check_stream(key, value, region)
        return value or None

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self._properties.get(key, default) if default else self._required(key)
        if value and value not in allowed:
            self.faults.append(f"{key} = {value}: must be one of {', '.join(allowed)}")
        return value or ""

    def whole(self, key: str, least: int, most: int, *, default: int) -> int:
        text = self._properties.get(key)
        if text is None:
            return default
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            self.faults.append(f"{key} = {text}: must be a whole number from {least} to {most}")
            return default
        return int(text)

    def relations(self, found: Settings) -> None:
        if found.watermark_delay_seconds <= found.allowed_lateness_seconds:
            self.faults.append(
                f"watermark.delay.seconds = {found.watermark_delay_seconds}: must be more than"
                f" allowed.lateness.seconds = {found.allowed_lateness_seconds}"
            )
        if found.minute_retention_seconds % _MINUTE_SECONDS:
            self.faults.append(
                f"minute.retention.seconds = {found.minute_retention_seconds}: must be whole"
                " minutes, a multiple of 60"
            )

    def unknown_keys(self) -> None:
        for key in sorted(set(self._properties) - KEYS - ACCEPTED_KEYS):
            self.faults.append(f"{key}: no property of this job; known: {', '.join(sorted(KEYS))}")

    def _required(self, key: str) -> str:
        value = self._properties.get(key, "")
        if not value:
            self.faults.append(f"{key}: missing")
        return value

    def _check_stream(self, key: str, value: str, region: str) -> None:
        match = _STREAM_ARN.fullmatch(value)
        if match is None:
            self.faults.append(f"{key} = {value}: must be the ARN of a Kinesis data stream")
        elif region in REGIONS and match["region"] != region:
            self.faults.append(f"{key} = {value}: must be in aws.region = {region}")
