"""Tells CloudWatch of running jobs: log lines to their log streams, figures as metrics."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Final

from sandbox.flink import figures
from sandbox.flink.jobs import JobError
from sandbox.log_lines import LineFollower, batches
from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2 import configuration, metrics, scaling
from sandbox.services.kinesisanalyticsv2.applications import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.flink.runner import LocalClusters
    from sandbox.host import Host
    from sandbox.protocol.wire import Json

_LOG: Final = logging.getLogger("sandbox.kinesisanalyticsv2")
_TICK_SECONDS: Final = 1.0
_MOST_METRICS: Final = 1_000
_KPU_SECONDS: Final = 3600.0


class Observation:
    """Looks at all applications, each second at their logs, four times a minute at their figures.

    Args:
        records: gives region and record of every application.
        scale: restarts a job with another parallelism.
        clock: epoch seconds.

    """

    def __init__(
        self,
        host: Host,
        clusters: LocalClusters,
        records: Callable[[], Iterable[tuple[str, Json]]],
        scale: Callable[[str, Json, int], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._host = host
        self._clusters = clusters
        self._records = records
        self._scale = scale
        self._loads: dict[str, scaling.Load] = {}
        self._followers: dict[str, list[LineFollower]] = {}
        self._kpus_told: dict[str, float] = {}

    async def keep_shipping_logs(self) -> None:
        """Send what was logged, for as long as the server runs."""
        while True:
            seen = list(self._records())
            for region, record in seen:
                await self._ship(region, record)
            for arn in self._followers.keys() - {record["arn"] for _, record in seen}:
                for follower in self._followers.pop(arn):
                    follower.close()
            await asyncio.sleep(_TICK_SECONDS)

    async def keep_publishing_metrics(self) -> None:
        """Publish what running jobs do, for as long as the server runs."""
        while True:
            await asyncio.sleep(metrics.SAMPLE_SECONDS)
            for region, record in self._records():
                if record["status"] == Status.RUNNING:
                    await self._publish(region, record)
                else:
                    self._loads.pop(record["arn"], None)

    async def _ship(self, region: str, record: Json) -> None:
        followers = self._followers.get(record["arn"])
        if followers is None:
            paths = self._clusters.log_files(record["arn"])
            followers = [LineFollower(path, only_new=True) for path in paths]
            self._followers[record["arn"]] = followers
        lines = [line for follower in followers for line in follower.take()]
        if not record["logging"]:
            return
        *_, group, _, stream = record["logging"][0]["LogStreamARN"].split(":", 8)
        for batch in batches(lines):
            events = [_event(record, line) for line in batch]
            try:
                await self._host.aws(region).invoke(
                    "logs",
                    "PutLogEvents",
                    logGroupName=group,
                    logStreamName=stream,
                    logEvents=sorted(events, key=lambda event: float(event["timestamp"])),
                )
            except ServiceError as error:  # no such group or stream: the service is silent too
                _LOG.debug("logs of %s are lost: %s", record["name"], error)

    async def _publish(self, region: str, record: Json) -> None:
        try:
            found = await figures.read(self._clusters.cluster(record["arn"]).rest)
        except JobError as error:
            _LOG.debug("no figures of %s: %s", record["name"], error)
            return
        if found is None:
            return
        now = self._clock()
        flink = record["configuration"].get("FlinkApplicationConfiguration", {})
        level = configuration.effective(flink, "MonitoringConfiguration")["MetricsLevel"]
        kpus = configuration.kpus(record)
        sample = metrics.data(record["name"], found, kpus, level, now)
        if now - self._kpus_told.get(record["arn"], -_KPU_SECONDS) >= _KPU_SECONDS:
            self._kpus_told[record["arn"]] = now
            sample.append(metrics.kpus(record["name"], kpus, now))
        self._judge_load(region, record, metrics.container_cpu_percent(found, kpus), now)
        try:
            await self._host.aws(region).invoke(
                "cloudwatch",
                "PutMetricData",
                Namespace=metrics.NAMESPACE,
                MetricData=sample[:_MOST_METRICS],
            )
        except ServiceError as error:
            _LOG.warning("metrics of %s are lost: %s", record["name"], error)

    def _judge_load(self, region: str, record: Json, cpu_percent: float | None, now: float) -> None:
        flink = record["configuration"].get("FlinkApplicationConfiguration", {})
        block = configuration.effective(flink, "ParallelismConfiguration")
        if cpu_percent is None or not block["AutoScalingEnabled"]:
            return
        load = scaling.seen(self._loads.get(record["arn"], scaling.Load()), cpu_percent, now)
        self._loads[record["arn"]] = load
        current = configuration.current_parallelism(record)
        wanted = scaling.wanted_parallelism(
            load,
            current=current,
            configured=block["Parallelism"],
            per_kpu=block["ParallelismPerKPU"],
            now=now,
        )
        if wanted != current:
            self._scale(region, record, wanted)


def _event(record: Json, line: bytes) -> Json:
    """A log event as the service writes it; a line that is no JSON is the message itself."""
    text = line.decode(errors="replace")
    try:
        document = json.loads(text)
        timestamp = int(document.pop("timestamp"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"timestamp": int(time.time() * 1000), "message": text}
    if not document["throwableInformation"]:
        del document["throwableInformation"]
    document["applicationARN"] = record["arn"]
    document["applicationVersionId"] = str(record["version"])
    return {"timestamp": timestamp, "message": json.dumps(document)}
