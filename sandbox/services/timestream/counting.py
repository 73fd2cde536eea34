"""What Timestream publishes of its requests: the metrics of AWS/Timestream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sandbox.metrics import Metrics, Scope
    from sandbox.protocol.errors import ServiceError
    from sandbox.protocol.wire import Json
    from sandbox.services.base import Call

_NAMESPACE: Final = "AWS/Timestream"
_SERVER_FAULT: Final = 500
_TABLE_OPERATIONS: Final = frozenset({"WriteRecords"})
_UNCOUNTED: Final = frozenset({"DescribeEndpoints"})


def answered(
    metrics: Metrics, call: Call, parameters: Json, seconds: float, error: ServiceError | None
) -> None:
    """Latency of a request that succeeded; an error of whoever's fault it was."""
    if call.operation in _UNCOUNTED:
        return
    if error is None:
        milliseconds = round(seconds * 1000, 3)
        scope = _of_table(metrics, call, parameters)
        scope.add("SuccessfulRequestLatency", milliseconds)
    else:
        is_ours = error.status >= _SERVER_FAULT
        _of_operation(metrics, call).add("SystemErrors" if is_ours else "UserErrors", 1)


def written(metrics: Metrics, call: Call, request: Json, *, records: int, rejected: int) -> None:
    """Records that were stored, and those the magnetic store did not take."""
    if records:
        _of_operation(metrics, call).add("NumberOfRecords", records)
    if rejected:
        _of_table(metrics, call, request).add("MagneticStoreRejectedRecordCount", rejected)


def _of_operation(metrics: Metrics, call: Call) -> Scope:
    return metrics.scope(
        call.region, _NAMESPACE, account_id=call.account_id, Operation=call.operation
    )


def _of_table(metrics: Metrics, call: Call, parameters: Json) -> Scope:
    """Table operations name their table; the others only themselves."""
    if call.operation not in _TABLE_OPERATIONS:
        return _of_operation(metrics, call)
    return metrics.scope(
        call.region,
        _NAMESPACE,
        account_id=call.account_id,
        Operation=call.operation,
        DatabaseName=parameters["DatabaseName"],
        TableName=parameters["TableName"],
    )
