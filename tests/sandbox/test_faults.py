"""Which requests a fault hits, and what it answers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sandbox import faults as rules
from sandbox.faults import FaultError, Faults


def hit(faults: Faults, service: str = "kinesis", operation: str = "PutRecords",
        region: str = "us-east-1") -> list[str]:  # fmt: skip
    """Kinds of the faults that hit a request."""
    return [fault.kind for fault in faults.hitting(service, operation, region)]


def test_a_fault_without_limits_hits_everything() -> None:
    """No region, service or operation given: all of them."""
    faults = Faults()
    faults.add("slow")
    assert hit(faults) == ["slow"]
    assert hit(faults, "s3", "PutObject", "us-west-2") == ["slow"]


@pytest.mark.parametrize(
    ("limits", "service", "operation", "region"),
    [
        ({"region": "us-east-1"}, "kinesis", "PutRecords", "us-west-2"),
        ({"service": "kinesis"}, "s3", "PutObject", "us-east-1"),
        ({"operation": "PutRecords"}, "kinesis", "GetRecords", "us-east-1"),
    ],
)
def test_a_fault_hits_only_what_it_names(
    limits: dict[str, str], service: str, operation: str, region: str
) -> None:
    """Each limit excludes what differs, and only that."""
    faults = Faults()
    faults.add("throttle", **limits)  # type: ignore[arg-type]
    assert hit(faults) == ["throttle"]
    assert hit(faults, service, operation, region) == []


def test_a_rate_hits_its_share() -> None:
    """About three in ten requests at rate 0.3."""
    faults = Faults()
    faults.add("throttle", rate=0.3)
    hits = sum(bool(hit(faults)) for _ in range(5000))
    assert hits == pytest.approx(1500, rel=0.15)


def test_a_fault_may_hit_only_so_many_requests() -> None:
    """It is counted down by the requests it hits, and by no others; then it is gone."""
    faults = Faults()
    faults.add("throttle", operation="PutRecords", times=2)
    assert hit(faults, operation="GetRecords") == []
    assert [hit(faults) for _ in range(3)] == [["throttle"], ["throttle"], []]
    assert faults.active() == []
    with pytest.raises(FaultError, match="times"):
        faults.add("throttle", times=0)


def test_a_fault_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a duration it is gone afterwards, from the list too."""
    now = [1_000_000.0]
    monkeypatch.setattr(rules, "time", SimpleNamespace(time=lambda: now[0]))
    faults = Faults()
    faults.add("slow", for_seconds=20)
    now[0] += 19
    assert len(faults.active()) == 1
    now[0] += 2
    assert hit(faults) == []
    assert faults.active() == []


def test_services_here_are_refused_by_faults_that_are_not_counted_in_requests() -> None:
    """What refuses everybody refuses them too; delays, and faults of so many requests, do not."""
    faults = Faults()
    faults.add("slow", service="s3")
    faults.add("throttle", service="s3", times=3)
    assert list(faults.refusing("s3", "PutObject", "us-east-1")) == []
    faults.add("service-down", service="s3", operation="PutObject", region="us-east-1")
    assert [f.kind for f in faults.refusing("s3", "PutObject", "us-east-1")] == ["service-down"]
    assert list(faults.refusing("s3", "GetObject", "us-east-1")) == []
    assert list(faults.refusing("s3", "PutObject", "us-west-2")) == []


def test_a_service_is_down_as_a_whole() -> None:
    """In the region that is named, and not when one operation of it is out of order."""
    faults = Faults()
    faults.add("service-down", service="firehose", operation="PutRecord")
    assert not faults.is_service_down("firehose", "us-east-1")
    faults.add("service-down", service="firehose", region="us-east-1")
    assert faults.is_service_down("firehose", "us-east-1")
    assert not faults.is_service_down("firehose", "us-west-2")


