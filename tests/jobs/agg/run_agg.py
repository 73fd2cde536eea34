"""Runs the job in a local Flink, once for each property file, and stops runs on demand.

Started with the Python of `.venv-flink`: `run_agg.py [--from SAVEPOINT] FILE...`. Prints a line of
JSON for each job it has started. Each line on stdin names a run by its number and a directory to
stop it into, as JSON; the answer is where its savepoint is. Everything ends when stdin does.
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
from pyflink.common import Configuration, JobClient  # noqa: E402
from pyflink.datastream import StreamExecutionEnvironment  # noqa: E402

JAR = JOB / "lib" / "pyflink-dependencies.jar"
PARALLELISM = 2


def say(**document: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def start(file: str, savepoint: str | None) -> JobClient:
    """Start a run, as main.py would."""
    settings = properties.load({**os.environ, properties.FILE_VARIABLE: file})
    configuration = Configuration()
    configuration.set_string("pipeline.jars", JAR.as_uri())
    if savepoint is not None:
        configuration.set_string("execution.savepoint.path", savepoint)
    environment = StreamExecutionEnvironment.get_execution_environment(configuration)
    environment.set_parallelism(PARALLELISM)
    pipeline.ensure_classes(environment, JAR)
    pipeline.build(environment, settings)
    plan = json.loads(environment.get_execution_plan())
    client = environment.execute_async("agg")
    say(job_id=str(client.get_job_id()), plan=plan)
    return client


def main() -> None:
    """Start, then do what stdin says."""
    files, savepoint = sys.argv[1:], None
    if files[0] == "--from":
        savepoint, files = files[1], files[2:]
    clients = [start(file, savepoint) for file in files]
    for line in sys.stdin:
        order = json.loads(line)
        stopped = clients[order["stop"]].stop_with_savepoint(False, order["directory"])
        say(savepoint=stopped.result())
    os._exit(0)


if __name__ == "__main__":
    main()
