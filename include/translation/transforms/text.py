"""Transforms of text."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from include.translation.columns import KINDS, per_row
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
def comma_listed(value: str) -> str:
    """Every different value of a list column, joined by a comma: the numbers of several parcels."""
    return ", ".join(dict.fromkeys(part.strip() for part in value.split(LISTED) if part.strip()))


@each_value()
def only_listed(value: str) -> str:
    """The one value of a list column; several different ones are refused."""
    different = list(dict.fromkeys(part.strip() for part in value.split(LISTED) if part.strip()))
    if len(different) > 1:
        raise ValueError("differs from entry to entry, and only one can be carried")
    return different[0] if different else ""


@each_value(settles=True)
def each_once(value: str) -> str:
    """Every different value of a list column that is not blank, once, as a list again."""
    return LISTED.join(dict.fromkeys(part.strip() for part in value.split(LISTED) if part.strip()))


@whole_column()
def entry_for(column: pa.Array, code: pa.Array) -> pa.Array:
    """Of a list such as `000=5; 001=2.5` what it says for the column `code`; blank when it is not named."""

    def found(listed: str | None, wanted: str | None) -> tuple[str | None]:
        if listed is None or wanted is None:
            return (None,)
        pairs = (entry.partition("=") for entry in listed.split(";"))
        return ({name.strip(): value.strip() for name, _, value in pairs}.get(wanted.strip(), ""),)

    return per_row([column, code], found, [KINDS["text"]])[0]


@whole_column()
def named_in(column: pa.Array, code: pa.Array) -> pa.Array:
    """Whether a list such as `Closed Won; Verbal` names the column `code`; no list is blank."""

    def found(listed: str | None, wanted: str | None) -> tuple[str | None]:
        if listed is None or wanted is None:
            return (None,)
        names = {name.strip() for name in listed.split(";")} - {""}
        return ("" if not names else str(wanted.strip() in names).lower(),)

    return per_row([column, code], found, [KINDS["text"]])[0]


@whole_column()
def listed_where(column: pa.Array, by: pa.Array, word: str) -> pa.Array:
    """The values of a list column whose neighbour in the list column `by` is `word`, one a line."""

    def chosen(values: str | None, marks: str | None) -> tuple[str | None]:
        if values is None or marks is None:
            return (None,)
        texts, words = values.split(LISTED), marks.split(LISTED)
        if len(texts) != len(words):  # a separator inside a text: nobody knows whose mark is whose
            return (None,)
        here = [text.strip() for text, mark in zip(texts, words, strict=True) if mark.strip().lower() == word]
        return ("\n".join(text for text in here if text),)

    return per_row([column, by], chosen, [KINDS["text"]])[0]


@whole_column()
def entry_where(column: pa.Array, by: pa.Array, word: str) -> pa.Array:
    """What a list column says for the first entry whose neighbour in the list column `by` is `word`."""

    def found(values: str | None, marks: str | None) -> tuple[str | None]:
        if values is None or marks is None:
            return (None,)
        texts, words = values.split(LISTED), marks.split(LISTED)
        if len(texts) != len(words):  # a separator inside a text: nobody knows whose mark is whose
            return (None,)
        pairs = zip(texts, words, strict=True)
        return (next((text.strip() for text, mark in pairs if mark.strip().lower() == word), ""),)

    return per_row([column, by], found, [KINDS["text"]])[0]


@whole_column(settles=True)
def word_key(column: pa.Array) -> pa.Array:
    """A word without what people vary: `"On Hold"`, `"ON_HOLD"` and `"on-hold"` give `"onhold"`."""
    return pc.utf8_lower(pc.replace_substring_regex(column, r"[\s_\-]+", ""))


@each_value(settles=True)
def without_percentage(value: str) -> str:
    """Take a percentage in brackets off the end: `"NJ Sales Tax (6.625%)"` becomes `"NJ Sales Tax"`."""
    return re.sub(r"\s*\(\s*[0-9.]+\s*%\s*\)", "", value).strip()


@each_value()
def last_characters(value: str, count: int) -> str:
    """The last `count` characters: of a long number its end tells most."""
    return value[-count:]


@each_value()
def first_line(value: str) -> str:
    """The first line of a text that has several: of a street in one field its first part."""
    return next((line.strip() for line in value.splitlines() if line.strip()), "")


@each_value()
def further_lines(value: str) -> str:
    """All lines of a text but the first, joined by a comma."""
    return ", ".join([line.strip() for line in value.splitlines() if line.strip()][1:])


@each_value(settles=True)
def one_line(value: str) -> str:
    """Make line breaks and tabs single spaces."""
    return " ".join(value.split())
