"""Invocations of Lambda functions, whoever asked for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from sandbox import ministack_runtime

if TYPE_CHECKING:
    from sandbox.metrics import Metrics, Scope

_NAMESPACE: Final = "AWS/Lambda"
_KINESIS: Final = "aws:kinesis"


def install(metrics: Metrics) -> None:
    """Count at the one place every invocation passes; MiniStack's own counting goes.

    That counting leaves out what event source mappings invoke, and counts throttles twice.
    """
    module: Any = ministack_runtime.service_module("lambda_svc")
    counter = FunctionCounter(metrics, module)
    module._execute_function_dispatch = counter.dispatch(module._execute_function_dispatch)
    module._acquire_execution_slot = counter.acquire(module._acquire_execution_slot)
    module._emit_lambda_metrics = _leave_out
    ministack_runtime.service_module("cloudwatch").record_metric = _recorder(metrics)  # type: ignore[attr-defined]


class FunctionCounter:
    """Counts for every function."""

    def __init__(self, metrics: Metrics, module: Any) -> None:
        self._metrics = metrics
        self._module = module

    def scope(self, config: dict[str, Any]) -> Scope:
        """Metrics of a function by its configuration."""
        account_id, region = self._module._account_region_from_function_config(config)
        return self._metrics.scope(
            region, _NAMESPACE, account_id=account_id, FunctionName=config["FunctionName"]
        )

    def dispatch(self, original: Any) -> Any:
        """An invocation that runs."""

        def wrapped(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
            scope = self.scope(config)
            if (age := _iterator_age_milliseconds(event)) is not None:
                scope.add("IteratorAge", age)
            began = time.perf_counter()
            has_failed = True
            try:
                result = original(func, config, event, request_id, started)
                has_failed = bool(isinstance(result, dict) and result.get("error"))
            finally:
                scope.add("Invocations", 1)
                scope.add("Errors", int(has_failed))
                scope.add("Throttles", 0)
                scope.add("Duration", round((time.perf_counter() - began) * 1000, 3))
            return result

        return wrapped

    def acquire(self, original: Any) -> Any:
        """A turn to run, or none: the invocation is throttled."""

        def wrapped(func: Any, config: Any) -> Any:
            slot, limit = original(func, config)
            if slot is None:
                self.scope(config).add("Throttles", 1)
            return slot, limit

        return wrapped


def _iterator_age_milliseconds(event: Any) -> float | None:
    """Age of the last record of a batch of a Kinesis stream."""
    records = event.get("Records") if isinstance(event, dict) else None
    last = records[-1] if isinstance(records, list) and records else None
    if not isinstance(last, dict) or last.get("eventSource") != _KINESIS:
        return None
    arrived_at: float = last["kinesis"]["approximateArrivalTimestamp"]
    return max(0.0, (time.time() - arrived_at) * 1000)


def _leave_out(*_arguments: Any, **_named: Any) -> None:
    """MiniStack would count here."""


def _recorder(metrics: Metrics) -> Any:
    """What MiniStack's services publish by themselves, such as dropped recursive invocations."""
    responses = ministack_runtime.responses()

    def record_metric(
        namespace: str, metric_name: str, value: float, unit: str = "None",
        dimensions: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        scope = metrics.scope(
            responses.get_region(), namespace, account_id=responses.get_account_id(),
            **(dimensions or {}),
        )  # fmt: skip
        scope.add(metric_name, float(value), unit=unit)

    return record_metric
