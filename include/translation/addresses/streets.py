"""Streets in the United States as the Postal Service writes them (Publication 28), elsewhere untouched.

Only words that the parser is sure of are abbreviated: the kind of street, directions, units. Letters
keep their case: the carrier's machines do not mind, and the customer reads the label.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

SUFFIXES = {
    "alley": "Aly", "ally": "Aly", "aly": "Aly", "avenue": "Ave", "av": "Ave", "ave": "Ave", "aven": "Ave",
    "bend": "Bnd", "bnd": "Bnd", "boulevard": "Blvd", "blvd": "Blvd", "blv": "Blvd", "boul": "Blvd",
    "bridge": "Brg", "brg": "Brg", "bypass": "Byp", "byp": "Byp", "causeway": "Cswy", "cswy": "Cswy",
    "center": "Ctr", "centre": "Ctr", "ctr": "Ctr", "circle": "Cir", "cir": "Cir", "circ": "Cir",
    "court": "Ct", "ct": "Ct", "cove": "Cv", "cv": "Cv", "creek": "Crk", "crk": "Crk", "crescent": "Cres",
    "cres": "Cres", "crossing": "Xing", "xing": "Xing", "drive": "Dr", "dr": "Dr", "drv": "Dr",
    "estates": "Ests", "ests": "Ests", "expressway": "Expy", "expy": "Expy", "extension": "Ext",
    "ext": "Ext", "freeway": "Fwy", "fwy": "Fwy", "gardens": "Gdns", "gdns": "Gdns", "gateway": "Gtwy",
    "gtwy": "Gtwy", "grove": "Grv", "grv": "Grv", "harbor": "Hbr", "hbr": "Hbr", "heights": "Hts",
    "hts": "Hts", "highway": "Hwy", "hwy": "Hwy", "hill": "Hl", "hl": "Hl", "hills": "Hls", "hls": "Hls",
    "hollow": "Holw", "holw": "Holw", "island": "Is", "is": "Is", "junction": "Jct", "jct": "Jct",
    "lake": "Lk", "lk": "Lk", "landing": "Lndg", "lndg": "Lndg", "lane": "Ln", "ln": "Ln", "loop": "Loop",
    "manor": "Mnr", "mnr": "Mnr", "meadows": "Mdws", "mdws": "Mdws", "mountain": "Mtn", "mtn": "Mtn",
    "park": "Park", "parkway": "Pkwy", "pkwy": "Pkwy", "pky": "Pkwy", "pass": "Pass", "path": "Path",
    "pike": "Pike", "place": "Pl", "pl": "Pl", "plaza": "Plz", "plz": "Plz", "point": "Pt", "pt": "Pt",
    "ridge": "Rdg", "rdg": "Rdg", "road": "Rd", "rd": "Rd", "route": "Rte", "rte": "Rte", "row": "Row",
    "run": "Run", "shore": "Shr", "shr": "Shr", "springs": "Spgs", "spgs": "Spgs", "square": "Sq",
    "sq": "Sq", "station": "Sta", "sta": "Sta", "street": "St", "st": "St", "str": "St", "strt": "St",
    "summit": "Smt", "smt": "Smt", "terrace": "Ter", "ter": "Ter", "terr": "Ter", "trace": "Trce",
    "trce": "Trce", "trail": "Trl", "trl": "Trl", "turnpike": "Tpke", "tpke": "Tpke", "valley": "Vly",
    "vly": "Vly", "view": "Vw", "vw": "Vw", "village": "Vlg", "vlg": "Vlg", "vista": "Vis", "vis": "Vis",
    "walk": "Walk", "way": "Way", "wy": "Way",
}  # fmt: skip
DIRECTIONS = {
    "north": "N", "n": "N", "south": "S", "s": "S", "east": "E", "e": "E", "west": "W", "w": "W",
    "northeast": "NE", "ne": "NE", "northwest": "NW", "nw": "NW", "southeast": "SE", "se": "SE",
    "southwest": "SW", "sw": "SW",
}  # fmt: skip
UNITS = {
    "apartment": "Apt", "apt": "Apt", "building": "Bldg", "bldg": "Bldg", "department": "Dept",
    "dept": "Dept", "floor": "Fl", "fl": "Fl", "hangar": "Hngr", "hngr": "Hngr", "lobby": "Lbby",
    "lbby": "Lbby", "lot": "Lot", "office": "Ofc", "ofc": "Ofc", "penthouse": "Ph", "ph": "Ph",
    "room": "Rm", "rm": "Rm", "space": "Spc", "spc": "Spc", "suite": "Ste", "ste": "Ste", "trailer": "Trlr",
    "trlr": "Trlr", "unit": "Unit",
}  # fmt: skip

_SHORT = {
    "StreetNamePostType": SUFFIXES,
    "StreetNamePreDirectional": DIRECTIONS,
    "StreetNamePostDirectional": DIRECTIONS,
    "OccupancyType": UNITS,
    "SubaddressType": UNITS,
}
_PO_BOX = re.compile(r"^\s*p\.?\s*o\.?\s*box\b\.?\s*(?:#|no\.?)?\s*", re.IGNORECASE)
_NUMBER_DASH = re.compile(r"^(\d+)\s+-\s+(?=\S)")
_PLAIN = re.compile(r"^\d+[A-Za-z]? (?:[A-Z][a-z]+ )+([A-Za-z]+)\.?$")
_AMBIGUOUS_ENDINGS = frozenset(DIRECTIONS) | frozenset(UNITS)
_ATTEMPTS = 4


def tidy(line: str) -> str:
    """One address line without doubled blanks and stray commas at its ends."""
    return " ".join(line.split()).strip(" ,;")


@lru_cache(maxsize=32768)
def us_street(line: str) -> str:
    """A street line in the United States with the Postal Service's abbreviations.

    Repeated until nothing changes, so that doing it twice is doing it once; a line on which the parser
    keeps changing its mind stays as it was.
    """
    text = start = tidy(line)
    for _ in range(_ATTEMPTS):
        following = _abbreviated(text)
        if following == text:
            return text
        text = following
    return start if _abbreviated(start) != start and _abbreviated(text) != text else text


def _abbreviated(text: str) -> str:
    box = _PO_BOX.match(text)
    if box:
        return tidy("PO Box " + text[box.end() :])
    simple = _PLAIN.match(text)
    if simple and simple[1].casefold() in SUFFIXES and simple[1].casefold() not in _AMBIGUOUS_ENDINGS:
        return text[: simple.start(1)] + SUFFIXES[simple[1].casefold()]
    text = _NUMBER_DASH.sub(r"\1 ", text)
    return tidy(" ".join(_short(token, label) for token, label in _parser()(text)))


def _short(token: str, label: str) -> str:
    """The token abbreviated where its role and the word are both known, else as it is."""
    words = _SHORT.get(label)
    core = token.rstrip(",")
    found = words.get(core.replace(".", "").casefold()) if words else None
    return token if found is None else found + token[len(core) :]


@cache
def _parser():  # type: ignore[no-untyped-def]  # noqa: ANN202 - the library has no types
    """The parser, loaded at the first street that needs it."""
    import usaddress  # noqa: PLC0415 - loads a model of 1 MB

    return usaddress.parse
