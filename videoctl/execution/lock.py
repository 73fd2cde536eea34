"""The lock object: what it says, who may take it over, and how it is shown.

`locks/<environment>.json` in the control bucket is written on the condition that it is not there.
When somebody else may take it over:

- the holder ran on this machine and is shown to be gone: at once. `kill -9`, then the same command
  again, must work without a wait.
- the holder is elsewhere and has not renewed for `ABANDONED_AFTER_LEASES` leases. One lease is not
  enough: a machine that sleeps, or a paused network, may come back in the middle of an engine
  operation that does not look at this lock. A holder that could reach AWS would have renewed.
- in between a person decides: `lock break --reason`, which is kept in the journal.

Ages are told by S3's own clock; the machines' clocks are never compared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from videoctl.errors import LockedError
from videoctl.execution.processes import ProcessIdentity, is_gone

if TYPE_CHECKING:
    from videoctl.execution.store import ObjectStore, StoredObject

LOCK_SCHEMA: Final = "videoctl/lock/v1"
LEASE_SECONDS: Final = 60.0
"""How long a lock counts as held without a heartbeat."""

ABANDONED_AFTER_LEASES: Final = 10
"""Leases without a heartbeat after which a lock of another machine is taken over."""


@dataclass(frozen=True, kw_only=True)
class LockDocument:
    """What the lock object says.

    Attributes:
        holder: the process that holds it.
        action: the verb its run carries out.
        step: the step it is at; None before the first.
        acquired_at: by the holder's clock, for people.
        heartbeat_at: by the holder's clock, for people.
        reason: what `--reason` said.

    """

    environment: str
    holder: ProcessIdentity
    run_id: str
    action: str
    step: str | None
    acquired_at: datetime
    heartbeat_at: datetime
    lease_seconds: float
    reason: str | None = None
    schema: str = LOCK_SCHEMA


@dataclass(frozen=True, kw_only=True)
class SeenLock:
    """A lock as it was read.

    Attributes:
        document: None when the object is none this version can read.
        heartbeat_age_seconds: since its last renewal, by S3's clock.
        holder_is_gone: shown by looking at the process.

    """

    document: LockDocument | None
    etag: str
    heartbeat_age_seconds: float
    holder_is_gone: bool

    @property
    def is_abandoned(self) -> bool:
        """Whether it may be taken over without asking."""
        if self.document is None:
            return False
        limit = self.document.lease_seconds * ABANDONED_AFTER_LEASES
        return self.holder_is_gone or self.heartbeat_age_seconds > limit

    @property
    def holder(self) -> str:
        """The holder in words."""
        return str(self.document.holder) if self.document else "an unknown holder"


_DOCUMENT: Final[TypeAdapter[LockDocument]] = TypeAdapter(LockDocument)


def lock_key(environment: str) -> str:
    """Where an environment's lock object lies in the control bucket."""
    return f"locks/{environment}.json"


def encode_lock(document: LockDocument) -> bytes:
    """The lock object's content."""
    return json.dumps(_DOCUMENT.dump_python(document, mode="json"), indent=1).encode()


def seen_lock(stored: StoredObject) -> SeenLock:
    """A lock object that was read, and what looking at its holder shows."""
    try:
        document = _DOCUMENT.validate_json(stored.body)
    except ValidationError:
        document = None
    return SeenLock(
        document=document,
        etag=stored.etag,
        heartbeat_age_seconds=stored.age_seconds,
        holder_is_gone=document is not None and is_gone(document.holder),
    )


def read_lock(store: ObjectStore, environment: str) -> SeenLock | None:
    """Who holds the environment's lock, if anybody."""
    stored = store.get(lock_key(environment))
    return seen_lock(stored) if stored else None


def refuse_if_held(store: ObjectStore, environment: str) -> None:
    """Stop before anything else is said while another run is at the environment.

    Raises:
        LockedError: somebody holds the lock and is not shown to be gone.

    """
    seen = read_lock(store, environment)
    if seen is not None and not seen.is_abandoned:
        raise locked_error(environment, seen)


def break_lock(store: ObjectStore, environment: str, seen: SeenLock) -> None:
    """Remove the lock that was seen, whoever holds it; the caller records the reason.

    Raises:
        LockedError: it changed hands, or its holder renewed it, since it was seen.

    """
    if not store.delete(lock_key(environment), etag=seen.etag):
        raise LockedError(
            f"the lock of {environment} was renewed or changed hands meanwhile: its holder lives",
            hint=f"look again: videoctl lock show --env {environment}",
            code="lock-renewed",
        )


def locked_error(environment: str, seen: SeenLock) -> LockedError:
    """The refusal a second run gets: who holds the lock, where, since when, and what to do."""
    document = seen.document
    doing = f" for {document.action} at step {document.step or 'none yet'}" if document else ""
    age = f"last heartbeat {seen.heartbeat_age_seconds:.0f} s ago"
    lease = document.lease_seconds if document else LEASE_SECONDS
    is_quiet = seen.heartbeat_age_seconds > lease
    broken = f"videoctl lock break --env {environment} --reason TEXT"
    return LockedError(
        f"{environment} is locked by {seen.holder}{doing}; {age}",
        hint=f"if that process is gone: {broken}" if is_quiet else "wait for it to end",
        code="lock-held",
    )


def lock_document(environment: str, seen: SeenLock | None) -> dict[str, object]:
    """`lock show -o json`: holder, host, pid, step, heartbeat_age_seconds; null when it is free."""
    document = seen.document if seen else None
    holder = document.holder if document else None
    return {
        "environment": environment,
        "held": seen is not None,
        "holder": holder.user if holder else None,
        "host": holder.host if holder else None,
        "pid": holder.pid if holder else None,
        "run_id": document.run_id if document else None,
        "action": document.action if document else None,
        "step": document.step if document else None,
        "acquired_at": document.acquired_at.isoformat() if document else None,
        "heartbeat_age_seconds": round(seen.heartbeat_age_seconds, 1) if seen else None,
        "lease_seconds": document.lease_seconds if document else None,
        "is_abandoned": seen.is_abandoned if seen else None,
        "reason": document.reason if document else None,
    }
