"""Times the Flink job against a plain filter, in one Flink of its own: started by `bench.agg`.

Started with the Python of `.venv-flink`. Prints rows a second of each run as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
JOB = ROOT / "jobs" / "agg"
sys.path.insert(0, str(JOB))

import pipeline  # noqa: E402
import properties  # noqa: E402
import pyflink  # noqa: E402
from pyflink.common import Configuration  # noqa: E402
from pyflink.datastream import StreamExecutionEnvironment  # noqa: E402
from pyflink.java_gateway import get_gateway  # noqa: E402

PARALLELISM = 2
PACKAGE = "videoctl/agg"


def compiled(place: Path) -> Path:
    """The generator as a jar: the job's own jar holds nothing for benchmarks."""
    libraries = ":".join(map(str, Path(pyflink.__path__[0]).glob("lib/*.jar")))
    classpath = f"{libraries}:{JOB / 'lib' / 'pyflink-dependencies.jar'}"
    source = Path(__file__).with_name("GeneratedEvents.java")
    subprocess.run(
        ["javac", "--release", "11", "-cp", classpath, "-d", str(place), str(source)],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    jar = place / "generated-events.jar"
    subprocess.run(["jar", "cf", str(jar), "-C", str(place), PACKAGE], check=True)
    return jar


def settings() -> properties.Settings:
    """The job with its defaults."""
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/"
    streams = {f"{name}.stream.arn": arn + name for name in ("raw", "session", "late")}
    return properties.settings({"aws.region": "us-east-1", **streams})


def rows_a_second(jars: list[Path], kind: str, rows: int, *, is_read: bool) -> float:
    """One run, from generated rows to sinks that throw everything away."""
    configuration = Configuration()
    configuration.set_string("pipeline.jars", ";".join(jar.as_uri() for jar in jars))
    configuration.set_string("taskmanager.memory.network.min", "64m")
    environment = StreamExecutionEnvironment.get_execution_environment(configuration)
    environment.set_parallelism(PARALLELISM)
    generated = get_gateway().jvm.videoctl.agg.GeneratedEvents
    job = settings()
    raw = environment._j_stream_execution_environment.fromSource(  # noqa: SLF001
        generated.source(rows, is_read), generated.clock(job.watermark_delay_seconds * 1000), "rows"
    )
    streams: dict[str, Any] = {"plain": raw.filter(generated.Plain())}
    if kind == "job":
        streams = pipeline.sessions(raw, job)
    sink = get_gateway().jvm.org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink
    for stream in streams.values():
        stream.sinkTo(sink())
    result = environment.execute(kind)
    return float(rows / (result.get_net_runtime() / 1000))


def main() -> None:
    """`agg_job.py ROWS PAIRS`: pairs of runs in turn, after one of each that does not count."""
    rows, pairs = int(sys.argv[1]), int(sys.argv[2])
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as place:
        jars = [JOB / "lib" / "pyflink-dependencies.jar", compiled(Path(place))]
        for name, is_read in (("rows", False), ("json", True)):
            runs = [
                {
                    kind: rows_a_second(jars, kind, rows, is_read=is_read)
                    for kind in ("plain", "job")
                }
                for _ in range(pairs + 1)
            ]
            found[name] = runs[1:]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
