"""The two Kinesis calls a producer makes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiobotocore.config import AioConfig
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
)

from jobs.http_handler.shards import Shard, ShardMap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.http_handler.aggregation import Entry
    from jobs.http_handler.settings import SidecarSettings

USER_AGENT: Final = "videoctl-kpl-sidecar"

PERMANENT_CODES: Final = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidArgumentException",
        "InvalidSignatureException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
        "MissingAuthenticationTokenException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
"""What no retry within seconds cures: the answer is given at once."""


class KinesisError(Exception):
    """A whole call failed.

    Attributes:
        code: AWS's error code, or the kind of failure on the way.
        is_permanent: whether trying again within seconds is of no use.

    """

    def __init__(self, code: str, *, is_permanent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_permanent = is_permanent


@dataclass(frozen=True, slots=True)
class PutOutcome:
    """What became of one entry: the shard it is in, or an error code."""

    shard_id: str | None
    error_code: str | None


class KinesisStream:
    """A data stream.

    Args:
        client: an aiobotocore Kinesis client.
        stream: the stream's name.
        timeout_seconds: how long one call may take, credentials and connection included.

    """

    def __init__(self, client: Any, stream: str, timeout_seconds: float) -> None:
        self._client = client
        self._stream = stream
        self._timeout_seconds = timeout_seconds

    async def list_shards(self) -> ShardMap:
        """The open shards.

        Raises:
            KinesisError: the call failed, or there is no open shard.

        """
        shards: list[Shard] = []
        arguments: dict[str, Any] = {
            "StreamName": self._stream,
            "ShardFilter": {"Type": "AT_LATEST"},
        }
        while arguments:
            answer = await self._call(self._client.list_shards(**arguments))
            shards.extend(_shard(item) for item in answer["Shards"] if _is_open(item))
            token = answer.get("NextToken")
            arguments = {"NextToken": token} if token else {}
        if not shards:
            raise KinesisError("NoOpenShard", is_permanent=False)
        return ShardMap(tuple(shards))

    async def put_records(self, entries: Sequence[Entry]) -> list[PutOutcome]:
        """One outcome an entry, in their order.

        Raises:
            KinesisError: the call failed as a whole; it may have taken effect nevertheless.

        """
        records = [_put_entry(entry) for entry in entries]
        answer = await self._call(
            self._client.put_records(StreamName=self._stream, Records=records)
        )
        return [
            PutOutcome(item.get("ShardId"), item.get("ErrorCode")) for item in answer["Records"]
        ]

    async def _call(self, call: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await call
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise KinesisError(code, is_permanent=code in PERMANENT_CODES) from error
        except (CredentialRetrievalError, NoCredentialsError, ParamValidationError) as error:
            raise KinesisError(type(error).__name__, is_permanent=True) from error
        except (BotoCoreError, OSError, TimeoutError) as error:
            raise KinesisError(type(error).__name__, is_permanent=False) from error


def client_config(settings: SidecarSettings) -> AioConfig:
    """Connections are kept; retries are the publisher's, which knows what must not overtake."""
    return AioConfig(
        connect_timeout=min(2.0, settings.request_timeout_seconds),
        read_timeout=settings.request_timeout_seconds,
        max_pool_connections=settings.max_connections + 2,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
        parameter_validation=False,
        # The SDK's own is put together anew for every request, a tenth of what one costs.
        user_agent=USER_AGENT,
    )


def _is_open(item: dict[str, Any]) -> bool:
    return item["SequenceNumberRange"].get("EndingSequenceNumber") is None


def _shard(item: dict[str, Any]) -> Shard:
    hash_keys = item["HashKeyRange"]
    return Shard(
        int(hash_keys["StartingHashKey"]), int(hash_keys["EndingHashKey"]), item["ShardId"]
    )


def _put_entry(entry: Entry) -> dict[str, Any]:
    record: dict[str, Any] = {"PartitionKey": entry.partition_key, "Data": entry.data}
    if entry.explicit_hash_key is not None:
        record["ExplicitHashKey"] = str(entry.explicit_hash_key)
    return record
