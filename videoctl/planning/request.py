"""What an operator asks for, and what is known before looking: inputs of the builders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from videoctl.planning.plan import PreviewedResource, ResourceChanges

REPLACEMENT_LOSES_DATA: Final[dict[str, str]] = {
    "aws:kinesis/stream:Stream": "every record not yet delivered",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "records in its buffer",
    "aws:s3/bucket:Bucket": "every object",
    "aws:timestreamwrite/database:Database": "every session row",
    "aws:timestreamwrite/table:Table": "every session row",
    "aws:grafana/workspace:Workspace": "the dashboards people made in it",
    "aws:kinesisanalyticsv2/application:Application": "the job's state and its snapshots",
}
"""Resource types whose replacement or deletion loses data: such an update stops and asks."""

LOSING_OPERATIONS: Final = frozenset({"replace", "delete"})
"""Operations of a preview that can lose data."""


@dataclass(frozen=True, kw_only=True)
class StackPreview:
    """What the engine says an update would do."""

    changes: ResourceChanges
    resources: tuple[PreviewedResource, ...] = ()

    @property
    def losses(self) -> tuple[PreviewedResource, ...]:
        """Replaced or deleted resources that hold data."""
        return tuple(
            resource
            for resource in self.resources
            if resource.operation in LOSING_OPERATIONS
            and resource.type_token in REPLACEMENT_LOSES_DATA
        )


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What this machine and configuration bring to a create.

    Attributes:
        engine_version: of the Pulumi engine found; None: there is none.
        missing_artifacts: jobs whose zip or image cannot be made, with the reason.

    """

    engine_version: str | None
    missing_artifacts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EnvironmentRequest:
    """`env create`, `env update` and `env repair`.

    Attributes:
        account_id: the account the target is configured with.
        fingerprint: of the program, specification and artefacts to build.
        readiness: engine and artefacts.
        ttl: how long the environment shall live from now; None: as recorded, or for ever.
        expires_at: the moment a saved plan names; comes before `ttl`.
        accepted_replacements: names of resources whose data may be lost.
        with_canary: end by sending an event through every hop.
        preview: what the engine would change; None: not asked (needless for a new stack).

    """

    account_id: str
    fingerprint: str
    readiness: Readiness
    ttl: timedelta | None = None
    expires_at: datetime | None = None
    accepted_replacements: tuple[str, ...] = ()
    with_canary: bool = True
    preview: StackPreview | None = None


@dataclass(frozen=True, kw_only=True)
class DestroyRequest:
    """`env destroy`.

    Attributes:
        account_id: the account the target is configured with.
        readiness: the engine is needed to destroy as well.
        confirmed_name: what was typed after `--confirm`.
        delete_data: `--delete-data`: objects may be deleted.

    """

    account_id: str
    readiness: Readiness
    confirmed_name: str | None = None
    delete_data: bool = False
