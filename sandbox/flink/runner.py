"""Keeps the clusters of all applications: starts, watches, suspends and ends them."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sandbox.flink import distribution
from sandbox.flink.cluster import PROCESSES, TASK_MANAGER, Cluster
from sandbox.flink.dashboard import Dashboard
from sandbox.flink.directories import ApplicationDirectory, path_of
from sandbox.flink.jobs import JobError

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.flink.jobs import Job
    from sandbox.host import Host
    from sandbox.protocol.wire import Json

_LOG: Final = logging.getLogger("sandbox.flink")
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_LAST_SAVEPOINT_SECONDS: Final = 6.0


@dataclass(slots=True)
class _Kept:
    """A cluster and what watches it."""

    cluster: Cluster
    watch: asyncio.Task[None] | None = None
    dashboard: Dashboard | None = None
    serving: asyncio.Task[None] | None = None

    async def end(self) -> None:
        """End the cluster, and the dashboard with it."""
        if self.dashboard is not None and self.serving is not None:
            await self.dashboard.close()
            await asyncio.wait({self.serving})
        await self.cluster.end()


class LocalClusters:
    """A `JobRunner` with real clusters, one an application."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kept: dict[str, _Kept] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self, job: Job) -> None:
        """Run the job on a new cluster; return when it runs."""
        if job.runtime_environment != distribution.RUNTIME_ENVIRONMENT:
            raise JobError(
                f"The sandbox has Flink for {distribution.RUNTIME_ENVIRONMENT}, "
                f"not for {job.runtime_environment}."
            )
        await self.stop(job.application_arn)
        async with self._locks[job.application_arn]:
            await self._launch(job)

    async def resume(self, job: Job) -> None:
        """Run the job again, from the newest state its run wrote."""
        await self.start(self._from_newest_state(job))

    async def snapshot(self, application_arn: str) -> str:
        """Take a savepoint of the running job."""
        async with self._locks[application_arn]:
            return await self._savepoint(application_arn, stop=False)

    async def suspend(self, application_arn: str) -> str:
        """Stop the job with a savepoint and end its cluster."""
        async with self._locks[application_arn]:
            location = await self._savepoint(application_arn, stop=True)
        await self.stop(application_arn)
        return location

    async def stop(self, application_arn: str) -> None:
        """End the cluster at once."""
        kept = self._kept.get(application_arn)
        if kept is None:
            return
        await _cancelled(kept.watch)
        async with self._locks[application_arn]:
            kept = self._kept.pop(application_arn, None)
            if kept is not None:
                await kept.end()
                await asyncio.to_thread(kept.cluster.files.remove_runs)

    async def discard(self, location: str) -> None:
        """Delete a savepoint."""
        await asyncio.to_thread(shutil.rmtree, path_of(location), ignore_errors=True)

    async def forget(self, application_arn: str) -> None:
        """Delete the files of an application."""
        await asyncio.to_thread(self._files(application_arn).remove)

    async def dashboard_url(self, application_arn: str, session_seconds: int) -> str:
        """A presigned address of the application's dashboard."""
        kept = self._need(application_arn)
        if kept.dashboard is None:
            kept.dashboard = Dashboard(application_arn, lambda: kept.cluster.rest.url)
            kept.serving = asyncio.create_task(kept.dashboard.serve())
        return kept.dashboard.presigned_url(session_seconds)

    def cluster(self, application_arn: str) -> Cluster:
        """The running cluster of an application; raises `JobError`."""
        return self._need(application_arn).cluster

    def _need(self, application_arn: str) -> _Kept:
        kept = self._kept.get(application_arn)
        if kept is None:
            raise JobError("The application has no running job.")
        return kept

    def log_files(self, application_arn: str) -> list[Path]:
        """Where an application's processes log, whether they run or not."""
        files = self._files(application_arn)
        return [files.log_file(process) for process in PROCESSES]

    async def close(self) -> None:
        """The server stops: keep each job's state for the next server, in little time."""
        await asyncio.gather(*(self._put_aside(arn) for arn in list(self._kept)))

    async def _put_aside(self, application_arn: str) -> None:
        kept = self._kept.pop(application_arn)
        await _cancelled(kept.watch)
        cluster = kept.cluster
        try:
            async with asyncio.timeout(_LAST_SAVEPOINT_SECONDS):
                job = await _savepoint_target(cluster)
                run = cluster.files.run(cluster.job.run_id)
                await cluster.rest.savepoint(job["jid"], run.checkpoints / "last", stop=True)
        except (JobError, TimeoutError) as error:
            _LOG.warning("%s will go on from its last checkpoint: %s", application_arn, error)
        await kept.end()

    async def _launch(self, job: Job) -> None:
        cluster = Cluster(
            self._host.children,
            distribution.found(),
            self._host.environment(job.region),
            self._files(job.application_arn),
            job,
        )
        await asyncio.to_thread(cluster.files.remove_runs, but=job.run_id)
        kept = self._kept[job.application_arn] = _Kept(cluster)
        try:
            await cluster.start()
        except BaseException:
            self._kept.pop(job.application_arn, None)
            await cluster.end()
            raise
        kept.watch = self._watched(kept)

    def _watched(self, kept: _Kept) -> asyncio.Task[None]:
        task = asyncio.create_task(self._watch(kept))
        task.add_done_callback(_log_failure)
        return task

    async def _watch(self, kept: _Kept) -> None:
        """Replace what dies, as the service does; the application's status does not change."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            cluster = kept.cluster
            lost = await cluster.lost()
            _LOG.warning("%s lost its %s", cluster.job.application_arn, lost)
            async with self._locks[cluster.job.application_arn]:
                await asyncio.sleep(pause)
                if lost == TASK_MANAGER:
                    await cluster.start_task_manager()
                else:
                    await self._replace(kept)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _replace(self, kept: _Kept) -> None:
        """A new cluster for one whose JobManager is gone; tried until it runs."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            old = kept.cluster
            await old.end()
            kept.cluster = old.anew(self._from_newest_state(old.job))
            try:
                await kept.cluster.start()
            except JobError as error:
                _LOG.warning("%s does not start again: %s", old.job.application_arn, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                return

    def _from_newest_state(self, job: Job) -> Job:
        newest = self._files(job.application_arn).newest_state(job.run_id)
        return replace(job, restore_from=newest or job.restore_from, must_be_stable=False)

    async def _savepoint(self, application_arn: str, *, stop: bool) -> str:
        kept = self._need(application_arn)
        cluster = kept.cluster
        job = await _savepoint_target(cluster)
        if stop:
            # From here on the end of a process is meant.
            await _cancelled(kept.watch)
        try:
            return await cluster.rest.savepoint(job["jid"], cluster.files.snapshots, stop=stop)
        except JobError:
            if stop:
                kept.watch = self._watched(kept)
            raise

    def _files(self, application_arn: str) -> ApplicationDirectory:
        _, _, _, region, _, resource = application_arn.split(":", 5)
        name = resource.rpartition("/")[2]
        return ApplicationDirectory(
            root=self._host.home.directory / "flink" / region / name,
            logs=self._host.home.logs / "flink" / region / name,
        )


async def _savepoint_target(cluster: Cluster) -> Json:
    job = await cluster.rest.job()
    if job is None or job["state"] != "RUNNING":
        state = "gone" if job is None else job["state"]
        raise JobError(
            f"The Flink job is {state}, so that there is no snapshot to take. Stop the application "
            "with Force."
        )
    return job


async def _cancelled(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait({task})


def _log_failure(watch: asyncio.Task[None]) -> None:
    if not watch.cancelled() and (error := watch.exception()) is not None:
        _LOG.error("a cluster is no longer watched", exc_info=error)
