"""Property values between the engine's structs and plain Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from sandbox.provider.values import (
    SIGNATURE_KEY,
    UNKNOWN,
    Asset,
    from_struct,
    has_unknown,
    to_struct,
)

PLAIN = st.recursive(
    st.booleans() | st.text() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), PLAIN, max_size=5))
def test_plain_values_survive_the_wire(properties: dict[str, object]) -> None:
    """Whatever a program can say arrives as it was said."""
    assert from_struct(Struct.FromString(to_struct(properties).SerializeToString())) == properties


def test_numbers_without_a_fraction_are_integers() -> None:
    """The wire knows doubles only; AWS wants a port as 80, not as 80.0."""
    found = from_struct(to_struct({"port": 80, "share": 0.5}))
    assert {name: repr(value) for name, value in found.items()} == {"port": "80", "share": "0.5"}


def test_absent_values_are_left_out() -> None:
    """None stands for absent, at the top and in objects."""
    assert from_struct(to_struct({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


@pytest.mark.parametrize(
    "marker",
    ["04da6b54-80e4-46f7-96ec-b56ff0331ba9", "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"],
)
def test_unknown_values_are_recognised(marker: str) -> None:
    """The engine's markers of all kinds become UNKNOWN, however deep."""
    found = from_struct(to_struct({"a": {"b": [marker]}}))
    assert found == {"a": {"b": [UNKNOWN]}}
    assert has_unknown(found)
    assert from_struct(to_struct(found)) == found


def test_assets_keep_their_hash_and_path(tmp_path: Path) -> None:
    """A file of the program can be read, and goes back to the engine as it came."""
    path = tmp_path / "code.zip"
    path.write_bytes(b"zip")
    asset = Asset("archive", hash="12ab", path=str(path))
    assert from_struct(to_struct({"code": asset})) == {"code": asset}
    assert asset.read_bytes() == b"zip"
    assert Asset("asset", text="hello").read_bytes() == b"hello"
    with pytest.raises(ValueError, match="only files and texts"):
        Asset("asset", uri="https://example.com/a").read_bytes()


def test_secrets_are_unwrapped() -> None:
    """A secret that the engine sends all the same is its value: the engine keeps the secret bit."""
    secret = {SIGNATURE_KEY: "1b47061264138c4ac30d75fd1eb44270", "value": "hidden"}
    assert from_struct(to_struct({"a": secret})) == {"a": "hidden"}


def test_what_is_no_property_value_is_refused() -> None:
    """A type that returned a botocore object by mistake fails loudly."""
    with pytest.raises(TypeError, match="object cannot be a property value"):
        to_struct({"a": object()})
