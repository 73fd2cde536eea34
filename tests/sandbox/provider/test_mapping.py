"""The tables between the SDK's names and the API's."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.provider.mapping import (
    DOCUMENT,
    NUMBER_TEXT,
    SWITCH_TEXT,
    TAGS,
    TIMESTAMP,
    Field,
    declared,
    rules_of,
    to_members,
    to_properties,
    unsupported,
    with_defaults,
)

LOGGING = (Field("enabled", "Enabled", default=False), Field("group", "LogGroupName"))
TABLE = (
    Field("name", "Name"),
    Field("size", "Hints.SizeInMBs", default=5),
    Field("seconds", "Hints.IntervalInSeconds", default=300),
    Field("logging", "Logging", fields=LOGGING, default={"enabled": False}),
    Field("rules", "Rules", many=True, fields=(Field("id", "ID", adopted=True),)),
    Field("subnets", "Subnets", unordered=True),
    Field("policy", "Policy", document=True, codec=DOCUMENT),
    Field("keyId", "KeyId", adopted=True),
    Field("arn", "Arn", computed=True),
)


def test_nested_members_share_a_structure() -> None:
    """Dotted members of one structure end in one structure."""
    members = to_members(TABLE, {"size": 1, "seconds": 60, "rules": [{"id": "a"}]})
    assert members == {
        "Hints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        "Rules": [{"ID": "a"}],
    }


def test_members_and_properties_are_inverse() -> None:
    """What is sent is read back as it was given."""
    given = {"name": "raw", "size": 1, "logging": {"enabled": True, "group": "g"}, "rules": []}
    assert to_properties(TABLE, to_members(TABLE, given)) == given


def test_absent_is_not_false() -> None:
    """None is left out; False, zero and empty lists are sent."""
    members = to_members(TABLE, {"name": None, "size": 0, "logging": {"enabled": False}})
    assert members == {"Hints": {"SizeInMBs": 0}, "Logging": {"Enabled": False}}


def test_defaults_fill_nested_structures() -> None:
    """An update sends what AWS would take, so that removed settings go back to it."""
    filled = with_defaults(TABLE, {"name": "raw", "logging": {"group": "g"}})
    assert filled == {
        "name": "raw",
        "size": 5,
        "seconds": 300,
        "logging": {"group": "g", "enabled": False},
    }


def test_what_aws_takes_by_itself_is_not_declared() -> None:
    """Defaults and AWS's own choices are no inputs unless the program gave them."""
    current = {"name": "raw", "size": 5, "logging": {"enabled": False}, "keyId": "k", "arn": "a"}
    assert declared(TABLE, current, {"name": "raw"}) == {
        "name": "raw",
        "size": None,
        "seconds": None,
        "logging": None,
        "rules": None,
        "subnets": None,
        "policy": None,
        "keyId": None,
    }


def test_what_the_program_gave_is_declared_even_at_its_default() -> None:
    """A recorded input keeps being told, whatever its value."""
    recorded = {"name": "raw", "size": 9, "logging": {"enabled": True}, "keyId": "other"}
    current = {"name": "raw", "size": 5, "logging": {"enabled": False}, "keyId": "k"}
    found = declared(TABLE, current, recorded)
    assert (found["size"], found["logging"], found["keyId"]) == (5, {"enabled": False}, "k")


def test_a_change_from_a_default_is_drift() -> None:
    """What differs from AWS's default was set by somebody, though the program never gave it."""
    found = declared(TABLE, {"name": "raw", "seconds": 60}, {"name": "raw"})
    assert found["seconds"] == 60


def test_an_import_tells_what_aws_chose() -> None:
    """Without a recorded input AWS's own choices are told too, for the program to say them."""
    found = declared(TABLE, {"keyId": "k", "rules": [{"id": "a"}], "arn": "a"}, {})
    assert found["keyId"] == "k"
    assert found["rules"] == [{"id": "a"}]
    assert "arn" not in found


def test_an_item_added_by_hand_is_told_whole() -> None:
    """An item of a list beyond the recorded ones is shown with what AWS chose for it."""
    recorded = {"rules": [{}]}
    found = declared(TABLE, {"rules": [{"id": "a"}, {"id": "b"}]}, recorded)
    assert found["rules"] == [{}, {"id": "b"}]


def test_rules_follow_from_the_table() -> None:
    """Defaults, adopted inputs, unordered lists and documents are said once."""
    assert rules_of(TABLE) == {
        "defaults": {"size": 5, "seconds": 300, "logging": {"enabled": False}},
        "adopted": ("keyId",),
        "unordered": ("subnets",),
        "documents": ("policy",),
    }


def test_unknown_properties_are_named_with_their_path() -> None:
    """A nested property that would be dropped is found, also within lists."""
    given = {"logging": {"enabled": True, "colour": "red"}, "rules": [{"id": "a"}, {"age": 1}]}
    assert list(unsupported(TABLE, given)) == ["logging.colour", "rules.age"]


def test_values_are_written_as_the_api_takes_them() -> None:
    """Tags, times, JSON and the texts of attribute maps."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert TAGS.encode({"a": "b"}) == [{"Key": "a", "Value": "b"}]
    assert TAGS.decode([{"Key": "a", "Value": "b"}]) == {"a": "b"}
    assert TIMESTAMP.encode("2026-01-02T03:04:05Z") == moment
    assert TIMESTAMP.encode("2026-01-02") == datetime(2026, 1, 2, tzinfo=UTC)
    assert TIMESTAMP.decode(moment) == "2026-01-02T03:04:05Z"
    assert DOCUMENT.encode({"Version": "1"}) == '{"Version": "1"}'
    assert DOCUMENT.encode("text") == "text"
    assert (NUMBER_TEXT.encode(5), NUMBER_TEXT.decode("5")) == ("5", 5)
    assert (SWITCH_TEXT.encode(True), SWITCH_TEXT.decode("false")) == ("true", False)
