"""Java's date patterns, as far as prefixes of S3 objects use them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_NAMED_MONTH = 3
_SHORT_YEAR = 2

_NUMBERS: Final[dict[str, Callable[[datetime], int]]] = {
    "y": lambda moment: moment.year,
    "Y": lambda moment: moment.isocalendar().year,
    "w": lambda moment: moment.isocalendar().week,
    "M": lambda moment: moment.month,
    "d": lambda moment: moment.day,
    "D": lambda moment: moment.timetuple().tm_yday,
    "e": lambda moment: moment.isoweekday(),
    "H": lambda moment: moment.hour,
    "k": lambda moment: moment.hour or 24,
    "K": lambda moment: moment.hour % 12,
    "h": lambda moment: moment.hour % 12 or 12,
    "m": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
    "S": lambda moment: moment.microsecond // 1000,
}
_WORDS: Final = {"E": "%a", "a": "%p", "z": "%Z", "Z": "%z"}


def unknown_letters(pattern: str) -> set[str]:
    """Letters outside quotes that are no conversion character here."""
    letters = {found[2] for found in _TOKEN.finditer(pattern) if found[2]}
    return letters - _NUMBERS.keys() - _WORDS.keys()


def render(pattern: str, moment: datetime) -> str:
    """`moment` written by `pattern`, such as `yyyy/MM/dd/HH`."""
    return _TOKEN.sub(lambda found: _part(found, moment), pattern)


def _part(found: re.Match[str], moment: datetime) -> str:
    text, letter = found[0], found[2]
    if letter is None:
        return text if found[1] is None else (found[1].replace("''", "'") or "'")
    if letter in _WORDS:
        return moment.strftime(_WORDS[letter])
    if letter == "M" and len(text) >= _NAMED_MONTH:
        return moment.strftime("%b" if len(text) == _NAMED_MONTH else "%B")
    number = _NUMBERS[letter](moment)
    if letter in "yY" and len(text) == _SHORT_YEAR:
        number %= 100
    return str(number).zfill(len(text))
