"""Which items of Zoho a product may be: best guesses with their reasons, for a person to choose from.

Compared is what the catalogue's flow has told Salesforce of each item, so no call is made. Nothing is ever
chosen by likeness.

Codes are compared by their letters. Names are compared by their words, because people shorten them, mistype
them, leave some out and put them in another order; a word that few items have tells more than one that many
have, and a number is either the same or another.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from rapidfuzz import fuzz, process, utils

from include.pipelines.company_names import folded
from include.pipelines.ports import ITEM
from include.translation.reference import OFFERED, WORTH_OFFERING, normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from include.pipelines.mirrors.ports import MirrorWorld

CODE, NAME = "code", "name"
SAME_WORD = 70.0
"""``ratio`` from which two words may be one, mistyped."""
SHORTENED = 85.0
"""What a word counts that is short for another: *Blk* for *Black*."""
SHORT_LIST = 30
"""Items of one kind of evidence, so that what both kinds say a little of is not lost."""
UNKNOWN_WORD = 0.6
"""What a word that no item has weighs, as a share of the rarest that one has."""


class _Product(msgspec.Struct):
    ProductCode: str = ""
    Name: str = ""


class _Told(msgspec.Struct):
    Product2: _Product = msgspec.field(default_factory=_Product)


_DECODER = msgspec.json.Decoder(_Told)


@dataclass(frozen=True)
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
        """What may have been meant, best first, each with its score and what is alike.

        The score is 0 to 100. Of a product that tells both code and name, an item that is like it in only one
        of them has at most 71.
        """
        told = {CODE: self._by_code(code), NAME: self._by_name(name)}
        parts = [part for part, said in ((CODE, code), (NAME, name)) if said.strip()]
        score = {
            item: math.sqrt(sum(told[part].get(item, 0.0) ** 2 for part in parts) / len(parts))
            for item in {*told[CODE], *told[NAME]}
        }
        best = sorted(score, key=lambda item: (-score[item], item))[:OFFERED]
        alike = {item: " and ".join(part for part in parts if item in told[part]) for item in best}
        return [self._shown(item, round(score[item], 1), alike[item]) for item in best]

    def named(self, items: Iterable[str]) -> list[dict[str, object]]:
        """Items between which a person must choose."""
        return [self._shown(item, 100.0, "link") for item in items]

    def _shown(self, item: str, score: float, reason: str) -> dict[str, object]:
        label = " ".join(part for part in self.items.get(item, ("", "")) if part)
        return {"value": item, "label": label, "score": score, "reason": reason}

    def _by_code(self, code: str) -> dict[str, float]:
        return _alike(normalised(code), self._codes, fuzz.ratio)

    def _by_name(self, name: str) -> dict[str, float]:
        """The better of what letters say, which a run-together word does not mislead, and words."""
        found = _alike(folded(name), self._names, fuzz.token_sort_ratio)
        for item, score in self._by_words(list(dict.fromkeys(_words(name)))).items():
            if score >= WORTH_OFFERING:
                found[item] = max(score, found.get(item, 0.0))
        return found

    def _by_words(self, words: list[str]) -> dict[str, float]:
        """The weight of the words in common, of all that were said and of all that the item has, halved."""
        heaviest = max(self._weights.values(), default=0.0)
        said = sum(self._weights.get(word, heaviest * UNKNOWN_WORD) for word in words)
        common: defaultdict[str, dict[str, tuple[float, str]]] = defaultdict(dict)
        for word in words:
            for kept, score in self._one_word(word):
                for item in self._holders[kept]:
                    common[item][word] = max(common[item].get(word, (0.0, "")), (score, kept))
        found = {}
        for item, matched in common.items():
            hit = sum(score * self._weights[kept] for score, kept in matched.values())
            met = dict(sorted((kept, score) for score, kept in matched.values()))
            held = sum(score * self._weights[kept] for kept, score in met.items())
            whole = sum(self._weights[word] for word in set(_words(self.items[item][1])))
            found[item] = (min(100.0, hit / said) + held / whole) / 2
        return found

    def _one_word(self, word: str) -> list[tuple[str, float]]:
        """Words of the catalogue that ``word`` may be, with how sure that is."""
        if word.isdigit():
            return [(word, 100.0)] if word in self._holders else []
        near = process.extract(word, self._vocabulary, scorer=fuzz.ratio, limit=None, score_cutoff=SAME_WORD)
        scores = {kept: score for kept, score, _ in near}
        for kept in self._by_letter.get(word[0], ()):
            if _short_for(word, kept) or _short_for(kept, word):
                scores[kept] = max(SHORTENED, scores.get(kept, 0.0))
        return list(scores.items())

    @cached_property
    def _codes(self) -> dict[str, str]:
        return {item: normalised(code) for item, (code, _) in self.items.items()}

    @cached_property
    def _names(self) -> dict[str, str]:
        return {item: folded(name) for item, (_, name) in self.items.items()}

    @cached_property
    def _holders(self) -> dict[str, set[str]]:
        holders: defaultdict[str, set[str]] = defaultdict(set)
        for item, (_, name) in self.items.items():
            for word in _words(name):
                holders[word].add(item)
        return dict(holders)

    @cached_property
    def _weights(self) -> dict[str, float]:
        return {word: math.log(1 + len(self.items) / len(items)) for word, items in self._holders.items()}

    @cached_property
    def _vocabulary(self) -> list[str]:
        return [word for word in self._holders if not word.isdigit()]

    @cached_property
    def _by_letter(self) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._vocabulary:
            found[word[0]].append(word)
        return dict(found)


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+|[0-9]+", folded(name))


def _short_for(word: str, whole: str) -> bool:
    """Whether ``word`` begins as ``whole`` does and has no letter that is not in it, in the same order."""
    letters = iter(whole)
    return 1 < len(word) < len(whole) and all(letter in letters for letter in word)


def _alike(wanted: str, known: Mapping[str, str], scorer: Callable[..., float]) -> dict[str, float]:
    """Score by item of whatever is worth showing; blank is like nothing."""
    if not wanted.strip():
        return {}
    found = process.extract(
        wanted,
        known,
        scorer=scorer,
        processor=utils.default_process,
        limit=SHORT_LIST,
        score_cutoff=WORTH_OFFERING,
    )
    return {item: score for _, score, item in found}
