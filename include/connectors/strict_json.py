"""JSON that has one meaning: no key twice, no NaN, UTF-8, and numbers kept as they were written."""

from __future__ import annotations

import json
from typing import Any


class NumberText(str):
    """A number as it was written."""

    __slots__ = ()


def read(content: bytes) -> Any:
    """A JSON document; numbers as :class:`NumberText`.

    Raises:
        ValueError: it is none. It is not chained and quotes nothing: the document is not ours to show.
    """
    try:
        return _STRICT.decode(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("no strict JSON") from None


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated key")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


_STRICT = json.JSONDecoder(
    object_pairs_hook=_no_twins,
    parse_constant=_no_constant,
    parse_int=NumberText,
    parse_float=NumberText,
)
