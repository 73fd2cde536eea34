"""A job that counts: numbers in order from a source with state to JSON files, each exactly once."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pyflink.table import EnvironmentSettings, TableEnvironment

PROPERTIES = os.environ.get("APPLICATION_PROPERTIES_FILE", "/etc/flink/application_properties.json")


def properties() -> dict[str, str]:
    """The property group `counting`."""
    groups = json.loads(Path(PROPERTIES).read_text())
    return next(one["PropertyMap"] for one in groups if one["PropertyGroupId"] == "counting")


def main() -> None:
    """Submit the job."""
    given = properties()
    if "fail.with" in given:
        raise ValueError(given["fail.with"])
    table = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    table.get_config().set("table.exec.uid.generation", "ALWAYS")
    table.execute_sql(
        f"""CREATE TABLE numbers (n BIGINT) WITH (
            'connector' = 'datagen', 'rows-per-second' = '{given["rows.per.second"]}',
            'fields.n.kind' = 'sequence', 'fields.n.start' = '1',
            'fields.n.end' = '{given["last"]}')"""
    )
    table.execute_sql(
        f"""CREATE TABLE counted (n BIGINT) WITH (
            'connector' = 'filesystem', 'path' = '{given["output"]}', 'format' = 'json',
            'sink.rolling-policy.rollover-interval' = '1 s',
            'sink.rolling-policy.check-interval' = '1 s')"""
    )
    statements = table.create_statement_set()
    statements.add_insert_sql("INSERT INTO counted SELECT n FROM numbers")
    statements.execute()
    sys.stdout.write("submitted\n")


if __name__ == "__main__":
    main()
