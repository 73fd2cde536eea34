"""AWS STS: whose credentials these are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from videoctl.aws.client import answered_at

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whose credentials these are, and how far this machine's clock is from AWS's.

    Attributes:
        account_id: twelve digits.
        clock_skew_seconds: positive when this machine is ahead; None: the answer had no date.

    """

    account_id: str
    clock_skew_seconds: float | None


class StsGateway:
    """STS of one region; the global endpoint depends on us-east-1 and is not used."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def account_id(self) -> str:
        """The account of the credentials in use, twelve digits."""
        account: str = self._client.call("GetCallerIdentity")["Account"]
        return account

    def caller(self) -> Caller:
        """The account, and the clock against the answer's date."""
        answer = self._client.call("GetCallerIdentity")
        moment = answered_at(answer)
        skew = datetime.now(UTC) - moment if moment else None
        return Caller(
            account_id=answer["Account"],
            clock_skew_seconds=skew.total_seconds() if skew is not None else None,
        )
