"""Where the files of one application's jobs are.

<home>/flink/<region>/<application>/
    snapshots/           savepoints; they outlive runs
    runs/<run id>/       one start: conf, code, tmp, checkpoints
<home>/logs/flink/<region>/<application>/     jobmanager.log, taskmanager.log, client.log
"""

from __future__ import annotations

import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_METADATA: Final = "_metadata"
"""Written last: a checkpoint or savepoint with it is whole."""
_KEPT_JOBS: Final = 3
"""A run whose JobManager is lost goes on as another job, with checkpoints of its own."""
_MILLISECONDS: Final = 1000


def new_run_id() -> str:
    """Names a start; begins with its time in ms."""
    return f"{time.time_ns() // 1_000_000}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class ApplicationDirectory:
    """Files of one application.

    Attributes:
        root: everything but the logs.
        logs: the log files.

    """

    root: Path
    logs: Path

    @property
    def snapshots(self) -> Path:
        """Savepoints, a directory each."""
        return self.root / "snapshots"

    def run(self, run_id: str) -> RunDirectory:
        """Files of one start."""
        return RunDirectory(self.root / "runs" / run_id)

    def remove_runs(self, *, but: str | None = None) -> None:
        """Delete what starts left, of all or of all but one."""
        runs = self.root / "runs"
        for entry in runs.iterdir() if runs.exists() else ():
            if entry.name != but:
                shutil.rmtree(entry, ignore_errors=True)

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.logs, ignore_errors=True)

    def log_file(self, process: str) -> Path:
        """The log of one of the processes; what a program prints is in the client's."""
        return self.logs / f"{process}.log"

    def begin_logs(self, processes: Iterable[str]) -> None:
        """Each cluster has logs of its own; those of the one before are kept beside them."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for process in processes:
            log = self.log_file(process)
            if log.exists():
                log.replace(log.with_suffix(".log.1"))

    def newest_state(self, run_id: str) -> str | None:
        """URI of the newest whole checkpoint or savepoint a run wrote; None when it wrote none."""
        began = int(run_id.partition("-")[0]) / _MILLISECONDS
        written = [
            (path.stat().st_mtime, path)
            for pattern_root, pattern in (
                (self.run(run_id).checkpoints, f"*/*/{_METADATA}"),
                (self.snapshots, f"*/{_METADATA}"),
            )
            for path in pattern_root.glob(pattern)
        ]
        of_run = [one for one in written if one[0] >= began]
        return max(of_run)[1].parent.as_uri() if of_run else None


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Files of one start of an application."""

    root: Path

    @property
    def configuration(self) -> Path:
        """Flink's configuration directory."""
        return self.root / "conf"

    @property
    def code(self) -> Path:
        """The unpacked code object."""
        return self.root / "code"

    @property
    def temporary(self) -> Path:
        """What the processes put away for a while; emptied at each start of the cluster."""
        return self.root / "tmp"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints, by job id."""
        return self.root / "checkpoints"

    @property
    def properties(self) -> Path:
        """The property groups, as the service puts them beside a job."""
        return self.root / "application_properties.json"

    def prepare(self) -> None:
        """Make the directories; what lost clusters left goes, but for their newest checkpoints."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        of_jobs = list(self.checkpoints.iterdir()) if self.checkpoints.exists() else []
        # By what is whole: jobs that failed before their first checkpoint left younger directories.
        whole = sorted((newest, job) for job in of_jobs if (newest := _newest_whole(job)))
        for job in set(of_jobs) - {job for _, job in whole[-_KEPT_JOBS:]}:
            shutil.rmtree(job, ignore_errors=True)
        for directory in (self.configuration, self.code, self.temporary, self.checkpoints):
            directory.mkdir(parents=True, exist_ok=True)


def path_of(location: str) -> Path:
    """The directory a `file:` URI means."""
    return Path(location.removeprefix("file://"))


def _newest_whole(job: Path) -> float:
    """When the newest whole checkpoint of a job was written; 0 when there is none."""
    return max((path.stat().st_mtime for path in job.glob(f"*/{_METADATA}")), default=0.0)
