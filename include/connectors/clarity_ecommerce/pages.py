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
from itertools import repeat
from typing import TYPE_CHECKING

from include.errors import PermanentError

if TYPE_CHECKING:
    from datetime import datetime

    from include.connectors.clarity_ecommerce.dialect import Paging

MOST_EMPTY = 2
"""Pages in a row that promise more and hold nothing."""
MOST_RESTARTS = 2
"""How often a list that shrinks under our hands is begun again before it is walked by place."""


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
Times = Callable[[list[bytes]], "list[datetime] | None"]
"""When the rows of a page changed; None unless every row says so and the page ascends."""


@dataclass
class _Place:
    """Where in the list we are, since the lower bound was last moved.

    Attributes:
        promised: rows that must match the bound, if the list was in the order of its times until here.
    """

    anchor: datetime | None
    promised: int | None = None
    number: int = 0
    cursor: str = ""
    cursors: set[str] = field(default_factory=set)
    met: set[int] = field(default_factory=set)
    seen: dict[int, datetime | None] = field(default_factory=dict)


def walk(
    ask: Ask, paging: Paging, *, size: int, since: datetime | None, times: Times, most: int
) -> Iterator[list[bytes]]:
    """The rows of a list, page by page; the first page always comes.

    Args:
        ask: gives a page.
        paging: how places are spelt.
        size: rows asked for.
        since: lower bound of the time of change, None for the whole list.
        times: see :data:`Times`; without them a list is walked by place.
        most: pages.

    Raises:
        PermanentError: the list repeats itself, promises more than it holds, or does not end.
    """
    place, empty, timely, restarts = _Place(since), 0, True, 0
    for _ in range(most):
        page = ask(place.anchor, _place_params(place, paging, size))
        yield page.rows
        if place.promised is not None and page.total is not None and page.total < place.promised:
            # Rows are missing behind the new bound. Some were taken away meanwhile, or else the list only
            # looked as if it were in order: then they are missing again, and its times are not trusted.
            restarts += 1
            place, timely = _Place(since), timely and restarts <= MOST_RESTARTS
            continue
        empty = 0 if page.rows else empty + 1
        found = times(page.rows)
        place.seen.update(zip(map(hash, page.rows), found or repeat(None), strict=False))
        if _ended(place, page):
            if restarts or page.total is None or len(place.seen) >= page.total:
                return
            # Fewer rows came than match, as when a list shows a change late: once more from the start.
            restarts += 1
            place = _Place(since)
            continue
        _refuse_circles(place, page, empty)
        timely = timely and not _ignores(place.anchor, found)
        further = _further(place, page, found) if timely else None
        if further is not None:
            place = further
        else:
            place.number += 1
            place.cursor = page.cursor
    raise PermanentError(f"a list of Clarity's does not end within {most} pages; stopping")


def _ended(place: _Place, page: Page) -> bool:
    """Whether all that matches has come; a short page alone proves nothing, the remote may cap it."""
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


def _ignores(anchor: datetime | None, times: list[datetime] | None) -> bool:
    """Whether the remote takes no notice of the lower bound; it may know whole seconds only."""
    return anchor is not None and bool(times) and min(times or ()) < anchor.replace(microsecond=0)


def _further(place: _Place, page: Page, times: list[datetime] | None) -> _Place | None:
    """The bound moved to the last time of this page; None where that leads nowhere or a cursor leads."""
    if page.cursor or not times or times[0] == times[-1]:
        return None
    last = times[-1]
    if place.anchor is not None and last <= place.anchor:
        return None
    before = sum(1 for at in place.seen.values() if at is not None and at < last)
    return _Place(last, promised=None if page.total is None else page.total - before)


def _place_params(place: _Place, paging: Paging, size: int) -> dict[str, str]:
    params = {paging.size: str(size)}
    if place.cursor and paging.after:
        return params | {paging.after: place.cursor}
    steps = place.number * (size if paging.unit == "row" else 1)
    return params | {paging.index: str(paging.first + steps)}
