"""Environment programs: what any of them asks AWS for."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import re
import typing
from collections import Counter
from typing import Any

import pulumi_aws as aws
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pulumi import _types

from stacks.catalog import RESOURCE_TYPES
from stacks.programs import ENVIRONMENT_CLASSES
from videoctl.errors import ConfigurationError
from videoctl.model.regions import Region

EAST, WEST = (Region.US_EAST_1,), (Region.US_EAST_1, Region.US_WEST_2)
SLOW = settings(
    max_examples=5,
    deadline=None,
    # Two whole programs an example: shrinking a failure would take minutes and say no more.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)

UNNAMED = {
    # Settings of another resource, which has the name.
    "BucketLifecycleConfiguration", "BucketNotification", "BucketOwnershipControls",
    "BucketPolicy", "BucketPublicAccessBlock", "BucketReplicationConfig",
    "BucketServerSideEncryptionConfiguration", "BucketVersioning", "LifecyclePolicy",
    "QueuePolicy", "TopicPolicy", "RouteTableAssociation",
    # Known by what they connect.
    "EventSourceMapping", "Permission", "EndpointGroup", "aws:globalaccelerator/listener:Listener",
}  # fmt: skip
NAME_PROPERTIES = ("name", "bucket", "family", "key", "databaseName", "tableName")
LIMITS = {
    "Accelerator": 64, "Alias": 256, "Application": 128, "Bucket": 63, "BucketObjectv2": 1024,
    "Cluster": 255, "Database": 256, "FirehoseDeliveryStream": 64, "Function": 64,
    "LoadBalancer": 32, "LogGroup": 512, "LogStream": 512, "Queue": 80, "Repository": 256,
    "Role": 64, "RolePolicy": 128, "SecurityGroup": 255, "Service": 255, "Stream": 128,
    "StreamConsumer": 128, "Table": 256, "TargetGroup": 32, "TaskDefinition": 255, "Topic": 256,
    "Workspace": 255,
}  # fmt: skip


def sdk_class(type_: str) -> Any:
    """The SDK's class of a resource type token."""
    _, module, kind = type_.split(":")
    service = module.partition("/")[0]
    return getattr(getattr(aws, "lambda_" if service == "lambda" else service), kind)


def sdk_arguments(type_: str) -> type:
    """The SDK's input type of a resource type token."""
    resource = sdk_class(type_)
    package = importlib.import_module(resource.__module__)
    # A resource whose name is also a nested input's has its own arguments under another name.
    names = (f"{resource.__name__}InitArgs", f"{resource.__name__}Args")
    return next(getattr(package, name) for name in names if hasattr(package, name))


def faults_in(given_inputs: Any, declared: Any, path: str) -> list[str]:
    """Paths in the inputs that the SDK does not declare, or declares required and misses."""
    if isinstance(given_inputs, list):
        (element,) = typing.get_args(declared)
        inner = (typing.get_args(element) or (element,))[0]  # Input[X] is a union that X begins
        return [bad for one in given_inputs for bad in faults_in(one, inner, f"{path}[]")]
    if not isinstance(given_inputs, dict) or not _types.is_input_type(declared):
        return []
    properties = _types.input_type_types(declared)
    wrong = [f"{path}.{key} is unknown" for key in given_inputs if key not in properties]
    wrong += [f"{path}.{key} is missing" for key in required(declared) if key not in given_inputs]
    for key, value in given_inputs.items():
        if key in properties:
            wrong += faults_in(value, properties[key], f"{path}.{key}")
    return wrong


def required(declared: type) -> list[str]:
    """Names of the properties an input type cannot do without."""
    names = _types.input_type_py_to_pulumi_names(declared)
    parameters = inspect.signature(declared.__init__).parameters.values()
    return [
        names[parameter.name]
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.name in names
    ]


def test_every_input_is_one_the_sdk_declares(richest: Any, systems: Any) -> None:
    """No nested key is misspelt or forgotten: a typo in a dict would be passed on in silence."""
    resources = [*richest.custom, *systems["kinesis-data-3"].custom]
    wrong = [
        bad for one in resources for bad in faults_in(one.inputs, sdk_arguments(one.type), one.type)
    ]
    assert wrong == []


