"""From a request's bytes to the items in it: decompression within bounds, array or NDJSON."""

from __future__ import annotations

import re
import zlib
from typing import Any, Final

import msgspec

_GZIP: Final = zlib.MAX_WBITS | 16
_MAX_GZIP_MEMBERS: Final = 16
"""A file has one; thousands of tiny ones would cost more time than they hold bytes."""
_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"?'
_IN_ARRAY: Final = re.compile(rb'(?:[^"\[\]{},]++|' + _STRING + rb")*+([\[\]{},])", re.DOTALL)
_IN_ELEMENT: Final = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+([\[\]{}])", re.DOTALL)
"""Up to the next mark outside strings; within an element commas do not matter."""
_MARKS_PER_ITEM: Final = 10
"""Braces and brackets, or lines, that an event may have on average."""
_BLANK: Final = b" \t\r\n"
_list_decoder: Final = msgspec.json.Decoder(list[Any])
_decoder: Final = msgspec.json.Decoder()


class BodyError(Exception):
    """The body as a whole cannot be used.

    Attributes:
        status: HTTP status to answer with.
        reason: stable word for machines.

    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Inflater:
    """Gzip decompression, chunk by chunk, that stops as soon as the limit is passed."""

    def __init__(self, max_decoded_bytes: int) -> None:
        self._room = max_decoded_bytes
        self._limit = max_decoded_bytes
        self._stream = zlib.decompressobj(_GZIP)
        self._members = 1

    def feed(self, chunk: bytes) -> bytes:
        """Decompressed bytes of this chunk; never more than the limit allows in all.

        Raises:
            BodyError: 413 past the limit, 400 for what is no gzip.

        """
        parts = []
        while chunk:
            if self._stream.eof:
                self._next_member()
            try:
                part = self._stream.decompress(chunk, self._room + 1)
            except zlib.error as error:
                raise BodyError(400, "malformed-gzip", f"not a gzip stream: {error}") from error
            self._room -= len(part)
            if self._room < 0:
                message = f"more than {self._limit} bytes after decompression"
                raise BodyError(413, "body-too-large", message)
            parts.append(part)
            chunk = self._stream.unconsumed_tail or self._stream.unused_data
        return b"".join(parts)

    def finish(self) -> None:
        """Make sure that the stream was complete.

        Raises:
            BodyError: 400 when it ended early.

        """
        if not self._stream.eof:
            raise BodyError(400, "malformed-gzip", "the gzip stream ends early")

    def _next_member(self) -> None:
        self._members += 1
        if self._members > _MAX_GZIP_MEMBERS:
            raise BodyError(400, "malformed-gzip", f"more than {_MAX_GZIP_MEMBERS} gzip members")
        self._stream = zlib.decompressobj(_GZIP)


def parse(body: bytes, content_type: str, max_items: int) -> list[Any] | list[bytes]:
    """The items of a body: parsed values, or JSON texts to be parsed one by one.

    Texts are given where some item may be malformed and the others shall not suffer for it
    (`is_texts` tells which).

    Raises:
        BodyError: 400 when the body is empty or has no items that can be told apart, 413 when it
            has more than `max_items`.

    """
    text = body.strip(_BLANK)
    if not text:
        raise BodyError(400, "empty-body", "the body is empty")
    # Millions of empty objects take twenty times the memory of their text, and seconds to split:
    # look before parsing.
    if sum(text.count(mark) for mark in (b"{", b"[")) > max_items * _MARKS_PER_ITEM:
        raise _too_many(max_items)
    items = _items(text, content_type, max_items)
    if len(items) > max_items:
        raise _too_many(max_items)
    return items


def _items(text: bytes, content_type: str, max_items: int) -> list[Any] | list[bytes]:
    if "ndjson" in content_type or "jsonl" in content_type or "json-lines" in content_type:
        return _lines(text, max_items)
    if text.startswith(b"["):
        return _array(text, max_items)
    try:
        return [_decoder.decode(text)]
    except (ValueError, RecursionError):
        lines = _lines(text, max_items)
        return lines if any(_is_object(line) for line in lines) else [text]


def is_texts(items: list[Any] | list[bytes]) -> bool:
    """Whether `parse` gave texts; parsed JSON never holds bytes."""
    return bool(items) and isinstance(items[0], bytes)


def split_array(text: bytes, max_items: int) -> list[bytes]:
    """Elements of a JSON array as texts, without looking into them; linear time, no recursion.

    Raises:
        BodyError: 400 when brackets do not match or a string does not end, 413 past `max_items`.

    """
    # A string that does not end swallows the rest of the text, and the array never closes.
    depth = 0
    position = start = 0
    elements: list[bytes] = []
    while match := (_IN_ELEMENT if depth > 1 else _IN_ARRAY).match(text, position):
        mark = match.group(1)
        position = match.end()
        depth += (mark in b"[{") - (mark in b"]}")
        if depth == 1 and mark in b"[{":
            start = position
        elif depth == 0 or (depth == 1 and mark == b","):
            elements.append(text[start : match.start(1)].strip(_BLANK))
            start = position
        if depth == 0:
            break
        if len(elements) > max_items:
            raise _too_many(max_items)
    if depth != 0 or text[position:].strip(_BLANK):
        raise _broken_array()
    return [] if elements == [b""] else elements


def _array(text: bytes, max_items: int) -> list[Any] | list[bytes]:
    try:
        items: list[Any] | list[bytes] = _list_decoder.decode(text)
    except (ValueError, RecursionError):
        items = split_array(text, max_items)
    if not items:
        raise BodyError(400, "empty-body", "the array is empty")
    return items


def _lines(text: bytes, max_items: int) -> list[bytes]:
    if text.count(b"\n") > max_items * _MARKS_PER_ITEM:
        raise _too_many(max_items)
    return [line for line in (line.strip(_BLANK) for line in text.split(b"\n")) if line]


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(_decoder.decode(text), dict)
    except (ValueError, RecursionError):
        return False


def _too_many(max_items: int) -> BodyError:
    return BodyError(413, "too-many-events", f"more than {max_items} events in one request")


def _broken_array() -> BodyError:
    return BodyError(400, "invalid-json", "the array is not complete, or its brackets do not match")
