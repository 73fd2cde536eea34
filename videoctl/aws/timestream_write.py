"""Amazon Timestream for LiveAnalytics: whether this account may use it, and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from videoctl.aws.errors import NotAllowed, NotFound

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient

CLOSED_TEXT: Final = "Only existing Timestream for LiveAnalytics customers"
"""What a closed account is told, under the same code as a missing permission."""


class TimestreamWriteGateway:
    """Timestream's write API of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def access(self) -> Literal["open", "closed-to-new-customers", "denied"]:
        """Whether this account may use the service, found by the cheapest call."""
        try:
            self._client.call("ListDatabases", MaxResults=1)
        except NotAllowed as error:
            return "closed-to-new-customers" if CLOSED_TEXT in error.message else "denied"
        return "open"

    def table_names(self, database: str) -> tuple[str, ...]:
        """Tables of the database; none when there is no database."""
        try:
            tables = self._client.items("ListTables", "Tables", DatabaseName=database)
            return tuple(sorted(table["TableName"] for table in tables))
        except NotFound:
            return ()
