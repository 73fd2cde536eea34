"""Break-glass: the same program under a plain `pulumi`, when videoctl itself cannot be used.

The stack's name is the environment's. In this directory, logged in to the environment's state:

    pulumi config set account_id 123456789012
    pulumi config set flink_code /path/to/agg.zip
    pulumi config set session_function /path/to/kds_timestream_buf_sess.zip
    pulumi config set --path certificate_arns.us-east-1 arn:aws:acm:...
    pulumi preview

The zips are those under `artifacts/` in videoctl's home. Needs the released Pulumi with its Python
language plugin; run state (dial, tasks, Flink) stays as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pulumi

from stacks.program_input import ProgramInput
from stacks.programs import environment
from videoctl.model.regions import Region
from videoctl.model.specification_file import parse_specification

ENVIRONMENTS: Final = Path(__file__).parent / "environments"


def program_input(stack: str, config: pulumi.Config) -> ProgramInput:
    """The program's input from a stack's name and configuration."""
    file = ENVIRONMENTS / f"{stack}.toml"
    certificates = config.get_object("certificate_arns") or {}
    return ProgramInput(
        specification=parse_specification(file.read_text("utf-8"), file=file.name, name=stack),
        account_id=config.require("account_id"),
        artifacts={name: Path(config.require(name)) for name in ("flink_code", "session_function")},
        certificate_arns={Region(region): arn for region, arn in certificates.items()},
        images=config.get_object("images") or {},
    )


if __name__ == "__main__":
    environment(program_input(pulumi.get_stack(), pulumi.Config()))