def test_a_misspelt_nested_key_is_noticed() -> None:
    """The walk above goes into lists and nested inputs."""
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    inputs = {"rules": [{"applyServerSideEncryptionByDefaults": {}}]}
    assert faults_in(inputs, sdk_arguments(type_), "x") == [
        "x.bucket is missing",
        "x.rules[].applyServerSideEncryptionByDefaults is unknown",
    ]


def test_the_programs_make_exactly_the_listed_resource_types(richest: Any, systems: Any) -> None:
    """The list a provider goes by is complete and holds nothing that nobody makes."""
    made = {one.type for one in richest.custom} | {
        one.type for system in systems.values() for one in system.custom
    }
    assert made == set(RESOURCE_TYPES)


def test_every_taggable_resource_carries_the_tags(recordings: Any) -> None:
    """Environment, component, manager and name stand on everything that can carry tags."""
    for environment, recording in recordings.items():
        for one in recording.custom:
            if "tags" in _types.input_type_types(sdk_arguments(one.type)):
                tags = one.inputs.get("tags", {})
                assert tags.get("videoctl:environment") == environment, one.urn
                assert tags.get("videoctl:managed-by") == "pulumi", one.urn
                assert tags.get("videoctl:component"), one.urn
                assert tags.get("Name"), one.urn


def test_name_tags_tell_resources_of_a_type_apart(richest: Any) -> None:
    """What AWS gives random ids can be found by its Name tag: unique by type and region."""
    named = Counter(
        (one.type, one.region, one.inputs["tags"]["Name"])
        for one in richest.custom
        if "tags" in one.inputs
    )
    assert [key for key, count in named.items() if count > 1] == []


def test_every_resource_has_an_explicit_name(richest: Any, systems: Any) -> None:
    """Nothing is named at random: a crashed create finds again what it made."""
    for one in [*richest.custom, *systems["kinesis-data-3"].custom]:
        kind = one.type.rpartition(":")[2]
        if kind in UNNAMED or one.type in UNNAMED:
            continue
        name_tag = one.inputs.get("tags", {}).get("Name")
        assert any(one.inputs.get(key) for key in NAME_PROPERTIES) or name_tag, one.urn
        assert "namePrefix" not in one.inputs
        assert "bucketPrefix" not in one.inputs


def test_names_keep_to_the_limits_of_aws(richest: Any, systems: Any) -> None:
    """The longest environment name still fits everywhere."""
    for one in [*richest.custom, *systems["kinesis-data-3"].custom]:
        limit = LIMITS.get(one.type.rpartition(":")[2])
        names = [one.inputs[key] for key in NAME_PROPERTIES if key in one.inputs]
        if limit and names:
            assert all(len(name) <= limit for name in names), one.urn
    for bucket in richest.all("Bucket"):
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket.inputs["bucket"])
    for tagged in richest.custom:
        for value in tagged.inputs.get("tags", {}).values():
            assert re.fullmatch(r"[\w .:/=+\-@]{1,256}", value), tagged.urn


def test_every_log_group_forgets(recordings: Any) -> None:
    """Log groups have a retention and a key."""
    groups = [one for recording in recordings.values() for one in recording.all("LogGroup")]
    assert groups
    for group in groups:
        assert group.inputs["retentionInDays"] in {30, 365}
        assert group.inputs["kmsKeyId"].startswith("arn:aws:kms:")


def test_everything_regional_names_its_region(richest: Any) -> None:
    """One provider serves both regions, so a forgotten region would mean us-east-1."""
    for one in richest.custom:
        if "region" in _types.input_type_types(sdk_arguments(one.type)):
            assert one.inputs.get("region") in set(WEST), one.urn


def test_resources_belong_to_components(richest: Any) -> None:
    """Every AWS resource is the child of a component of its own region."""
    parents = {one.urn: one for one in richest.resources}
    for one in richest.custom:
        assert not parents[one.parent].is_custom


def test_the_provider_is_tied_to_the_account(richest: Any) -> None:
    """Credentials of another account are refused before anything is made."""
    (provider,) = (one for one in richest.resources if one.type == "pulumi:providers:aws")
    assert provider.inputs["region"] == "us-east-1"
    assert provider.inputs["allowedAccountIds"] == '["123456789012"]'


