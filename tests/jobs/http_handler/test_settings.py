"""Settings of the containers."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from jobs.http_handler.settings import (
    HandlerSettings,
    SettingsError,
    SidecarSettings,
    read_settings,
)

README = Path(__file__).parents[3] / "jobs/http_handler/README.md"


def documented():
    """Default by variable and container, as the README's table has them."""
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| ([a-z-]+) \| ([^|]+) \|", README.read_text(), re.MULTILINE
    )
    return {(name, container): default.strip() for name, container, default in rows}


def declared():
    """The same, as the types have them."""
    found = {}
    handler, sidecar = (
        {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for kind in (HandlerSettings, SidecarSettings)
    )
    for name in handler | sidecar:
        field = handler.get(name) or sidecar[name]
        both = name in handler and name in sidecar
        container = "both" if both else "http-handler" if name in handler else "kpl-sidecar"
        default = "required" if field.required else str(field.default).lower()
        found[name, container] = default
    return found


def test_the_readme_has_every_variable_with_its_default():
    """The table and the types say the same."""
    assert documented() == declared()


def test_variables_are_read_with_their_types():
    """Numbers, words and switches come from text."""
    settings = read_settings(
        SidecarSettings,
        {
            "AWS_REGION": "us-west-2",
            "RAW_STREAM": "raw",
            "TICK_SECONDS": "2.5",
            "AGGREGATION_ENABLED": "false",
            "UNRELATED": "x",
        },
    )
    assert (settings.aws_region, settings.tick_seconds) == ("us-west-2", 2.5)
    assert settings.aggregation_enabled is False


def test_every_fault_is_named_at_once():
    """A missing variable, a word for a number and a number out of range, together."""
    with pytest.raises(SettingsError) as caught:
        read_settings(
            HandlerSettings,
            {"HTTP_HANDLER_PORT": "70000", "MAX_BODY_BYTES": "many", "HEALTH_FLAG_SECONDS": "-1"},
        )
    lines = str(caught.value).splitlines()
    named = {line.partition(":")[0].partition("=")[0] for line in lines}
    assert named == {"AWS_REGION", "HTTP_HANDLER_PORT", "MAX_BODY_BYTES", "HEALTH_FLAG_SECONDS"}
