"""The KPL's record format, against AWS's own reader."""

from __future__ import annotations

import base64
from collections import deque

from aws_kinesis_agg.deaggregator import deaggregate_records
from hypothesis import given
from hypothesis import strategies as st

from jobs.http_handler.aggregation import UserRecord, take_aggregate, user_record_bytes
from jobs.http_handler.kpl_format import aggregate
from jobs.http_handler.shards import ShardMap, hash_key_of
from tests.jobs.http_handler.fake_stream import even_shards

records = st.lists(st.tuples(st.text(min_size=1, max_size=20), st.binary(max_size=60)), min_size=2)


def split(data):
    """Partition key and data of each record, as AWS's own reader finds them."""
    kinesis = {
        "kinesisSchemaVersion": "1.0",
        "sequenceNumber": "1",
        "approximateArrivalTimestamp": 0,
        "partitionKey": "a",
        "data": base64.b64encode(data),
    }
    return [
        (item["kinesis"]["partitionKey"], base64.b64decode(item["kinesis"]["data"]))
        for item in deaggregate_records([{"kinesis": kinesis}])
    ]


@given(records)
def test_aws_reads_what_is_written(user_records):
    """Keys, data and order come back as they were."""
    assert split(aggregate(user_records)) == user_records


@given(records, st.integers(100, 400))
def test_an_aggregate_stays_within_its_size(user_records, max_bytes):
    """The size is an upper bound whatever the keys, unless one record alone passes it."""
    queue = deque(
        UserRecord(key, 0, data, user_record_bytes(len(key.encode()), len(data)), 0, 0)
        for key, data in user_records
    )
    taken = []
    while queue:
        entry = take_aggregate(queue, max_bytes)
        taken.extend((record.partition_key, record.data) for record in entry.records)
        assert len(entry.data) <= max_bytes or len(entry.records) == 1
        assert entry.is_aggregate or entry.data == entry.records[0].data
    assert taken == user_records


@given(st.integers(1, 50), st.text(min_size=1, max_size=64))
def test_a_key_belongs_to_exactly_one_shard(count, key):
    """The shard that is found is the one whose range holds the key's hash."""
    shard_map: ShardMap = even_shards(count)
    hash_key = hash_key_of(key.encode())
    holders = [shard for shard in shard_map.shards if shard.holds(hash_key)]
    assert holders == [shard_map.shards[shard_map.place_of(hash_key)]]
