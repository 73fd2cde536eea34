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
    yield _parallelism_check(specification, observed)


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


def _parallelism_check(
    specification: EnvironmentSpecification, observed: ObservedEnvironment
) -> Check:
    """One open shard of the raw stream a subtask: a subtask with two loses events at a backlog."""
    counts = [
        stream.open_shard_count
        for seen in observed.regions
        for stream in seen.streams or ()
        if stream.kind == "raw" and stream.open_shard_count is not None
    ]
    parallelism = specification.flink.parallelism
    most = max(counts, default=None)
    if most is None:
        seen, verdict = "open shards not known", Verdict.UNKNOWN
    else:
        seen = f"{most} open shards"
        verdict = Verdict.PASS if most <= parallelism else Verdict.FAIL
    return Check(
        check="flink-parallelism",
        seen=seen,
        limit=f"at most {parallelism}, the job's parallelism",
        verdict=verdict,
        cure=f"raise flink.parallelism in {specification.name}.toml, then env update"
        if verdict is Verdict.FAIL
        else None,
    )
