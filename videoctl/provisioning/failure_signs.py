"""The texts failures are told by: code of the error to the patterns that mean it, in order.

Taken from the engine's source (v3.259), from AWS error codes as the provider words them, and from
real runs. Where two are in one text, the first in this table names the cause.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATTERNS: Final[Mapping[str, tuple[str, ...]]] = {
    "stack-locked": (
        r"currently locked by \d+ lock",
        r"Another update is currently in progress",
    ),
    "passphrase-missing": (r"passphrase must be set with",),
    "passphrase-wrong": (r"incorrect passphrase",),
    "timestream-gated": (r"Only existing Timestream",),
    "account-mismatch": (r"AWS account ID not allowed", r"account ID .{0,40}not allowed"),
    "credentials-expired": (
        r"ExpiredToken",
        r"token (included in the request )?(is|has) expired",
        r"SSO session .{0,40}expired",
        r"RequestExpired",
    ),
    "credentials-missing": (
        r"No valid credential sources",
        r"NoCredentialProviders",
        r"failed to refresh cached credentials",
        r"InvalidClientTokenId",
        r"UnrecognizedClient",
        r"SignatureDoesNotMatch",
        r"AuthFailure",
        r"Unable to locate credentials",
    ),
    "access-denied": (
        r"AccessDenied",
        r"UnauthorizedOperation",
        r"not authorized to perform",
        r"AuthorizationError",
        r"api error Forbidden",
    ),
    "throttled": (
        r"Throttl",
        r"TooManyRequests",
        r"Rate exceeded",
        r"RequestLimitExceeded",
        r"SlowDown",
        r"ProvisionedThroughputExceeded",
    ),
    "quota-exceeded": (
        r"LimitExceeded",
        r"QuotaExceeded",
        r"TooManyBuckets",
        r"InsufficientCapacity",
        r"TooMany\w+Exception",
    ),
    "plugin-missing": (
        r"no resource plugin 'pulumi-resource-(\w+)'",
        r"Could not automatically download and install resource plugin 'pulumi-resource-(\w+)'",
        r"failed to (?:download|install) plugin:? (\w+)",
        r"error (?:downloading|installing) plugin (?:resource )?(\w+)",
        r"could not load plugin for (\w+) provider",
    ),
    "pending-operations": (
        r"pending operations from previous deployment",
        r"pending CREATE operations",
    ),
    "plan-stale": (
        r"violates plan",
        r"is not allowed by the plan",
        r"no resource plan",
        r"resource plan .{0,200}not found",
        r"resource .{0,300}constrained to",
    ),
    "resource-protected": (
        r"cannot be deleted because it is protected",
        r"unable to (?:delete|replace) resource .{0,300}protect",
    ),
    "already-exists": (
        r"already ?exist",
        r"AlreadyOwnedByYou",
        r"Resource\.AlreadyAssociated",
        r"Creation of service was not idempotent",
    ),
    "program-failed": (r"python inline source runtime error: *(?P<said>[^\n]*)",),
    "endpoint-unreachable": (
        r"connection refused",
        r"no such host",
        r"i/o timeout",
        r"network is unreachable",
        r"Could not connect to the endpoint",
        r"RequestError: send request failed",
        r"dial tcp",
        r"context deadline exceeded",
        r"connection reset by peer",
        r"unexpected EOF",
        r"timeout awaiting response headers",
        r"Connection was closed before we received a valid response",
        r"Read timeout on endpoint",
    ),
}

SIGNS: Final[Mapping[str, re.Pattern[str]]] = {
    code: re.compile("|".join(patterns), re.IGNORECASE) for code, patterns in _PATTERNS.items()
}
"""Code of the error to one compiled pattern."""
