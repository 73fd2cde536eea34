"""The Timestream table in which sessions can be queried live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import timestreamwrite

from stacks.components.bucket import SecureBucket
from stacks.sites import Site
from videoctl.model.specification import SessionStoreSpecification

REJECTED_PREFIX: Final = "timestream-rejected/"
"""Where in the ops bucket the magnetic store reports the records it refused."""


@dataclass(frozen=True, kw_only=True)
class SessionStoreArgs:
    """The store.

    Attributes:
        site: where it is.
        specification: how long it keeps records.
        ops_bucket: receives reports of rejected records.
        key_arn: encrypts the database and the reports.

    """

    site: Site
    specification: SessionStoreSpecification
    ops_bucket: SecureBucket
    key_arn: pulumi.Input[str]


class SessionStore(pulumi.ComponentResource):
    """A Timestream for LiveAnalytics database with the sessions table.

    The only place that knows this service: accounts that are new to it cannot have it.

    Attributes:
        table_arn: the table's ARN.

    """

    table_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: SessionStoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("videoctl:timestream:SessionStore", name, None, opts)
        site = args.site
        options = pulumi.ResourceOptions(parent=self, protect=site.refuses_deletion)
        database = timestreamwrite.Database(
            f"{name}-database",
            region=site.region,
            database_name=site.names.timestream_database,
            kms_key_id=args.key_arn,
            tags=site.tags("session-store", site.names.timestream_database),
            opts=options,
        )
        rejected = {
            "bucket_name": args.ops_bucket.bucket,
            "object_key_prefix": REJECTED_PREFIX,
            "encryption_option": "SSE_KMS",
            "kms_key_id": args.key_arn,
        }
        table = timestreamwrite.Table(
            f"{name}-table",
            region=site.region,
            database_name=database.database_name,
            table_name=site.names.sessions_table,
            retention_properties={
                "memory_store_retention_period_in_hours": args.specification.memory_hours,
                "magnetic_store_retention_period_in_days": args.specification.magnetic_days,
            },
            magnetic_store_write_properties={
                # Windows older than the memory store's reach come after a backlog; keep them.
                "enable_magnetic_store_writes": True,
                "magnetic_store_rejected_data_location": {"s3_configuration": rejected},
            },
            tags=site.tags("session-store", site.names.sessions_table),
            opts=options,
        )
        self.table_arn = table.arn
        self.register_outputs({"table_arn": self.table_arn})
