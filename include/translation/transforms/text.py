"""Transforms of text."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from include.translation.registry import each_value, whole_column

LISTED = "\x1f"
"""Between the values of a list column such as ``taxes[].tax_name``."""


@whole_column(settles=True)
def strip(column: pa.Array) -> pa.Array:
    """Take blanks off both ends: `" NW-1 "` becomes `"NW-1"`."""
    return pc.utf8_trim_whitespace(column)


@whole_column(settles=True)
def squeeze(column: pa.Array) -> pa.Array:
    """Take blanks off both ends and make every run of blanks one space."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(column, r"\s+", " "))


@whole_column(settles=True)
def upper(column: pa.Array) -> pa.Array:
    """Capital letters."""
    return pc.utf8_upper(column)


@whole_column(settles=True)
def lower(column: pa.Array) -> pa.Array:
    """Small letters."""
    return pc.utf8_lower(column)


@whole_column(settles=True)
def without_hash(column: pa.Array) -> pa.Array:
    """Take a leading `#` away: `"#1001"` becomes `"1001"`."""
    return pc.replace_substring_regex(column, r"^\s*#", "")


@whole_column(settles=True)
def two_letters(column: pa.Array) -> pa.Array:
    """Keep a code of exactly two letters, in capitals: `"wa"` gives `"WA"`, `"IOW"` gives `""`."""
    capital = pc.utf8_upper(pc.utf8_trim_whitespace(column))
    return pc.if_else(pc.match_substring_regex(capital, "^[A-Z]{2}$"), capital, "")


@each_value(settles=True)
def first_listed(value: str) -> str:
    """The first value of a list column that is not blank."""
    return next((part for part in value.split(LISTED) if part.strip()), "")


@each_value(settles=True)
def all_listed(value: str) -> str:
    """Every different value of a list column, joined by ` + `: two taxes of an order become one name."""
    return " + ".join(dict.fromkeys(part.strip() for part in value.split(LISTED) if part.strip()))


@each_value(settles=True)
def without_percentage(value: str) -> str:
    """Take a percentage in brackets off the end: `"NJ Sales Tax (6.625%)"` becomes `"NJ Sales Tax"`."""
    return re.sub(r"\s*\(\s*[0-9.]+\s*%\s*\)", "", value).strip()


@each_value(settles=True)
def one_line(value: str) -> str:
    """Make line breaks and tabs single spaces."""
    return " ".join(value.split())
