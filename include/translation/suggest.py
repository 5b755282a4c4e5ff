"""A wrong name fails with the right ones."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def among(wrong: str, right: Iterable[str]) -> str:
    """The end of a message: did you mean this, or the whole list when it is short or nothing is near."""
    names = sorted(set(right))
    near = get_close_matches(wrong, names, n=3, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(repr(name) for name in near)}?"
    if not names:
        return "; there are none"
    return f"; there are {', '.join(names[:30])}{', ...' if len(names) > 30 else ''}"
