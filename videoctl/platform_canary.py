"""Where canaries are looked for in AWS: streams, buckets and the session store of a region."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, assert_never

from videoctl.aws.kinesis import KinesisGateway
from videoctl.aws.s3 import S3Gateway
from videoctl.aws.timestream_query import TimestreamQueryGateway, quoted, table_name
from videoctl.model.names import (
    CANARY_MEASURE,
    CANARY_PREFIX,
    BucketKind,
    StreamKind,
    arrival_hour,
)
from videoctl.planning.canary import Place

if TYPE_CHECKING:
    from datetime import datetime

    from videoctl.aws.session import AwsSession
    from videoctl.execution.clock import Clock
    from videoctl.model.names import Names
    from videoctl.model.regions import Region
    from videoctl.planning.canary import Stop


class CanaryPlatform:
    """Looks for the canaries of one environment.

    Args:
        names: of the environment.
        session: makes AWS clients.
        clock: time.

    """

    def __init__(self, names: Names, session: AwsSession, clock: Clock) -> None:
        self._names = names
        self._session = session
        self._clock = clock

    def sees(self, stop: Stop, region: Region, canary_id: str, since: datetime) -> bool:
        """Whether the place of `stop` in `region` holds a canary that was sent at `since`."""
        match stop.place:
            case Place.STREAM:
                return self._stream_has(stop.kind, region, canary_id, since)
            case Place.BUCKET:
                return self._bucket_has(BucketKind(stop.kind), region, canary_id, since)
            case Place.STORE:
                return self._store_has(region, canary_id)
            case Place.FRONT_DOOR:
                return True
            case _:
                assert_never(stop.place)

    def _stream_has(
        self, kind: StreamKind, region: Region, canary_id: str, since: datetime
    ) -> bool:
        """Whether a record of the stream holds it; its id is readable inside KPL's aggregates."""
        gateway = KinesisGateway(self._session.client("kinesis", region))
        records = gateway.records_since(self._names.stream(kind), since)
        return any(canary_id.encode() in record.data for record in records)

    def _bucket_has(
        self, kind: BucketKind, region: Region, canary_id: str, since: datetime
    ) -> bool:
        """Whether an object written since then under the canary prefix holds it."""
        gateway = S3Gateway(self._session.client("s3", region))
        bucket = self._names.bucket(kind, region)
        hours = dict.fromkeys((arrival_hour(since), arrival_hour(self._clock.now())))
        for hour in hours:
            for found in gateway.objects(bucket, f"{CANARY_PREFIX}{hour}"):
                if found.last_modified >= since.replace(microsecond=0):
                    body = gateway.read(bucket, found.key) or b""
                    if canary_id.encode() in _plain(body):
                        return True
        return False

    def _store_has(self, region: Region, canary_id: str) -> bool:
        """Whether the sessions table holds its row, apart from the viewers' by its measure name."""
        table = table_name(self._names.timestream_database, self._names.sessions_table)
        query = (
            f"SELECT COUNT(*) FROM {table} WHERE measure_name = {quoted(CANARY_MEASURE)}"  # noqa: S608 (names of this environment, and an id made here)
            f" AND session_id = {quoted(canary_id)} AND time > ago(1d)"
        )
        gateway = TimestreamQueryGateway(self._session.client("timestream-query", region))
        return any(count not in (None, "0") for (count,) in gateway.rows(query))


def _plain(body: bytes) -> bytes:
    """The object's text, whether or not it is compressed."""
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
