"""Transforms of postal addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import Reason
from include.translation.addresses import Postal, standardised
from include.translation.addresses.places import countries_like, country_name
from include.translation.columns import KINDS, per_row
from include.translation.reference import Candidate
from include.translation.registry import Blame, each_value, together

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = KINDS["text"]
PARTS = Postal._fields
BETWEEN = " | "


def _countries(name: str) -> list[Candidate]:
    return [Candidate(code, label, score) for code, label, score in countries_like(name)]


@together(
    inputs=(*PARTS, "country_code", "phone"),
    outputs=dict.fromkeys((*PARTS, "phone", "original"), "text"),
    inverse="wire_address",
    blames={"country": Blame("country", Reason.UNKNOWN_VALUE, "is no country that we know", _countries)},
)
def postal_address(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Standardise an address and keep the words as they came in `original`.

    Country and subdivision become ISO codes (with the subdivision's name beside its code), postal codes
    take the country's writing, streets in the United States the Postal Service's abbreviations; a
    telephone number stays as it is. An unknown country is set aside; an unknown province is kept as it
    was written. Doing it twice is doing it once.
    """
    rows = len(next(iter(columns.values())))
    given = {
        name: columns[name] if name in columns else pa.array([""] * rows, TEXT)
        for name in (*PARTS, "country_code")
    }
    written = [pc.fill_null(column, "") for column in given.values()]
    done = per_row(written, _standardised, [TEXT] * (len(PARTS) + 1))
    phone = columns.get("phone")
    result = dict(zip((*PARTS, "original"), done, strict=True))
    result["phone"] = pa.array([""] * rows, TEXT) if phone is None else pc.utf8_trim_whitespace(phone)
    return result


def _standardised(*parts: str) -> tuple[str | None, ...]:
    *address, code = parts
    done = standardised(Postal(*address), code)
    country = done.country if len(done.country) in {0, 2} else None
    return (*done[:-1], country, BETWEEN.join(part.strip() for part in parts if part.strip()))


@each_value()
def country_called(value: str) -> str:
    """The English name of a country by its code: `US` becomes `United States`."""
    return country_name(value) if value.strip() else ""


@together(
    inputs=(*PARTS, "phone", "original"), outputs=dict.fromkeys((*PARTS, "country_code", "phone"), "text")
)
def wire_address(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """An address on its way back: the standardised parts, with the country's code twice."""
    result = {name: columns[name] for name in (*PARTS, "phone") if name in columns}
    result["country_code"] = columns["country"]
    return result
