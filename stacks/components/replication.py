"""S3 replication in one direction: the rules, and the two roles behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_aws import s3

from stacks.components.region_buckets import DATA_BUCKETS
from stacks.components.region_side import RegionSide
from stacks.components.service_role import ServiceRole, ServiceRoleArgs
from stacks.policies import replication as policies
from stacks.policies.document import trust
from stacks.policies.roles import Place
from videoctl.model.names import BucketKind, replication_rule

REPLICATION_TIME_MINUTES: Final = 15
"""The only value S3's replication time control knows."""


@dataclass(frozen=True, kw_only=True)
class ReplicationDirectionArgs:
    """From where to where.

    Attributes:
        source: the side replicated from; the rules stand on its buckets.
        destination: the side replicated to.

    """

    source: RegionSide
    destination: RegionSide


class ReplicationDirection(pulumi.ComponentResource):
    """One rule for each data bucket, and the role of Batch Replication.

    `videoctl replication backfill` passes that role to S3 Batch Operations, for objects that are
    older than the rules.
    """

    def __init__(
        self, name: str, args: ReplicationDirectionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:s3:ReplicationDirection", name, None, opts)
        source, destination = args.source, args.destination
        role_arn = self._replication_role(name, args)
        self._batch_role(name, source)
        for kind in DATA_BUCKETS:
            s3.BucketReplicationConfig(
                f"{name}-{kind}",
                region=source.site.region,
                bucket=source.buckets[kind].bucket,
                role=role_arn,
                rules=[_rule(args, kind)],
                # S3 refuses a rule unless both buckets are versioned already. Depending on both
                # sides is what lets both directions stand in one stack.
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[
                        source.buckets[kind].versioning,
                        destination.buckets[kind].versioning,
                    ],
                ),
            )
        self.register_outputs({})

    def _replication_role(self, name: str, args: ReplicationDirectionArgs) -> pulumi.Output[str]:
        source, destination = args.source, args.destination
        pairs = tuple(
            (source.buckets[kind].name, destination.buckets[kind].name) for kind in DATA_BUCKETS
        )
        policy = pulumi.Output.all(source.key_arn, destination.key_arn).apply(
            lambda keys: policies.replication(
                Place(region=source.site.region, key_arn=keys[0]),
                Place(region=destination.site.region, key_arn=keys[1]),
                bucket_pairs=pairs,
            )
        )
        role_args = ServiceRoleArgs(
            site=source.site,
            purpose="replication",
            trust=trust("s3.amazonaws.com"),
            policy=policy,
        )
        options = pulumi.ResourceOptions(parent=self)
        return ServiceRole(f"{name}-role", role_args, options).arn

    def _batch_role(self, name: str, source: RegionSide) -> None:
        policy = source.key_arn.apply(
            lambda key_arn: policies.batch_replication(
                Place(region=source.site.region, key_arn=key_arn),
                source_buckets=tuple(source.buckets[kind].name for kind in DATA_BUCKETS),
                ops_bucket=source.buckets[BucketKind.OPS].name,
            )
        )
        role_args = ServiceRoleArgs(
            site=source.site,
            purpose="batch-replication",
            trust=trust("batchoperations.s3.amazonaws.com", account_id=source.site.account_id),
            policy=policy,
        )
        ServiceRole(f"{name}-batch-role", role_args, pulumi.ResourceOptions(parent=self))


def _rule(args: ReplicationDirectionArgs, kind: BucketKind) -> dict[str, Any]:
    """Everything in the bucket, deletes and changes of replicas included, within 15 minutes."""
    minutes = {"minutes": REPLICATION_TIME_MINUTES}
    return {
        "id": replication_rule(kind, args.destination.site.region),
        "priority": 1,
        "status": "Enabled",
        "filter": {"prefix": ""},
        "delete_marker_replication": {"status": "Enabled"},
        "source_selection_criteria": {
            "replica_modifications": {"status": "Enabled"},
            "sse_kms_encrypted_objects": {"status": "Enabled"},
        },
        "destination": {
            "bucket": args.destination.buckets[kind].arn,
            "encryption_configuration": {"replica_kms_key_id": args.destination.key_arn},
            "metrics": {"status": "Enabled", "event_threshold": minutes},
            "replication_time": {"status": "Enabled", "time": minutes},
        },
    }
