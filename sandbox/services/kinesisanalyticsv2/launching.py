"""From an application's record to the job a cluster is to run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sandbox.flink.directories import new_run_id
from sandbox.flink.jobs import Job, JobError
from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesisanalyticsv2 import applications, code, configuration

if TYPE_CHECKING:
    from sandbox.loopback import Loopback
    from sandbox.protocol.wire import Json
    from sandbox.services.kinesisanalyticsv2.code_store import CodeStore


def begin_run(record: Json) -> None:
    """A new start: its state is apart from that of earlier ones."""
    record["run_id"] = new_run_id()


async def _code(aws: Loopback, record: Json, store: CodeStore | None) -> bytes | None:
    checksum = record["code_facts"].get("CodeMD5")
    kept = store.get(checksum) if store is not None and checksum is not None else None
    return await code.fetched(aws, record["configuration"]) if kept is None else kept


async def job(
    aws: Loopback,
    region: str,
    record: Json,
    store: CodeStore | None,
    *,
    must_be_stable: bool = False,
) -> Job:
    """The job of the record's run, its code looked at; raises `JobError`."""
    settings, run = record["configuration"], record["run"] or {}
    try:
        content = await _code(aws, record, store)
        restore_from = applications.restore_location(record, run)
    except ServiceError as error:
        raise JobError(error.message) from error
    found = await asyncio.to_thread(code.problems, content, settings)
    if found or content is None:
        raise JobError(" ".join(found))
    flink = settings.get("FlinkApplicationConfiguration", {})
    checkpoints = configuration.effective(flink, "CheckpointConfiguration")
    return Job(
        application_arn=record["arn"],
        region=region,
        runtime_environment=record["runtime"],
        code=content,
        parallelism=configuration.current_parallelism(record),
        checkpoint_interval_ms=(
            checkpoints["CheckpointInterval"] if checkpoints["CheckpointingEnabled"] else None
        ),
        min_pause_between_checkpoints_ms=checkpoints["MinPauseBetweenCheckpoints"],
        log_level=configuration.effective(flink, "MonitoringConfiguration")["LogLevel"],
        property_groups=settings.get("EnvironmentProperties", {}).get("PropertyGroups", []),
        run_options=code.run_options(settings),
        run_id=record["run_id"],
        restore_from=restore_from,
        allow_non_restored_state=bool(
            run.get("FlinkRunConfiguration", {}).get("AllowNonRestoredState", False)
        ),
        must_be_stable=must_be_stable,
        tuning=record.get("tuning", {}),
    )
