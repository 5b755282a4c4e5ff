"""How alike two names of customers are, told in five steps rather than by one score.

A score cannot tell a typing error from another branch: *Cycles North* and *Cycles South* share more
letters than two spellings of one firm often do. So names are taken apart first: the legal form, the
numbers and the words are compared each for itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from rapidfuzz import fuzz


class Likeness(Enum):
    """What the name on an order is to a customer's name in the ERP."""

    SAME = "the same name, but for spelling"
    SHORTENED = "the same name with words left out"
    RIVAL = "alike, yet told apart by a word, a number or the legal form"
    KIN = "words in common"
    OTHER = "another name"


SAME_LETTERS = 90.0
"""Share of letters (0 to 100) from which names whose words pair off are one name."""
SAME_WORD = 80.0
"""``ratio`` from which two words may be one word, mistyped; *East* and *West* have 75."""
RIVAL_LETTERS = 80.0
KIN_LETTERS = 60.0
SHARED_LETTERS = 5
"""A word of so many letters makes two names kin by itself."""
SHORTENED_LETTERS = 4
"""What is left of a shortened name must have so many letters to say anything."""
CUT_AT = 28
"""A name of so many characters may have been cut: the ERP's older column holds 30."""


@dataclass(frozen=True, slots=True)
class _Parts:
    words: tuple[str, ...]
    numbers: frozenset[str]
    forms: frozenset[str]

    @property
    def run_together(self) -> str:
        return "".join(self.words)


def likeness(said: str, kept: str) -> Likeness:
    """What ``said`` (the order's name) is to ``kept`` (the ERP's)."""
    left, right = _parts(said), _parts(kept)
    if not left.words or not right.words:
        return Likeness.OTHER
    letters = _letters(" ".join(left.words), " ".join(right.words))
    one_name = (
        left.run_together == right.run_together
        or (letters >= SAME_LETTERS and _pair_off(left.words, right.words))
        or (len(kept) >= CUT_AT and left.run_together.startswith(right.run_together))
    )
    shortened = len(left.run_together) >= SHORTENED_LETTERS and set(left.words) < set(right.words)
    told_apart = left.numbers != right.numbers or bool(
        left.forms and right.forms and left.forms != right.forms
    )
    if one_name or shortened:
        same = Likeness.SAME if one_name else Likeness.SHORTENED
        return Likeness.RIVAL if told_apart else same
    if letters >= RIVAL_LETTERS or set(right.words) < set(left.words):
        return Likeness.RIVAL
    shared = any(len(word) >= SHARED_LETTERS for word in {*left.words} & {*right.words})
    return Likeness.KIN if shared or letters >= KIN_LETTERS else Likeness.OTHER


def name_key(name: str) -> str:
    """What two spellings of one name share, to look customers up by."""
    return _parts(name).run_together


def _letters(left: str, right: str) -> float:
    """Share of letters in common, whether words changed places or a slip at a word's start would move it."""
    return max(fuzz.ratio(left, right), fuzz.token_sort_ratio(left, right))


def _pair_off(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether each word has its own counterpart: one swapped word makes it another name."""
    rest = list(right)
    for word in left:
        best = max(rest, key=lambda other: fuzz.ratio(word, other), default="")
        if fuzz.ratio(word, best) < SAME_WORD:
            return False
        rest.remove(best)
    return not rest


@lru_cache(maxsize=50_000)
def _parts(name: str) -> _Parts:
    tokens = [_ABBREVIATED.get(token, token) for token in _tokens(name)]
    forms: set[str] = set()
    while len(tokens) > 1 and (tokens[-1] in _FORMS or tokens[-1] in _FILLERS):
        forms.add(_FORMS.get(tokens.pop(), ""))
    numbers = frozenset(token for token in tokens if any(letter.isdigit() for letter in token))
    words = tuple(token for token in tokens if token not in _FILLERS and token not in numbers)
    return _Parts(words or tuple(tokens), numbers, frozenset(forms - {""}))


def _tokens(name: str) -> list[str]:
    text = re.sub(r"\b(\w)/(\w)\b", r"\1\2", re.sub(_WITHIN_WORDS, "", folded(name)))
    tokens = re.findall(r"\w+", text)
    # 'S. A.' and 'S A' are one word, as 'S.A.' is.
    spelt = len(tokens)
    while spelt and len(tokens[spelt - 1]) == 1:
        spelt -= 1
    return [*tokens[:spelt], "".join(tokens[spelt:])] if 0 < spelt < len(tokens) else tokens


def folded(text: str) -> str:
    """Small letters without marks; ``ae``, ``oe``, ``ue`` are what an umlaut becomes without its dots."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"([aou])e", r"\1", plain)


_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
_WITHIN_WORDS = "[.'`\u2019\u00b4]"
"""Points and apostrophes: *S.p.A.*, *Let's*."""

_FILLERS = frozenset(
    word
    for language in ("and the of", "und der die das", "et la le de du des", "y e el los las del", "og och")
    for word in language.split()
)
"""Words that are left out or added freely."""

_FORMS = {
    form: kind
    for kind, spellings in {
        "": "co company cie",
        "inc": "inc incorporated",
        "corp": "corp corporation",
        "ltd": "ltd limited pty pte proprietary",
        "llc": "llc",
        "llp": "llp",
        "lp": "lp",
        "plc": "plc",
        "gmbh": "gmbh mbh",
        "ag": "ag aktiengesellschaft",
        "kg": "kg",
        "ohg": "ohg",
        "ug": "ug",
        "ek": "ek",
        "sa": "sa",
        "sas": "sas",
        "sarl": "sarl",
        "srl": "srl",
        "spa": "spa",
        "sl": "sl slu",
        "ltda": "ltda lda",
        "bv": "bv",
        "nv": "nv",
        "ab": "ab aktiebolag",
        "hb": "hb",
        "as": "as",
        "asa": "asa",
        "aps": "aps",
        "oy": "oy",
        "oyj": "oyj",
        "sro": "sro",
        "ehf": "ehf",
        "kk": "kk",
    }.items()
    for form in spellings.split()
}
"""Legal form by its spellings; a bare *Co.* says nothing of the form."""

_ABBREVIATED = {
    short: folded(word)
    for word, spellings in {
        "associates": "assocs",
        "association": "assoc assn",
        "brothers": "bros",
        "center": "ctr cntr centre",
        "department": "dept",
        "distributors": "distr dist",
        "equipment": "equip eqpt",
        "industries": "inds",
        "international": "intl",
        "laboratories": "labs",
        "management": "mgmt",
        "manufacturing": "mfg",
        "market": "mkt",
        "national": "natl",
        "products": "prods",
        "professional": "prof",
        "restaurant": "rest",
        "service": "svc",
        "services": "svcs",
        "supplies": "supp",
        "technologies": "techs",
        "trading": "trdg",
        "wholesale": "whsle",
    }.items()
    for short in spellings.split()
}
"""The post's own abbreviations of business words (USPS Publication 28, appendix G), the common ones."""
