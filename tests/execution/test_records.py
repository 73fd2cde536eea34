"""Environment records in the control bucket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes import world
from tests.fakes.store import MemoryStore
from videoctl.errors import FailedError, TransientError
from videoctl.execution.records import EnvironmentRecords
from videoctl.planning.observation import EnvironmentRecord

RECORD = EnvironmentRecord(environment="dev", account_id=world.ACCOUNT, created_at=world.NOW)


def test_a_record_is_read_back_changed_listed_and_forgotten() -> None:
    """What was written comes back, by name and among all; forgotten, there is none."""
    records = EnvironmentRecords(MemoryStore())
    assert records.read("dev") is None
    records.change("dev", lambda _: RECORD)
    proven = world.ready(world.specification()).record
    assert proven is not None
    records.change("prod", lambda _: replace(proven, environment="prod"))
    assert [record.environment for record in records.all()] == ["dev", "prod"]
    assert records.read("prod") == replace(proven, environment="prod")
    records.forget("dev")
    assert records.read("dev") is None


def test_a_race_is_decided_by_reading_again() -> None:
    """Two writers at once: the second one's change is made to what the first one wrote."""
    store = MemoryStore()
    records = EnvironmentRecords(store)
    records.change("dev", lambda _: RECORD)
    rivals = [replace(RECORD, created_at=world.LATER)]

    def changed(record: EnvironmentRecord | None) -> EnvironmentRecord:
        assert record is not None
        if rivals:
            rival = rivals.pop()
            EnvironmentRecords(store).change("dev", lambda _: rival)
        return replace(record, expires_at=world.LATER)

    written = records.change("dev", changed)
    assert (written.created_at, written.expires_at) == (world.LATER, world.LATER)


def test_losing_every_race_is_worth_trying_again() -> None:
    """A record that never stands still ends as a passing error, not in a loop."""
    store = MemoryStore()
    records = EnvironmentRecords(store)
    records.change("dev", lambda _: RECORD)
    rival = EnvironmentRecords(store)

    def changed(_: EnvironmentRecord | None) -> EnvironmentRecord:
        rival.change("dev", lambda _: RECORD)
        return RECORD

    with pytest.raises(TransientError):
        records.change("dev", changed)


def test_a_record_nobody_can_read_is_told() -> None:
    """Damage is named with the object, never overwritten."""
    store = MemoryStore()
    store.put("environments/dev.json", b"{}")
    with pytest.raises(FailedError) as refused:
        EnvironmentRecords(store).read("dev")
    assert refused.value.code == "record-unreadable"
