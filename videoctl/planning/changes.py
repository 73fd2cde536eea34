"""What a step can do: a closed union of frozen dataclasses, told apart by `kind`.

A change says what is wanted, never how: applying one twice leaves the same end state, or the token
of the step (plan id and step name) makes the second call the first one's echo.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from videoctl.model.names import StreamKind
from videoctl.model.regions import Region


@dataclass(frozen=True, kw_only=True)
class RecordEnvironment:
    """Write the environment's record (when it was made, when it expires) to the control bucket."""

    expires_at: datetime | None
    kind: Literal["record-environment"] = "record-environment"


@dataclass(frozen=True, kw_only=True)
class ForgetEnvironment:
    """Remove the environment's record from the control bucket."""

    kind: Literal["forget-environment"] = "forget-environment"


@dataclass(frozen=True, kw_only=True)
class RecoverPendingOperations:
    """Find out what became of each resource an interrupted update was making, and take it over."""

    kind: Literal["recover-pending-operations"] = "recover-pending-operations"


@dataclass(frozen=True, kw_only=True)
class ReleaseStackLock:
    """Break the engine's own lock, left by an update that no longer runs.

    Attributes:
        owner: user, host and process id the lock names; another owner's lock is left alone.

    """

    owner: str
    kind: Literal["release-stack-lock"] = "release-stack-lock"


@dataclass(frozen=True, kw_only=True)
class UpdateStack:
    """Bring the Pulumi stack to the specification.

    Attributes:
        fingerprint: of the program, the specification and the artefacts this update is to build.
        refresh: read every resource first, because some were seen to be missing or changed.
        accepted_replacements: names of streams and buckets that may be replaced, data lost.

    """

    fingerprint: str
    refresh: bool = False
    accepted_replacements: tuple[str, ...] = ()
    kind: Literal["update-stack"] = "update-stack"


@dataclass(frozen=True, kw_only=True)
class DestroyStack:
    """Destroy every resource of the stack, then the stack.

    Attributes:
        delete_data: objects that arrive in a bucket while its writers go are deleted too.

    """

    delete_data: bool = False
    kind: Literal["destroy-stack"] = "destroy-stack"


@dataclass(frozen=True, kw_only=True)
class SetDesiredCount:
    """Set the ingest service's desired number of tasks in one region."""

    region: Region
    desired_count: int
    kind: Literal["set-desired-count"] = "set-desired-count"


@dataclass(frozen=True, kw_only=True)
class SetEventSourceMapping:
    """Enable or disable the session function's event source mapping in one region."""

    region: Region
    enabled: bool
    kind: Literal["set-event-source-mapping"] = "set-event-source-mapping"


@dataclass(frozen=True, kw_only=True)
class StartApplication:
    """Start the Managed Flink application of one region, from its latest snapshot if it has one."""

    region: Region
    kind: Literal["start-application"] = "start-application"


@dataclass(frozen=True, kw_only=True)
class StopApplication:
    """Stop the Managed Flink application of one region.

    Attributes:
        force: without a snapshot; the only way out of STARTING, UPDATING and AUTOSCALING.

    """

    region: Region
    force: bool = False
    kind: Literal["stop-application"] = "stop-application"


@dataclass(frozen=True, kw_only=True)
class TakeSnapshot:
    """Take a snapshot of a running application; the name makes a second call the first one's."""

    region: Region
    snapshot: str
    kind: Literal["take-snapshot"] = "take-snapshot"


@dataclass(frozen=True, kw_only=True)
class UpdateShardCount:
    """Split and merge the shards of a provisioned stream until there are `count` equal ones."""

    region: Region
    stream: StreamKind
    count: int
    kind: Literal["update-shard-count"] = "update-shard-count"


@dataclass(frozen=True, kw_only=True)
class SetParallelism:
    """Configure an application with another parallelism; one that runs would restart by itself."""

    region: Region
    parallelism: int
    kind: Literal["set-parallelism"] = "set-parallelism"


@dataclass(frozen=True, kw_only=True)
class LiftDeletionProtection:
    """Update the stack as if its specification were not protected, so that it can be destroyed."""

    kind: Literal["lift-deletion-protection"] = "lift-deletion-protection"


@dataclass(frozen=True, kw_only=True)
class EmptyBucket:
    """Delete every version of every object, and every delete marker, of one bucket."""

    region: Region
    bucket: str
    kind: Literal["empty-bucket"] = "empty-bucket"


@dataclass(frozen=True, kw_only=True)
class SendCanary:
    """Post one tagged event at the front door and follow it through the hops that carry data."""

    kind: Literal["send-canary"] = "send-canary"


@dataclass(frozen=True, kw_only=True)
class Await:
    """Nothing to call: AWS is already on its way to the step's condition."""

    kind: Literal["await"] = "await"


@dataclass(frozen=True, kw_only=True)
class ManualTask:
    """Something only a person can do; done when it is acknowledged."""

    instructions: str
    kind: Literal["manual-task"] = "manual-task"


Change = Annotated[
    RecordEnvironment
    | ForgetEnvironment
    | RecoverPendingOperations
    | ReleaseStackLock
    | UpdateStack
    | DestroyStack
    | SetDesiredCount
    | SetEventSourceMapping
    | StartApplication
    | StopApplication
    | TakeSnapshot
    | UpdateShardCount
    | SetParallelism
    | LiftDeletionProtection
    | EmptyBucket
    | SendCanary
    | Await
    | ManualTask,
    Field(discriminator="kind"),
]
