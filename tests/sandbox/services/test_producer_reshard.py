"""The KPL sidecar's producer across reshards of a stream that behaves as the service does."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import Any

import pytest
from aiobotocore.session import get_session

from jobs.http_handler.background import Background
from jobs.http_handler.counters import Counters
from jobs.http_handler.kinesis import KinesisStream, client_config
from jobs.http_handler.publisher import Publisher
from jobs.http_handler.settings import SidecarSettings, read_settings
from jobs.http_handler.wire import Status
from tests.jobs.reading import read_stream
from tests.sandbox.services.real import RealSandbox

pytestmark = pytest.mark.sandbox
STREAM = "producer-reshard"
SESSIONS = 40
SETTINGS = {
    "AWS_REGION": "us-east-1", "RAW_STREAM": STREAM, "RECORD_MAX_BUFFERED_MS": "20",
    "SHARD_MAP_SECONDS": "600",
}  # fmt: skip


async def _active(client: Any) -> None:
    while True:
        found = await client.describe_stream_summary(StreamName=STREAM)
        if found["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE":
            return
        await asyncio.sleep(0.05)


async def _produce(server: RealSandbox) -> list[tuple[str, int]]:
    """Put numbered records while the stream goes from two shards to four and to three."""
    settings = read_settings(SidecarSettings, SETTINGS)
    stored: list[tuple[str, int]] = []
    session = get_session()
    async with (
        session.create_client(
            "kinesis",
            region_name="us-east-1",
            endpoint_url=server.endpoint_url,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            config=client_config(settings),
        ) as client,
        Background() as tasks,
    ):
        stream = KinesisStream(client, STREAM, settings.request_timeout_seconds)
        publisher = Publisher(stream, settings, tasks, Counters(), time.monotonic)
        await publisher.refresh_shards()
        tasks.start(publisher.run())
        while not publisher.is_ready:  # noqa: ASYNC110 (looked at for milliseconds, once)
            await asyncio.sleep(0.01)
        resharding = asyncio.create_task(_reshard(client))
        number = 0
        while not resharding.done() or number < 200:
            batch = [(f"session-{one}", f"{one} {number}".encode()) for one in range(SESSIONS)]
            statuses = await publisher.submit(batch)
            stored += [
                (key, number)
                for (key, _), status in zip(batch, statuses, strict=True)
                if status == Status.STORED
            ]
            number += 1
        await resharding
    return stored


async def _reshard(client: Any) -> None:
    for count in (4, 3):
        await client.update_shard_count(
            StreamName=STREAM, TargetShardCount=count, ScalingType="UNIFORM_SCALING"
        )
        await _active(client)


def test_producers_carry_on_across_a_reshard(server: RealSandbox) -> None:
    """Whatever was acknowledged is read where consumers look for it, a session's in its order."""
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName=STREAM, ShardCount=2)
    stored = asyncio.run(_produce(server))
    found: dict[str, list[int]] = defaultdict(list)
    for record in sorted(read_stream(kinesis, STREAM), key=lambda one: one.shard_id):
        found[record.partition_key].append(int(record.data.split()[1]))
    assert len(stored) >= 200 * SESSIONS
    for key in {key for key, _ in stored}:
        wanted = [number for one, number in stored if one == key]
        assert set(wanted) <= set(found[key])
        first = list(dict.fromkeys(found[key]))
        assert first == sorted(first)
    kinesis.delete_stream(StreamName=STREAM)
