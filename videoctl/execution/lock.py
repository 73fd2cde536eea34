"""One run at a time for each environment: a lock object in S3, with an owner who is seen to live.

The lock is `locks/<environment>.json`, written on the condition that it is not there. Its holder
renews it on the condition that it is still the one it wrote, so a holder who lost it finds out.
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

import contextlib
import json
import logging
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from videoctl.errors import LockedError, TransientError, VideoctlError
from videoctl.execution.processes import ProcessIdentity, is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.execution.clock import Clock
    from videoctl.execution.store import ObjectStore, StoredObject

_LOG: Final = logging.getLogger(__name__)

LOCK_SCHEMA: Final = "videoctl/lock/v1"
LEASE_SECONDS: Final = 60.0
"""How long a lock counts as held without a heartbeat."""

RENEWALS_PER_LEASE: Final = 4
"""Heartbeats a lease has, so that three may fail."""

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


def _key(environment: str) -> str:
    return f"locks/{environment}.json"


def _encode(document: LockDocument) -> bytes:
    return json.dumps(_DOCUMENT.dump_python(document, mode="json"), indent=1).encode()


def _seen(stored: StoredObject) -> SeenLock:
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
    stored = store.get(_key(environment))
    return _seen(stored) if stored else None


def break_lock(store: ObjectStore, environment: str, seen: SeenLock) -> None:
    """Remove the lock that was seen, whoever holds it; the caller records the reason.

    Raises:
        LockedError: it changed hands, or its holder renewed it, since it was seen.

    """
    if not store.delete(_key(environment), etag=seen.etag):
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


class RunLock:
    """The lock of one run; a thread keeps it alive.

    Args:
        store: the control bucket of the region that stays.
        environment: whose lock.
        holder: this process.
        clock: wall and monotonic time.
        lease_seconds: how long it counts as held without a heartbeat.

    """

    def __init__(
        self,
        store: ObjectStore,
        environment: str,
        holder: ProcessIdentity,
        clock: Clock,
        *,
        lease_seconds: float = LEASE_SECONDS,
        reason: str | None = None,
    ) -> None:
        self._store = store
        self._environment = environment
        self._holder = holder
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._reason = reason
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._document: LockDocument | None = None
        self._etag: str | None = None
        self._renewed = 0.0
        self._lost: str | None = None
        self.taken_over_from: SeenLock | None = None

    @contextlib.contextmanager
    def hold(self, run_id: str, action: str) -> Iterator[RunLock]:
        """Acquire, keep alive, and release at the end.

        Raises:
            LockedError: somebody else holds it.

        """
        self._acquire(run_id, action)
        thread = threading.Thread(target=self._keep_alive, name="lock-heartbeat", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join(timeout=self._lease_seconds)
            self._release()

    def at_step(self, step: str) -> None:
        """Show in the lock which step the run is at.

        Raises:
            LockedError: `lock-lost`: the run must not go on.

        """
        with self._guard:
            if self._document is not None:
                self._document = replace(self._document, step=step)
        self._renew()
        self.check()

    def check(self) -> None:
        """Make sure the lock is still ours.

        Raises:
            LockedError: `lock-lost`: it was broken, or could not be renewed within its lease.

        """
        silent = self._clock.monotonic() - self._renewed
        if self._lost is None and silent > self._lease_seconds:
            self._lost = f"it could not be renewed for {silent:.0f} s"
        if self._lost is not None:
            raise LockedError(
                f"the lock of {self._environment} was lost: {self._lost}; the run stops here",
                hint=f"videoctl lock show --env {self._environment}",
                code="lock-lost",
            )

    def _acquire(self, run_id: str, action: str) -> None:
        now = self._clock.now()
        self._document = LockDocument(
            environment=self._environment,
            holder=self._holder,
            run_id=run_id,
            action=action,
            step=None,
            acquired_at=now,
            heartbeat_at=now,
            lease_seconds=self._lease_seconds,
            reason=self._reason,
        )
        key, body = _key(self._environment), _encode(self._document)
        etag = self._store.put_new(key, body) or self._take_over(key, body)
        self._etag, self._renewed = etag, self._clock.monotonic()

    def _take_over(self, key: str, body: bytes) -> str:
        """Replace an abandoned lock, on the condition that it is still the one that was read."""
        stored = self._store.get(key)
        if stored is None:
            etag = self._store.put_new(key, body)
        else:
            seen = _seen(stored)
            if not seen.is_abandoned:
                raise locked_error(self._environment, seen)
            etag = self._store.replace(key, body, etag=seen.etag)
            self.taken_over_from = seen
        if etag is None:
            winner = self._store.get(key)
            if winner is not None:
                raise locked_error(self._environment, _seen(winner))
            raise LockedError(
                f"the lock of {self._environment} changed hands twice meanwhile",
                hint="run the command again",
            )
        return etag

    def _keep_alive(self) -> None:
        while not self._stop.wait(self._lease_seconds / RENEWALS_PER_LEASE):
            self._renew()
            if self._lost is not None:
                return

    def _renew(self) -> None:
        """Write a heartbeat; a failing call is tried again until the lease is over."""
        with self._guard:
            if self._document is None or self._etag is None or self._lost is not None:
                return
            self._document = replace(self._document, heartbeat_at=self._clock.now())
            body = _encode(self._document)
            try:
                etag = self._store.replace(_key(self._environment), body, etag=self._etag)
                if etag is None and not self._wrote_itself(body):
                    self._lost = "somebody broke it or took it over"
                    return
            except TransientError:
                return
            except VideoctlError as error:
                self._lost = error.message
                return
            self._etag = etag or self._etag
            self._renewed = self._clock.monotonic()

    def _wrote_itself(self, body: bytes) -> bool:
        """Whether a refused write was our own earlier attempt, whose answer was lost."""
        stored = self._store.get(_key(self._environment))
        if stored is None or self._document is None:
            return False
        seen = _seen(stored)
        is_ours = stored.body == body or (
            seen.document is not None
            and seen.document.run_id == self._document.run_id
            and seen.document.holder == self._document.holder
        )
        if is_ours:
            self._etag = stored.etag
        return is_ours

    def _release(self) -> None:
        with self._guard:
            etag, self._etag = self._etag, None
            if etag is None or self._lost is not None:
                return
            try:
                self._store.delete(_key(self._environment), etag=etag)
            except VideoctlError as error:
                # The run's own result matters more; a lock of a dead process is taken over anyway.
                _LOG.warning("the lock of %s was not released: %s", self._environment, error)


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
