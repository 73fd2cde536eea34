"""Health of load balancer targets: what a check found, and the state that follows from it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from sandbox.protocol.wire import Json

LONGEST_INTERVAL_SECONDS = 1.0
"""Checks run at the target group's interval, but at least once a second: nobody waits locally."""
_LONGEST_TIMEOUT_SECONDS = 5.0


def new_target(target_id: str, port: int) -> Json:
    """Record of a target that was just registered."""
    return {
        "id": target_id,
        "port": port,
        "state": "initial",
        "reason": "Elb.RegistrationInProgress",
        "description": "Target registration is in progress",
        "passes": 0,
        "failures": 0,
        "drained_at": None,
    }


async def check(client: httpx.AsyncClient, group: Json, target: Json) -> tuple[str, str] | None:
    """Why a target fails its health check: reason and description; None when it passes."""
    port = group["HealthCheckPort"]
    port = target["port"] if port == "traffic-port" else int(port)
    url = f"http://{target['id']}:{port}{group['HealthCheckPath']}"
    timeout = min(float(group["HealthCheckTimeoutSeconds"]), _LONGEST_TIMEOUT_SECONDS)
    try:
        response = await client.get(url, timeout=timeout)
    except httpx.TimeoutException:
        return "Target.Timeout", "Request timed out"
    except httpx.HTTPError:
        return "Target.FailedHealthChecks", "Health checks failed"
    if matches(group["Matcher"]["HttpCode"], response.status_code):
        return None
    return (
        "Target.ResponseCodeMismatch",
        f"Health checks failed with these codes: [{response.status_code}]",
    )


def matches(matcher: str, status: int) -> bool:
    """Whether a status is in a matcher such as `200`, `200,302` or `200-299`."""
    for part in matcher.split(","):
        first, _, last = part.strip().partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


def note(target: Json, group: Json, failure: tuple[str, str] | None) -> None:
    """Take the outcome of a check over into the target's state."""
    if target["state"] == "draining":
        return
    if failure is None:
        target["failures"] = 0
        if target["state"] == "healthy":
            return
        target["passes"] += 1
        needed = 1 if target["state"] == "initial" else group["HealthyThresholdCount"]
        if target["passes"] >= needed:
            _set(target, "healthy", None, None)
        return
    target["failures"] = min(target["failures"] + 1, group["UnhealthyThresholdCount"])
    target["passes"] = 0
    if target["failures"] >= group["UnhealthyThresholdCount"]:
        _set(target, "unhealthy", *failure)
    elif target["state"] == "initial":
        _set(target, "initial", "Elb.InitialHealthChecking", "Initial health checks in progress")


def begin_draining(target: Json, seconds: float) -> None:
    """A deregistered target gets no new requests and is gone after `seconds`."""
    _set(
        target,
        "draining",
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    )
    target["drained_at"] = time.time() + seconds


def _set(target: Json, state: str, reason: str | None, description: str | None) -> None:
    target.update(state=state, reason=reason, description=description)


def describe(target: Json, group: Json, *, in_use: bool) -> dict[str, Any]:
    """A target as `TargetHealthDescription`."""
    port = group["HealthCheckPort"]
    health = {
        "State": target["state"],
        "Reason": target["reason"],
        "Description": target["description"],
    }
    if not in_use:
        health = {
            "State": "unused",
            "Reason": "Target.NotInUse",
            "Description": "Target group is not configured to receive traffic from the load "
            "balancer",
        }
    return {
        "Target": {"Id": target["id"], "Port": target["port"]},
        "HealthCheckPort": str(target["port"]) if port == "traffic-port" else port,
        "TargetHealth": {name: value for name, value in health.items() if value is not None},
    }
