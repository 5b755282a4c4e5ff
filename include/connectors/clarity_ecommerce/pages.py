"""Lists of a set that moves while we read it: never in a circle, never past a row.

A page's place counts rows. When a row that we have read changes, a list sorted by time of change moves it
to the end, its followers slide forward, and one of them slips over the edge of the page that we ask for
next. So a sorted list is walked by time: the next page is asked for from the last time of this one,
and the rows that come twice are dropped by the reader. A cursor, where the answer gives one, does the
same on their side. Page numbers remain for lists without times and for pages of one instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.errors import PermanentError

if TYPE_CHECKING:
    from datetime import datetime

    from include.connectors.clarity_ecommerce.dialect import Paging

MOST_EMPTY = 2
"""Pages in a row that promise more and hold nothing."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        rows: as raw JSON.
        cursor: of the next page, ``""`` when there is none or nobody says.
        total: rows that match, None when nobody says.
    """

    rows: list[bytes] = field(repr=False)
    cursor: str = ""
    total: int | None = None


Ask = Callable[["datetime | None", dict[str, str]], Page]
"""A page, from a lower bound of time and parameters of place."""
Span = Callable[[list[bytes]], "tuple[datetime, datetime] | None"]
"""First and last time of change of a page, if its rows prove that the list ascends by it."""


@dataclass
class _Place:
    """Where in the list we are, since the lower bound was last moved."""

    anchor: datetime | None
    number: int = 0
    cursor: str = ""
    cursors: set[str] = field(default_factory=set)
    met: set[int] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)


def walk(
    ask: Ask, paging: Paging, *, size: int, since: datetime | None, span: Span, most: int
) -> Iterator[list[bytes]]:
    """The rows of a list, page by page; the first page always comes.

    Args:
        ask: gives a page.
        paging: how places are spelt.
        size: rows asked for.
        since: lower bound of the time of change, None for the whole list.
        span: see :data:`Span`; without times a list is walked by place.
        most: pages.

    Raises:
        PermanentError: the list repeats itself, promises more than it holds, or does not end.
    """
    place, empty, timely = _Place(since), 0, True
    for _ in range(most):
        page = ask(place.anchor, _place_params(place, paging, size))
        yield page.rows
        empty = 0 if page.rows else empty + 1
        if _ended(place, page):
            return
        _refuse_circles(place, page, empty)
        between = None if page.cursor else span(page.rows)
        timely = timely and not _ignores(place.anchor, between)
        if timely and between is not None and between[0] < between[1] and _moves(place.anchor, between):
            place = _Place(between[1])
        else:
            place.number += 1
            place.cursor = page.cursor
    raise PermanentError(f"a list of Clarity's does not end within {most} pages; stopping")


def _ended(place: _Place, page: Page) -> bool:
    """Whether all that matches has come; a short page alone proves nothing, the remote may cap it."""
    place.seen |= {hash(row) for row in page.rows}
    if page.cursor:
        return False
    return not page.rows or (page.total is not None and len(place.seen) >= page.total)


def _refuse_circles(place: _Place, page: Page, empty: int) -> None:
    fingerprint = hash(tuple(page.rows))
    again = (page.rows and fingerprint in place.met) or (page.cursor and page.cursor in place.cursors)
    if again or empty >= MOST_EMPTY:
        raise PermanentError("a list of Clarity's repeats itself; stopping instead of looping")
    place.met.add(fingerprint)
    if page.cursor:
        place.cursors.add(page.cursor)


def _ignores(anchor: datetime | None, between: tuple[datetime, datetime] | None) -> bool:
    """Whether the remote takes no notice of the lower bound; it may know whole seconds only."""
    return anchor is not None and between is not None and between[0] < anchor.replace(microsecond=0)


def _moves(anchor: datetime | None, between: tuple[datetime, datetime]) -> bool:
    return anchor is None or between[1] > anchor


def _place_params(place: _Place, paging: Paging, size: int) -> dict[str, str]:
    params = {paging.size: str(size)}
    if place.cursor and paging.after:
        return params | {paging.after: place.cursor}
    steps = place.number * (size if paging.unit == "row" else 1)
    return params | {paging.index: str(paging.first + steps)}
