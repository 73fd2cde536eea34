"""From bytes to items."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.http_handler.bodies import BodyError, Inflater, is_texts, parse, split_array

MAX_ITEMS = 1000
values = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\[]{},\n', max_size=8),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.text(alphabet='a"\\[', max_size=3), children, max_size=3)
    ),
    max_leaves=8,
)


def refusal(body: bytes, content_type: str = "") -> tuple[int, str]:
    """Status and reason of a body that is refused as a whole."""
    with pytest.raises(BodyError) as caught:
        parse(body, content_type, MAX_ITEMS)
    return caught.value.status, caught.value.reason


def inflate(body: bytes, limit: int, chunk_bytes: int) -> bytes:
    """Decompress in chunks of this size."""
    inflater = Inflater(limit)
    chunks = [body[start : start + chunk_bytes] for start in range(0, len(body), chunk_bytes)]
    decoded = b"".join(inflater.feed(chunk) for chunk in chunks)
    inflater.finish()
    return decoded


@given(st.lists(values, min_size=1, max_size=5), st.sampled_from([None, 1]))
def test_an_array_is_split_where_a_parser_would_split_it(items, indent):
    """Without looking into elements, the same elements are found."""
    text = json.dumps(items, indent=indent, ensure_ascii=False).encode()
    assert [json.loads(element) for element in split_array(text, MAX_ITEMS)] == items


@given(st.lists(values, min_size=1, max_size=5))
def test_lines_are_items(items):
    """NDJSON gives one item a line, with or without its content type."""
    text = "\n".join(json.dumps(item) for item in items).encode()
    found = parse(text, "application/x-ndjson", MAX_ITEMS)
    assert [json.loads(line) for line in found] == items


def test_lines_of_objects_need_no_content_type():
    """Several objects one a line are told apart from one object over several lines."""
    assert parse(b'{"a":1}\r\n\n{"b":2}\n', "", MAX_ITEMS) == [b'{"a":1}', b'{"b":2}']
    assert parse(b'{\n"a":1\n}', "", MAX_ITEMS) == [{"a": 1}]


def test_a_malformed_line_leaves_the_others_alone():
    """Also when it is the first."""
    assert parse(b'{bad\n{"b":2}', "", MAX_ITEMS) == [b"{bad", b'{"b":2}']


def test_a_malformed_object_is_one_item():
    """Its lines are not taken for events."""
    items = parse(b'{\n"a":1,\n"b"\n}', "", MAX_ITEMS)
    assert is_texts(items)
    assert len(items) == 1


def test_an_unreadable_element_leaves_the_others_alone():
    """A lone surrogate makes its own element unreadable only."""
    items = parse(b'[{"a":"\\ud800"},{"b":2}]', "", MAX_ITEMS)
    assert items == [b'{"a":"\\ud800"}', b'{"b":2}']


@pytest.mark.parametrize("body", [b"", b" \n ", b"[]", b" [ ] "])
def test_nothing_is_refused(body):
    """A body without events is answered 400."""
    assert refusal(body) == (400, "empty-body")


@pytest.mark.parametrize("body", [b"[", b"[1", b'["a]', b"[1]]", b"[1] [2]", b'[{"a":1}, {"b"'])
def test_a_broken_array_is_refused(body):
    """Where elements cannot be told apart, none is taken."""
    assert refusal(body) == (400, "invalid-json")


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * 500_000 + b"{}]",
        b"{}\n" * 1001,
        b"{}\n" * 30_000,
        b"[" + b"1," * 5000 + b"1]",
    ],
)
def test_too_many_events_are_refused(body):
    """Millions of tiny items are not even parsed."""
    assert refusal(body, "") == (413, "too-many-events")


@pytest.mark.parametrize("piece", [b'"\\', b'"', b"[", b"{", b'\\"', b'["', b",", b'"" ', b"[]"])
def test_hostile_punctuation_takes_little_time(piece):
    """Two megabytes of the nastiest punctuation take no more than a few plain parses of as much."""
    text = b"[" + piece * (2_000_000 // len(piece))
    plain = b"[" + b"1," * 1_000_000 + b"1]"
    began = time.process_time()
    json.loads(plain)
    parsed = time.process_time()
    with pytest.raises(BodyError):
        parse(text, "", 10_000)
    assert time.process_time() - parsed < 20 * (parsed - began)


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_gzip_is_inflated_chunk_by_chunk(body, chunk_bytes):
    """Whatever the chunks, also over several members."""
    sent = gzip.compress(body, mtime=0) + gzip.compress(b"more", mtime=0)
    assert inflate(sent, 10_000, chunk_bytes) == body + b"more"


def test_a_gzip_bomb_is_stopped_at_the_limit():
    """Of two hundred megabytes no more is made than the limit allows."""
    compressor = zlib.compressobj(wbits=31)
    zeros = b"\0" * 1_000_000
    bomb = b"".join(compressor.compress(zeros) for _ in range(200)) + compressor.flush()
    inflater = Inflater(100_000)
    tracemalloc.start()
    try:
        with pytest.raises(BodyError) as caught:
            inflater.feed(bomb)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.status == 413
    # What is left of the compressed 200 kB, and the 100 kB allowed.
    assert peak_bytes < 1_000_000


@pytest.mark.parametrize(
    "body",
    [
        b"no gzip",
        gzip.compress(b"x" * 100, mtime=0)[:-5],
        gzip.compress(b"x", mtime=0)[:-8] + b"\0" * 8,
        b"\x1f\x8b",
    ],
)
def test_malformed_gzip_is_refused(body):
    """What is no gzip, ends early or has the wrong checksum is answered 400."""
    with pytest.raises(BodyError) as caught:
        inflate(body, 1000, 1000)
    assert (caught.value.status, caught.value.reason) == (400, "malformed-gzip")


def test_thousands_of_gzip_members_are_refused():
    """They would cost time without holding bytes."""
    with pytest.raises(BodyError):
        inflate(gzip.compress(b"", mtime=0) * 1000, 1000, 65_536)
