"""A load test's events, looked for in every place an environment keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from videoctl.aws.s3 import S3Gateway
from videoctl.aws.timestream_query import TimestreamQueryGateway, quoted, table_name
from videoctl.loadtest.accounting import Arrivals, Found, Windows, hour_prefixes
from videoctl.model.names import SESSION_MEASURE, BucketKind, Names, StreamKind

if TYPE_CHECKING:
    from videoctl.aws.session import AwsSession
    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification

HOUR: Final = timedelta(hours=1)


class RunArrivals:
    """The events of one run, in raw and late objects, session windows and the session store.

    Args:
        specification: the environment they were sent to.
        session: makes AWS clients.
        run: the prefix of the run's event and session ids, followed by a dash.

    """

    def __init__(
        self, specification: EnvironmentSpecification, session: AwsSession, run: str
    ) -> None:
        self._run = run
        self._session = session
        self._names = Names(specification.name, session.account_id)
        self._raw = {region: Arrivals(run) for region in specification.regions}
        self._late = {region: Arrivals(run) for region in specification.regions}
        self._windows = {region: Windows(run, region=region) for region in specification.regions}

    def look(self, since: datetime, *, with_sessions: bool) -> Found:
        """Read what is new since the last look.

        Args:
            since: nothing of the run arrived before.
            with_sessions: look behind Flink, too.

        """
        for region, arrivals in self._raw.items():
            self._read(arrivals, StreamKind.RAW, region, since)
        if not with_sessions:
            return Found(raw=_distinct(self._raw))
        for region, windows in self._windows.items():
            self._read(windows, StreamKind.SESSION, region, since)
            self._read(self._late[region], StreamKind.LATE, region, since)
        counted = [windows.events for windows in self._windows.values()]
        return Found(
            raw=_distinct(self._raw),
            session_events=sum(sum(events.values()) for events in counted),
            session_windows=sum(len(events) for events in counted),
            late=_distinct(self._late),
            store_rows=sum(self._rows(region, since) for region in self._windows),
        )

    def _read(
        self, into: Arrivals | Windows, kind: StreamKind, region: Region, since: datetime
    ) -> None:
        s3 = S3Gateway(self._session.client("s3", region))
        bucket = self._names.bucket(BucketKind(kind), region)
        keys = [
            item.key
            for prefix in hour_prefixes(kind, since, datetime.now(UTC))
            for item in s3.objects(bucket, prefix)
        ]
        into.look(keys, partial(s3.read, bucket))

    def _rows(self, region: Region, since: datetime) -> int:
        """Rows of the run's windows; there is one for each window, however often it was written."""
        hours = (datetime.now(UTC) - since) // HOUR + 2
        table = table_name(self._names.timestream_database, self._names.sessions_table)
        query = (
            f"SELECT COUNT(*) FROM {table}"  # noqa: S608 (names of the environment, and a run's id)
            f" WHERE measure_name = {quoted(SESSION_MEASURE)}"
            f" AND session_id LIKE {quoted(f'{self._run}-%')} AND time > ago({hours}h)"
        )
        gateway = TimestreamQueryGateway(self._session.client("timestream-query", region))
        return sum(int(count or 0) for (count,) in gateway.rows(query))


def _distinct(of: dict[Region, Arrivals]) -> int:
    """Replication brings an event to both regions: it counts once."""
    return len(set[str]().union(*(arrivals.event_ids for arrivals in of.values())))
