"""How a shard count is reached, and when it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.protocol.errors import ServiceError
from sandbox.services.kinesis import scaling

NOW = 1_700_000_000.0


@pytest.mark.parametrize("target", [1, 2, 3, 4])
def test_half_to_double_is_allowed(target: int) -> None:
    """From two shards, one to four."""
    scaling.check_shard_count(2, target, [], NOW)


@pytest.mark.parametrize(("current", "target", "said"), [(2, 5, "up over"), (4, 1, "down below")])
def test_more_than_double_and_less_than_half_are_refused(
    current: int, target: int, said: str
) -> None:
    """The refusal names the direction and both counts."""
    with pytest.raises(ServiceError, match=f"{said}.*count: {current} Target.*: {target}"):
        scaling.check_shard_count(current, target, [], NOW)


def test_ten_changes_of_the_shard_count_a_day() -> None:
    """The eleventh within 24 hours is refused; older ones no longer count."""
    scaling.check_shard_count(2, 4, [NOW - scaling.DAY_SECONDS] * 10, NOW)
    with pytest.raises(ServiceError, match="10 times in 24 hours"):
        scaling.check_shard_count(2, 4, [NOW - 1] * 10, NOW)


def test_shards_of_an_on_demand_stream_are_not_ours() -> None:
    """Resharding is refused in on-demand mode."""
    with pytest.raises(ServiceError, match="on-demand"):
        scaling.check_mode("ON_DEMAND")


@given(starts=st.sets(st.integers(1, scaling.HASH_KEYS - 1), max_size=12), target=st.integers(1, 9))
def test_any_shards_become_equal_ones(starts: set[int], target: int) -> None:
    """Splits and merges lead from whatever is open to so many equal ranges, each step possible."""
    have = {0, *starts}
    for step in scaling.uniform(sorted(have), target):
        if isinstance(step, scaling.Split):
            assert step.start in have
            assert not any(step.start < one <= step.at for one in have)
            have.add(step.at)
        else:
            assert step.start in have
            assert step.adjacent_start == min(one for one in have if one > step.start)
            have.remove(step.adjacent_start)
    assert sorted(have) == [index * (scaling.HASH_KEYS // target) for index in range(target)]
