"""The provider's own configuration: region, guard against the wrong account, default tags."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.values import UNKNOWN

if TYPE_CHECKING:
    from sandbox.provider.framework import Properties

_KNOWN_KEYS: Final = frozenset(
    {
        "region",
        "allowedAccountIds",
        "forbiddenAccountIds",
        "defaultTags",
        "maxRetries",
        "version",
        "skipCredentialsValidation",
        "skipRegionValidation",
        "skipMetadataApiCheck",
        "skipRequestingAccountId",
        "s3UsePathStyle",
        "__internal",
        "__pulumi-go-provider-infer",
    }
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `aws.Provider(...)` was given."""

    region: str
    allowed_account_ids: tuple[str, ...] = ()
    forbidden_account_ids: tuple[str, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)
    attempts: int | None = None


def faults(properties: Properties) -> list[tuple[str, str]]:
    """What is wrong with a configuration, as (property, reason)."""
    found = [
        (key, "this provider takes endpoint and credentials from the AWS_* variables only")
        for key in sorted(properties.keys() - _KNOWN_KEYS)
        if properties[key] is not None
    ]
    if not _region(properties):
        found.append(("region", "Missing region configuration"))
    return found


def parse(properties: Properties) -> Configuration:
    """The configuration; nested values come from the engine as JSON text."""
    plain = {key: _plain(value) for key, value in properties.items()}
    tags = plain.get("defaultTags") or {}
    retries = plain.get("maxRetries")
    return Configuration(
        region=_region(plain),
        allowed_account_ids=tuple(map(str, plain.get("allowedAccountIds") or ())),
        forbidden_account_ids=tuple(map(str, plain.get("forbiddenAccountIds") or ())),
        default_tags=dict(tags.get("tags") or {}),
        attempts=int(retries) if retries else None,
    )


def account_refusal(configuration: Configuration, account_id: str) -> str | None:
    """Why the configuration forbids this account, or None."""
    allowed, forbidden = configuration.allowed_account_ids, configuration.forbidden_account_ids
    if (allowed and account_id not in allowed) or account_id in forbidden:
        return f"AWS account ID not allowed: {account_id}"
    return None


def _region(properties: Mapping[str, Any]) -> str:
    region = properties.get("region")
    if region is UNKNOWN or not region:
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    return str(region)


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        return json.loads(value)
    return value
