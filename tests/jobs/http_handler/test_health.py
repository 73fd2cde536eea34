"""The operator's flag."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from jobs.http_handler.health import HealthFlag


class FakeS3:
    """Answers with an object's bytes, or raises."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer

    async def get_object(self, **_: str) -> Any:
        """The answer the test asked for."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Body": self}

    async def read(self) -> bytes:
        """The object's bytes."""
        assert isinstance(self.answer, bytes)
        return self.answer


def s3_error(code: str) -> ClientError:
    """An error as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": code}}, "GetObject")


def read(flag: HealthFlag) -> str | None:
    """Read the flag once; what it says."""
    asyncio.run(flag.read())
    return flag.problem


@pytest.mark.parametrize("body", [b"", b"leave", b"{}", b'{"healthy": false}', b"[1]"])
def test_an_object_means_leave(body):
    """Whatever is in it, unless it says healthy."""
    assert read(HealthFlag(FakeS3(body), "ops", "flag")) is not None


def test_an_object_can_say_healthy():
    """So that the flag can be taken back without deleting it."""
    assert read(HealthFlag(FakeS3(b'{"healthy": true}'), "ops", "flag")) is None


def test_no_object_means_stay():
    """The usual state."""
    assert read(HealthFlag(FakeS3(s3_error("NoSuchKey")), "ops", "flag")) is None


@pytest.mark.parametrize(
    "error",
    [
        s3_error("AccessDenied"),
        s3_error("SlowDown"),
        EndpointConnectionError(endpoint_url="http://s3"),
        TimeoutError(),
        ConnectionResetError(),
    ],
)
@pytest.mark.parametrize("known", [b"", b'{"healthy": true}'])
def test_when_s3_does_not_answer_the_last_word_stands(error, known):
    """An unreachable S3 neither moves traffic nor brings it back."""
    client = FakeS3(known)
    flag = HealthFlag(client, "ops", "flag")
    before = read(flag)
    client.answer = error
    assert read(flag) == before
