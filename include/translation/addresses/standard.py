"""One postal address, standardised."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from include.translation.addresses.places import country, subdivision
from include.translation.addresses.postcodes import postcode
from include.translation.addresses.streets import tidy, us_street

STREETS_AS_USPS = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})


class Postal(NamedTuple):
    """The parts of an address; ``country`` is ISO alpha-2, or as it was written when unknown."""

    attention: str
    company: str
    street1: str
    street2: str
    street3: str
    city: str
    subdivision: str
    subdivision_code: str
    postal_code: str
    country: str


@lru_cache(maxsize=32768)
def standardised(address: Postal, country_code: str = "") -> Postal:
    """One address in its standard form.

    ISO country and subdivision, the country's way of writing postal codes, the Postal Service's
    abbreviations in the United States, and no doubled blanks. Everything else stays as it was written.
    Idempotent. An unknown country stays as its words (the caller decides what to do about it).
    """
    code = country(address.country, country_code)
    if code is None:
        return Postal(*(tidy(part) for part in address))
    street = us_street if code in STREETS_AS_USPS else tidy
    name, short = subdivision(code, tidy(address.subdivision), tidy(address.subdivision_code))
    return Postal(
        attention=tidy(address.attention),
        company=tidy(address.company),
        street1=street(address.street1),
        street2=street(address.street2),
        street3=street(address.street3),
        city=tidy(address.city),
        subdivision=name,
        subdivision_code=short,
        postal_code=postcode(code, address.postal_code),
        country=code,
    )