def shape(recording: Any, region: str | None = "us-east-1") -> dict[str, Any]:
    """Resources by logical name, without those of the other region."""
    return {
        one.urn: (one.inputs, one.protect, one.ignore_changes)
        for one in recording.custom
        if one.region in {None, region}
    }


def logical_name(urn: str) -> str:
    """The name that a program gives a resource."""
    return urn.partition("::")[2]


def in_the_east(resources: dict[str, Any], region: str) -> dict[str, Any]:
    """A region's own resources as they would be in us-east-1, without those of the pair."""
    own = {
        urn: made
        for urn, made in resources.items()
        if logical_name(urn).startswith(f"{region}-") and "-to-us-" not in urn
    }
    text = json.dumps(own, default=str, sort_keys=True)
    east: dict[str, Any] = json.loads(text.replace("us-west-2", "us-east-1"))
    return east


@pytest.mark.slow
@SLOW
@given(data=st.data())
def test_one_region_or_two_is_only_a_value(data: Any, specifications: Any, record: Any) -> None:
    """A second region adds its own resources and the pair's, and changes nothing of the first."""
    drawn = data.draw(specifications)
    one, two = (record(dataclasses.replace(drawn, regions=regions)) for regions in (EAST, WEST))
    east, both = shape(one), shape(two)
    pair = {urn for urn in both if urn not in east}
    pair_names = {logical_name(urn) for urn in pair}
    assert all(re.match(r"us-(east-1-to-us-west-2|west-2)", name) for name in pair_names)
    assert {urn: both[urn] for urn in east} == east
    west = {
        urn.replace("us-west-2", "us-east-1")
        for urn in shape(two, "us-west-2")
        if "-to-us-" not in urn
    }
    assert west <= set(east)
    assert {urn for urn in set(east) - west if "us-east-1" in urn} == set(), (
        "the west lacks something the east has"
    )
    shared = {logical_name(urn) for urn in both if not logical_name(urn).startswith("us-")}
    assert all(re.match(r"(aws|front-door|grafana)\b", name) for name in shared), (
        "what belongs to neither side is the environment's front door and its Grafana"
    )
    sides = [in_the_east(shape(two, region), region) for region in ("us-east-1", "us-west-2")]
    assert sides[0]
    assert sides[0] == sides[1], "the two sides differ in more than their region"


@pytest.mark.parametrize(
    ("environment", "component"),
    [
        ("dev", "VideoEnvironment"),
        ("prod", "VideoEnvironment"),
        ("datamart", "DatamartEastOnly"),
        ("slowprod", "SlowProdEastOnly"),
        ("loadtest", "SlowProdEastOnly"),
    ],
)
def test_environments_are_built_from_their_module(
    recordings: Any, environment: str, component: str
) -> None:
    """Each environment has the one top component the mission names for it."""
    found = recordings[environment].components()
    tops = {component_class.__name__ for component_class in ENVIRONMENT_CLASSES.values()}
    assert found & tops == {component}


@pytest.mark.slow
def test_a_change_of_regions_or_kind_renames_nothing(record: Any, make_specification: Any) -> None:
    """Top components know their other types, so that a second region replaces no resource."""
    for kind, regions in (("slow-production", EAST), ("data-mart", EAST), ("production", WEST)):
        recording = record(make_specification(kind=kind, regions=regions))
        tops = [one for one in recording.resources if one.aliases and not one.is_custom]
        assert len(tops) == 2
        for top in tops:
            assert len(top.aliases) == 2
            assert len({top.type, *top.aliases}) == 3


def test_the_stack_gives_out_what_names_cannot_tell(richest: Any) -> None:
    """Accelerator, endpoint groups and load balancers are exported, by region; Grafana's host."""
    assert set(richest.outputs) == {
        "accelerator_arn", "accelerator_dns_name", "endpoint_groups", "grafana_endpoint",
        "load_balancers",
    }  # fmt: skip
    assert set(richest.outputs["endpoint_groups"]) == set(WEST)
    assert set(richest.outputs["load_balancers"]["us-west-2"]) == {"arn", "dns_name"}


def test_half_a_certificate_is_refused(record: Any, make_specification: Any) -> None:
    """With a certificate in one region of two, the program says which one is missing."""
    with pytest.raises(ConfigurationError, match="none for us-west-2"):
        record(make_specification(), certificate_arns={Region.US_EAST_1: "arn:aws:acm:x"})
