"""Entry point: Managed Flink runs this file from the root of the zip."""

from __future__ import annotations

import sys
from pathlib import Path

# Found beside this file, at the root of the zip, or by `pyFiles`; no paths of this repository.
import pipeline
import properties
from pyflink.datastream import StreamExecutionEnvironment


def main() -> None:
    """Read the properties, build the job, and run it."""
    try:
        settings = properties.load()
    except properties.PropertyFaultsError as error:
        sys.exit(f"error: {error}")
    environment = StreamExecutionEnvironment.get_execution_environment()
    jar = Path(__file__).resolve().parent / "lib" / "pyflink-dependencies.jar"
    pipeline.ensure_classes(environment, jar)
    pipeline.build(environment, settings)
    environment.execute("agg")


if __name__ == "__main__":
    main()
