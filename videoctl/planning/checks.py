"""Checks before a plan acts: each says what was seen, what must be, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from videoctl.model.names import BucketKind
from videoctl.model.regions import PRIMARY, Region
from videoctl.planning.flink_specification import (
    specified_parallelism_check,
    specified_shards_check,
)
from videoctl.planning.observation import Facet
from videoctl.planning.plan import Check, Verdict
from videoctl.planning.request import REPLACEMENT_LOSES_DATA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from videoctl.model.specification import EnvironmentSpecification
    from videoctl.planning.observation import ObservedEnvironment
    from videoctl.planning.request import EnvironmentRequest, Readiness, StackPreview

DATA_BUCKETS: Final = frozenset(BucketKind) - {BucketKind.ARTIFACTS}
"""Buckets whose objects cannot be made again; artefacts are built from the source tree."""

_TIMESTREAM_CURE: Final = (
    "use an account that had Timestream for LiveAnalytics before 2025-06-20, or ask AWS Support;"
    " Timestream for InfluxDB would need another session store"
)

TIMESTREAM_ACTION: Final = "timestream:ListDatabases"
"""What the cheapest call to Timestream needs."""


def account_check(observed: ObservedEnvironment, account_id: str) -> Check:
    """The credentials in use belong to the account the target names."""
    seen = observed.account_id
    return Check(
        check="account",
        seen=seen or "unknown: STS was not asked",
        limit=account_id,
        verdict=Verdict.PASS if seen == account_id else Verdict.FAIL,
        cure="use the target's profile, or correct account_id in videoctl.toml",
    )


def readiness_checks(readiness: Readiness) -> Iterator[Check]:
    """The engine is there and every artefact can be built."""
    yield Check(
        check="engine",
        seen=readiness.engine_version or "not found",
        limit="a Pulumi engine",
        verdict=Verdict.PASS if readiness.engine_version else Verdict.FAIL,
        cure="videoctl engine install",
    )
    missing = readiness.missing_artifacts
    yield Check(
        check="artifacts",
        seen="; ".join(missing) or "all present",
        limit="every job's code",
        verdict=Verdict.FAIL if missing else Verdict.PASS,
        cure="videoctl doctor",
    )


def region_check(specification: EnvironmentSpecification) -> Check:
    """The primary region comes first, and none is named twice."""
    regions = specification.regions
    fits = bool(regions) and regions[0] is PRIMARY and len(set(regions)) == len(regions)
    return Check(
        check="regions",
        seen=", ".join(regions) or "none",
        limit=f"{PRIMARY} first, then at most {PRIMARY.other}",
        verdict=Verdict.PASS if fits else Verdict.FAIL,
        cure=f"set regions in stacks/environments/{specification.name}.toml",
    )


def timestream_check(observed: ObservedEnvironment, region: Region) -> Check:
    """Timestream for LiveAnalytics answers this account.

    It is closed to accounts that did not use it before 2025-06-20, and says so with the same error
    code as a missing permission. Asked first, so that nothing is created in vain.
    """
    access = observed.region(region).timestream_access
    verdicts = {
        "open": (Verdict.PASS, "open", None),
        "closed-to-new-customers": (
            Verdict.FAIL,
            "closed to new customers for this account",
            _TIMESTREAM_CURE,
        ),
        "denied": (
            Verdict.FAIL,
            f"timestream-write:ListDatabases in {region} is not allowed",
            f"allow timestream:DescribeEndpoints and {TIMESTREAM_ACTION} on * to the role in use",
        ),
    }
    verdict, seen, cure = verdicts.get(access or "", (Verdict.UNKNOWN, "not known", None))
    return Check(
        check=f"timestream-access:{region}",
        seen=seen,
        limit="open",
        verdict=verdict,
        cure=cure,
        missing_action=TIMESTREAM_ACTION if access == "denied" else None,
    )


def stack_lock_check(observed: ObservedEnvironment) -> Check:
    """No other engine works on the stack; a lock whose process is gone does not count."""
    stack = observed.stack
    owner = stack.lock_owner if stack else None
    if owner is None:
        verdict, seen = Verdict.PASS, "free"
    elif stack is not None and stack.lock_owner_is_gone:
        verdict, seen = Verdict.PASS, f"left by {owner}, which no longer runs"
    else:
        verdict, seen = Verdict.FAIL, f"held by {owner}"
    return Check(
        check="stack-lock",
        seen=seen,
        limit="free",
        verdict=verdict,
        cure=f"wait for it, or videoctl env repair {observed.environment}",
    )


def expiry_check(expires_at: datetime | None, now: datetime, environment: str) -> Check:
    """The environment is not past its time already."""
    expired = expires_at is not None and expires_at <= now
    return Check(
        check="expiry",
        seen=f"{expires_at:%Y-%m-%d %H:%M:%SZ}" if expires_at else "never expires",
        limit=f"after {now:%Y-%m-%d %H:%M:%SZ}",
        verdict=Verdict.FAIL if expired else Verdict.PASS,
        cure=f"videoctl env extend {environment} --ttl 8h",
    )


def replacement_checks(preview: StackPreview | None, accepted: tuple[str, ...]) -> Iterator[Check]:
    """One check for each replaced or deleted resource that holds data."""
    for resource in preview.losses if preview else ():
        loss = REPLACEMENT_LOSES_DATA[resource.type_token]
        because = f" ({', '.join(resource.properties)})" if resource.properties else ""
        yield Check(
            check=f"{resource.operation}:{resource.name}",
            seen=f"{resource.operation}{because} loses {loss}",
            limit="no data lost unasked",
            verdict=Verdict.WARN if resource.name in accepted else Verdict.FAIL,
            cure="take the change back, or accept the loss",
            flag=f"--accept-replacement {resource.name}",
        )


def existence_check(observed: ObservedEnvironment) -> Check:
    """The environment was created before."""
    exists = observed.stack is not None and observed.stack.exists
    return Check(
        check="environment-exists",
        seen="its stack exists" if exists else "no stack",
        limit="a stack",
        verdict=Verdict.PASS if exists else Verdict.FAIL,
        cure=f"videoctl env create {observed.environment}",
    )


def create_checks(
    specification: EnvironmentSpecification,
    observed: ObservedEnvironment,
    request: EnvironmentRequest,
    expires_at: datetime | None,
) -> tuple[Check, ...]:
    """Every check of a create or update; none stops the others."""
    return (
        account_check(observed, request.account_id),
        *readiness_checks(request.readiness),
        region_check(specification),
        *(timestream_check(observed, region) for region in specification.regions),
        stack_lock_check(observed),
        expiry_check(expires_at, observed.observed_at, specification.name),
        *replacement_checks(request.preview, request.accepted_replacements),
        *(
            check(specification, observed, region)
            for region in specification.regions
            for check in (specified_parallelism_check, specified_shards_check)
        ),
    )


def confirmation_check(environment: str, confirmed_name: str | None) -> Check:
    """The name was typed: destroying cannot be taken back."""
    return Check(
        check="confirmation",
        seen=confirmed_name or "not given",
        limit=environment,
        verdict=Verdict.PASS if confirmed_name == environment else Verdict.FAIL,
        cure=f"repeat with --confirm {environment}",
        flag=f"--confirm {environment}",
    )


def bucket_checks(observed: ObservedEnvironment, *, delete_data: bool) -> Iterator[Check]:
    """One check for each bucket that holds data."""
    looked = Facet.BUCKETS in observed.facets
    for bucket in (b for seen in observed.regions for b in seen.buckets or ()):
        if bucket.kind not in DATA_BUCKETS or not bucket.exists or bucket.has_objects is False:
            continue
        known = looked and bucket.has_objects is not None
        refusal = Verdict.FAIL if known else Verdict.UNKNOWN
        yield Check(
            check=f"bucket-empty:{bucket.name}",
            seen="holds objects" if known else "not known",
            limit="empty",
            verdict=Verdict.WARN if delete_data else refusal,
            cure="copy away what is needed, then allow --delete-data",
            flag="--delete-data",
        )


def snapshot_checks(observed: ObservedEnvironment) -> Iterator[Check]:
    """Snapshots go with the application they belong to."""
    for seen in observed.regions:
        count = seen.application.snapshot_count if seen.application else None
        if count:
            yield Check(
                check=f"flink-snapshots:{seen.region}",
                seen=f"{count} snapshots are deleted with the application",
                limit="none",
                verdict=Verdict.WARN,
            )
