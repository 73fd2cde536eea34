"""What a refresh takes for drift."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.provider.drift import imported, refreshed
from sandbox.provider.framework import Rules

RULES = Rules(adopted=("zone",), unordered=("rules",), documents=("policy",))


@pytest.mark.parametrize(
    ("recorded", "found", "state", "expected"),
    [
        # What the program gave follows AWS.
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": None}, {"a": 1}, {}),
        # What AWS does not tell stays.
        ({"a": 1}, {}, {"a": 1}, {"a": 1}),
        # What means the same stays as the program wrote it.
        ({"policy": '{"a":1}'}, {"policy": '{ "a": 1 }'}, {}, {"policy": '{"a":1}'}),
        # What the program never gave is drift when it moved since the last update.
        ({}, {"b": 1}, {"b": 1}, {}),
        ({}, {"b": 2}, {"b": 1}, {"b": 2}),
        ({}, {"zone": "b"}, {"zone": "a"}, {}),
        # The same one level down.
        ({"c": {"x": 1}}, {"c": {"x": 1, "y": 2}}, {"c": {"x": 1, "y": 2}}, {"c": {"x": 1}}),
        (
            {"c": {"x": 1}},
            {"c": {"x": 1, "y": 3}},
            {"c": {"x": 1, "y": 2}},
            {"c": {"x": 1, "y": 3}},
        ),
        (
            {"c": [{"x": 1}]},
            {"c": [{"x": 5, "y": 2}]},
            {"c": [{"x": 1, "y": 2}]},
            {"c": [{"x": 5}]},
        ),
        # A list that grew is taken whole.
        ({"c": [1]}, {"c": [1, 2]}, {"c": [1]}, {"c": [1, 2]}),
        # In a list without order, items are paired by likeness.
        (
            {"rules": [{"n": 1, "w": 5}, {"n": 2, "w": 6}]},
            {"rules": [{"n": 2, "w": 9, "d": 0}, {"n": 1, "w": 5, "d": 0}]},
            {"rules": [{"n": 2, "w": 6, "d": 0}, {"n": 1, "w": 5, "d": 0}]},
            {"rules": [{"n": 1, "w": 5}, {"n": 2, "w": 9}]},
        ),
    ],
)
def test_refreshed_inputs(
    recorded: dict[str, Any], found: dict[str, Any], state: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Drift, and nothing but drift, is in the refreshed inputs."""
    assert refreshed(RULES, found, recorded=recorded, state=state) == expected


def test_an_import_takes_what_is_set() -> None:
    """Empty values are what AWS answers for things nobody set."""
    assert imported({"a": 1, "b": "", "c": [], "d": {}, "e": None, "f": False}) == {
        "a": 1,
        "f": False,
    }
