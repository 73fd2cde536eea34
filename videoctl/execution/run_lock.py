"""One run at a time for each environment: held, kept alive by a thread, given up at the end.

The holder renews its lock object on the condition that it is still the one it wrote, so a holder
who lost it finds out, and stops before the next step. Who may take a lock over is decided in
`videoctl.execution.lock`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from videoctl.errors import LockedError, TransientError, VideoctlError
from videoctl.execution.lock import (
    LEASE_SECONDS,
    LockDocument,
    SeenLock,
    encode_lock,
    lock_key,
    locked_error,
    seen_lock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videoctl.execution.clock import Clock
    from videoctl.execution.processes import ProcessIdentity
    from videoctl.execution.store import ObjectStore

_LOG: Final = logging.getLogger(__name__)

RENEWALS_PER_LEASE: Final = 4
"""Heartbeats a lease has, so that three may fail."""


class RunLock:
    """The lock of one run; a thread keeps it alive.

    Args:
        store: the control bucket of the region that stays.
        environment: whose lock.
        holder: this process.
        clock: wall and monotonic time.
        lease_seconds: how long it counts as held without a heartbeat.
        reason: what `--reason` said.
        on_taken_over: told of the abandoned lock this one took the place of.

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
        on_taken_over: Callable[[SeenLock], None] = lambda _: None,
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
        self._on_taken_over = on_taken_over
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
        key, body = lock_key(self._environment), encode_lock(self._document)
        etag = self._store.put_new(key, body) or self._take_over(key, body)
        self._etag, self._renewed = etag, self._clock.monotonic()

    def _take_over(self, key: str, body: bytes) -> str:
        """Replace an abandoned lock, on the condition that it is still the one that was read."""
        stored = self._store.get(key)
        if stored is None:
            etag = self._store.put_new(key, body)
        else:
            seen = seen_lock(stored)
            if not seen.is_abandoned:
                raise locked_error(self._environment, seen)
            etag = self._store.replace(key, body, etag=seen.etag)
            self.taken_over_from = seen
        if etag is None:
            winner = self._store.get(key)
            if winner is not None:
                raise locked_error(self._environment, seen_lock(winner))
            raise LockedError(
                f"the lock of {self._environment} changed hands twice meanwhile",
                hint="run the command again",
            )
        if self.taken_over_from is not None:
            self._on_taken_over(self.taken_over_from)
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
            body = encode_lock(self._document)
            try:
                etag = self._store.replace(lock_key(self._environment), body, etag=self._etag)
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
        stored = self._store.get(lock_key(self._environment))
        if stored is None or self._document is None:
            return False
        seen = seen_lock(stored)
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
                self._store.delete(lock_key(self._environment), etag=etag)
            except VideoctlError as error:
                # The run's own result matters more; a lock of a dead process is taken over anyway.
                _LOG.warning("the lock of %s was not released: %s", self._environment, error)
