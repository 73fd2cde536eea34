"""Settings of the two containers, read from environment variables; every fault at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Mapping

PositiveInt = Annotated[int, Meta(gt=0)]
PositiveSeconds = Annotated[float, Meta(gt=0, le=3600)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Name = Annotated[str, Meta(min_length=1)]


class SettingsError(Exception):
    """Variables are missing or wrong; the message has one line for each."""


class _Settings(msgspec.Struct, frozen=True, kw_only=True, rename=str.upper):
    """A field is the environment variable of the same name in capitals."""

    aws_region: Name
    kpl_sidecar_port: Port = 8081
    give_up_seconds: PositiveSeconds = 10.0
    """How long the sidecar tries to store a record before it answers that it could not."""
    request_timeout_seconds: PositiveSeconds = 5.0
    """How long one call to Kinesis may take."""
    drain_seconds: PositiveSeconds = 40.0
    """How long after SIGTERM a container may finish what it has begun."""
    metrics_log_seconds: PositiveSeconds = 60.0
    """How often the counters are logged."""


class HandlerSettings(_Settings, frozen=True, kw_only=True, rename=str.upper):
    """Settings of the http-handler container."""

    http_handler_host: Name = "0.0.0.0"  # noqa: S104  (the load balancer reaches the task from outside)
    http_handler_port: Port = 8080
    max_body_bytes: PositiveInt = 5 * 1024 * 1024
    """Request body as it was sent."""
    max_decoded_bytes: PositiveInt = 10 * 1024 * 1024
    """Request body after decompression."""
    max_event_bytes: Annotated[int, Meta(gt=0, le=1_000_000)] = 256 * 1024
    """One event as stored; a Kinesis record holds 1 MiB with its key."""
    max_events_per_request: PositiveInt = 10_000
    max_requests_in_flight: PositiveInt = 1024
    max_bytes_in_flight: PositiveInt = 128 * 1024 * 1024
    """Bodies of all requests under way, after decompression."""
    request_body_seconds: PositiveSeconds = 20.0
    """How long a client may take to send a body."""
    health_flag_bucket: str | None = None
    """Ops bucket of this region; without it there is no flag."""
    health_flag_key: str | None = None
    health_flag_seconds: PositiveSeconds = 5.0
    """How often the flag is read."""


class SidecarSettings(_Settings, frozen=True, kw_only=True, rename=str.upper):
    """Settings of the kpl-sidecar container; defaults as in the KPL but for two."""

    raw_stream: Name
    aggregation_enabled: bool = True
    aggregation_max_bytes: Annotated[int, Meta(ge=1024, le=1_000_000)] = 102_400
    """Four payload units of 25 KiB, as the KPL's own 51,200 are two; half the requests."""
    record_max_buffered_ms: Annotated[int, Meta(ge=0, le=9000)] = 20
    """How long a record may wait for others to share an aggregate with.

    The KPL's default is 100; but here a player waits for the answer as long.
    """
    collection_max_count: Annotated[int, Meta(ge=1, le=500)] = 500
    collection_max_bytes: Annotated[int, Meta(ge=1_048_576, le=10_485_760)] = 5_242_880
    """One PutRecords request."""
    max_connections: Annotated[int, Meta(ge=1, le=256)] = 24
    """PutRecords requests under way at once."""
    max_buffered_bytes: PositiveInt = 64 * 1024 * 1024
    """Records waiting for Kinesis; beyond it the sidecar answers that its queue is full."""
    shard_map_seconds: PositiveSeconds = 10.0
    """How often the shards are listed."""
    tick_seconds: Annotated[float, Meta(ge=0, le=60)] = 5.0
    """How often each shard gets a tick; 0 switches ticks off."""
    unhealthy_after_seconds: PositiveSeconds = 15.0
    """How long Kinesis may refuse everything before the producer calls itself unusable."""


SettingsType = TypeVar("SettingsType", bound=_Settings)


def read_settings(kind: type[SettingsType], environment: Mapping[str, str]) -> SettingsType:
    """Settings of one container.

    Raises:
        SettingsError: one line for every variable that is missing or cannot be meant.

    """
    values: dict[str, object] = {}
    faults: list[str] = []
    for field in msgspec.structs.fields(kind):
        text = environment.get(field.encode_name)
        if text is None:
            if field.required:
                faults.append(f"{field.encode_name}: is required")
            continue
        try:
            values[field.encode_name] = msgspec.convert(text, field.type, strict=False)
        except msgspec.ValidationError as error:
            faults.append(f"{field.encode_name}={text}: {error}")
    if faults:
        raise SettingsError("\n".join(faults))
    return msgspec.convert(values, kind)
