"""Errors as the real plugin words them, so that whoever reads them cannot tell the difference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.sdk import sdk_version

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_GONE: Final = re.compile(
    r"NotFound|^NoSuch(?!Method)|DoesNotExist|NonExistent|NotExist|^404$|^NoSuchEntity"
)

_BODILESS: Final = {"400": "BadRequest", "403": "Forbidden", "404": "NotFound"}
"""Go's words where the answer to a HEAD request leaves only its status; botocore's are numbers."""
_FIRST_ERROR_STATUS: Final = 300
SERVICE_ID_KEY: Final = "ServiceId"
"""Where `note_service` leaves the service's id in an error's details."""


class ProviderError(Exception):
    """A request that failed; `str()` is what the operator reads."""


class UnfinishedError(ProviderError):
    """A resource was made, but a later step failed: `resource_id` and `outputs` are recorded."""

    def __init__(self, message: str, resource_id: str, outputs: dict[str, Any]) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.outputs = outputs


def error_code(error: ClientError) -> str:
    """The code of an AWS error, such as `AccessDenied`."""
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    return _BODILESS.get(code, code)


def means_gone(error: ClientError) -> bool:
    """Whether AWS says that the thing is not there."""
    return _GONE.search(error_code(error)) is not None


def wording(error: Exception) -> str:
    """One line about an error of an AWS call, as the AWS SDK for Go prints it."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - start-up time

    if isinstance(error, ClientError):
        return _api_error(error)
    text = str(error) or type(error).__name__
    return f"operation error: {text}" if isinstance(error, BotoCoreError) else text


def _api_error(error: ClientError) -> str:
    from botocore.exceptions import ClientError as Unmodelled  # noqa: PLC0415 - start-up time

    details: dict[str, Any] = dict(error.response.get("Error", {}))
    metadata: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
    attempts = int(metadata.get("RetryAttempts", 0)) + 1
    retried = f"exceeded maximum number of attempts, {attempts}, " if attempts > 1 else ""
    # Go prints errors of the service's model by name; botocore has a subclass for each of them.
    prefix = "api error " if type(error) is Unmodelled else ""
    return (
        f"operation error {details.get(SERVICE_ID_KEY, 'AWS')}: {error.operation_name}, {retried}"
        f"https response error StatusCode: {metadata.get('HTTPStatusCode', 0)}, "
        f"RequestID: {metadata.get('RequestId', '')}, "
        f"{prefix}{error_code(error)}: {details.get('Message', '')}"
    )


def note_service(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """A botocore `after-call` handler: puts the service's id into the answer of a failed call."""
    if http_response.status_code >= _FIRST_ERROR_STATUS:
        parsed.setdefault("Error", {})[SERVICE_ID_KEY] = str(model.service_model.service_id)


def failed(action: str, token: str, name: str, cause: str) -> str:
    """The whole message: what was tried with which resource, and why it failed.

    `action` is a verb ending in -ing ("creating"), `token` the Pulumi type.
    """
    service, _, kind = token.removeprefix("aws:").partition("/")
    title = f"{service.upper() if len(service) <= len('ecs') else service.title()}"
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind.rpartition(":")[2])
    return (
        f"sdk-v2/provider2.go: sdk.helper_schema: {action} {title} {words} ({name}): {cause}: "
        f"provider=aws@{sdk_version()}"
    )
