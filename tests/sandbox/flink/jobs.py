"""A job as the control plane hands it over."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from sandbox.flink.jobs import Job

ARN = "arn:aws:kinesisanalytics:us-west-2:000000000000:application/agg"
RUN_OPTIONS = {
    "python": "main.py", "jarfile": "lib/pyflink-dependencies.jar", "pyFiles": "a.py,b.py",
}  # fmt: skip


def package(**members: str) -> bytes:
    """A code object with these members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


def job(**changes: Any) -> Job:
    """A job with the service's defaults."""
    given = {
        "application_arn": ARN,
        "region": "us-west-2",
        "runtime_environment": "FLINK-1_20",
        "code": package(**{"main.py": "", "lib/pyflink-dependencies.jar": ""}),
        "parallelism": 4,
        "checkpoint_interval_ms": 60_000,
        "min_pause_between_checkpoints_ms": 5_000,
        "log_level": "INFO",
        "property_groups": [{"PropertyGroupId": "agg", "PropertyMap": {"a": "b"}}],
        "run_options": RUN_OPTIONS,
        "run_id": "1000-abc",
        "restore_from": None,
        "allow_non_restored_state": False,
        **changes,
    }
    return Job(**given)
