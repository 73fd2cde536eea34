"""What `aws.Provider(...)` may say, and what it refuses."""

from __future__ import annotations

import pytest

from sandbox.provider import configuration
from sandbox.provider.failures import ProviderError
from sandbox.provider.provider import Provider
from sandbox.provider.values import UNKNOWN


@pytest.fixture(autouse=True)
def _no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def test_nested_values_come_as_json() -> None:
    """The engine writes lists and objects of the configuration as JSON text."""
    found = configuration.parse(
        {
            "region": "us-west-2",
            "allowedAccountIds": '["111122223333"]',
            "defaultTags": '{"tags": {"a": "b"}}',
            "maxRetries": "3",
        }
    )
    assert found == configuration.Configuration(
        "us-west-2", ("111122223333",), (), {"a": "b"}, attempts=3
    )


def test_the_region_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_REGION where the program says nothing or does not know it yet."""
    assert configuration.faults({}) == [("region", "Missing region configuration")]
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert configuration.faults({"region": UNKNOWN}) == []
    assert configuration.parse({}).region == "us-east-1"


def test_what_would_be_ignored_is_refused() -> None:
    """Endpoints and keys come from AWS_* variables: a program that gives them is told so."""
    faults = configuration.faults({"region": "us-east-1", "accessKey": "x", "endpoints": "[]"})
    assert [name for name, _ in faults] == ["accessKey", "endpoints"]


@pytest.mark.parametrize(
    ("allowed", "forbidden", "refused"),
    [((), (), False), (("1",), (), False), (("2",), (), True), ((), ("1",), True)],
)
def test_the_account_is_held_against_both_lists(
    allowed: tuple[str, ...], forbidden: tuple[str, ...], refused: bool
) -> None:
    """One that is not allowed, or is forbidden, is refused by its number."""
    given = configuration.Configuration("us-east-1", allowed, forbidden)
    refusal = configuration.account_refusal(given, "1")
    assert refusal == ("AWS account ID not allowed: 1" if refused else None)


def test_no_credentials_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of AWS without credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ProviderError, match="No valid credential sources"):
        Provider().configure({"region": "us-east-1"})
