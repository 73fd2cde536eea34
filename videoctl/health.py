"""Health of an environment as checks, for `env check`: each hop with what is seen and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from videoctl.planning.plan import Check, Verdict
from videoctl.planning.status import HopState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.errors import VideoctlError
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import CanaryResult, ObservedEnvironment
    from videoctl.planning.status import EnvironmentStatus, Hop

_VERDICTS = {
    HopState.UP: Verdict.PASS,
    HopState.STARTING: Verdict.WARN,
    HopState.DOWN: Verdict.FAIL,
    HopState.ABSENT: Verdict.FAIL,
    HopState.NOT_APPLICABLE: Verdict.NOT_APPLICABLE,
    HopState.UNKNOWN: Verdict.UNKNOWN,
}


def health_checks(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    status: EnvironmentStatus,
) -> Iterator[Check]:
    """One check a hop; none for an environment that does not exist."""
    if observed.stack is None or not observed.stack.exists:
        return
    for hop in status.hops:
        yield _hop_check(specification, hop)


_CANARY_LIMIT: Final = "seen at every hop"


def canary_check(result: CanaryResult) -> Check:
    """A canary's flight as a check."""
    applying = [hop for hop in result.hops if hop.seen is not None]
    seen = f"seen at {sum(bool(hop.seen) for hop in applying)} of {len(applying)} hops"
    lost = result.lost_at
    return Check(
        check="canary",
        seen=f"{seen}; not at {lost.hop}: {lost.reason}" if lost else seen,
        limit=_CANARY_LIMIT,
        verdict=Verdict.FAIL if lost else Verdict.PASS,
        cure=lost.next_command if lost else None,
    )


def failed_canary_check(error: VideoctlError) -> Check:
    """The check of a canary that could not be sent, or not be followed."""
    return Check(
        check="canary",
        seen=error.message,
        limit=_CANARY_LIMIT,
        verdict=Verdict.FAIL,
        cure=error.hint,
    )


def _hop_check(specification: EnvironmentSpecification, hop: Hop) -> Check:
    verdict = _VERDICTS[hop.state]
    cure = f"videoctl env repair {specification.name}" if verdict is Verdict.FAIL else None
    return Check(
        check=f"{hop.hop}:{hop.region or 'global'}",
        seen=hop.reason or str(hop.state),
        limit="up",
        verdict=verdict,
        cure=cure,
    )
