"""The Pulumi programs, by name: what `videoctl.provisioning` runs inline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from stacks.components.region_side import EnvironmentArgs
from stacks.composition import environment_module
from stacks.kinesis_data.part3_objects_to_function import ObjectsToFunction, ObjectsToFunctionArgs
from stacks.modules.datamart_east_only import DatamartEastOnly
from stacks.modules.slow_prod_east_only import SlowProdEastOnly
from stacks.modules.video_env import VideoEnvironment

# At run time: the operation learns from a program's signature what it takes.
from stacks.program_input import ProgramInput, SystemInput  # noqa: TC001
from videoctl.errors import ConfigurationError, Fault
from videoctl.model.names import Names
from videoctl.model.regions import PRIMARY, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stacks.components.environment_topology import EnvironmentTopology
    from videoctl.model.specification import EnvironmentSpecification

ENVIRONMENT_CLASSES: Final[dict[str, Callable[..., EnvironmentTopology]]] = {
    "datamart_east_only": DatamartEastOnly,
    "slow_prod_east_only": SlowProdEastOnly,
    "video_env": VideoEnvironment,
}


def environment(program: ProgramInput) -> None:
    """Build one environment and export what its names cannot tell."""
    specification = program.specification
    _refuse_half_a_certificate(specification, program.certificate_arns)
    component = ENVIRONMENT_CLASSES[environment_module(specification)]
    args = EnvironmentArgs(
        specification=specification,
        names=Names(specification.name, program.account_id),
        certificate_arns=program.certificate_arns,
        images=program.images,
        artifacts=program.artifacts,
        lifts_protection=program.lifts_protection,
    )
    built = component(specification.name, args, _in_account(program.account_id))
    for name, output in built.outputs().items():
        pulumi.export(name, output)


def kinesis_data_3(program: SystemInput) -> None:
    """Stream > Firehose > bucket A; object created in A > Lambda > bucket B."""
    ObjectsToFunction(
        "kinesis-data-3",
        ObjectsToFunctionArgs(
            account_id=program.account_id,
            package=program.artifacts["object_copy_function"],
        ),
        _in_account(program.account_id),
    )


PROGRAMS: Final[dict[str, Callable[[ProgramInput], None]]] = {"environment": environment}
"""Programs of environments."""

SYSTEM_PROGRAMS: Final[dict[str, Callable[[SystemInput], None]]] = {
    "kinesis-data-3": kinesis_data_3
}
"""Programs of the other systems."""


def _in_account(account_id: str) -> pulumi.ResourceOptions:
    """One provider for both regions (each resource names its own), tied to one account."""
    provider = aws.Provider("aws", region=PRIMARY, allowed_account_ids=[account_id])
    return pulumi.ResourceOptions(provider=provider)


def _refuse_half_a_certificate(
    specification: EnvironmentSpecification, certificate_arns: Mapping[Region, str]
) -> None:
    """One accelerator listener serves all regions: HTTPS in all of them, or in none."""
    missing = [region for region in specification.regions if region not in certificate_arns]
    if certificate_arns and missing:
        regions = ", ".join(missing)
        raise ConfigurationError(
            f"environment {specification.name} has certificates, but none for {regions}",
            hint="set certificate_arns of the target for every region of the environment, or none",
            code="certificate-missing",
            details=tuple(
                Fault(key=f"certificate_arns.{region}", message="is missing") for region in missing
            ),
        )
