"""What roles may do with Kinesis data streams, and with the keys that encrypt them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.policies.document import Statement
from stacks.policies.keys import use_key

if TYPE_CHECKING:
    from videoctl.model.regions import Region

_READ: Final = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)
_FAN_OUT: Final = ("kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard")
_WRITE: Final = (
    "kinesis:DescribeStreamSummary",
    "kinesis:ListShards",
    "kinesis:PutRecord",
    "kinesis:PutRecords",
)


def read(stream_arns: tuple[str, ...]) -> Statement:
    """Polling reads of the streams."""
    return Statement(sid="ReadStreams", actions=_READ, resources=stream_arns)


def subscribe(stream_arn: str, consumer_name: str) -> Statement:
    """Enhanced fan-out reads by one consumer.

    A consumer's ARN ends in the time it was registered, hence the wildcard behind its name.
    """
    consumer = f"{stream_arn}/consumer/{consumer_name}:*"
    return Statement(sid="SubscribeAsConsumer", actions=_FAN_OUT, resources=(consumer,))


def write(stream_arns: tuple[str, ...]) -> Statement:
    """Puts into the streams."""
    return Statement(sid="WriteStreams", actions=_WRITE, resources=stream_arns)


def read_encrypted(key_arn: str, region: Region) -> Statement:
    """Decryption of what is read from encrypted streams."""
    actions = ("kms:Decrypt",)
    return use_key("DecryptStreams", key_arn, via="kinesis", region=region, actions=actions)


def write_encrypted(key_arn: str, region: Region) -> Statement:
    """Encryption of what is put into encrypted streams."""
    actions = ("kms:GenerateDataKey",)
    return use_key("EncryptStreams", key_arn, via="kinesis", region=region, actions=actions)
