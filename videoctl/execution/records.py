"""Environment records in the control bucket: when each was made and expires, its last canary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from videoctl.errors import FailedError, TransientError
from videoctl.planning.observation import EnvironmentRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from videoctl.execution.store import ObjectStore

_PREFIX: Final = "environments/"
_ADAPTER: Final[TypeAdapter[EnvironmentRecord]] = TypeAdapter(EnvironmentRecord)
_WRITE_ATTEMPTS: Final = 5


class EnvironmentRecords:
    """All environments of one account.

    Args:
        store: the control bucket of the primary region.

    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, environment: str) -> EnvironmentRecord | None:
        """The record of one environment; None when there is none.

        Raises:
            FailedError: `record-unreadable`: it is none this version knows.

        """
        found = self._read(environment)
        return found[0] if found else None

    def all(self) -> tuple[EnvironmentRecord, ...]:
        """Every environment's record, by name."""
        names = (key[len(_PREFIX) : -len(".json")] for key in self._store.keys(_PREFIX))
        records = (self.read(name) for name in names)
        return tuple(record for record in records if record is not None)

    def change(
        self, environment: str, changed: Callable[[EnvironmentRecord | None], EnvironmentRecord]
    ) -> EnvironmentRecord:
        """Read, change and write, on the condition that nobody wrote in between.

        Args:
            environment: whose record.
            changed: the new record for the one that is there; called again after a race.

        Raises:
            TransientError: it was raced each time.

        """
        key = _key(environment)
        for _ in range(_WRITE_ATTEMPTS):
            found = self._read(environment)
            record = changed(found[0] if found else None)
            body = _ADAPTER.dump_json(record, indent=1)
            if found is None:
                written = self._store.put_new(key, body)
            else:
                written = self._store.replace(key, body, etag=found[1])
            if written is not None:
                return record
        raise TransientError(f"the record of {environment} is being written by somebody else")

    def forget(self, environment: str) -> None:
        """Remove the record, if there is one."""
        self._store.delete(_key(environment))

    def _read(self, environment: str) -> tuple[EnvironmentRecord, str] | None:
        stored = self._store.get(_key(environment))
        if stored is None:
            return None
        try:
            return _ADAPTER.validate_json(stored.body), stored.etag
        except ValidationError as error:
            raise FailedError(
                f"the record {_key(environment)} in the control bucket cannot be read",
                hint="an earlier version of the object can be restored: the bucket is versioned",
                code="record-unreadable",
            ) from error


def _key(environment: str) -> str:
    return f"{_PREFIX}{environment}.json"
