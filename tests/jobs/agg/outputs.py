"""What the job wrote, held against what it should have written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.jobs.agg.batch import Batch

Window = dict[str, Any]


@dataclass(slots=True)
class Outputs:
    """The outputs by what they are.

    Attributes:
        windows: the last record of each (session, minute, region).
        repeats: session records that came for a key that had one.
        canaries: canary records of the session stream.
        late: records of the late stream.
        bad: records of the bad stream.

    """

    windows: dict[tuple[str, int, str], Window] = field(default_factory=dict)
    repeats: int = 0
    canaries: list[Window] = field(default_factory=list)
    late: list[dict[str, Any]] = field(default_factory=list)
    bad: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, records: list[tuple[str, bytes]]) -> None:
        """Take over what a stream holds, as (partition key, data) in the stream's order."""
        for key, data in records:
            document = json.loads(data)
            if kind == "session":
                assert key == document["session_id"]
                self._add_window(document)
            elif kind == "late":
                assert key == document["session_id"]
                self.late.append(document)
            else:
                self.bad.append(document)

    def _add_window(self, document: Window) -> None:
        if document.get("canary"):
            self.canaries.append(document)
            return
        key = document["session_id"], document["window_start_ms"], document["region"]
        self.repeats += key in self.windows
        self.windows[key] = document

    def counts(self) -> dict[str, int]:
        """How much there is, for waiting."""
        return {
            "events": sum(window["events"] for window in self.windows.values()),
            "late": len({(e["session_id"], e["event_id"]) for e in self.late}),
            "canary": len(self.canaries),
            "bad": len(self.bad),
        }

    def differences(self, batch: Batch) -> list[str]:
        """Every way in which this is not what the batch computed; empty when it is."""
        expected = {
            (row["session_id"], row["window_start_ms"], row["region"]): row for row in batch.windows
        }
        found = [f"window {key} is missing" for key in expected.keys() - self.windows.keys()]
        found += [f"window {key} is too much" for key in self.windows.keys() - expected.keys()]
        for key in expected.keys() & self.windows.keys():
            found += _unlike(f"window {key}", expected[key], self.windows[key])
        late = {_late_key(row): row for row in batch.late}
        seen = {_late_key(row): row for row in self.late}
        found += [f"late {key} is missing" for key in late.keys() - seen.keys()]
        found += [f"late {key} is too much" for key in seen.keys() - late.keys()]
        for key in late.keys() & seen.keys():
            narrowed = {name: seen[key].get(name) for name in late[key]}
            found += _unlike(f"late {key}", late[key], narrowed)
        return found


def _late_key(row: dict[str, Any]) -> tuple[str, int, str]:
    return row["session_id"], row["event_time_ms"] // 60_000, row["event_id"]


def _unlike(what: str, expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    if expected == found:
        return []
    names = [name for name in expected if expected[name] != found.get(name, ...)]
    return [f"{what}: {name} {found.get(name)!r}, not {expected[name]!r}" for name in names] or [
        f"{what}: has {set(found) - set(expected)} too much"
    ]
