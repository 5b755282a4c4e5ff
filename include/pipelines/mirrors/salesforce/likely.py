"""Which items of Zoho a product may be: best guesses with their reasons, for a person to choose from.

Compared is what the catalogue's flow has told Salesforce of each item, so no call is made. Nothing is ever
chosen by likeness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from rapidfuzz import fuzz

from include.pipelines.mirrors.salesforce.crossings import reference
from include.pipelines.ports import ITEM
from include.translation.reference import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
        codes = {key: key for key in self.items}
        codes |= {own: key for key, (own, _) in self.items.items() if own}
        table = reference("items", codes, {name: self.items[key][1] for name, key in codes.items()})
        found = table.nearest([each for each in (code, name) if each])
        return [self._shown(each.value, each.score, self._reason(each.value, code, name)) for each in found]

    def named(self, items: Iterable[str]) -> list[dict[str, object]]:
        """Items between which a person must choose."""
        return [self._shown(item, 100.0, "link") for item in items]

    def _reason(self, item: str, code: str, name: str) -> str:
        own, called = self.items[item]
        by_code = fuzz.WRatio(normalised(code), normalised(own)) if code and own else 0.0
        return CODE if by_code >= fuzz.WRatio(name.upper(), called.upper()) and by_code else NAME

    def _shown(self, item: str, score: float, reason: str) -> dict[str, object]:
        label = " ".join(part for part in self.items.get(item, ("", "")) if part)
        return {"value": item, "label": label, "score": score, "reason": reason}
