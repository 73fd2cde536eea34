"""The one recording mock: runs a program as the engine would and keeps what it asked for."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import strategies as st
from pulumi import FileAsset
from pulumi.runtime import mocks, rpc, stack
from pulumi.runtime import settings as pulumi_settings
from pulumi.runtime.proto import resource_pb2

from stacks.program_input import ProgramInput, SystemInput
from stacks.programs import PROGRAMS, SYSTEM_PROGRAMS
from videoctl.model import specification as model
from videoctl.model.regions import Region
from videoctl.model.specification_file import parse_specification

ACCOUNT = "123456789012"
ENVIRONMENTS = Path(__file__).parents[2] / "stacks" / "environments"


@dataclass(frozen=True)
class Recorded:
    """One resource a program registered."""

    type: str
    name: str
    inputs: dict[str, Any]
    is_custom: bool
    parent: str
    protect: bool
    ignore_changes: tuple[str, ...]
    dependencies: frozenset[str]
    aliases: tuple[str, ...]

    @property
    def urn(self) -> str:
        """The name other resources' dependencies and parents use for it."""
        return f"{self.type}::{self.name}"

    @property
    def region(self) -> str | None:
        """The region it asks for; None for what has none."""
        return self.inputs.get("region") or self.inputs.get("endpointGroupRegion")


@dataclass
class Recording:
    """Everything one run of a program registered."""

    resources: list[Recorded] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def custom(self) -> list[Recorded]:
        """Resources of AWS, without components and the provider."""
        return [one for one in self.resources if one.type.startswith("aws:")]

    def all(self, kind: str) -> list[Recorded]:
        """Resources of one type, given its last word, such as `LogGroup`."""
        return [one for one in self.custom if one.type.rpartition(":")[2] == kind]

    def one(self, name: str) -> Recorded:
        """The AWS resource with this logical name."""
        (found,) = (one for one in self.custom if one.name == name)
        return found

    def components(self) -> set[str]:
        """Class names of all components."""
        return {one.type.rpartition(":")[2] for one in self.resources if not one.is_custom}


class RecordingMonitor(mocks.MockMonitor):
    """Keeps the whole registration, options included, which plain mocks are not shown."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(NoLookups())
        self.recording = recording

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """A short URN: types and names are unique together in these programs."""
        del parent
        return f"{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        """Record one registration and answer as the provider would."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = {
            key: value.path if isinstance(value, FileAsset) else value
            for key, value in rpc.deserialize_properties(request.object).items()
        }
        self.recording.resources.append(
            Recorded(
                type=request.type,
                name=request.name,
                inputs=inputs,
                is_custom=request.custom,
                parent=request.parent,
                protect=request.protect,
                ignore_changes=tuple(request.ignoreChanges),
                dependencies=frozenset(request.dependencies),
                aliases=tuple(alias.spec.type for alias in request.aliases),
            )
        )
        answer = struct_pb2.Struct()
        answer.update(provider_outputs(request.type, request.name, inputs))
        id_ = f"id-of-{request.name}"
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=answer)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        """Record what the stack exports."""
        if request.urn.startswith("pulumi:pulumi:Stack"):
            self.recording.outputs = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)


