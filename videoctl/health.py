"""Health of an environment as checks, for `env check`: each hop with what is seen and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoctl.planning.plan import Check, Verdict
from videoctl.planning.status import HopState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import ObservedEnvironment
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
