"""The catalogue of modules: what there is, and which environments and systems use it.

Read from the sources and the specifications themselves, without importing Pulumi: a module's name
stands in its component's docstring, and who uses it follows from the imports.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stacks.composition import OPTIONAL_MODULES, SYSTEM_SOURCES, environment_module
from videoctl.model.specification_file import parse_specification

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from videoctl.model.specification import EnvironmentSpecification

_PACKAGE: Final = "stacks"
_MODULES: Final = f"{_PACKAGE}.modules"
_ROOT: Final = Path(__file__).parent
_COUNTERPART: Final = re.compile(r"Counterpart of the `([\w-]+)` Terraform module\.")

RESOURCE_TYPES: Final = tuple(
    f"aws:{token}"
    for token in (
        "cloudwatch/logGroup:LogGroup",
        "cloudwatch/logStream:LogStream",
        "ec2/internetGateway:InternetGateway",
        "ec2/routeTable:RouteTable",
        "ec2/routeTableAssociation:RouteTableAssociation",
        "ec2/securityGroup:SecurityGroup",
        "ec2/subnet:Subnet",
        "ec2/vpc:Vpc",
        "ec2/vpcEndpoint:VpcEndpoint",
        "ecr/lifecyclePolicy:LifecyclePolicy",
        "ecr/repository:Repository",
        "ecs/cluster:Cluster",
        "ecs/service:Service",
        "ecs/taskDefinition:TaskDefinition",
        "globalaccelerator/accelerator:Accelerator",
        "globalaccelerator/endpointGroup:EndpointGroup",
        "globalaccelerator/listener:Listener",
        "grafana/workspace:Workspace",
        "iam/role:Role",
        "iam/rolePolicy:RolePolicy",
        "kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        "kinesis/stream:Stream",
        "kinesis/streamConsumer:StreamConsumer",
        "kinesisanalyticsv2/application:Application",
        "kms/alias:Alias",
        "kms/key:Key",
        "lambda/eventSourceMapping:EventSourceMapping",
        "lambda/function:Function",
        "lambda/permission:Permission",
        "lb/listener:Listener",
        "lb/loadBalancer:LoadBalancer",
        "lb/targetGroup:TargetGroup",
        "s3/bucket:Bucket",
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "s3/bucketNotification:BucketNotification",
        "s3/bucketObjectv2:BucketObjectv2",
        "s3/bucketOwnershipControls:BucketOwnershipControls",
        "s3/bucketPolicy:BucketPolicy",
        "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "s3/bucketReplicationConfig:BucketReplicationConfig",
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "s3/bucketVersioning:BucketVersioning",
        "sns/topic:Topic",
        "sns/topicPolicy:TopicPolicy",
        "sqs/queue:Queue",
        "sqs/queuePolicy:QueuePolicy",
        "timestreamwrite/database:Database",
        "timestreamwrite/table:Table",
        "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    )
)
"""Every AWS resource type the programs make: what a provider must know to run them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleRow:
    """One module of the catalogue.

    Attributes:
        module: its name, as the predecessor's Terraform called it, such as `ondemand-kds`.
        component: path of its component class, such as
            `stacks.modules.ondemand_kds.OnDemandDataStream`.
        used_by: names of the environments and systems that contain it, sorted.

    """

    module: str
    component: str
    used_by: tuple[str, ...]


def modules() -> tuple[ModuleRow, ...]:
    """All modules by name, with their use in the environments and systems that are shipped."""
    used = {specification.name: modules_of(specification) for specification in _shipped()}
    used |= {system: frozenset(_reachable(source)) for system, source in SYSTEM_SOURCES.items()}
    rows = []
    for source in sorted((_ROOT / "modules").glob("[!_]*.py")):
        module, component = _component(source)
        users = sorted(user for user, contained in used.items() if source.stem in contained)
        path = f"{_MODULES}.{source.stem}.{component}"
        rows.append(ModuleRow(module=module, component=path, used_by=tuple(users)))
    return tuple(sorted(rows, key=lambda row: row.module))


def modules_of(specification: EnvironmentSpecification) -> frozenset[str]:
    """File names in `stacks/modules`, without suffix, that one environment contains."""
    unwanted = {
        module for module, is_wanted in OPTIONAL_MODULES.items() if not is_wanted(specification)
    }
    root = environment_module(specification)
    return frozenset({root, *_reachable(f"{_MODULES}.{root}")} - unwanted)


def _shipped() -> Iterator[EnvironmentSpecification]:
    folder = resources.files(f"{_PACKAGE}.environments")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            name = file.name.removesuffix(".toml")
            yield parse_specification(file.read_text("utf-8"), file=file.name, name=name)


def _component(source: Path) -> tuple[str, str]:
    """The Terraform module's name and the component class of one source file."""
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            counterpart = _COUNTERPART.match(ast.get_docstring(node) or "")
            if counterpart:
                return counterpart[1], node.name
    raise LookupError(f"{source} says of no class which module it is the counterpart of")


def _reachable(root: str) -> set[str]:
    """Modules that a Python module imports at run time, directly or through others."""
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _imports(name)
    prefix = f"{_MODULES}."
    return {name.removeprefix(prefix) for name in seen - {root} if name.startswith(prefix)}


def _imports(name: str) -> Iterable[str]:
    source = _ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py")
    if not source.exists():
        return []
    statements = ast.parse(source.read_text("utf-8")).body
    found = (node.module for node in statements if isinstance(node, ast.ImportFrom))
    return [module for module in found if module and module.startswith(f"{_PACKAGE}.")]
