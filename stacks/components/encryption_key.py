"""The KMS key of one region of an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import kms

from stacks.policies.keys import environment_key
from stacks.sites import Site

DELETION_WINDOW_DAYS: Final = 7
PROTECTED_DELETION_WINDOW_DAYS: Final = 30


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    """Where the key is made."""

    site: Site


class EncryptionKey(pulumi.ComponentResource):
    """One rotating key for everything the environment keeps in a region.

    Attributes:
        arn: the key's ARN; buckets, streams, queues, tables and log groups name it.

    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:kms:EncryptionKey", name, None, opts)
        site = args.site
        log_groups = site.names.log_group("*", f"{site.names.prefix}*")
        key = kms.Key(
            f"{name}-key",
            region=site.region,
            description=f"What {site.names.prefix} keeps in {site.region}",
            enable_key_rotation=True,
            deletion_window_in_days=(
                PROTECTED_DELETION_WINDOW_DAYS if site.protected else DELETION_WINDOW_DAYS
            ),
            policy=environment_key(site.account_id, site.region, log_groups),
            tags=site.tags("kms", site.names.prefix),
            opts=pulumi.ResourceOptions(parent=self, protect=site.refuses_deletion),
        )
        kms.Alias(
            f"{name}-alias",
            region=site.region,
            name=site.names.key_alias(),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
