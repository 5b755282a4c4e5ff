"""Which items of Zoho a product may be: best guesses with their reasons, for a person to choose from.

Compared is what the catalogue's flow has told Salesforce of each item, so no call is made. Nothing is ever
chosen by likeness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from rapidfuzz import fuzz, process, utils

from include.pipelines.ports import ITEM
from include.translation.reference import OFFERED, WORTH_OFFERING, normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from include.pipelines.mirrors.ports import MirrorWorld

CODE, NAME = "code", "name"


class _Product(msgspec.Struct):
    ProductCode: str = ""
    Name: str = ""


class _Told(msgspec.Struct):
    Product2: _Product = msgspec.field(default_factory=_Product)


_DECODER = msgspec.json.Decoder(_Told)


@dataclass(frozen=True, slots=True)
class Likely:
    """Zoho's items by id: code and name."""

    items: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, world: MirrorWorld) -> Likely:
        """The items that Salesforce was told of."""
        told = world.ledger.told.find(ITEM, world.flow.target, world.flow.source)
        products = {key: _DECODER.decode(content).Product2 for key, content in told.items()}
        return cls({key: (each.ProductCode, each.Name) for key, each in products.items()})

    def nearest(self, code: str, name: str) -> list[dict[str, object]]:
        """What may have been meant, best first, each with its score (0 to 100) and what is alike."""
        codes = {item: normalised(own) for item, (own, _) in self.items.items()}
        names = {item: called for item, (_, called) in self.items.items()}
        alike = [
            *((score, CODE, item) for score, item in _alike(normalised(code), codes, fuzz.ratio)),
            *((score, NAME, item) for score, item in _alike(name, names, fuzz.WRatio)),
        ]
        best: dict[str, tuple[float, str]] = {}
        for score, reason, item in sorted(alike, key=lambda each: (-each[0], each[1], each[2])):
            best.setdefault(item, (score, reason))
        return [self._shown(item, score, reason) for item, (score, reason) in list(best.items())[:OFFERED]]

    def named(self, items: Iterable[str]) -> list[dict[str, object]]:
        """Items between which a person must choose."""
        return [self._shown(item, 100.0, "link") for item in items]

    def _shown(self, item: str, score: float, reason: str) -> dict[str, object]:
        label = " ".join(part for part in self.items.get(item, ("", "")) if part)
        return {"value": item, "label": label, "score": score, "reason": reason}


def _alike(wanted: str, known: Mapping[str, str], scorer: Callable[..., float]) -> list[tuple[float, str]]:
    """Score and item of whatever is worth showing; blank is like nothing."""
    if not wanted.strip():
        return []
    found = process.extract(
        wanted,
        known,
        scorer=scorer,
        processor=utils.default_process,
        limit=OFFERED,
        score_cutoff=WORTH_OFFERING,
    )
    return [(round(score, 1), item) for _, score, item in found]
