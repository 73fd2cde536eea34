"""Use of KMS keys: statements for roles, and the policy of an environment's own key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.policies.document import Statement, document
from videoctl.model.names import arn

if TYPE_CHECKING:
    from videoctl.model.regions import Region

_ADMINISTER: Final = (
    "kms:CancelKeyDeletion",
    "kms:Create*",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
)
_USE: Final = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")

# A key policy stands on its key: AWS allows no other resource in it than "*", meaning this key.
_THIS_KEY: Final = ("*",)


def use_key(
    sid: str, key_arn: str, *, via: str, region: Region, actions: tuple[str, ...]
) -> Statement:
    """A role's use of a key, only through one service of one region.

    Args:
        sid: the statement's name.
        key_arn: the key.
        via: the service's short name, such as `s3`.
        region: the region of that service.
        actions: what the role does with the key.

    """
    return Statement(
        sid=sid,
        actions=actions,
        resources=(key_arn,),
        conditions={"StringEquals": {"kms:ViaService": f"{via}.{region}.amazonaws.com"}},
    )


def environment_key(account_id: str, region: Region, log_group_prefix: str) -> str:
    """The policy of an environment's key.

    The account's own IAM policies decide who administers and uses it; CloudWatch Logs and S3's
    event notifications act as themselves and are named here.

    Args:
        account_id: the owner.
        region: where the key is.
        log_group_prefix: what the environment's log groups begin with, wildcards allowed.

    """
    log_groups = arn("logs", region, account_id, f"log-group:{log_group_prefix}")
    return document(
        Statement(
            sid="AccountDecidesByIam",
            actions=(*_ADMINISTER, *_USE),
            resources=_THIS_KEY,
            principals={"AWS": arn("iam", "", account_id, "root")},
        ),
        Statement(
            sid="LogGroupsOfTheEnvironment",
            actions=(*_USE, "kms:DescribeKey"),
            resources=_THIS_KEY,
            principals={"Service": f"logs.{region}.amazonaws.com"},
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        ),
        Statement(
            sid="BucketEventsToTopicsAndQueues",
            actions=("kms:Decrypt", "kms:GenerateDataKey*"),
            resources=_THIS_KEY,
            principals={"Service": "s3.amazonaws.com"},
            conditions={"StringEquals": {"aws:SourceAccount": account_id}},
        ),
    )
