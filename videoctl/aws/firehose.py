"""Amazon Data Firehose: the state of a delivery stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoctl.aws.errors import NotFound

if TYPE_CHECKING:
    from videoctl.aws.client import AwsClient


class FirehoseGateway:
    """Data Firehose of one region."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def delivery_stream_status(self, delivery_stream: str) -> str | None:
        """DeliveryStreamStatus, such as CREATING_FAILED; None when there is none."""
        try:
            answer = self._client.call("DescribeDeliveryStream", DeliveryStreamName=delivery_stream)
        except NotFound:
            return None
        status: str = answer["DeliveryStreamDescription"]["DeliveryStreamStatus"]
        return status
