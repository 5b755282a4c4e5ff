"""B57: what lies there is promised once, and to whoever came first."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from include.pipelines.stock_rules import Shelf, Shortage, Want, shortages

SHELVES = [("TEA", "000"), ("TEA", "001"), ("RICE", "000")]
quantities = st.decimals("0.000001", 9, places=6)
levels = st.dictionaries(st.sampled_from(SHELVES), st.decimals(-5, 20, places=6))


@st.composite
def queues(draw: st.DrawFn) -> list[Want]:
    """Orders with up to three lines each, in no particular order."""
    orders = draw(st.lists(st.lists(st.tuples(st.sampled_from(SHELVES), quantities), max_size=3), max_size=6))
    wants = [
        Want(place, f"O{place}", line, *shelf, quantity)
        for place, lines in enumerate(orders)
        for line, (shelf, quantity) in enumerate(lines, start=1)
    ]
    return draw(st.permutations(wants))


def want(place: int, item: str, quantity: str, line: int = 1) -> Want:
    return Want(place, f"O{place}", line, item, "000", Decimal(quantity))


def held(short: list[Shortage]) -> set[str]:
    return {shortage.want.key for shortage in short}


def summed(taken: list[tuple[Shelf, Decimal]]) -> dict[Shelf, Decimal]:
    sums: defaultdict[Shelf, Decimal] = defaultdict(Decimal)
    for shelf, quantity in taken:
        sums[shelf] += quantity
    return sums


@given(queues(), levels)
def test_never_more_is_promised_than_there_is(wants: list[Want], there: dict[Shelf, Decimal]) -> None:
    short = shortages(wants, there)
    waiting = held(short)
    whole = summed([(each.shelf, each.quantity) for each in wants if each.key not in waiting])
    lacking = {shortage.want: shortage.missing for shortage in short}
    parts = summed([(each.shelf, each.quantity - lacking.get(each, Decimal(0))) for each in wants])
    for promised in (whole, parts):
        assert all(units <= max(there.get(shelf, Decimal(0)), 0) for shelf, units in promised.items())


@given(queues(), levels)
def test_nobody_overtakes(wants: list[Want], there: dict[Shelf, Decimal]) -> None:
    """Of a shelf that could not serve somebody, nobody who came later is served."""
    short = shortages(wants, there)
    for shortage in short:
        later = {w.key for w in wants if w.shelf == shortage.want.shelf and w.place > shortage.want.place}
        assert later <= held(short)


@given(queues(), levels)
def test_the_first_in_line_waits_only_for_what_is_not_there(
    wants: list[Want], there: dict[Shelf, Decimal]
) -> None:
    first = [each for each in wants if each.place == min(want.place for want in wants)]
    enough = all(units <= there.get(shelf, 0) for shelf, units in summed(
        [(each.shelf, each.quantity) for each in first]
    ).items())  # fmt: skip
    assert bool(held(shortages(wants, there)) & {each.key for each in first}) is not enough


def test_what_is_there_goes_to_whoever_came_first() -> None:
    there = {("TEA", "000"): Decimal(7)}
    short = shortages([want(3, "TEA", "1"), want(1, "TEA", "5"), want(2, "TEA", "4")], there)
    assert [(each.want.key, each.left, each.missing) for each in short] == [("O2", 2, 2), ("O3", 0, 1)]


def test_two_lines_of_an_order_want_the_same_item() -> None:
    (short,) = shortages([want(1, "TEA", "4"), want(1, "TEA", "4", line=2)], {("TEA", "000"): Decimal(7)})
    assert (short.want.line, short.missing) == (2, 1)
