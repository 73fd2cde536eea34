"""Environment specifications as text: parsing with faults, and the JSON Schema."""

from __future__ import annotations

from typing import Any, Final

from videoctl.errors import Fault
from videoctl.model.specification import EnvironmentSpecification
from videoctl.model.toml_document import TomlDocument, shown

SPECIFICATION: Final = TomlDocument(
    EnvironmentSpecification,
    code="specification-invalid",
    reference="docs/schemas/environment-specification.json",
)
"""The kind of file `stacks/environments/*.toml` are."""


def specification_schema() -> dict[str, Any]:
    """The JSON Schema of an environment specification, for editors and for `docs/schemas`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "videoctl/environment-specification/v1",
        **SPECIFICATION.adapter.json_schema(),
    }


def parse_specification(text: str, *, file: str, name: str) -> EnvironmentSpecification:
    """Read one specification.

    Args:
        text: the TOML text.
        file: where it came from, for faults.
        name: the name the file is known by; the text must give the same.

    Raises:
        ConfigurationError: with one `Fault` for everything that is wrong.

    """
    given = SPECIFICATION.read(text, file=file).get("name", name)
    misnamed = Fault(key="name", message=f"is {shown(given)}, but the file is named {name!r}")
    extra = (misnamed,) if given != name else ()
    return SPECIFICATION.parse(text, file=file, extra_faults=extra)
