"""The job graph: Java operators, each under a fixed id, wired from Python.

```
raw stream > Sorter -> session's events > SessionMinutes -> session stream
               |                                |
               |-> canaries > session stream    |-> late stream
               |-> bad records > bad stream
```

Python runs while the graph is built, and never again. The ids are what a snapshot finds its state
by: an operator that keeps its id keeps its state through an update of the job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pyflink.java_gateway import get_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from properties import Settings
    from pyflink.datastream import StreamExecutionEnvironment

SECOND_MS: Final = 1000
EMPTY_SHARD_SECONDS: Final = 60
"""How long a shard without any record, or a subtask without a shard, holds up the watermark."""

UIDS: Final = {
    "raw": "raw-stream",
    "sorter": "sorter",
    "minutes": "session-minutes",
    "session": "session-stream",
    "late": "late-stream",
    "bad": "bad-stream",
}
"""Operator ids. A change here loses what the operator kept in earlier snapshots."""


def classes() -> Any:
    """The package of the job's Java classes."""
    return get_gateway().jvm.videoctl.agg


def ensure_classes(environment: StreamExecutionEnvironment, jar: Path) -> None:
    """Add the jar to the job where neither its submission nor the cluster brings the classes."""
    jvm = get_gateway().jvm
    configuration = environment._j_stream_execution_environment.getConfiguration()  # noqa: SLF001
    if configuration.contains(jvm.org.apache.flink.configuration.PipelineOptions.JARS):
        return
    system = jvm.java.lang.ClassLoader.getSystemClassLoader()
    if system.getResource("videoctl/agg/RawStream.class") is None:
        environment.add_jars(jar.as_uri())


def client_settings(settings: Settings) -> dict[str, str]:
    """Options of the connector's Kinesis clients; credentials come from the SDK's chain."""
    options = {"aws.region": settings.region, "aws.credentials.provider": "AUTO"}
    if settings.endpoint_url:
        options["aws.endpoint"] = settings.endpoint_url
        options["aws.http.protocol.version"] = "HTTP1_1"
    return options


def build(environment: StreamExecutionEnvironment, settings: Settings) -> None:
    """The whole job, from Kinesis to Kinesis."""
    raw = raw_events(environment, settings)
    outputs = sessions(raw, settings)
    for name, stream in outputs.items():
        write(name, stream, settings)


def raw_events(environment: StreamExecutionEnvironment, settings: Settings) -> Any:
    """The raw stream, de-aggregated and read, with the handlers' clock as watermark."""
    agg = classes()
    options = _java_map(
        {
            **client_settings(settings),
            "flink.stream.initpos": settings.initial_position,
            "flink.shard.discovery.intervalmillis": str(2 * SECOND_MS),
        }
    )
    source = agg.RawStream(settings.raw_stream_arn, options, settings.poll_interval_ms)
    return (
        environment._j_stream_execution_environment.fromSource(  # noqa: SLF001
            source, clock(settings), "raw stream"
        )
        .uid(UIDS["raw"])
        .name("raw stream")
    )


def clock(settings: Settings) -> Any:
    """The watermark strategy of events."""
    delay_ms = settings.watermark_delay_seconds * SECOND_MS
    return classes().HandlerClock(delay_ms, EMPTY_SHARD_SECONDS * SECOND_MS)


def sessions(raw: Any, settings: Settings) -> dict[str, Any]:
    """From read records to what is written: `session`, `late` and `bad`, as Java data streams."""
    agg = classes()
    lateness_ms = settings.allowed_lateness_seconds * SECOND_MS
    events = (
        raw.process(agg.Sorter(settings.region, lateness_ms)).uid(UIDS["sorter"]).name("sorter")
    )
    retention_ms = settings.minute_retention_seconds * SECOND_MS
    minutes = (
        events.keyBy(agg.Keyed.BySession())
        .process(agg.SessionMinutes(settings.region, retention_ms))
        .uid(UIDS["minutes"])
        .name("session minutes")
    )
    canaries = events.getSideOutput(agg.Sorter.CANARIES)
    return {
        "session": _union(minutes, canaries),
        "late": minutes.getSideOutput(agg.SessionMinutes.LATE),
        "bad": events.getSideOutput(agg.Sorter.BAD),
    }


def write(name: str, stream: Any, settings: Settings) -> None:
    """Put one of the outputs into its Kinesis stream."""
    arns = {
        "session": settings.session_stream_arn,
        "late": settings.late_stream_arn,
        "bad": settings.bad_stream_arn,
    }
    if arns[name]:
        options = _java_map(client_settings(settings))
        sink = classes().Sinks.kinesis(arns[name], options, settings.sink_buffer_ms)
        stream.sinkTo(sink).uid(UIDS[name]).name(f"{name} stream")


def _union(first: Any, second: Any) -> Any:
    gateway = get_gateway()
    data_stream = gateway.jvm.org.apache.flink.streaming.api.datastream.DataStream
    others = gateway.new_array(data_stream, 1)
    others[0] = second
    return first.union(others)


def _java_map(values: Mapping[str, str]) -> Any:
    found = get_gateway().jvm.java.util.HashMap()
    for key, value in values.items():
        found.put(key, value)
    return found
