"""Walks through lists never loop and never lose a row, whatever the list does (Hypothesis)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.clarity_ecommerce.dialect import Paging
from include.connectors.clarity_ecommerce.pages import Page, walk
from include.errors import PermanentError

START = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
BY_PAGE = Paging(index="pageIndex", size="pageSize")
BY_ROW = Paging(index="StartIndex", size="Size", unit="row", first=1)
BY_CURSOR = Paging(index="pageIndex", size="pageSize", after="after")


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


class Shop:
    """A list sorted by time of change, as bytes ``id@second``; rows may change or vanish while it is read."""

    cursors = False

    def __init__(self, times: dict[int, int], *, cap: int = 500, total: bool = True) -> None:
        self.times = dict(times)
        self.cap = cap
        self.total = total
        self.moves: list[tuple[int, int]] = []
        self.asked = 0
        self.sorts = True
        self.filters = True

    def rows(self, anchor: datetime | None) -> list[tuple[int, int]]:
        kept = [
            (second, number)
            for number, second in self.times.items()
            if not self.filters or anchor is None or at(second) >= anchor
        ]
        return sorted(kept) if self.sorts else sorted(kept, key=lambda row: row[1])

    def ask(self, anchor: datetime | None, place: dict[str, str]) -> Page:
        self.asked += 1
        rows = self.rows(anchor)
        size = min(int(place.get("pageSize") or place["Size"]), self.cap)
        if "after" in place:
            second, number = map(int, place["after"].split("-"))
            left = [row for row in rows if row > (second, number)]
        elif "StartIndex" in place:
            left = rows[int(place["StartIndex"]) - 1 :]
        else:
            left = rows[int(place["pageIndex"]) * size :]
        page = left[:size]
        cursor = "{}-{}".format(*page[-1]) if self.cursors and len(left) > size else ""
        if self.moves:
            number, second = self.moves.pop(0)
            if number in self.times and second:
                self.times[number] = max(self.times.values()) + second
            elif not second:
                self.times.pop(number, None)
        encoded = [f"{number}@{second}".encode() for second, number in page]
        return Page(encoded, cursor, len(rows) if self.total else None)


def times_of(rows: list[bytes]) -> list[datetime] | None:
    times = [at(int(row.split(b"@")[1])) for row in rows]
    return times if times == sorted(times) else None


def walked(shop: Shop, paging: Paging, *, size: int, since: datetime | None = START) -> list[bytes]:
    return [
        row
        for rows in walk(shop.ask, paging, size=size, since=since, times=times_of, most=2000)
        for row in rows
    ]


def numbers(rows: list[bytes]) -> set[int]:
    return {int(row.split(b"@")[0]) for row in rows}


catalogues = st.dictionaries(st.integers(1, 60), st.integers(0, 30), max_size=60)
pagings = st.sampled_from([BY_PAGE, BY_ROW])


@settings(deadline=None, max_examples=150)
@given(catalogues, pagings, st.integers(1, 12), st.integers(1, 12), st.booleans())
def test_a_list_at_rest_is_read_whole_whatever_the_page_size_and_its_cap(
    times: dict[int, int], paging: Paging, size: int, cap: int, total: bool
) -> None:
    cap = size if paging.unit == "row" else cap
    shop = Shop(times, cap=cap, total=total)
    assert numbers(walked(shop, paging, size=size)) == set(times)


@settings(deadline=None, max_examples=150)
@given(
    st.dictionaries(st.integers(1, 40), st.integers(0, 200), max_size=40),
    pagings,
    st.integers(2, 8),
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 5)), max_size=30),
)
def test_rows_that_change_while_we_read_come_again_and_push_nobody_out(
    times: dict[int, int], paging: Paging, size: int, moves: list[tuple[int, int]]
) -> None:
    """Distinct times: where many rows share one, only page numbers are left, as with any API."""
    distinct = {number: place * 2 for place, number in enumerate(sorted(times, key=lambda n: times[n]))}
    shop = Shop(distinct)
    shop.moves = moves
    assert numbers(walked(shop, paging, size=size)) == set(distinct)


@settings(deadline=None, max_examples=150)
@given(
    st.sets(st.integers(1, 40)),
    pagings,
    st.integers(2, 8),
    st.lists(st.integers(1, 40), max_size=2, unique=True),
    st.integers(0, 8),
)
def test_rows_that_are_taken_away_while_we_read_take_nobody_with_them(
    known: set[int], paging: Paging, size: int, gone: list[int], quiet: int
) -> None:
    shop = Shop({number: place for place, number in enumerate(sorted(known))})
    shop.moves = [(0, 0)] * quiet + [(number, 0) for number in gone]
    assert numbers(walked(shop, paging, size=size)) >= known - set(gone)


@settings(deadline=None, max_examples=150)
@given(
    catalogues,
    st.integers(1, 8),
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 5)), max_size=30),
)
def test_a_cursor_is_followed_to_the_end_under_changes(
    times: dict[int, int], size: int, moves: list[tuple[int, int]]
) -> None:
    shop = Shop(times)
    shop.cursors = True
    shop.moves = moves
    assert numbers(walked(shop, BY_CURSOR, size=size)) == set(times)


@settings(deadline=None, max_examples=100)
@given(catalogues, st.integers(1, 8))
def test_a_list_that_promises_cursors_and_gives_none_is_read_by_place(
    times: dict[int, int], size: int
) -> None:
    assert numbers(walked(Shop(times), BY_CURSOR, size=size)) == set(times)


@settings(deadline=None, max_examples=100)
@given(catalogues, st.integers(2, 8), st.booleans(), st.booleans())
def test_a_remote_that_ignores_filter_or_order_is_still_read_whole(
    times: dict[int, int], size: int, sorts: bool, filters: bool
) -> None:
    shop = Shop(times)
    shop.sorts, shop.filters = sorts, filters
    assert numbers(walked(shop, BY_PAGE, size=size)) == set(times)
    assert shop.asked <= 8 * (len(times) // size + 2)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.builds(
            Page,
            st.lists(st.sampled_from([b"1@1", b"2@2", b"3@3", b"4@4"]), max_size=4),
            st.sampled_from(["", "a", "b", "c"]),
            st.sampled_from([None, 0, 2, 10]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([BY_PAGE, BY_ROW, BY_CURSOR]),
)
def test_no_sequence_of_pages_makes_a_walk_endless(pages: list[Page], paging: Paging) -> None:
    """The remote repeats its answers for ever; the walk ends, quietly or with an error, within few calls."""
    asked: list[Any] = []

    def ask(anchor: datetime | None, place: dict[str, str]) -> Page:
        asked.append(place)
        return pages[(len(asked) - 1) % len(pages)]

    try:
        for _ in walk(ask, paging, size=2, since=START, times=times_of, most=2000):
            pass
    except PermanentError:
        pass
    assert len(asked) <= 60


def test_a_page_that_repeats_itself_is_no_list() -> None:
    page = Page([b"1@1", b"2@1"], "", 10)
    with pytest.raises(PermanentError, match="repeats itself"):
        list(walk(lambda _a, _p: page, BY_PAGE, size=2, since=None, times=lambda _rows: None, most=100))


def test_a_cursor_that_comes_back_is_no_list() -> None:
    pages = iter([Page([b"1@1"], "a"), Page([b"2@2"], "b"), Page([b"3@3"], "a")])
    with pytest.raises(PermanentError, match="repeats itself"):
        list(walk(lambda _a, _p: next(pages), BY_CURSOR, size=1, since=None, times=times_of, most=100))


def test_pages_that_promise_more_and_hold_nothing_are_no_list() -> None:
    pages = iter([Page([b"1@1"], "a"), Page([], "b"), Page([], "c")])
    with pytest.raises(PermanentError, match="repeats itself"):
        list(walk(lambda _a, _p: next(pages), BY_CURSOR, size=1, since=None, times=times_of, most=100))


def test_a_list_without_an_end_is_cut_off() -> None:
    numbers = iter(range(10**6))

    def ask(_anchor: datetime | None, _place: dict[str, str]) -> Page:
        number = next(numbers)
        return Page([f"{number}@{number}".encode()], f"c{number}")

    with pytest.raises(PermanentError, match="does not end within 50 pages"):
        list(walk(ask, BY_CURSOR, size=1, since=None, times=times_of, most=50))


def test_a_list_that_gives_fewer_rows_than_it_counts_is_read_once_more_and_no_more() -> None:
    asked: list[str] = []
    pages = {"0": Page([b"1@1"], "", 2), "1": Page([], "", 2)}

    def lagging(_anchor: datetime | None, place: dict[str, str]) -> Page:
        asked.append(place["pageIndex"])
        return pages[place["pageIndex"]]

    found = list(walk(lagging, BY_PAGE, size=2, since=None, times=lambda _rows: None, most=99))
    assert found == [[b"1@1"], [], [b"1@1"], []]
    assert asked == ["0", "1", "0", "1"]


def test_a_page_that_repeats_a_row_does_not_end_the_walk_before_the_last_one() -> None:
    pages = {"0": Page([b"1@1", b"1@1"], "", 3), "1": Page([b"2@1", b"3@1"], "", 3)}
    found = walk(
        lambda _a, place: pages[place["pageIndex"]],
        BY_PAGE,
        size=2,
        since=None,
        times=lambda _r: None,
        most=9,
    )
    assert [row for rows in found for row in rows] == [b"1@1", b"1@1", b"2@1", b"3@1"]