class NoLookups(mocks.Mocks):
    """Programs look nothing up, and registrations are answered by the monitor itself."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        """No program may ask the provider anything: names say it all."""
        raise AssertionError(f"the program invokes {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        """No program may read a resource that it does not make."""
        raise AssertionError(f"the program reads {args.typ}")


def provider_outputs(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """What the provider says of a resource: inputs back, and ids and ARNs made from them."""
    region = inputs.get("region", "us-east-1")
    return {
        "keyId": f"key-of-{name}",
        "prefixListId": "pl-00000000",
        "endpoint": f"{name}.example",
        "dnsName": f"{name}.example",
        "uuid": f"uuid-of-{name}",
        "url": f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{inputs.get('name')}",
        "repositoryUrl": f"registry/{inputs.get('name')}",
        **inputs,
        "arn": _arn(type_, name, region, inputs),
    }


def _arn(type_: str, logical: str, region: str, inputs: dict[str, Any]) -> str:
    """An ARN of the form the type has; where policies do not name it, any is good."""
    name = inputs.get("name", logical)
    kind = type_.rpartition(":")[2]
    here = f"{region}:{ACCOUNT}"
    known = {
        "Bucket": f"arn:aws:s3:::{inputs.get('bucket')}",
        "Stream": f"arn:aws:kinesis:{here}:stream/{name}",
        "LogGroup": f"arn:aws:logs:{here}:log-group:{name}",
        "LogStream": (
            f"arn:aws:logs:{here}:log-group:{inputs.get('logGroupName')}:log-stream:{name}"
        ),
        "Key": f"arn:aws:kms:{here}:key/{logical}",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "Queue": f"arn:aws:sqs:{here}:{name}",
        "Topic": f"arn:aws:sns:{here}:{name}",
        "Function": f"arn:aws:lambda:{here}:function:{name}",
        "Table": (
            f"arn:aws:timestream:{here}:database/{inputs.get('databaseName')}"
            f"/table/{inputs.get('tableName')}"
        ),
        "LoadBalancer": f"arn:aws:elasticloadbalancing:{here}:loadbalancer/app/{name}/0",
    }
    return known.get(kind, f"arn:aws:{kind.lower()}:{here}:{name}")


def run_program(program: Callable[[], None]) -> Recording:
    """Run a program to its end in a stack of its own."""
    recording = Recording()

    async def body() -> None:
        mocks.set_mocks(NoLookups(), project="videoctl", monitor=RecordingMonitor(recording))
        pulumi_settings.set_root_resource(None)  # the mocks' own, which the program replaces
        await stack.run_pulumi_func(lambda: stack.Stack(program)._finish())

    asyncio.run(body())
    return recording


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Code packages: any bytes will do."""
    folder = tmp_path_factory.mktemp("artifacts")
    packages = {}
    for name in ("flink_code", "session_function", "object_copy_function"):
        packages[name] = folder / f"{name}.zip"
        packages[name].write_bytes(name.encode())
    return packages


@pytest.fixture(scope="session")
def record(artifacts: dict[str, Path]) -> Callable[..., Recording]:
    """Runs the environment program for a specification; keyword arguments as `ProgramInput`'s."""

    def run(specification: model.EnvironmentSpecification, **more: Any) -> Recording:
        program = ProgramInput(
            specification=specification, account_id=ACCOUNT, artifacts=artifacts, **more
        )
        return run_program(lambda: PROGRAMS["environment"](program))

    return run


@pytest.fixture(scope="session")
def shipped() -> dict[str, model.EnvironmentSpecification]:
    """The committed specifications, by name."""
    return {
        path.stem: parse_specification(path.read_text(), file=path.name, name=path.stem)
        for path in sorted(ENVIRONMENTS.glob("*.toml"))
    }


@pytest.fixture(scope="session")
def systems(artifacts: dict[str, Path]) -> dict[str, Recording]:
    """Recordings of the systems outside the environments, by name."""
    program = SystemInput(account_id=ACCOUNT, artifacts=artifacts)
    return {
        name: run_program(lambda build=build: build(program))
        for name, build in SYSTEM_PROGRAMS.items()
    }


@pytest.fixture(scope="session")
def recordings(
    record: Callable[..., Recording],
    shipped: dict[str, model.EnvironmentSpecification],
    systems: dict[str, Recording],
) -> dict[str, Recording]:
    """Recordings of every program that is shipped, by environment or system."""
    return {name: record(specification) for name, specification in shipped.items()} | systems


@pytest.fixture(scope="session")
def richest(record: Callable[..., Recording]) -> Recording:
    """One environment with everything: both regions, protected, all features, longest name."""
    return record(specification_with())


