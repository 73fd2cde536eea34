"""The policy language of IAM as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

VERSION = "2012-10-17"
"""The policy language's own version; IAM knows no newer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy.

    Attributes:
        sid: letters and digits, unique in its document.
        actions: such as `s3:GetObject`.
        resources: ARNs; empty in a trust policy, which has none.
        effect: Deny wins over every Allow.
        principals: by kind (`Service`, `AWS`); empty in a role's own policy.
        conditions: operator, then context key, then value.

    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    principals: Mapping[str, str] | Literal["*"] = field(default_factory=dict)
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The statement as IAM writes it, without its empty parts."""
        parts: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Principal": self.principals,
            "Action": list(self.actions),
            "Resource": list(self.resources),
            "Condition": {operator: dict(keys) for operator, keys in self.conditions.items()},
        }
        return {name: part for name, part in parts.items() if part}


def document(*statements: Statement) -> str:
    """A policy document; the same statements always give the same text."""
    body = [statement.to_json() for statement in statements]
    return json.dumps({"Version": VERSION, "Statement": body}, sort_keys=True)


def trust(service: str, *, account_id: str | None = None) -> str:
    """Who may assume a role: one AWS service.

    Args:
        service: the service principal, such as `firehose.amazonaws.com`.
        account_id: only on behalf of this account; for the services that say on whose behalf
            they act (the others would be locked out).

    """
    condition = {"StringEquals": {"aws:SourceAccount": account_id}} if account_id else {}
    return document(
        Statement(
            sid="AssumedByService",
            actions=("sts:AssumeRole",),
            principals={"Service": service},
            conditions=condition,
        )
    )