def test_clearing_ends_all_faults() -> None:
    """And tells how many there were."""
    faults = Faults()
    faults.add("slow")
    faults.add("deny")
    assert faults.clear() == 2
    assert not faults


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "meteor"}, "unknown fault 'meteor': one of region-down"),
        ({"kind": "slow", "rate": 0.0}, "rate 0.0"),
        ({"kind": "slow", "rate": 1.5}, "rate 1.5"),
        ({"kind": "region-down"}, "needs a region"),
        ({"kind": "service-down"}, "needs a service"),
        ({"kind": "slow", "delay_ms": -1}, "positive"),
        ({"kind": "slow", "region": "eu-west-1"}, "no region 'eu-west-1' here: one of us-east-1"),
        ({"kind": "slow", "service": "kinesys"}, "no service 'kinesys': did you mean kinesis"),
        (
            {"kind": "slow", "service": "s3", "operation": "PutObjects"},
            "no operation 'PutObjects': did you mean PutObject",
        ),
        ({"kind": "meteor", "region": "moon", "rate": 2}, "meteor.*moon.*rate 2"),
        ({"kind": "slow", "for_seconds": 0}, "positive"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(arguments: dict[str, object], words: str) -> None:
    """With the reason."""
    with pytest.raises(FaultError, match=words):
        Faults().add(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "service", "operation", "protocol", "code", "status"),
    [
        (
            "throttle",
            "kinesis",
            "PutRecords",
            "json",
            "ProvisionedThroughputExceededException",
            400,
        ),
        ("throttle", "kinesis", "CreateStream", "json", "LimitExceededException", 400),
        ("throttle", "s3", "PutObject", "rest-xml", "SlowDown", 503),
        ("throttle", "ec2", "CreateVpc", "ec2", "RequestLimitExceeded", 503),
        ("throttle", "iam", "CreateRole", "query", "Throttling", 400),
        ("throttle", "lambda", "Invoke", "rest-json", "TooManyRequestsException", 429),
        ("throttle", "ecs", "CreateService", "json", "ThrottlingException", 400),
        ("deny", "kinesis", "PutRecords", "json", "AccessDeniedException", 400),
        ("deny", "lambda", "Invoke", "rest-json", "AccessDeniedException", 403),
        ("deny", "s3", "PutObject", "rest-xml", "AccessDenied", 403),
        ("deny", "iam", "CreateRole", "query", "AccessDenied", 403),
        ("deny", "ec2", "CreateVpc", "ec2", "UnauthorizedOperation", 403),
        ("service-down", "ecs", "CreateService", "json", "ServiceUnavailableException", 503),
        ("service-down", "elbv2", "CreateListener", "query", "ServiceUnavailable", 503),
        ("service-down", "s3", "PutObject", "rest-xml", "ServiceUnavailable", 503),
    ],
)
def test_refusals_speak_the_services_language(
    kind: str, service: str, operation: str, protocol: str, code: str, status: int
) -> None:
    """Code and status are those the real service answers with."""
    fault = Faults().add(kind, service=service)
    refusal = rules.refusal(fault, service, operation, "000000000000")
    assert refusal is not None
    shown = rules.in_protocol(refusal, protocol)
    assert (shown.code, shown.status) == (code, status)


def test_a_denial_names_who_may_not_do_what() -> None:
    """As IAM words it, so that tools can read the action out of it."""
    fault = Faults().add("deny")
    refusal = rules.refusal(fault, "elbv2", "CreateListener", "000000000000")
    assert refusal is not None
    assert "not authorized to perform: elasticloadbalancing:CreateListener" in refusal.message


def test_a_region_that_is_down_and_slow_replication_can_be_asked_for() -> None:
    """What the front door and S3 replication want to know."""
    faults = Faults()
    faults.add("region-down", region="us-east-1")
    faults.add("replication-delay", region="us-east-1", delay_ms=1500)
    assert faults.is_region_down("us-east-1")
    assert not faults.is_region_down("us-west-2")
    assert faults.replication_delay_seconds("us-east-1") == 1.5
    assert faults.replication_delay_seconds("us-west-2") == 0
