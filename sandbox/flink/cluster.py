"""The processes of one cluster: JobManager, TaskManager, and for some seconds the client."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from sandbox.flink import log_settings, package, settings
from sandbox.flink.client_output import failure_of
from sandbox.flink.job_status import has_started
from sandbox.flink.jobs import JobError
from sandbox.flink.rest import FlinkRest
from sandbox.flink.settings import Ports
from sandbox.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sandbox.children import Children
    from sandbox.flink.directories import ApplicationDirectory
    from sandbox.flink.distribution import Distribution
    from sandbox.flink.jobs import Job

JOB_MANAGER: Final = "jobmanager"
TASK_MANAGER: Final = "taskmanager"
CLIENT: Final = "client"
PROPERTIES_VARIABLE: Final = "APPLICATION_PROPERTIES_FILE"
"""Tells a program where the property groups are; /etc/flink/application_properties.json in AWS."""
PROCESSES: Final = (JOB_MANAGER, TASK_MANAGER, CLIENT)
_CLASSES: Final = {
    JOB_MANAGER: "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
    TASK_MANAGER: "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
    CLIENT: "org.apache.flink.client.cli.CliFrontend",
}
_START_TIMEOUT_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.2
_GRACE_SECONDS: Final = 0.5
"""Nothing is lost with a process that is killed: state is in checkpoints and savepoints."""


class Cluster:
    """One cluster that runs one job; made anew for each start."""

    def __init__(
        self,
        children: Children,
        distribution: Distribution,
        aws_environment: Mapping[str, str],
        files: ApplicationDirectory,
        job: Job,
    ) -> None:
        self.job = job
        self.files = files
        self._children = children
        self._distribution = distribution
        self._aws_environment = aws_environment
        self._run = files.run(job.run_id)
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._jars: list[Path] = []
        self.rest = FlinkRest("")

    def anew(self, job: Job) -> Cluster:
        """A cluster that takes the place of this one, with another beginning."""
        return Cluster(self._children, self._distribution, self._aws_environment, self.files, job)

    async def start(self) -> None:
        """Start everything; return when the job runs. Whoever calls it ends it, failed or not."""
        self._run.prepare()
        self.files.begin_logs(PROCESSES)
        self.files.snapshots.mkdir(exist_ok=True)
        self._jars = await asyncio.to_thread(package.unpack, self.job, self._run)
        rest_port, rpc_port = free_ports(2)
        self._configure(Ports(rest_port, rpc_port))
        await self.rest.close()
        self.rest = FlinkRest(f"http://127.0.0.1:{rest_port}")
        await self._start_process(JOB_MANAGER, settings.job_manager_memory())
        await self.start_task_manager()
        await self._start_process(
            CLIENT, settings.client_memory(), package.submission(self.job, self._run)
        )
        try:
            async with asyncio.timeout(_START_TIMEOUT_SECONDS):
                await self._until_running()
        except TimeoutError as error:
            raise JobError(
                f"The job does not run after {_START_TIMEOUT_SECONDS:.0f} s; see {self.files.logs}."
            ) from error

    async def start_task_manager(self) -> None:
        """Start the TaskManager, at first or after it was lost."""
        await self._start_process(TASK_MANAGER, settings.task_manager_memory(self.job.parallelism))

    async def lost(self) -> str:
        """Wait until the JobManager or the TaskManager ends, and say which."""
        names = (JOB_MANAGER, TASK_MANAGER)
        waits = {asyncio.create_task(self._processes[name].wait()): name for name in names}
        try:
            ended, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        lost = sorted(waits[wait] for wait in ended)
        self._children.forget(self._processes[lost[0]])
        return lost[0]

    async def end(self) -> None:
        """End all processes."""
        processes = list(self._processes.values())
        await asyncio.gather(
            *(self._children.stop(process, _GRACE_SECONDS) for process in processes)
        )
        self._processes.clear()
        await self.rest.close()

    def pid(self, name: str) -> int:
        """Process id of a part of the cluster."""
        return self._processes[name].pid

    def _configure(self, ports: Ports) -> None:
        run, python = self._run, self._distribution.python
        configured = settings.flink_settings(self.job, run, ports, python)
        (run.configuration / "config.yaml").write_text(settings.as_yaml(configured))
        log4j = log_settings.log4j_properties(self.job.log_level)
        (run.configuration / "log4j.properties").write_text(log4j)

    async def _start_process(
        self, name: str, memory: Sequence[str], words: Sequence[str] = ()
    ) -> None:
        distribution, run = self._distribution, self._run
        log_options = log_settings.log_options(
            self.files.log_file(name), run.configuration / "log4j.properties"
        )
        command = [
            str(distribution.java),
            *memory,
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            f"-Djava.io.tmpdir={run.temporary}",
            *distribution.module_options(),
            *log_options,
            "-classpath",
            distribution.class_path(*self._jars),
            _CLASSES[name],
            *(words or ("--configDir", str(run.configuration))),
        ]
        with (self.files.logs / f"{name}.out").open("wb") as output:
            self._processes[name] = await self._children.start(
                command,
                environment=self._environment(),
                output=output.fileno(),
                directory=run.code,
            )

    def _environment(self) -> dict[str, str]:
        home = self._distribution.home
        return {
            **self._aws_environment,
            # Version 2 of the AWS SDK for Java; its CBOR and MiniStack's differ, and a source
            # would run and read nothing.
            "CBOR_ENABLED": "false",
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "FLINK_HOME": str(home),
            "FLINK_CONF_DIR": str(self._run.configuration),
            "FLINK_LIB_DIR": str(home / "lib"),
            "FLINK_OPT_DIR": str(home / "opt"),
            "FLINK_PLUGINS_DIR": str(home / "plugins"),
            PROPERTIES_VARIABLE: str(self._run.properties),
        }

    async def _until_running(self) -> None:
        while True:
            client = self._processes[CLIENT].returncode
            self._check_alive()
            try:
                job = await self.rest.job()
            except JobError:  # it does not listen yet
                job = None
            if job is not None:
                cause = await self.rest.root_cause(job["jid"])
                if has_started(job, cause, must_be_stable=self.job.must_be_stable):
                    return
            elif client is not None:
                raise JobError(failure_of(self.files.logs / "client.out", client))
            await asyncio.sleep(_POLL_SECONDS)

    def _check_alive(self) -> None:
        code = self._processes[JOB_MANAGER].returncode
        if code is None:
            return
        reason = _last_message(self.files.log_file(JOB_MANAGER))
        raise JobError(f"The JobManager ended with {code}: {reason}")


def _last_message(log_file: Path) -> str:
    try:
        lines = log_file.read_text(errors="replace").splitlines()
    except OSError:
        return "it wrote no log"
    problems = [line for line in lines if '"messageType":"ERROR"' in line] or lines[-1:]
    return log_settings.message_of(problems[-1]) if problems else "it wrote no log"
