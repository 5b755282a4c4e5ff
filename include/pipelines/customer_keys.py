"""By which spelling of an address, a number or a name two systems mean the same.

Each key is told once as steps, which are taken over single values (an order's) and over whole columns
(the ERP's) alike. A blank key says nothing and finds nobody.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LAST_DIGITS = 9
"""Of a telephone number: with or without the country's prefix, it is the same telephone."""
FEWEST_DIGITS = 6
FIRST_LETTERS = 8
"""Of a name: enough to look one up among a hundred thousand, before names are really compared."""

_POSTAL = (
    (r"[\s-]", ""),
    (r"^[a-z]{1,3}(\d{4,6})$", r"\1"),  # D-12209
    (r"^(\d{5})\d{4}$", r"\1"),  # ZIP+4
)
_LETTERS = ((r"^(?:the|die|der|das|la|le|el|los|las) ", ""), (r"[^a-z0-9]", ""), (r"([aou])e", r"\1"))


def email_key(value: str) -> str:
    """Without regard to case. Dots and ``+tags`` stay: what they mean is the provider's affair."""
    return value.strip().casefold()


def email_keys(column: pd.Series) -> pd.Series:
    """:func:`email_key` of each."""
    return column.str.strip().str.casefold()


def phone_key(value: str) -> str:
    """The last nine digits, if there are enough to tell anybody apart."""
    digits = re.sub(r"\D", "", value)
    return digits[-LAST_DIGITS:] if len(digits) >= FEWEST_DIGITS else ""


def phone_keys(column: pd.Series) -> pd.Series:
    """:func:`phone_key` of each, the short ones included."""
    return column.str.replace(r"\D", "", regex=True).str.slice(-LAST_DIGITS)


def postal_key(value: str) -> str:
    """Without spaces, hyphens, a country's letters and what ``ZIP+4`` adds."""
    return _replaced(value.casefold(), _POSTAL)


def postal_keys(column: pd.Series) -> pd.Series:
    """:func:`postal_key` of each."""
    return _all_replaced(column.str.casefold(), _POSTAL)


def number_key(value: str) -> tuple[str, str]:
    """Division (blank: not told) and number of ``01-D3600``; zeros that only fill up are left out."""
    parts = re.fullmatch(r"(?:(\d\d)\s*-\s*)?(.*)", value.strip().upper(), re.DOTALL)
    division, number = parts.groups() if parts else ("", "")
    return division or "", number.lstrip("0")


def number_keys(column: pd.Series) -> pd.Series:
    """The number's part of :func:`number_key` of each."""
    return column.str.strip().str.upper().str.lstrip("0")


def letters_key(name: str) -> str:
    """The first letters of a name, without marks."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return _replaced(plain, _LETTERS)[:FIRST_LETTERS]


def letters_keys(column: pd.Series) -> pd.Series:
    """:func:`letters_key` of each."""
    plain = column.str.casefold().str.normalize("NFKD")
    return _all_replaced(plain, _LETTERS).str.slice(0, FIRST_LETTERS)


def _replaced(text: str, steps: tuple[tuple[str, str], ...]) -> str:
    for pattern, by in steps:
        text = re.sub(pattern, by, text)
    return text


def _all_replaced(column: pd.Series, steps: tuple[tuple[str, str], ...]) -> pd.Series:
    for pattern, by in steps:
        column = column.str.replace(pattern, by, regex=True)
    return column
