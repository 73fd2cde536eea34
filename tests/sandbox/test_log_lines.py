"""Tests of following log files."""

from __future__ import annotations

from pathlib import Path

from sandbox.log_lines import LineFollower, batches


def test_whole_lines_once(tmp_path: Path) -> None:
    """A line comes when it is whole, and comes once; a file that is not there has none."""
    path = tmp_path / "a.log"
    follower = LineFollower(path)
    assert follower.take() == []
    with path.open("ab", buffering=0) as file:
        file.write(b"one\n\ntw")
        assert follower.take() == [b"one"]
        file.write(b"o\n")
        assert follower.take() == [b"two"]
    assert follower.take() == []
    follower.close()


def test_a_rotated_file_is_read_to_its_end(tmp_path: Path) -> None:
    """What was written before the rotation is not lost."""
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n")
    follower = LineFollower(path)
    assert follower.take() == [b"one"]
    with path.open("ab") as file:
        file.write(b"two\n")
    path.rename(tmp_path / "a.log.1")
    path.write_bytes(b"three\n")
    assert follower.take() == [b"two"]
    assert follower.take() == [b"three"]
    follower.close()


def test_only_what_is_new(tmp_path: Path) -> None:
    """What was there before is left out where asked."""
    path = tmp_path / "a.log"
    path.write_bytes(b"old\n")
    follower = LineFollower(path, only_new=True)
    with path.open("ab") as file:
        file.write(b"new\n")
    assert follower.take() == [b"new"]
    follower.close()


def test_batches_hold_all_lines() -> None:
    """In order, none left out."""
    lines = [b"%d" % number for number in range(4500)]
    assert [line for batch in batches(lines) for line in batch] == lines
    assert max(map(len, batches(lines))) == 2000
