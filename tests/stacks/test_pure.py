"""Arithmetic and documents that need no Pulumi: addresses, lifecycle, containers, composition."""

from __future__ import annotations

import dataclasses
from ipaddress import IPv4Network
from typing import Any

import jq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.addresses import availability_zones, private_subnet_cidrs
from stacks.composition import OPTIONAL_MODULES, environment_module
from stacks.containers import (
    TaskSurroundings,
    ingest_containers,
    ingest_images,
    record_max_buffered_ms,
    repository_arn,
    to_json,
)
from stacks.lifecycle import lifecycle_rules
from stacks.modules.firehose import SORTING_QUERIES
from stacks.sites import Site
from videoctl.model.names import Names, StreamKind
from videoctl.model.regions import Region
from videoctl.model.specification import BucketSpecification

EAST, BOTH = (Region.US_EAST_1,), (Region.US_EAST_1, Region.US_WEST_2)
SITE = Site(names=Names("dev", "123456789012"), region=Region.US_WEST_2, protected=False)


@given(
    prefix=st.integers(16, 20),
    address=st.integers(0, 2**32 - 1),
    count=st.integers(2, 3),
)
def test_subnets_lie_apart_inside_the_vpc(prefix: int, address: int, count: int) -> None:
    """Whatever the block, subnets are in it, do not overlap, and are large enough for AWS."""
    network = IPv4Network((address, prefix), strict=False)
    subnets = [IPv4Network(cidr) for cidr in private_subnet_cidrs(str(network), count)]
    assert len(subnets) == count
    assert all(subnet.subnet_of(network) and subnet.prefixlen <= 28 for subnet in subnets)
    assert not any(one.overlaps(other) for one in subnets for other in subnets if one is not other)


def test_availability_zones_are_computed() -> None:
    """Zones are region and letter; nothing is looked up."""
    assert availability_zones(Region.US_WEST_2, 3) == ("us-west-2a", "us-west-2b", "us-west-2c")


def test_lifecycle_says_only_what_is_specified() -> None:
    """Unfinished uploads and old versions always go; objects only when told."""
    plain = lifecycle_rules(BucketSpecification())
    assert [rule["id"] for rule in plain] == [
        "abort-incomplete-multipart-uploads",
        "expire-noncurrent-versions",
    ]
    full = lifecycle_rules(
        BucketSpecification(
            infrequent_access_after_days=30, expire_after_days=90, noncurrent_expire_after_days=5
        )
    )
    by_id = {rule["id"]: rule for rule in full}
    assert by_id["expire"]["expiration"] == {"days": 90}
    (transition,) = by_id["infrequent-access"]["transitions"]
    assert transition == {"days": 30, "storage_class": "STANDARD_IA"}
    noncurrent = by_id["expire-noncurrent-versions"]["noncurrent_version_expiration"]
    assert noncurrent == {"noncurrent_days": 5}
    assert all(rule["status"] == "Enabled" and rule["filter"] == {"prefix": ""} for rule in full)


def containers() -> list[dict[str, Any]]:
    """The containers of a west task."""
    surroundings = TaskSurroundings(
        region=Region.US_WEST_2,
        raw_stream="video-dev-raw",
        log_group="/aws/ecs/x",
        ops_bucket="video-dev-ops",
        task_count=4,
        with_ticks=True,
    )
    return ingest_containers(images=ingest_images(SITE), surroundings=surroundings)


def test_a_task_has_handler_and_sidecar() -> None:
    """Each listens on its own port; the handler starts after the sidecar and stops before it."""
    handler, sidecar = containers()
    assert handler["command"] == ["python", "-m", "jobs.http_handler"]
    assert sidecar["command"] == ["python", "-m", "jobs.http_handler.kpl_sidecar"]
    assert handler["portMappings"][0]["containerPort"] == 8080
    assert sidecar["portMappings"][0]["containerPort"] == 8081
    assert handler["dependsOn"] == [{"containerName": "kpl-sidecar", "condition": "START"}]
    assert "dependsOn" not in sidecar


def test_containers_know_ports_stream_and_region() -> None:
    """Both containers get the same variables, without any secret; the handler a flag as well."""
    flag = {
        "HEALTH_FLAG_BUCKET": "video-dev-ops",
        "HEALTH_FLAG_KEY": "health/out-of-service.json",
    }
    publishing = {"TICK_SECONDS": "5", "RECORD_MAX_BUFFERED_MS": "20"}
    for container, more in zip(containers(), (flag, publishing), strict=True):
        variables = {pair["name"]: pair["value"] for pair in container["environment"]}
        assert variables == {
            **more,
            "AWS_REGION": "us-west-2",
            "DRAIN_SECONDS": "40",
            "HTTP_HANDLER_PORT": "8080",
            "KPL_SIDECAR_PORT": "8081",
            "RAW_STREAM": "video-dev-raw",
        }
        assert container["logConfiguration"]["options"]["awslogs-group"] == "/aws/ecs/x"
        assert container["essential"]
        assert container["stopTimeout"] > 40
        assert container["readonlyRootFilesystem"]


