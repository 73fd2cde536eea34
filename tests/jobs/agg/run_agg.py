"""Runs the job in a local Flink, once for each property file named; ends when its input does.

Started with the Python of `.venv-flink`. Prints one line of JSON for each job it has started.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

JOB = Path(__file__).parents[3] / "jobs" / "agg"
sys.path.insert(0, str(JOB))

import pipeline  # noqa: E402
import properties  # noqa: E402
from pyflink.common import Configuration  # noqa: E402
from pyflink.datastream import StreamExecutionEnvironment  # noqa: E402


def main() -> None:
    """Start a job for each file; options are Flink's own, from AGG_FLINK_OPTIONS as JSON."""
    options = json.loads(os.environ.get("AGG_FLINK_OPTIONS", "{}"))
    for file in sys.argv[1:]:
        settings = properties.load({**os.environ, properties.FILE_VARIABLE: file})
        configuration = Configuration()
        for key, value in options.items():
            configuration.set_string(key, value)
        environment = StreamExecutionEnvironment.get_execution_environment(configuration)
        pipeline.ensure_classes(environment, JOB / "lib" / "pyflink-dependencies.jar")
        pipeline.build(environment, settings)
        plan = environment.get_execution_plan()
        client = environment.execute_async("agg")
        started = {"job_id": str(client.get_job_id()), "file": file, "plan": json.loads(plan)}
        sys.stdout.write(json.dumps(started) + "\n")
        sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
