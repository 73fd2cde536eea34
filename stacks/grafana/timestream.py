"""Queries of Grafana's Timestream data source, which Grafana's SDK does not know."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import DataSourceRef


class ResultFormat(IntEnum):
    """How the data source shapes rows; the numbers are its own."""

    TABLE = 0
    """Rows as they come; with one number column and text columns an alert reads them as numbers."""
    TIME_SERIES = 1
    """A series for each combination of the text columns; needs a column `time`, in order."""


class TimestreamQuery(Dataquery):
    """One query, as panels and alert rules hold it.

    Args:
        ref_id: the query's letter in its panel or rule.
        source: the region's data source.
        raw_query: SQL with the data source's macros.
        result_format: what becomes of the rows.

    """

    def __init__(
        self, ref_id: str, source: DataSourceRef, raw_query: str, result_format: ResultFormat
    ) -> None:
        self.ref_id = ref_id
        self.source = source
        self.raw_query = raw_query
        self.result_format = result_format

    def to_json(self) -> dict[str, object]:
        """The data source's query model."""
        return {
            "refId": self.ref_id,
            "datasource": self.source,
            "rawQuery": self.raw_query,
            "format": int(self.result_format),
            # All pages of the answer at once: alert rules and series need them all.
            "waitForResult": True,
        }


class Built(Builder[Dataquery]):
    """A query that is made already, where the SDK wants a builder."""

    def __init__(self, query: Dataquery) -> None:
        self._query = query

    def build(self) -> Dataquery:
        """The query."""
        return self._query
