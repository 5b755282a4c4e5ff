"""What may have been meant by a word that a value table does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from include.canonical import Reason
from include.translation.problems import Complaint
from include.translation.reference import OFFERED, Candidate
from include.translation.suggest import among

if TYPE_CHECKING:
    from collections.abc import Mapping


def unknown_word(value: str, words: Mapping[str, str]) -> Complaint:
    """The complaint about a word that is in no table, with the nearest words that are."""
    scored = [
        Candidate(word, ours, round(fuzz.ratio(value, word), 1)) for word, ours in words.items() if word
    ]
    near = sorted(scored, key=lambda candidate: (-candidate.score, candidate.value))
    says = f"is a word that the mapping does not know{among(value, words)}"
    return Complaint(Reason.UNKNOWN_VALUE, says, candidates=tuple(near[:OFFERED]))
