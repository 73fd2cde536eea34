"""`make demo`: build slowprod on the sandbox, send it player events, and count what became of each.

Only `videoctl` itself is used, as a person would type it. The run's id is fixed, so that running
it again finds the events it sent the first time and changes nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ENVIRONMENT = "slowprod"
EVENTS = 5000
RUN = "demo1"
VIDEOCTL = str(Path(sys.executable).with_name("videoctl"))


def say(message: str) -> None:
    """A line of talk."""
    sys.stderr.write(f"demo: {message}\n")
    sys.stderr.flush()


def videoctl(*words: str) -> dict[str, Any]:
    """Run one command line for its JSON document; its talk goes to the terminal."""
    say(f"videoctl {' '.join(words)}")
    done = subprocess.run(
        [VIDEOCTL, *words, "-o", "json"], stdout=subprocess.PIPE, text=True, check=False
    )
    document: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    if done.returncode != 0:
        sys.stderr.write(f"error: videoctl {' '.join(words)} ended with {done.returncode}\n")
        sys.stderr.write(f"{document.get('message') or document.get('error') or done.stdout}\n")
        sys.stderr.write(f"hint: {document.get('hint') or 'videoctl doctor'}\n")
        sys.exit(done.returncode)
    return document


def create() -> dict[str, Any]:
    """`env create slowprod`, with its progress on the terminal."""
    say(f"videoctl env create {ENVIRONMENT} --yes")
    done = subprocess.run([VIDEOCTL, "env", "create", ENVIRONMENT, "--yes"], check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return videoctl("env", "status", ENVIRONMENT)


def print_canary(hops: list[dict[str, Any]]) -> None:
    """The hops a canary was seen at when the environment was built, with its latencies."""
    sys.stdout.write("\nCANARY          REGION         AFTER\n")
    for hop in hops:
        after = f"{hop['latency_ms']:,} ms" if hop["seen"] else "-"
        sys.stdout.write(f"{hop['hop']:<14}  {hop['region'] or 'global':<9}  {after:>9}\n")


def main() -> None:
    """The main job, end to end, and the closing table."""
    began = time.monotonic()
    videoctl("sandbox", "up")
    status = create()
    sent = videoctl(
        *("loadtest", "generate", "--to", ENVIRONMENT, "--events", str(EVENTS)),
        *("--run", RUN, "--once", "--sessions", "--unruly"),
    )
    shown = videoctl("env", "show", ENVIRONMENT)
    print_canary(status["last_canary"]["hops"])
    region, found = shown["regions"][0], sent["found"]
    rows = [
        ("environment", f"{ENVIRONMENT} ({status['state']}), {len(status['hops'])} hops"),
        ("front door", shown["front_door"]),
        ("raw bucket", region["buckets"]["raw"]),
        ("sent", sent["sent"]),
        ("rejected, malformed", f"{sent['rejected']}, {sent['malformed']}"),
        ("acknowledged", sent["acknowledged"]),
        ("distinct events", sent["acknowledged_distinct"]),
        ("found in S3", found["raw"]),
        ("in session windows", found["session_events"]),
        ("late", found["late"]),
        ("session windows", found["session_windows"]),
        ("rows in Timestream", found["store_rows"]),
        ("took", f"{time.monotonic() - began:.0f} s"),
    ]
    width = max(len(name) for name, _ in rows)
    sys.stdout.write("\n")
    for name, value in rows:
        sys.stdout.write(f"{name:<{width}}  {value}\n")
    sys.stdout.write(
        "\nnext: . .venv/bin/activate\n"
        f"      videoctl env status {ENVIRONMENT}\n"
        f"      videoctl env plan {ENVIRONMENT}\n"
        "      videoctl sandbox down\n"
    )


if __name__ == "__main__":
    main()
