"""Records of Kinesis streams on disk: appended as they arrive, read back at start.

MiniStack can only write a stream whole, which grows with every record ever put. Here each record is
appended once to a file of MessagePack values, before the put is answered, so that an acknowledged
record survives `kill -9` of the server. At start the records past retention, and those of streams
that are gone, are left out and the file is written anew.
"""

from __future__ import annotations

import copy
from typing import IO, TYPE_CHECKING, Any

import msgspec

from sandbox import ministack_runtime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LENGTH_BYTES = 4


class KinesisRecords:
    """The file of one sandbox's stream records."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._last_saved: dict[tuple[str, ...], str] = {}

    def restore(self) -> None:
        """Put the saved records back into the streams, which are restored already."""
        streams = _streams()
        for entry in self._read():
            account_id, region, stream_name, shard_id, records = entry
            stream = streams.get((account_id, region, stream_name))
            shard = stream["shards"].get(shard_id) if stream else None
            if shard is not None:
                first = shard["starting_sequence_number"]
                shard["records"].extend(r for r in records if r["SequenceNumber"] >= first)
        for stream in streams.values():
            ministack_runtime.service_module("kinesis")._expire_records(stream)
        self._rewrite()

    def append_new(self) -> None:
        """Write every record that is not on disk yet."""
        for key, shard in _shards():
            records = shard["records"]
            last = self._last_saved.get(key, "")
            if not records or records[-1]["SequenceNumber"] <= last:
                continue
            start = len(records)
            while start and records[start - 1]["SequenceNumber"] > last:
                start -= 1
            self._append(key, records[start:])

    def clear(self) -> None:
        """Forget all records."""
        self.close()
        self._last_saved.clear()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, key: tuple[str, ...], records: list[dict[str, Any]]) -> None:
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
        encoded = msgspec.msgpack.encode([*key, records])
        self._file.write(len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded)
        self._last_saved[key] = records[-1]["SequenceNumber"]

    def _read(self) -> Iterator[list[Any]]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            while head := file.read(_LENGTH_BYTES):
                size = int.from_bytes(head, "big")
                encoded = file.read(size)
                if len(encoded) < size:  # the server was killed while it wrote this one
                    return
                yield msgspec.msgpack.decode(encoded)

    def _rewrite(self) -> None:
        self.close()
        self._last_saved.clear()
        self._path.unlink(missing_ok=True)
        self.append_new()


def streams_without_records() -> dict[str, Any]:
    """MiniStack's Kinesis state but for the records, in the form its loader takes."""
    kinesis = ministack_runtime.service_module("kinesis")
    bare = type(kinesis._streams)()
    for key, stream in _streams().items():
        shards = {
            shard_id: {**shard, "records": []} for shard_id, shard in stream["shards"].items()
        }
        bare._data[key] = {**stream, "shards": shards}
    return {
        "streams": bare,
        "consumers": copy.deepcopy(kinesis._consumers),
        "resource_policies": copy.deepcopy(kinesis._resource_policies),
    }


def _streams() -> dict[tuple[str, str, str], dict[str, Any]]:
    streams: dict[tuple[str, str, str], dict[str, Any]] = ministack_runtime.service_module(
        "kinesis"
    )._streams._data
    return streams


def _shards() -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for (account_id, region, name), stream in list(_streams().items()):
        for shard_id, shard in list(stream["shards"].items()):
            yield (account_id, region, name, shard_id), shard
