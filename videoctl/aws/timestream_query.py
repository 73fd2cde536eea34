"""Amazon Timestream for LiveAnalytics: what its tables hold, asked in SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from videoctl.aws.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.aws.client import AwsClient

_NO_COLUMN: Final = re.compile(r"Column '[^']*' does not exist")


class TimestreamQueryGateway:
    """Timestream's query API of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def rows(self, query: str) -> Iterator[tuple[str | None, ...]]:
        """The rows a query answers, each value as text; NULL is None.

        A table learns its columns from its records: one that no record had yet answers nothing.

        Raises:
            AwsError: there is no such table, or the query is not valid.

        """
        try:
            for row in self._client.items("Query", "Rows", QueryString=query):
                yield tuple(value.get("ScalarValue") for value in row["Data"])
        except AwsError as error:
            if _NO_COLUMN.search(error.message) is None:
                raise


def quoted(text: str) -> str:
    """Text as a literal of Timestream's SQL."""
    return "'" + text.replace("'", "''") + "'"


def table_name(database: str, table: str) -> str:
    """A table as a query names it."""
    return f'"{database}"."{table}"'
