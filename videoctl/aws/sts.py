"""AWS STS: whose credentials these are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient


class StsGateway:
    """STS of one region; the global endpoint depends on us-east-1 and is not used."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def account_id(self) -> str:
        """The account of the credentials in use, twelve digits."""
        account: str = self._client.call("GetCallerIdentity")["Account"]
        return account
