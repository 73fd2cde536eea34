"""Reading the job's properties."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.agg.properties import (
    FILE_VARIABLE,
    KEYS,
    PropertyFaultsError,
    group_of,
    load,
    settings,
)

ARN = "arn:aws:kinesis:us-west-2:123456789012:stream/video-dev-"
GOOD = {
    "aws.region": "us-west-2",
    "raw.stream.arn": f"{ARN}raw",
    "session.stream.arn": f"{ARN}session",
    "late.stream.arn": f"{ARN}late",
}
README = Path(__file__).parents[3] / "jobs" / "agg" / "README.md"


def faults(properties: dict[str, str]) -> list[str]:
    """What is wrong with a property group."""
    with pytest.raises(PropertyFaultsError) as caught:
        settings(properties)
    return caught.value.faults


def test_what_is_not_given_has_its_default() -> None:
    """Streams and region are enough; the watermark stays thirty seconds behind the lateness."""
    found = settings({**GOOD, "allowed.lateness.seconds": "45"})
    assert found.bad_stream_arn is None
    assert found.allowed_lateness_seconds == 45
    assert found.watermark_delay_seconds == 75
    assert found.minute_retention_seconds == 600
    assert found.initial_position == "TRIM_HORIZON"
    assert found.endpoint_url is None


def test_every_fault_is_said_at_once() -> None:
    """One start shows all that has to be mended, each with key, value and what is allowed."""
    found = faults(
        {
            "aws.region": "eu-west-1",
            "raw.stream.arn": "video-dev-raw",
            "late.stream.arn": ARN.replace("us-west-2", "us-east-1") + "late",
            "allowed.lateness.seconds": "-1",
            "minute.retention.seconds": "90",
            "raw.stream.initial.position": "EARLIEST",
            "raw.streem.arn": "x",
        }
    )
    keys = [fault.split(" ")[0].rstrip(":") for fault in found]
    assert keys == [
        "aws.region",
        "allowed.lateness.seconds",
        "raw.stream.arn",
        "session.stream.arn",
        "raw.stream.initial.position",
        "minute.retention.seconds",
        "raw.streem.arn",
    ]
    assert "must be one of us-east-1, us-west-2" in found[0]


def test_a_stream_of_another_region_is_refused() -> None:
    """The job reads and writes in its own region only."""
    (fault,) = faults({**GOOD, "raw.stream.arn": GOOD["raw.stream.arn"].replace("west", "east")})
    assert "must be in aws.region = us-west-2" in fault


@pytest.mark.parametrize("delay", ["0", "29", "30"])
def test_the_watermark_has_to_stay_behind_the_allowed_lateness(delay: str) -> None:
    """Otherwise every minute would be written before its last events."""
    (fault,) = faults({**GOOD, "watermark.delay.seconds": delay})
    assert "must be more than allowed.lateness.seconds = 30" in fault


@pytest.mark.parametrize("value", ["", " 5", "5.0", "1e3", "٣", "9999999999"])
def test_only_plain_whole_numbers_count(value: str) -> None:
    """What Python would read is not what the service's users would write."""
    (fault,) = faults({**GOOD, "sink.buffer.ms": value})
    assert fault.startswith("sink.buffer.ms = ")


def test_the_file_is_named_by_the_environment(tmp_path: Path) -> None:
    """Outside the service APPLICATION_PROPERTIES_FILE stands for the service's own file."""
    file = tmp_path / "properties.json"
    groups = [
        {"PropertyGroupId": "other", "PropertyMap": {}},
        {"PropertyGroupId": "agg", "PropertyMap": GOOD},
    ]
    file.write_text(json.dumps(groups))
    environ = {FILE_VARIABLE: str(file), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert load(environ).endpoint_url == "http://127.0.0.1:1"
    narrower = {**environ, "AWS_ENDPOINT_URL_KINESIS": "http://127.0.0.1:2"}
    assert load(narrower).endpoint_url == "http://127.0.0.1:2"


def test_a_file_that_cannot_be_read_is_one_clear_fault(tmp_path: Path) -> None:
    """It names the file and the way to name another."""
    with pytest.raises(PropertyFaultsError, match=FILE_VARIABLE):
        load({FILE_VARIABLE: str(tmp_path / "none")})
    (tmp_path / "broken").write_text("{")
    with pytest.raises(PropertyFaultsError, match="no JSON"):
        load({FILE_VARIABLE: str(tmp_path / "broken")})


@pytest.mark.parametrize(
    "groups", [None, {}, [], [{"PropertyGroupId": "agg", "PropertyMap": {"a": 1}}], ["agg"]]
)
def test_a_missing_or_odd_group_is_refused(groups: object) -> None:
    """The form is the service's own."""
    with pytest.raises(PropertyFaultsError, match="group agg"):
        group_of(groups)


def test_every_property_stands_in_the_readme() -> None:
    """The table of properties is complete."""
    text = README.read_text()
    assert [key for key in sorted(KEYS) if f"`{key}`" not in text] == []
