"""Checks that hold a specification's Flink job against the shards of its raw stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videoctl.model.names import StreamKind
from videoctl.model.specification import ON_DEMAND_OPEN_SHARDS, StreamMode
from videoctl.planning.plan import Check, Verdict

if TYPE_CHECKING:
    from videoctl.model.regions import Region
    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import ObservedEnvironment


def parallelism_check(
    observed: ObservedEnvironment, region: Region, parallelism: int, cure: str
) -> Check:
    """One open shard of the raw stream a subtask.

    A subtask with several is exact too (each shard has its own watermark), and works off a backlog
    as much later: a warning, no refusal.
    """
    stream = observed.stream(region, StreamKind.RAW)
    shards = stream.open_shard_count if stream else None
    if shards is None:
        seen, verdict = "open shards not known", Verdict.UNKNOWN
    else:
        seen = f"{shards} open shards"
        verdict = _verdict(shards, parallelism)
    return Check(
        check=f"flink-parallelism:{region}",
        seen=seen,
        limit=_limit(parallelism),
        verdict=verdict,
        cure=cure if verdict is Verdict.WARN else None,
    )


def specified_parallelism_check(
    specification: EnvironmentSpecification, observed: ObservedEnvironment, region: Region
) -> Check:
    """As `parallelism_check`, for what the specification says; a stream that is to come counts."""
    raw, parallelism = specification.streams.raw, specification.flink.parallelism
    stream = observed.stream(region, StreamKind.RAW)
    cure = f"raise flink.parallelism in {specification.name}.toml, then env update"
    if stream is None or stream.open_shard_count is not None:
        return parallelism_check(observed, region, parallelism, cure)
    shards = raw.shards if raw.shards is not None else ON_DEMAND_OPEN_SHARDS
    verdict = _verdict(shards, parallelism)
    return Check(
        check=f"flink-parallelism:{region}",
        seen=f"{shards} shards to come",
        limit=_limit(parallelism),
        verdict=verdict,
        cure=cure if verdict is Verdict.WARN else None,
    )


def _verdict(shards: int, parallelism: int) -> Verdict:
    return Verdict.PASS if shards <= parallelism else Verdict.WARN


def _limit(parallelism: int) -> str:
    return f"at most {parallelism}, the job's parallelism, or a backlog takes longer"


def specified_shards_check(
    specification: EnvironmentSpecification, observed: ObservedEnvironment, region: Region
) -> Check:
    """An update does not reshard the raw stream: that is done with the job at rest."""
    wanted = specification.streams.raw.shards
    stream = observed.stream(region, StreamKind.RAW)
    shards = stream.open_shard_count if stream else None
    if wanted is None or stream is None or shards is None or stream.mode != StreamMode.PROVISIONED:
        return Check(
            check=f"raw-shards:{region}",
            seen="there is no provisioned stream whose shards could change",
            limit="none, or as many as specified",
            verdict=Verdict.NOT_APPLICABLE,
        )
    name = specification.name
    return Check(
        check=f"raw-shards:{region}",
        seen=f"{shards} open shards",
        limit=f"{wanted}, as specified",
        verdict=Verdict.PASS if shards == wanted else Verdict.FAIL,
        cure=f"videoctl flink reshard --env {name} --shards {wanted}, or set streams.raw.shards ="
        f" {shards} in {name}.toml",
    )
