"""Questions that fit into an address.

A query travels in the URL, which with the headers may have 16,384 bytes, and its WHERE may have 4,000
characters. So ids are asked for in lists of some 150, and an object with hundreds of fields is read in more
than one question about the same ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

LONGEST_WHERE = 3_800
LONGEST_FIELDS = 8_000
"""Bytes of the list of fields, as the address spells it."""


def text(value: str) -> str:
    """A string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    for sign, name in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(sign, name)
    return f"'{escaped}'"


def instant(at: datetime) -> str:
    """A datetime literal, to the second as Salesforce keeps its stamps."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def in_lists(values: Iterable[str], taken: int = 0) -> Iterator[list[str]]:
    """The distinct values, in lists that fit behind ``IN``.

    Args:
        values: unescaped.
        taken: characters of the WHERE that are needed otherwise.
    """
    some: list[str] = []
    length = taken
    for value in dict.fromkeys(values):
        size = len(quote_plus(text(value))) // 2 + len(text(value)) // 2 + 1
        if some and length + size > LONGEST_WHERE:
            yield some
            some, length = [], taken
        some.append(value)
        length += size
    if some:
        yield some


def is_in(column: str, values: Iterable[str]) -> str:
    """``column IN ('a','b')``."""
    return f"{column} IN ({','.join(map(text, values))})"


def field_lists(fields: Sequence[str]) -> Iterator[list[str]]:
    """The fields in lists that fit into an address; ``Id`` stands in each."""
    some, length = ["Id"], 0
    for field in dict.fromkeys(fields):
        if field == "Id":
            continue
        if length + len(field) + 3 > LONGEST_FIELDS:
            yield some
            some, length = ["Id"], 0
        some.append(field)
        length += len(field) + 3
    yield some
