"""Who gets what lies there: one rule for those who wait for all and for those who take a part.

Whoever came first is served first, item by item and warehouse by warehouse. What an order wants is put by
for it whether it can be served now or not, so that nobody who came later takes it away: an order is served
when all that was wanted up to it, itself included, is there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Shelf = tuple[str, str]
"""An item in a warehouse."""
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Want:
    """What one line of an order wants.

    Attributes:
        place: in the order of arrival; every line of an order has its order's.
        key: the order's.
        line: position of the line.
    """

    place: int
    key: str
    line: int
    item: str
    warehouse: str
    quantity: Decimal

    @property
    def shelf(self) -> Shelf:
        """Where it is taken from."""
        return self.item, self.warehouse


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line that what is there does not cover; ``left`` is there for it."""

    want: Want
    left: Decimal

    @property
    def missing(self) -> Decimal:
        """How much more it wants."""
        return self.want.quantity - self.left


def shortages(wants: Iterable[Want], available: Mapping[Shelf, Decimal]) -> list[Shortage]:
    """The lines that cannot be served whole, in order of arrival.

    Args:
        wants: in any order.
        available: what lies there and is promised to nobody; a shelf that is not named is empty.
    """
    left: defaultdict[Shelf, Decimal] = defaultdict(Decimal, available)
    short = []
    for want in sorted(wants, key=lambda want: (want.place, want.key, want.line)):
        there = max(left[want.shelf], NOTHING)
        if there < want.quantity:
            short.append(Shortage(want, there))
        left[want.shelf] -= want.quantity
    return short
