"""What programs are told. Apart from them, so that making it loads no SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from videoctl.model.regions import Region
from videoctl.model.specification import EnvironmentSpecification


@dataclass(frozen=True, kw_only=True)
class ProgramInput:
    """What an environment's program needs to know.

    Attributes:
        specification: the environment.
        account_id: the only account the provider may touch, twelve digits.
        certificate_arns: ACM certificate by region, for all regions or none.
        artifacts: `flink_code` and `session_function`: zips on this machine.
        images: `http_handler` and `kpl_sidecar`; absent: `latest` of the environment's own
            repositories.
        lifts_protection: nothing refuses to be deleted any more; what else a protected
            environment has (retention, the key's waiting time) stays as it is.

    """

    specification: EnvironmentSpecification
    account_id: str
    artifacts: Mapping[str, Path]
    certificate_arns: Mapping[Region, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    lifts_protection: bool = False


@dataclass(frozen=True, kw_only=True)
class SystemInput:
    """What the program of a system outside the environments needs to know.

    Attributes:
        account_id: the only account the provider may touch, twelve digits.
        artifacts: zips on this machine; `object_copy_function` for kinesis-data-3.

    """

    account_id: str
    artifacts: Mapping[str, Path]
