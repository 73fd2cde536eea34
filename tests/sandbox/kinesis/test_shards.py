"""Shards and positions on MiniStack's records, without a server."""

from __future__ import annotations

import itertools
import time
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.kinesis import mappings, reading, shards

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
PARENT = "shardId-000000000000"


class Module:
    """The part of MiniStack's Kinesis that is used here."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.stream: dict[str, Any] = {
            "StreamName": "s",
            "StreamARN": ARN,
            "RetentionPeriodHours": 24,
            "shards": {},
        }
        self._streams = {"s": self.stream}
        self._ensure_active = lambda _: None
        self._ensure_base64 = str
        self._resolve_stream = lambda _: ("s", self.stream)
        self.json_response = lambda payload: (200, {}, payload)
        self.error_response_json = lambda code, message, _: (400, {}, {"code": code, "m": message})

    def _next_sequence_number(self, at: float | None = None) -> str:
        moment = time.time() if at is None else at
        return f"{int(moment * 1000):020d}{next(self._numbers):010d}"

    def add(self, shard_id: str, *ages_seconds: float) -> None:
        """Records of these ages."""
        for age in ages_seconds:
            at = time.time() - age
            record = {
                "SequenceNumber": self._next_sequence_number(at),
                "ApproximateArrivalTimestamp": at,
                "Data": "eA==",
                "PartitionKey": "k",
            }
            self.stream["shards"][shard_id]["records"].append(record)


@pytest.fixture
def kinesis() -> Module:
    """One shard that was opened two days ago."""
    made = Module()
    made.stream["shards"][PARENT] = {
        "records": [],
        "starting_hash_key": "0",
        "ending_hash_key": str((1 << 128) - 1),
        "starting_sequence_number": made._next_sequence_number(time.time() - 172800),
        "parent_shard_id": None,
        "adjacent_parent_shard_id": None,
    }
    return made


@pytest.fixture
def mapping(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Positions of a mapping that reads the stream."""
    positions = {PARENT: 0}
    key = ("000000000000", "us-east-1", "uuid")
    functions = SimpleNamespace(
        _esms=SimpleNamespace(_data={key: {"EventSourceArn": ARN}}),
        _kinesis_positions=SimpleNamespace(_data={key: positions}),
    )
    monkeypatch.setattr(mappings, "_functions", lambda: functions)
    return positions


def test_a_closed_shard_goes_when_retention_has_passed(kinesis: Module) -> None:
    """It stays while a record of it, or its closing, is younger than the retention."""
    kinesis.add(PARENT, 90000)
    shards.split(kinesis, kinesis.stream, PARENT, 5)
    shards.expire(kinesis.stream)
    assert list(kinesis.stream["shards"]) == [
        PARENT,
        "shardId-000000000001",
        "shardId-000000000002",
    ]
    closing = kinesis._next_sequence_number(time.time() - 90000)
    kinesis.stream["shards"][PARENT]["ending_sequence_number"] = closing
    shards.expire(kinesis.stream)
    assert PARENT not in kinesis.stream["shards"]


def test_hash_keys_go_to_open_shards(kinesis: Module) -> None:
    """The parent's range belongs to its children."""
    shards.split(kinesis, kinesis.stream, PARENT, 5)
    found = [shards.route(key, kinesis.stream) for key in (0, 4, 5, (1 << 128) - 1)]
    assert [int(one[-1]) for one in found] == [1, 1, 2, 2]


def test_no_iterator_is_kept(kinesis: Module) -> None:
    """An iterator is good although the module holds nothing of it, and when records expire."""
    reads = reading.Reading(kinesis)
    kinesis.add(PARENT, 90000, 90000, 5, 4)
    request = {"ShardId": PARENT, "ShardIteratorType": "TRIM_HORIZON"}
    token = reads.get_shard_iterator(request)[2]["ShardIterator"]
    first = reads.get_records({"ShardIterator": token, "Limit": 1})[2]
    second = reads.get_records({"ShardIterator": first["NextShardIterator"]})[2]
    assert (len(first["Records"]), len(second["Records"])) == (1, 1)
    assert reads.get_records({"ShardIterator": second["NextShardIterator"]})[2]["Records"] == []


def test_an_iterator_lives_five_minutes(kinesis: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is expired; something that is none is invalid."""
    reads = reading.Reading(kinesis)
    request = {"ShardId": PARENT, "ShardIteratorType": "LATEST"}
    token = reads.get_shard_iterator(request)[2]["ShardIterator"]
    now = time.time()
    monkeypatch.setattr(reading.time, "time", lambda: now + 301)
    assert reads.get_records({"ShardIterator": token})[2]["code"] == "ExpiredIteratorException"
    assert reads.get_records({"ShardIterator": "x"})[2]["code"] == "InvalidArgumentException"


def test_a_shard_made_anew_is_another_one(kinesis: Module) -> None:
    """An iterator of a deleted stream does not read its successor."""
    reads = reading.Reading(kinesis)
    request = {"ShardId": PARENT, "ShardIteratorType": "TRIM_HORIZON"}
    token = reads.get_shard_iterator(request)[2]["ShardIterator"]
    shard = kinesis.stream["shards"][PARENT]
    shard["starting_sequence_number"] = kinesis._next_sequence_number()
    assert reads.get_records({"ShardIterator": token})[2]["code"] == "ResourceNotFoundException"


def test_children_of_a_mapping_wait_for_their_parents(
    kinesis: Module, mapping: dict[str, int]
) -> None:
    """A child is held from its birth, and read from its first record once the parent is read."""
    kinesis.add(PARENT, 3, 2)
    shards.split(kinesis, kinesis.stream, PARENT, 5)
    child = "shardId-000000000001"
    kinesis.add(child, 1)
    mappings.release(kinesis.stream, mapping)
    assert mapping[child] == mappings.HELD
    mapping[PARENT] = 2
    mappings.release(kinesis.stream, mapping)
    assert mapping[child] == 0


def test_a_child_nobody_told_of_is_held_too(kinesis: Module, mapping: dict[str, int]) -> None:
    """Positions saved before the reshard know nothing of the children; none is skipped."""
    kinesis.add(PARENT, 3)
    shards.split(kinesis, kinesis.stream, PARENT, 5)
    mapping.clear()
    mapping[PARENT] = 0
    mappings.release(kinesis.stream, mapping)
    assert mapping["shardId-000000000002"] == mappings.HELD


def test_positions_move_with_what_expires(kinesis: Module, mapping: dict[str, int]) -> None:
    """A position is an index: records that expire in front of it move it along."""
    kinesis.add(PARENT, 90000, 90000, 5, 4)
    mapping[PARENT] = 3
    shards.expire(kinesis.stream)
    assert (mapping[PARENT], len(kinesis.stream["shards"][PARENT]["records"])) == (1, 2)


def test_nothing_expires_under_a_function(kinesis: Module, mapping: dict[str, int]) -> None:
    """While the poller is at work, records stay where its indexes point."""
    kinesis.add(PARENT, 90000, 5)
    with mappings.paused():
        shards.expire(kinesis.stream)
    assert len(kinesis.stream["shards"][PARENT]["records"]) == 2
