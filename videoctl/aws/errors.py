"""AWS's errors as videoctl's: what may be tried again, what is not allowed, what is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore import exceptions as botocore_errors

from videoctl.errors import FailedError, NotAllowedError, TransientError, VideoctlError
from videoctl.model.permissions import iam_action

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class Call:
    """The call an error came from.

    Attributes:
        service: boto3's name of the service.
        operation: the API's name of the operation.
        region: where it was sent.
        aws_code: the service's error code; empty when no answer came.
        request_id: AWS's id of the request; empty when no answer came.

    """

    service: str
    operation: str
    region: str
    aws_code: str = ""
    request_id: str = ""

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} in {self.region}"


class AwsError(FailedError):
    """A call failed, and would fail again."""

    default_code = "aws-error"
    call: Call


class NotFound(AwsError):  # noqa: N818 (AWS's word)
    """The thing the call is about does not exist."""

    default_code = "aws-not-found"


class NotAllowed(NotAllowedError):  # noqa: N818 (AWS's word)
    """Credentials are missing or expired, or a permission is lacking."""

    default_code = "aws-not-allowed"
    call: Call


class Throttled(TransientError):  # noqa: N818 (AWS's word)
    """The service asked to slow down, after the SDK's own retries."""

    default_code = "aws-throttled"
    call: Call


class Busy(TransientError):  # noqa: N818 (AWS's word)
    """The thing is being changed by somebody or something else at the moment."""

    default_code = "aws-busy"
    call: Call


class Unavailable(TransientError):  # noqa: N818 (AWS's word)
    """The service failed on its side, or its answer was lost; it may have taken effect."""

    default_code = "aws-unavailable"
    call: Call


class Unreachable(TransientError):  # noqa: N818 (AWS's word)
    """No connection to the endpoint."""

    default_code = "aws-unreachable"
    call: Call


THROTTLED_CODES: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "SlowDown",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "429",
    }
)

AMBIGUOUS_CODES: Final = frozenset({"LimitExceededException"})
"""A rate or a quota: Kinesis answers so to its control plane's callers for either."""

RATE_EXCEEDED: Final = "Rate exceeded"
"""How a message begins that means the rate."""

DENIED_CODES: Final = frozenset(
    {
        "403",  # a HEAD request's answer has no body to say more
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "Forbidden",
        "KMSAccessDeniedException",
        "NotAuthorized",
        "UnauthorizedOperation",
    }
)
"""The credentials are good, and no policy allows the call."""

NOT_ALLOWED_CODES: Final = DENIED_CODES | {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}

NOT_FOUND_CODES: Final = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "AcceleratorNotFoundException",
        "ClusterNotFoundException",
        "EndpointGroupNotFoundException",
        "ListenerNotFound",
        "ListenerNotFoundException",
        "LoadBalancerNotFound",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchVersion",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "RepositoryNotFoundException",
        "ResourceNotFoundException",
        "ServiceNotFoundException",
        "TargetGroupNotFound",
    }
)

BUSY_CODES: Final = frozenset(
    {
        "ConcurrentModificationException",
        "ConcurrentUpdateException",
        "ConditionalRequestConflict",
        "OperationAborted",
        "ResourceConflictException",
        "ResourceInUseException",
        "TransactionInProgressException",
    }
)

UNAVAILABLE_CODES: Final = frozenset(
    {
        "500",
        "502",
        "503",
        "504",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceErrorException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)

_SERVER_ERROR: Final = 500

_HINTS: Final[Mapping[type[VideoctlError], str]] = {
    NotAllowed: "renew the credentials or choose another profile: videoctl doctor",
    Throttled: "run the same command again in a minute",
    Busy: "run the same command again once the other change is over",
    Unavailable: "run the same command again; it looks first whether the call took effect",
    Unreachable: "check the network and the target's endpoint: videoctl doctor",
}


def translate(
    error: botocore_errors.ClientError | botocore_errors.BotoCoreError, call: Call
) -> VideoctlError:
    """The error videoctl raises for one of botocore's."""
    if isinstance(error, botocore_errors.ClientError):
        return _client_error(error, call)
    if isinstance(
        error,
        botocore_errors.NoCredentialsError
        | botocore_errors.PartialCredentialsError
        | botocore_errors.CredentialRetrievalError
        | botocore_errors.TokenRetrievalError
        | botocore_errors.UnauthorizedSSOTokenError
        | botocore_errors.ProfileNotFound,
    ):
        return _make(NotAllowed, call, f"{call}: {error}")
    if isinstance(error, botocore_errors.ReadTimeoutError | botocore_errors.ConnectionClosedError):
        return _make(Unavailable, call, f"{call}: the answer was lost: {error}")
    if isinstance(error, botocore_errors.ConnectionError | botocore_errors.HTTPClientError):
        return _make(Unreachable, call, f"{call}: the endpoint cannot be reached: {error}")
    return _make(AwsError, call, f"{call}: {error}")


def _client_error(error: botocore_errors.ClientError, call: Call) -> VideoctlError:
    answer: Mapping[str, Any] = error.response
    code = str(answer.get("Error", {}).get("Code", ""))
    metadata = answer.get("ResponseMetadata", {})
    known = Call(
        service=call.service,
        operation=call.operation,
        region=call.region,
        aws_code=code,
        request_id=metadata.get("RequestId", ""),
    )
    said = answer.get("Error", {}).get("Message") or "no message"
    request = f", request {known.request_id}" if known.request_id else ""
    kind = _kind(code, int(metadata.get("HTTPStatusCode", 0)))
    if code in AMBIGUOUS_CODES and said.startswith(RATE_EXCEEDED):
        kind = Throttled
    if code not in DENIED_CODES:
        return _make(kind, known, f"{call}: {said} ({code}{request})")
    action = iam_action(call.service, call.operation)
    if action not in said:
        said = f"{said}; it needs {action}"
    denied = _make(kind, known, f"{call}: {said} ({code}{request})")
    denied.hint = (
        f"allow {action} to the role in use (videoctl doctor says whose it is), then run the"
        " same command again"
    )
    return denied


def _kind(code: str, status: int) -> type[VideoctlError]:
    kinds: tuple[tuple[frozenset[str], type[VideoctlError]], ...] = (
        (THROTTLED_CODES, Throttled),
        (NOT_ALLOWED_CODES, NotAllowed),
        (NOT_FOUND_CODES, NotFound),
        (BUSY_CODES, Busy),
        (UNAVAILABLE_CODES, Unavailable),
    )
    for codes, kind in kinds:
        if code in codes:
            return kind
    if code.endswith(".NotFound"):  # EC2: InvalidVpcID.NotFound and its like
        return NotFound
    return Unavailable if status >= _SERVER_ERROR else AwsError


def _make(kind: type[VideoctlError], call: Call, message: str) -> VideoctlError:
    error = kind(message, hint=_HINTS.get(kind))
    error.call = call  # type: ignore[attr-defined]  # each kind declares it
    return error
