"""Tables of services, in memory and on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox.store import Store

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "000000000000"


def test_tables_are_apart_by_account_and_region() -> None:
    """The same name in two regions is two records."""
    store = Store()
    store.table(ACCOUNT, "us-east-1", "streams")["a"] = 1
    store.table(ACCOUNT, "us-west-2", "streams")["a"] = 2
    store.table("111111111111", "us-east-1", "streams")["a"] = 3
    found = {(account, region): table["a"] for account, region, table in store.tables("streams")}
    assert found == {
        (ACCOUNT, "us-east-1"): 1,
        (ACCOUNT, "us-west-2"): 2,
        ("111111111111", "us-east-1"): 3,
    }


def test_saved_tables_are_read_back(tmp_path: Path) -> None:
    """With bytes and times as they were."""
    path = tmp_path / "service.msgpack"
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    store = Store(path)
    store.table(ACCOUNT, "us-east-1", "t")["key"] = {"b": b"\x00", "m": moment, "n": None, "f": 0.5}
    store.save()
    again = Store(path).table(ACCOUNT, "us-east-1", "t")
    assert again == {"key": {"b": b"\x00", "m": moment, "n": None, "f": 0.5}}


def test_an_unchanged_store_is_not_written_again(tmp_path: Path) -> None:
    """Saving costs nothing when nothing happened."""
    path = tmp_path / "service.msgpack"
    store = Store(path)
    store.table(ACCOUNT, "us-east-1", "t")["key"] = 1
    store.save()
    path.unlink()
    store.save()
    assert not path.exists()
    store.table(ACCOUNT, "us-east-1", "t")["key"] = 2
    store.save()
    assert path.exists()


def test_clearing_forgets_everything(tmp_path: Path) -> None:
    """On disk too, once it is saved."""
    path = tmp_path / "service.msgpack"
    store = Store(path)
    store.table(ACCOUNT, "us-east-1", "t")["key"] = 1
    store.save()
    store.clear()
    store.save()
    assert list(Store(path).tables("t")) == []
