"""Reference tables of a site: what a code of one system is called in the other.

A reference is pure data, read beforehand by somebody else. It is asked in one of four ways: exactly as
written, normalised (case, blanks and zero padding put aside), by alias, or by barcode. An answer is one
code, several (then a person decides), or none (then the nearest names are offered).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

EXACT, NORMALISED, ALIAS, BARCODE = "exact", "normalised", "alias", "barcode"
OFFERED = 5
WORTH_OFFERING = 60.0

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_BLANKS = re.compile(r"[\s\u200b\u200c\u200d\ufeff]+")
_PADDING = re.compile(r"(?<![0-9])0+(?=[0-9])")


def normalised(code: str) -> str:
    """A code without what people vary: case, blanks, width and dash variants, zero padding.

    ``" nw-10 "`` and ``"NW-0010"`` are one; ``"NW-100"`` is another. Idempotent: repeated until nothing
    changes (an accent that stood alone may join the letter before it once the blank between them is gone).
    """
    before, text = None, code
    while text != before:
        before = text
        plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
        text = _PADDING.sub("", _BLANKS.sub("", plain).upper())
    return text


def barcode(code: str) -> str:
    """A GTIN without its padding, so that UPC-A, EAN-13 and GTIN-14 agree; "" if it is none."""
    digits = _BLANKS.sub("", code).replace("-", "")
    return digits.lstrip("0") if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14 else ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may have been meant; ``score`` is 0 to 100."""

    value: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The codes found (none, one, or several that a person must choose from)."""

    values: tuple[str, ...]
    active: bool = True


@dataclass(frozen=True)
class Reference:
    """One reference table.

    Attributes:
        name: what mappings call it.
        exact: code of the source → codes of the target.
        labels: code of the target → what a clerk reads beside it.
        aliases: other names → codes of the target.
        barcodes: padded-free barcode → codes of the target.
        columns: attribute → values, in the order of ``exact``.
        inactive: codes of the target that may not be used any more.
    """

    name: str
    exact: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    barcodes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    inactive: frozenset[str] = frozenset()

    @classmethod
    def table(cls, name: str, frame: pd.DataFrame) -> Reference:
        """A reference from a ``REFERENCE_FRAME`` (columns key, value, label)."""
        keys, values, labels = (_texts(frame, column) for column in ("key", "value", "label"))
        return cls(name, _index(zip(keys, values, strict=True)), dict(zip(values, labels, strict=True)))

    @classmethod
    def items(cls, items: pd.DataFrame, aliases: pd.DataFrame) -> Reference:
        """The item catalogue under the codes of the ERP.

        Args:
            items: column ItemCode and, where the site has them, ItemCodeDesc, UDF_UPC, ItemType,
                InactiveItem (Y/N), StandardUnitOfMeasure and any other column, which becomes an
                attribute that look-ups can take.
            aliases: columns AliasItemNo and ItemCode.
        """
        codes = _texts(items, "ItemCode")
        columns = {str(name): _texts(items, str(name)) for name in items.columns if name != "ItemCode"}
        alias_pairs = zip(_texts(aliases, "AliasItemNo"), _texts(aliases, "ItemCode"), strict=True)
        upcs = columns.get("UDF_UPC", [])
        inactive = columns.get("InactiveItem", [])
        return cls(
            "items",
            exact=_index((code, code) for code in codes),
            labels=dict(zip(codes, columns.get("ItemCodeDesc", [""] * len(codes)), strict=True)),
            aliases=_index((normalised(alias), code) for alias, code in alias_pairs),
            barcodes=_index((barcode(upc), code) for upc, code in zip(upcs, codes, strict=False)),
            columns={"ItemCode": codes, **columns},
            inactive=frozenset(code for code, flag in zip(codes, inactive, strict=False) if flag == "Y"),
        )

    @cached_property
    def normal(self) -> Mapping[str, tuple[str, ...]]:
        """Normalised code of the source → codes of the target."""
        return _index((normalised(key), value) for key, values in self.exact.items() for value in values)

    @cached_property
    def collisions(self) -> dict[str, tuple[str, ...]]:
        """Normalised codes that stand for more than one target code: the look-up is no bijection there."""
        return {key: values for key, values in self.normal.items() if len(values) > 1}

    @cached_property
    def inverse(self) -> Mapping[str, tuple[str, ...]]:
        """Code of the target → codes of the source."""
        return _index((value, key) for key, values in self.exact.items() for value in values)

    def attribute(self, name: str) -> Mapping[str, str]:
        """Code of the target → value of an attribute; empty when the site does not have it."""
        if name not in self._attributes:
            codes = self.columns.get("ItemCode", ())
            self._attributes[name] = dict(zip(codes, self.columns.get(name, ()), strict=False))
        return self._attributes[name]

    def having(self, name: str, value: str) -> Answer:
        """Codes whose attribute has that value; blank finds nothing."""
        if name not in self._having:
            self._having[name] = _index((text.strip(), code) for code, text in self.attribute(name).items())
        return self._answer(self._having[name].get(value.strip(), ()))

    def find(self, value: str, how: str = EXACT) -> Answer:
        """Ask for one value in one way; blank finds nothing."""
        match how:
            case "exact":
                found = self.exact.get(value, ())
            case "normalised":
                found = self.normal.get(normalised(value), ())
            case "alias":
                found = self.aliases.get(normalised(value), ())
            case _:
                found = self.barcodes.get(barcode(value), ())
        return self._answer(found)

    def of(self, codes: Iterable[str]) -> Answer:
        """Those of the codes, found elsewhere, that this reference knows."""
        return self._answer(tuple(code for code in codes if code in self.inverse))

    def _answer(self, found: tuple[str, ...]) -> Answer:
        return Answer(found, active=not any(code in self.inactive for code in found))

    @cached_property
    def _attributes(self) -> dict[str, dict[str, str]]:
        return {}

    @cached_property
    def _having(self) -> dict[str, Mapping[str, tuple[str, ...]]]:
        return {}

    def nearest(self, wanted: Sequence[str]) -> list[Candidate]:
        """What may have been meant, best first; looks at codes, labels and aliases."""
        best: dict[str, Candidate] = {}
        closeness: dict[str, float] = {}
        for text in wanted:
            for _, score, at in process.extract(
                normalised(text),
                self._names[0],
                scorer=fuzz.WRatio,
                limit=2 * OFFERED,
                score_cutoff=WORTH_OFFERING,
            ):
                code = self._names[1][at]
                # WRatio rates many codes alike that share a piece: the nearer as a whole goes first.
                near = fuzz.ratio(normalised(text), self._names[0][at])
                closeness[code] = max(near, closeness.get(code, 0.0))
                if code not in best or best[code].score < score:
                    best[code] = Candidate(code, self.labels.get(code, ""), round(score, 1))
        return sorted(best.values(), key=lambda c: (-c.score, -closeness[c.value], c.value))[:OFFERED]

    def offered(self, codes: Iterable[str]) -> list[Candidate]:
        """Codes between which a person must choose."""
        return [Candidate(code, self.labels.get(code, ""), 100.0) for code in codes]

    @cached_property
    def _names(self) -> tuple[list[str], list[str]]:
        pairs = [(normalised(key), value) for key, values in self.exact.items() for value in values]
        pairs += [(label.upper(), value) for value, label in self.labels.items() if label]
        pairs += [(alias, value) for alias, values in self.aliases.items() for value in values]
        return [text for text, _ in pairs], [value for _, value in pairs]


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    return [str(value) for value in frame[column].fillna("")]


def _index(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Every value under its key, each once; blank keys are no keys."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        if key and value not in found.get(key, ()):
            found[key] = (*found.get(key, ()), value)
    return found
