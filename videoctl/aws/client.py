"""One boto3 client whose errors are videoctl's: the only way gateways call AWS."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NoReturn

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from videoctl.aws.errors import Call, translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from videoctl.model.regions import Region


class AwsClient:
    """A client of one service in one region.

    Args:
        client: boto3's.
        service: boto3's name of the service.
        region: where its calls go.

    """

    def __init__(self, client: Any, service: str, region: Region) -> None:
        self._client = client
        self.service = service
        self.region = region

    def call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Make one call, named as the API names it: `call("DescribeStreamSummary", ...)`.

        Raises:
            VideoctlError: of the kinds in `videoctl.aws.errors`.

        """
        try:
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**parameters)
        except (ClientError, BotoCoreError) as error:
            self._raise(error, operation)
        return answer

    def pages(self, operation: str, /, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page of a listing call.

        Raises:
            VideoctlError: of the kinds in `videoctl.aws.errors`.

        """
        name = xform_name(operation)
        try:
            if self._client.can_paginate(name):
                yield from self._client.get_paginator(name).paginate(**parameters)
                return
        except (ClientError, BotoCoreError) as error:
            self._raise(error, operation)
        yield from self._token_pages(operation, parameters)

    def _token_pages(self, operation: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Pages of a call botocore has no paginator for, such as Timestream's: by NextToken."""
        token: dict[str, str] = {}
        while True:
            page = self.call(operation, **parameters, **token)
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def items(self, operation: str, key: str, /, **parameters: Any) -> Iterator[Any]:
        """Every item under `key` of every page."""
        for page in self.pages(operation, **parameters):
            yield from page.get(key) or ()

    def _raise(self, error: ClientError | BotoCoreError, operation: str) -> NoReturn:
        call = Call(service=self.service, operation=operation, region=self.region)
        raise translate(error, call) from error


def answered_at(answer: Mapping[str, Any]) -> datetime | None:
    """When the service made this answer, by its own clock; None where it does not say."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
