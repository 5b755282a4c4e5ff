"""Salesforce's record ids: key prefix, instance, a counter in base 62, a checksum against lost case."""

from __future__ import annotations

import re
import string

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
CHECKS = string.ascii_uppercase + "012345"
INSTANCE = "Hp0"
"""Where the org lives, characters four to six of every id."""
SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")


def base62(number: int, width: int) -> str:
    """A number in base 62 that sorts as the number does."""
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    return text.rjust(width, "0")


def checksum(short: str) -> str:
    """Three characters, one for every five of the fifteen: bit i is set where the i-th is a capital."""
    return "".join(
        CHECKS[sum(1 << bit for bit, letter in enumerate(short[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )


def record_id(prefix: str, number: int) -> str:
    """The 18-character id of the ``number``-th record of an object."""
    short = f"{prefix}{INSTANCE}{base62(number, 9)}"
    return short + checksum(short)


def full_id(text: object) -> str | None:
    """A 15- or 18-character id as 18 characters; None when it is no id.

    The checksum of a long id mends its case in Salesforce; here a wrong one makes it no id.
    """
    if not isinstance(text, str) or not SHAPE.fullmatch(text) or not text.isascii():
        return None
    short = text[:15]
    whole = short + checksum(short)
    return whole if text in {short, whole} else None
