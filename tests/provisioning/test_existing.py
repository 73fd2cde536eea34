"""Creates whose answer was lost: what is ours is taken over, what is not is left alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.provisioning.conftest import ToyTarget
from tests.provisioning.toy.programs import Things
from videoctl.errors import FailedError
from videoctl.model.names import ENVIRONMENT_TAG
from videoctl.provisioning import recovery
from videoctl.provisioning.events import Diagnostic, Resource, ResourceFailed
from videoctl.provisioning.existing import FailedCreates

INPUT = Things(things={"a": "1", "b": "1"}, random=("r",))
engine = pytest.mark.engine


@pytest.fixture(autouse=True)
def _no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "SETTLE_SECONDS", 0.1)


def ids(toy: ToyTarget) -> set[str | None]:
    """Ids of the toys in the state."""
    state = toy.gateway().state("dev")
    return {item.id for item in state.resources if item.type.startswith("toy:")}


@engine
@pytest.mark.timeout(300)
def test_a_create_whose_answer_was_lost_is_taken_over_by_the_same_update(toy: ToyTarget) -> None:
    """Made, but told as "already exists": one update ends well, with each made once."""
    toy.cloud.control(lost=["a", "r"])
    result = toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    taken = {item.urn.rsplit("::", 1)[-1] for item in result.recovery.adopted}
    assert taken == {"a", "r"}
    assert ids(toy) == set(toy.cloud.resources())
    assert sorted(toy.cloud.calls("create")) == ["a", "b", "r"]
    assert any("a is there already and is dev's" in line for line in toy.said)
    assert toy.gateway().state("dev").fingerprint == "f"
    assert toy.gateway().update("dev", "things", INPUT, fingerprint="f").changed == 0


@engine
@pytest.mark.timeout(300)
def test_a_lost_create_of_an_earlier_run_is_taken_over_by_the_next(toy: ToyTarget) -> None:
    """A run that ended before it could take over leaves no trace of it; the next one needs none."""
    (toy.cloud.directory / "a.resource").write_text(
        json.dumps({"name": "a", "size": "0", "region": "us-east-1"})
    )
    result = toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert [item.id for item in result.recovery.adopted] == ["a"]
    assert ids(toy) == set(toy.cloud.resources())
    assert toy.cloud.resources()["a"]["size"] == "1"
    toy.gateway().destroy("dev")
    assert toy.cloud.resources() == {}


@engine
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("tags", "whose"),
    [
        ({ENVIRONMENT_TAG: "prod"}, f"environment prod's ({ENVIRONMENT_TAG}=prod)"),
        ({"team": "ads"}, f"it has no tag {ENVIRONMENT_TAG} (team=ads)"),
    ],
)
def test_what_is_not_ours_is_refused_with_its_owner(
    toy: ToyTarget, tags: dict[str, str], whose: str
) -> None:
    """It stays as it is, in the cloud and out of the state; the error says whose and what to do."""
    theirs = {"name": "a", "size": "9", "region": "us-east-1"}
    (toy.cloud.directory / "a.resource").write_text(json.dumps(theirs))
    toy.cloud.owners["a"] = tags
    with pytest.raises(FailedError) as refused:
        toy.gateway().update("dev", "things", INPUT, fingerprint="f")
    assert refused.value.code == "resource-not-ours"
    assert whose in refused.value.message
    assert f"{ENVIRONMENT_TAG}=dev" in str(refused.value.hint)
    assert "a" not in ids(toy)
    toy.gateway().destroy("dev")
    assert toy.cloud.resources() == {"a": theirs}


def failed(name: str, op: str = "create", **more: Any) -> ResourceFailed:
    """A failed step."""
    resource = Resource(urn=f"urn:{name}", type="toy:index:Thing", name=name, region=None)
    return ResourceFailed(resource=resource, op=op, seconds=1.0, **more)


def test_only_creates_that_were_refused_as_there_already_are_looked_for() -> None:
    """Another failure, another operation, or another resource's words do not count."""
    listener = FailedCreates()
    for event in (
        failed("there", declared={"urn": "urn:there"}),
        failed("denied", declared={"urn": "urn:denied"}),
        failed("updated", op="update"),
        Diagnostic(severity="error", urn="urn:there", message="RoleAlreadyExists: it is"),
        Diagnostic(severity="error", urn="urn:denied", message="AccessDenied"),
        Diagnostic(severity="warning", urn="urn:denied", message="already exists"),
        Diagnostic(severity="error", urn="urn:updated", message="already exists"),
        Diagnostic(severity="error", urn=None, message="already exists"),
    ):
        listener.take(event)
    assert listener.existing() == {"urn:there": {"urn": "urn:there"}}