@pytest.mark.parametrize(("tasks", "milliseconds"), [(1, 20), (10, 20), (11, 22), (200, 400)])
def test_many_tasks_leave_shards_room(tasks: int, milliseconds: int) -> None:
    """Acknowledgements wait 20 ms, and longer only where the tasks would fill the shards."""
    assert record_max_buffered_ms(tasks) == milliseconds
    assert tasks * 1000 / milliseconds <= 500


def test_container_definitions_are_the_same_text_each_time() -> None:
    """An unchanged task definition is no change."""
    assert to_json(containers()) == to_json(containers())


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        (
            "123456789012.dkr.ecr.us-west-2.amazonaws.com/video-dev/http-handler:latest",
            "arn:aws:ecr:us-west-2:123456789012:repository/video-dev/http-handler",
        ),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b@sha256:00",
            "arn:aws:ecr:us-east-1:123456789012:repository/a/b",
        ),
        ("public.ecr.aws/x/y:1", None),
        ("python:3.12", None),
    ],
)
def test_repositories_are_read_off_image_uris(image: str, repository: str | None) -> None:
    """Only the account's own kind of registry has repositories to permit."""
    assert repository_arn(image) == repository


@pytest.mark.parametrize(
    ("kind", "regions", "module"),
    [
        ("development", EAST, "video_env"),
        ("development", BOTH, "video_env"),
        ("data-mart", EAST, "datamart_east_only"),
        ("data-mart", BOTH, "video_env"),
        ("slow-production", EAST, "slow_prod_east_only"),
        ("load-test", EAST, "slow_prod_east_only"),
        ("production", BOTH, "video_env"),
    ],
)
def test_kind_and_regions_choose_the_module(
    make_specification: Any, kind: str, regions: tuple[Region, ...], module: str
) -> None:
    """Two regions are always `video_env`; with one, the kind decides."""
    assert environment_module(make_specification(kind=kind, regions=regions)) == module


def test_optional_modules_follow_the_specification(make_specification: Any) -> None:
    """Capacity modes, topics and the second region decide what else is in."""
    rich = make_specification()
    wanted = {module for module, is_wanted in OPTIONAL_MODULES.items() if is_wanted(rich)}
    assert wanted == {"provisioned_kds", "sns_event", "video_source"}
    one = dataclasses.replace(rich, regions=EAST)
    assert not OPTIONAL_MODULES["video_source"](one)


def test_a_site_tags_with_a_name() -> None:
    """Tags are the environment's, and the resource's own name."""
    assert SITE.tags("ecr", "x")["Name"] == "x"
    assert SITE.tags("ecr", "x")["videoctl:environment"] == "dev"
    assert SITE.arn("sqs", "q") == "arn:aws:sqs:us-west-2:123456789012:q"


def test_protected_sites_keep_their_logs_for_a_year() -> None:
    """Logs of a protected environment outlive an audit."""
    assert SITE.log_retention_days == 30
    assert dataclasses.replace(SITE, protected=True).log_retention_days == 365


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"event_id": "1", "event": "play"}, "raw"),
        ({"event_id": "1", "canary": True}, "canary"),
        ({"event_id": "1", "canary": "true"}, "raw"),
        ({"event_id": "1", "tick": True}, "raw"),
        ({"tick": True, "shard": "shardId-0"}, "ticks"),
    ],
)
def test_the_raw_stream_is_sorted_by_what_a_record_is(record: dict[str, Any], kind: str) -> None:
    """Events, canaries and ticks land apart, and no field of a player's hides its event."""
    assert jq.first(SORTING_QUERIES[StreamKind.RAW], record) == {"kind": kind}


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"session_id": "1", "events": 3}, "session"),
        ({"session_id": "1", "canary": False}, "session"),
        ({"session_id": "1", "event_id": "1", "canary": True}, "canary"),
    ],
)
def test_canaries_are_kept_apart_from_session_windows(record: dict[str, Any], kind: str) -> None:
    """What the job writes of a canary is under no prefix that analytics reads."""
    assert jq.first(SORTING_QUERIES[StreamKind.SESSION], record) == {"kind": kind}
