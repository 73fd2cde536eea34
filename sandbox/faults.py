"""Faults on demand: which requests they hit, and what AWS would answer then."""

from __future__ import annotations

import difflib
import itertools
import random
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.protocol import models
from sandbox.protocol.errors import ServiceError
from videoctl.model.permissions import iam_action
from videoctl.model.regions import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS = (
    "region-down",
    "service-down",
    "throttle",
    "deny",
    "slow",
    "timeout-after-effect",
    "replication-delay",
)
"""Every kind of fault."""
DEFAULT_DELAY_MS = {"slow": 2_000, "timeout-after-effect": 0, "replication-delay": 60_000}
"""Delay where none is asked for, in milliseconds."""

_THROTTLING_CODES = {
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "firehose": ("ServiceUnavailableException", 503),
    "kinesis": ("ProvisionedThroughputExceededException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "sqs": ("RequestThrottled", 400),
}
_KINESIS_DATA_OPERATIONS = frozenset({"PutRecord", "PutRecords", "GetRecords", "GetShardIterator"})
_DENIAL_CODES = {
    "ec2": ("UnauthorizedOperation", 403),
    "s3": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault in force.

    Attributes:
        id: small number, counted from 1, by which it can be told apart.
        kind: one of `KINDS`.
        region: the region it hits; None: every region.
        service: boto3's name of the service it hits; None: every service.
        operation: the operation it hits, such as `PutRecords`; None: every operation.
        rate: share of the matching requests that are hit, 0 to 1.
        delay_ms: how long `slow`, `timeout-after-effect` and `replication-delay` wait.
        times: how many more requests it hits before it ends by itself; None: no limit.
        until: epoch seconds at which it ends by itself; None: when it is cleared.

    """

    id: int
    kind: str
    region: str | None = None
    service: str | None = None
    operation: str | None = None
    rate: float = 1.0
    delay_ms: int = 0
    times: int | None = None
    until: float | None = None

    def covers(self, service: str, region: str) -> bool:
        """Whether requests of this service and region can be hit, whatever their operation."""
        return self.region in {None, region} and self.service in {None, service}

    def describe(self) -> dict[str, Any]:
        """The fault as JSON."""
        result = asdict(self)
        until = result.pop("until")
        result["until"] = None if until is None else datetime.fromtimestamp(until, UTC).isoformat()
        return result


class FaultError(ValueError):
    """The fault asked for cannot be meant."""


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._numbers = itertools.count(1)

    def add(
        self,
        kind: str,
        *,
        region: str | None = None,
        service: str | None = None,
        operation: str | None = None,
        rate: float = 1.0,
        delay_ms: int | None = None,
        times: int | None = None,
        for_seconds: float | None = None,
    ) -> Fault:
        """Put a fault in force; raises `FaultError` with every reason why it makes no sense."""
        reasons = [
            *_kind_objections(kind, region, service),
            *_place_objections(region, service, operation),
        ]
        if not 0 < rate <= 1:
            reasons.append(f"rate {rate} is not above 0 and at most 1")
        if (delay_ms or 0) < 0 or (for_seconds is not None and for_seconds <= 0):
            reasons.append("delays and durations are positive")
        if times is not None and times < 1:
            reasons.append(f"times {times} is not 1 or more")
        if reasons:
            raise FaultError("; ".join(reasons))
        fault = Fault(
            id=next(self._numbers),
            kind=kind,
            region=region,
            service=service,
            operation=operation,
            rate=rate,
            delay_ms=DEFAULT_DELAY_MS.get(kind, 0) if delay_ms is None else delay_ms,
            times=times,
            until=None if for_seconds is None else time.time() + for_seconds,
        )
        self._faults.append(fault)
        return fault

    def clear(self) -> int:
        """End all faults; gives how many there were."""
        count = len(self._faults)
        self._faults.clear()
        return count

    def active(self) -> list[Fault]:
        """The faults in force now, oldest first."""
        if self._faults:
            now = time.time()
            self._faults = [f for f in self._faults if f.until is None or f.until > now]
        return self._faults

    def __bool__(self) -> bool:
        return bool(self._faults)

    def hitting(self, service: str, operation: str, region: str) -> Iterator[Fault]:
        """Faults that hit this request, the dice of `rate` thrown and `times` counted down."""
        for fault in list(self.active()):
            if (
                fault.covers(service, region)
                and fault.operation in {None, operation}
                and (fault.rate >= 1 or random.random() < fault.rate)
            ):
                self._count_down(fault)
                yield fault

    def refusing(self, service: str, operation: str, region: str) -> Iterator[Fault]:
        """Faults that refuse what a service here asks of another, the dice of `rate` thrown.

        Those that are counted in requests are for requests from outside.
        """
        for fault in self.active():
            if (
                fault.kind in {"throttle", "deny", "service-down"}
                and fault.times is None
                and fault.covers(service, region)
                and fault.operation in {None, operation}
                and (fault.rate >= 1 or random.random() < fault.rate)
            ):
                yield fault

    def is_service_down(self, service: str, region: str) -> bool:
        """Whether a whole service is out of order in a region."""
        return any(
            f.kind == "service-down"
            and f.service == service
            and f.operation is None
            and f.region in {None, region}
            for f in self.active()
        )

    def _count_down(self, fault: Fault) -> None:
        if fault.times is None:
            return
        left = fault.times - 1
        position = self._faults.index(fault)
        self._faults[position : position + 1] = [replace(fault, times=left)] if left else []

    def is_region_down(self, region: str) -> bool:
        """Whether nothing in this region answers."""
        return any(f.kind == "region-down" and f.region == region for f in self.active())

    def replication_delay_seconds(self, region: str) -> float:
        """How long replication out of this region is held back."""
        delays = (
            f.delay_ms / 1000
            for f in self.active()
            if f.kind == "replication-delay" and f.region in {None, region}
        )
        return max(delays, default=0.0)


def _kind_objections(kind: str, region: str | None, service: str | None) -> Iterator[str]:
    if kind not in KINDS:
        yield f"unknown fault {kind!r}: one of {', '.join(KINDS)}"
    if kind == "region-down" and region is None:
        yield "region-down needs a region"
    if kind == "service-down" and service is None:
        yield "service-down needs a service"


def _place_objections(
    region: str | None, service: str | None, operation: str | None
) -> Iterator[str]:
    """A fault at a place that does not exist would hit nothing, and a rehearsal would pass."""
    if region is not None and region not in set(Region):
        yield f"no region {region!r} here: one of {', '.join(Region)}"
    if service is None:
        return
    if not models.is_known(service):
        yield f"no service {service!r}{_meant(service, models.services())}"
        return
    known = models.operations(service)
    if operation is not None and operation not in known:
        yield f"{service} has no operation {operation!r}{_meant(operation, known)}"


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=3)
    return f": did you mean {' or '.join(near)}?" if near else ""


def refusal(fault: Fault, service: str, operation: str, account_id: str) -> ServiceError | None:
    """The error a fault answers with, in the service's own words; None where it only delays."""
    match fault.kind:
        case "throttle":
            return _throttling(service, operation)
        case "deny":
            code, status = _DENIAL_CODES.get(service, ("", 0))
            action = iam_action(service, operation)
            return ServiceError(
                code or "AccessDenied",
                f"User: arn:aws:iam::{account_id}:user/sandbox is not authorized to perform: "
                f"{action} because no identity-based policy allows the {action} action",
                status or 403,
            )
        case "service-down":
            code = "ServiceUnavailable" if service == "s3" else "ServiceUnavailableException"
            return ServiceError(code, "Service is unable to handle request.", 503)
    return None


def _throttling(service: str, operation: str) -> ServiceError:
    code, status = _THROTTLING_CODES.get(service, ("", 0))
    if service == "kinesis" and operation not in _KINESIS_DATA_OPERATIONS:
        code = "LimitExceededException"
    message = "Please reduce your request rate." if service == "s3" else "Rate exceeded"
    return ServiceError(code or "ThrottlingException", message, status or 400)


def in_protocol(error: ServiceError, protocol: str) -> ServiceError:
    """The same error with the code query services and JSON services use for it."""
    if protocol in {"query", "ec2", "rest-xml"}:
        code = {
            "ThrottlingException": "Throttling",
            "ServiceUnavailableException": ("ServiceUnavailable"),
        }.get(error.code, error.code)
        return ServiceError(code, error.message, error.status)
    if error.code == "AccessDenied":
        status = 403 if protocol == "rest-json" else 400
        return ServiceError("AccessDeniedException", error.message, status)
    return error