def specification_with(**changes: Any) -> model.EnvironmentSpecification:
    """A valid specification that asks for everything, with changes."""
    stream = model.StreamSpecification(mode=model.StreamMode.PROVISIONED, shards=2)
    bucket = model.BucketSpecification(infrequent_access_after_days=30, expire_after_days=400)
    whole = model.EnvironmentSpecification(
        name="longestname1",
        title="Everything",
        kind="production",
        regions=(Region.US_EAST_1, Region.US_WEST_2),
        traffic_class=model.TrafficClass.PRODUCTION,
        protected=True,
        streams=model.StreamsSpecification(raw=stream, session=stream, late=stream),
        buckets=model.BucketsSpecification(raw=bucket, session=bucket, late=bucket),
        limits=model.LimitsSpecification(budget_usd_per_month=100),
        flink=model.FlinkSpecification(parallelism=128),
        grafana=model.GrafanaSpecification(workspace=True),
        features=model.FeaturesSpecification(
            snowflake_topics=("raw", "session", "late"), load_test_source=True
        ),
    )
    return dataclasses.replace(whole, **changes)


@pytest.fixture(scope="session")
def make_specification() -> Callable[..., model.EnvironmentSpecification]:
    """Builds specifications; see `specification_with`."""
    return specification_with


_KINDS = ("raw", "session", "late")
_STREAMS = st.one_of(
    st.builds(
        model.StreamSpecification,
        mode=st.just(model.StreamMode.PROVISIONED),
        shards=st.integers(1, 128),
        retention_hours=st.integers(24, 8760),
        encryption=st.sampled_from(["kms", "aws"]),
    ),
    st.builds(
        model.StreamSpecification,
        mode=st.just(model.StreamMode.ON_DEMAND),
        retention_hours=st.integers(24, 8760),
        encryption=st.sampled_from(["kms", "aws"]),
    ),
)
_BUCKETS = st.builds(
    model.BucketSpecification,
    infrequent_access_after_days=st.none() | st.integers(30, 300),
    expire_after_days=st.none() | st.integers(301, 3650),
    noncurrent_expire_after_days=st.integers(1, 3650),
)
_FEATURES = st.builds(
    model.FeaturesSpecification,
    snowflake_topics=st.lists(st.sampled_from(_KINDS), unique=True).map(tuple),
    load_test_source=st.booleans(),
)
_NETWORKS = st.builds(
    model.NetworkSpecification,
    cidr=st.sampled_from(["10.40.0.0/16", "172.16.16.0/20", "192.168.0.0/18"]),
    availability_zones=st.integers(2, 3),
)


@st.composite
def _specifications(draw: st.DrawFn) -> model.EnvironmentSpecification:
    """Any valid specification, as far as the programs can tell them apart."""
    kind = draw(
        st.sampled_from(["development", "data-mart", "slow-production", "load-test", "production"])
    )
    is_production_traffic = kind in {"production", "slow-production"} or draw(st.booleans())
    buckets = (draw(_BUCKETS), draw(_BUCKETS), draw(_BUCKETS))
    streams = (draw(_STREAMS), draw(_STREAMS), draw(_STREAMS))
    return specification_with(
        name=draw(st.from_regex(r"[a-z][a-z0-9]{1,11}", fullmatch=True)),
        kind=kind,
        regions=draw(st.sampled_from([tuple(Region)[:1], tuple(Region)])),
        traffic_class=model.TrafficClass("production" if is_production_traffic else "development"),
        protected=kind == "production" or draw(st.booleans()),
        streams=model.StreamsSpecification(**dict(zip(_KINDS, streams, strict=True))),
        buckets=model.BucketsSpecification(**dict(zip(_KINDS, buckets, strict=True))),
        features=draw(_FEATURES),
        grafana=model.GrafanaSpecification(workspace=draw(st.booleans())),
        network=draw(_NETWORKS),
    )


@pytest.fixture(scope="session")
def specifications() -> st.SearchStrategy[model.EnvironmentSpecification]:
    """The strategy above, for tests that draw from it."""
    return _specifications()


@pytest.fixture(autouse=True)
def _no_program_left_running() -> Any:
    """Forget the mock monitor, so that no test meets another one's."""
    yield
    pulumi_settings.reset_options()
