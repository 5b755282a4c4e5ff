"""What every version of the batch path gives for a chunk of orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import orjson

from include.connectors.sage100 import OrderWrite


@dataclass(frozen=True)
class Carried:
    """Records for the gateway, in the order of the input, and the keys of the orders set aside."""

    writes: list[OrderWrite]
    aside: frozenset[str]


Version = Callable[[Sequence[str], Sequence[bytes]], Carried]


def digest(write: OrderWrite) -> bytes:
    """A record as bytes; the same record gives the same bytes."""
    return orjson.dumps(asdict(write), default=str, option=orjson.OPT_SORT_KEYS)
