"""The operator's flag: an S3 object of this region that takes the region out of service.

It needs no control plane: the load balancer's health check turns red, and Global Accelerator moves
to the other region.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger(__name__)


class _Flag(msgspec.Struct, frozen=True):
    healthy: bool = False
    reason: str = "the object is there"


class HealthFlag:
    """What the flag said last; healthy until S3 has answered otherwise.

    No object: healthy. An object: unhealthy, unless it is JSON with `"healthy": true`. When S3 does
    not answer, what it said last stands: an unreachable S3 must not move a region's traffic.

    Args:
        client: an S3 client of this region.
        bucket: the ops bucket.
        key: the flag's key.

    """

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self.problem: str | None = None
        """Why the operator wants this region out of service; None when he does not."""

    async def poll(self, seconds: float) -> None:
        """Read the flag for ever."""
        while True:
            await self.read()
            await asyncio.sleep(seconds)

    async def read(self) -> None:
        """Read the flag once."""
        try:
            answer = await self._client.get_object(Bucket=self._bucket, Key=self._key)
            body = await answer["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
                self._keep(error)
                return
            problem = None
        except (BotoCoreError, OSError, TimeoutError) as error:
            self._keep(error)
            return
        else:
            problem = _problem(body)
        if problem != self.problem:
            log.warning("the operator's flag changed", extra={"fields": {"problem": problem}})
        self.problem = problem

    def _keep(self, error: Exception) -> None:
        fields = {"error": type(error).__name__, "problem_kept": self.problem}
        log.warning("the operator's flag cannot be read", extra={"fields": fields})


def _problem(body: bytes) -> str | None:
    try:
        flag = msgspec.json.decode(body, type=_Flag)
    except (ValueError, RecursionError):
        flag = _Flag()
    return None if flag.healthy else f"the operator's flag: {flag.reason}"
