"""Lists that announce, details that tell (A18)."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.zoho_inventory import SWEEP_OVERLAP, OrderStub, ZohoReader
from include.errors import PermanentError, RateLimitedError, TransientError

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def wire_time(at: datetime) -> str:
    """As Zoho writes it: New York's offset, no colon."""
    return at.astimezone(datetime.fromisoformat("2026-11-20T12:00-05:00").tzinfo).strftime(
        "%Y-%m-%dT%H:%M:%S%z"
    )


def a_row(n: int, minutes: float = 0, **changes: Any) -> dict[str, Any]:
    return {
        "salesorder_id": str(5_129_873_000_000_000_000 + n),
        "salesorder_number": f"SO-{n}",
        "last_modified_time": wire_time(NOON + timedelta(minutes=minutes)),
        "status": "confirmed",
        "total": 19.9,
    } | changes


class Shop:
    """The list endpoint with its filter, its sort and its pages; rows may change between two pages."""

    def __init__(self, rows: list[dict[str, Any]], query_of, listed) -> None:
        self.rows = rows
        self.queries: list[dict[str, str]] = []
        self.ignores: set[str] = set()
        self.before_page = lambda _count: None
        self._query_of = query_of
        self._listed = listed

    def __call__(self, request):
        query = self._query_of(request)
        self.queries.append(query)
        self.before_page(len(self.queries))
        rows = self.rows
        if "last_modified_time" in query and "last_modified_time" not in self.ignores:
            since = datetime.fromisoformat(query["last_modified_time"])
            rows = [row for row in rows if datetime.fromisoformat(row["last_modified_time"]) >= since]
        if "salesorder_number" in query and "salesorder_number" not in self.ignores:
            rows = [row for row in rows if row["salesorder_number"] == query["salesorder_number"]]
        context = {"sort_column": "created_time", "sort_order": "D"}
        if "sort" not in self.ignores and query.get("sort_column") == "last_modified_time":
            rows = sorted(
                rows,
                key=lambda row: (datetime.fromisoformat(row["last_modified_time"]), row["salesorder_id"]),
            )
            context = {"sort_column": "last_modified_time", "sort_order": query["sort_order"]}
        start = (int(query["page"]) - 1) * int(query["per_page"])
        chosen = rows[start : start + int(query["per_page"])]
        return self._listed("salesorders", chosen, more=start + len(chosen) < len(rows), **context)


@pytest.fixture
def open_shop(bench, query_of, listed):
    def opened(rows: list[dict[str, Any]]) -> Shop:
        bench.zoho.api = shop = Shop(rows, query_of, listed)
        return shop

    return opened


def numbers(stubs) -> list[str]:
    return [stub.number for stub in stubs]


def test_a_list_is_walked_in_pages_of_200_oldest_change_first(bench, open_shop) -> None:
    shop = open_shop([a_row(n, minutes=-n) for n in range(450)])
    stubs = list(ZohoReader(bench.client()).list_sales_orders())
    assert numbers(stubs) == [f"SO-{n}" for n in reversed(range(450))]
    assert [query["per_page"] for query in shop.queries] == ["200", "200", "200"]
    assert {query["sort_column"] + query["sort_order"] for query in shop.queries} == {"last_modified_timeA"}


def test_a_stub_keeps_the_id_as_text_and_the_time_as_zoho_wrote_it(bench, open_shop) -> None:
    open_shop([a_row(1)])
    (stub,) = ZohoReader(bench.client()).list_sales_orders()
    assert stub == OrderStub("5129873000000000001", "SO-1", "2026-11-20T07:00:00-0500", "confirmed")
    assert stub.modified_at == NOON


def test_an_id_that_comes_as_a_number_keeps_its_nineteen_digits(bench, open_shop) -> None:
    open_shop([a_row(1, salesorder_id=5129873000000210001)])
    (stub,) = ZohoReader(bench.client()).list_sales_orders()
    assert stub.id == "5129873000000210001"


def test_the_lower_bound_is_sent_with_an_offset_without_a_colon(bench, open_shop) -> None:
    shop = open_shop([a_row(1, minutes=1)])
    list(
        ZohoReader(bench.client(timezone="Asia/Kolkata")).list_sales_orders(NOON + timedelta(microseconds=7))
    )
    assert shop.queries[0]["last_modified_time"] == "2026-11-20T17:30:00+0530"
    assert "%2B0530" in bench.zoho.asked[0].url


def test_a_change_of_the_very_second_of_the_lower_bound_is_not_lost(bench, open_shop) -> None:
    open_shop([a_row(1)])
    since = NOON + timedelta(microseconds=900_000)
    assert numbers(ZohoReader(bench.client()).list_sales_orders(since)) == ["SO-1"]


def test_a_filter_that_is_silently_ignored_is_applied_here(bench, open_shop) -> None:
    shop = open_shop([a_row(n, minutes=n) for n in range(450)])
    shop.ignores = {"last_modified_time"}
    stubs = list(ZohoReader(bench.client()).list_sales_orders(NOON + timedelta(minutes=440)))
    assert numbers(stubs) == [f"SO-{n}" for n in range(440, 450)]


def test_a_sort_that_is_silently_ignored_loses_nothing(bench, open_shop) -> None:
    shop = open_shop([a_row(n, minutes=(n * 7919) % 450) for n in range(450)])
    shop.ignores = {"sort"}
    until = NOON + timedelta(minutes=300)
    stubs = list(ZohoReader(bench.client()).list_sales_orders(None, until))
    assert sorted(numbers(stubs)) == sorted(
        row["salesorder_number"]
        for row in shop.rows
        if (int(row["salesorder_number"][3:]) * 7919) % 450 <= 300
    )


def test_a_closed_window_stops_reading_where_it_ends(bench, open_shop) -> None:
    shop = open_shop([a_row(n, minutes=n) for n in range(1000)])
    window = (NOON + timedelta(minutes=10), NOON + timedelta(minutes=20))
    stubs = list(ZohoReader(bench.client()).list_sales_orders(*window))
    assert numbers(stubs) == [f"SO-{n}" for n in range(10, 21)]
    assert len(shop.queries) == 1


def test_a_thousand_orders_of_one_second_are_read_page_by_page(bench, open_shop) -> None:
    shop = open_shop([a_row(n) for n in range(1000)])
    stubs = list(ZohoReader(bench.client()).list_sales_orders(NOON - timedelta(days=1)))
    assert len(set(numbers(stubs))) == len(stubs) == 1000
    assert len(shop.queries) == 5


def test_an_order_edited_while_we_read_pushes_none_over_the_edge(bench, open_shop) -> None:
    """Page numbers would skip the row that moves up from page two to page one."""
    shop = open_shop([a_row(n, minutes=n) for n in range(450)])

    def edit(count: int) -> None:
        if count == 2:
            shop.rows[5] = a_row(5, minutes=1000)

    shop.before_page = edit
    stubs = list(ZohoReader(bench.client()).list_sales_orders(NOON))
    assert set(numbers(stubs)) == {f"SO-{n}" for n in range(450)}
    again = [stub.last_modified_time for stub in stubs if stub.number == "SO-5"]
    assert again == [wire_time(NOON + timedelta(minutes=5)), wire_time(NOON + timedelta(minutes=1000))]


def test_an_order_deleted_while_we_read_hides_no_other(bench, open_shop) -> None:
    shop = open_shop([a_row(n, minutes=n) for n in range(450)])
    shop.before_page = lambda count: shop.rows.pop(0) if count > 1 else None
    stubs = list(ZohoReader(bench.client()).list_sales_orders(NOON))
    assert {f"SO-{n}" for n in range(3, 450)} <= set(numbers(stubs))


def test_one_version_is_announced_once(bench, listed) -> None:
    page = [a_row(1), a_row(2)]
    bench.zoho.replies(
        listed("salesorders", page, more=True, sort_column="x"),
        listed("salesorders", [*page, a_row(3)], sort_column="x"),
    )
    assert numbers(ZohoReader(bench.client()).list_sales_orders()) == ["SO-1", "SO-2", "SO-3"]


def test_a_page_that_repeats_itself_ends_the_walk(bench, listed) -> None:
    bench.zoho.replies(listed("salesorders", [a_row(1), a_row(2)], more=True))
    with pytest.raises(PermanentError, match="repeats itself"):
        list(ZohoReader(bench.client()).list_sales_orders())
    assert len(bench.zoho.asked) <= 3


def test_pages_that_repeat_in_turns_end_the_walk_too(bench, listed, query_of) -> None:
    def api(request):
        return listed("salesorders", [a_row(int(query_of(request)["page"]) % 2)], more=True)

    bench.zoho.api = api
    with pytest.raises(PermanentError, match="repeats itself"):
        list(ZohoReader(bench.client()).list_sales_orders())


def test_an_empty_page_that_promises_more_is_not_the_end(bench, listed) -> None:
    bench.zoho.replies(listed("salesorders", [], more=True))
    with pytest.raises(PermanentError):
        list(ZohoReader(bench.client()).list_sales_orders())


def test_a_limit_met_in_the_middle_is_not_the_end_of_the_list(bench, listed, refused) -> None:
    rows = [a_row(n, minutes=n) for n in range(200)]
    bench.zoho.replies(listed("salesorders", rows, more=True), refused(200, 45))
    walk = ZohoReader(bench.client()).list_sales_orders()
    assert next(walk).number == "SO-0"
    with pytest.raises(RateLimitedError):
        list(walk)


def test_an_order_without_a_readable_time_is_announced_all_the_same(bench, listed) -> None:
    bench.zoho.replies(listed("salesorders", [a_row(1, last_modified_time=""), a_row(2, minutes=-60)]))
    assert numbers(ZohoReader(bench.client()).list_sales_orders(NOON)) == ["SO-1"]


def test_a_row_of_another_shape_is_not_skipped(bench, listed) -> None:
    bench.zoho.replies(listed("salesorders", [{"salesorder_number": "SO-1"}]))
    with pytest.raises(TransientError, match="another shape"):
        list(ZohoReader(bench.client()).list_sales_orders())


def test_numbers_cost_one_call_each_and_unknown_ones_are_not_made_up(bench, open_shop) -> None:
    shop = open_shop([a_row(n) for n in range(450)])
    stubs = list(ZohoReader(bench.client()).list_sales_orders(numbers=["SO-7", "SO-999", "SO-3", "SO-7"]))
    assert numbers(stubs) == ["SO-7", "SO-3"]
    assert [query["salesorder_number"] for query in shop.queries] == ["SO-7", "SO-999", "SO-3"]


def test_a_number_filter_that_is_ignored_costs_one_walk_and_not_one_per_number(bench, open_shop) -> None:
    shop = open_shop([a_row(n, minutes=n) for n in range(450)])
    shop.ignores = {"salesorder_number"}
    wanted = ["SO-3", "SO-449", "SO-999", "SO-300"]
    stubs = list(ZohoReader(bench.client()).list_sales_orders(numbers=wanted))
    assert sorted(numbers(stubs)) == ["SO-3", "SO-300", "SO-449"]
    assert len(shop.queries) == 4


@settings(deadline=None)
@given(
    minutes=st.lists(st.integers(0, 12), max_size=30),
    since=st.none() | st.integers(-2, 14),
    until=st.none() | st.integers(-2, 14),
    ignores=st.sets(st.sampled_from(["sort", "last_modified_time"])),
    numbers_asked=st.none() | st.lists(st.integers(0, 30), max_size=4),
)
def test_any_window_over_any_list_gives_exactly_its_orders_once(
    new_bench, query_of, listed, *, minutes, since, until, ignores, numbers_asked
) -> None:
    world = new_bench()
    world.zoho.api = shop = Shop([a_row(n, minutes=at) for n, at in enumerate(minutes)], query_of, listed)
    shop.ignores = ignores | ({"salesorder_number"} if ignores else set())
    window = [None if at is None else NOON + timedelta(minutes=at) for at in (since, until)]
    asked = None if numbers_asked is None else [f"SO-{n}" for n in numbers_asked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("include.connectors.zoho_inventory.pages.PAGE_SIZE", 3)
        client = world.client(calls_per_minute=10_000)
        found = numbers(ZohoReader(client).list_sales_orders(*window, numbers=asked))
    assert sorted(found) == sorted(
        f"SO-{n}"
        for n, at in enumerate(minutes)
        if (since is None or at >= since)
        and (until is None or at <= until)
        and (numbers_asked is None or n in numbers_asked)
    )


def test_the_overlap_covers_a_late_commit() -> None:
    assert timedelta(minutes=1) <= SWEEP_OVERLAP <= timedelta(hours=1)


def detail(order_id: str) -> bytes:
    order = f'{{"salesorder_id": "{order_id}", "total": 1800.10, "rate":1e-3}}'
    return f'{{"code": 0, "message": "success", "salesorder": {order} }}'.encode()


def test_a_detail_is_handed_on_byte_for_byte(bench) -> None:
    bench.zoho.api = lambda _request: (200, {}, detail("17"))
    assert list(ZohoReader(bench.client()).sales_orders(["17"])) == [
        ("17", b'{"salesorder_id": "17", "total": 1800.10, "rate":1e-3}')
    ]


def test_details_come_in_the_order_asked_each_once(bench) -> None:
    bench.zoho.api = lambda request: (200, {}, detail(request.path_url.split("?")[0].rsplit("/", 1)[1]))
    ids = [str(n) for n in range(30, 0, -1)]
    found = list(ZohoReader(bench.client(calls_per_minute=1000)).sales_orders([*ids, "30"]))
    assert [each for each, _ in found] == ids
    assert len(bench.zoho.asked) == 30


def test_details_are_fetched_several_at_once_but_no_more_than_allowed(bench) -> None:
    meeting = threading.Barrier(3, timeout=5)
    peak, running, lock = 0, 0, threading.Lock()

    def api(request):
        nonlocal peak, running
        with lock:
            running += 1
            peak = max(peak, running)
        meeting.wait()
        with lock:
            running -= 1
        return 200, {}, detail(request.path_url.split("?")[0].rsplit("/", 1)[1])

    bench.zoho.api = api
    list(ZohoReader(bench.client(concurrency=3)).sales_orders([str(n) for n in range(9)]))
    assert peak == 3


def test_an_order_that_is_gone_is_told_apart_from_one_that_cannot_be_read(bench, refused) -> None:
    def api(request):
        if "/salesorders/1?" in request.path_url:
            return refused(404, 1002, "Sales Order does not exist.")
        return 200, {}, detail("2")

    bench.zoho.api = api
    assert [raw is None for _, raw in ZohoReader(bench.client()).sales_orders(["1", "2"])] == [True, False]


@pytest.mark.parametrize("code", [43, 45, 57, 5, 4711])
def test_no_other_refusal_is_taken_for_gone(bench, refused, code: int) -> None:
    bench.zoho.replies(refused(400, code, "does not work"))
    with pytest.raises(Exception, match=f"code {code}"):
        list(ZohoReader(bench.client()).sales_orders(["1"]))


def test_an_order_that_zoho_cannot_serve_is_told_and_the_others_are_read(bench) -> None:
    def api(request):
        bad = request.url.split("?")[0].endswith("/18")
        return (500, {}, b"<html>") if bad else (200, {}, detail(request.url.split("?")[0][-2:]))

    bench.zoho.api = api
    found = dict(ZohoReader(bench.client(calls_per_minute=1000)).sales_orders(["17", "18", "19"]))
    assert (found["17"][:1], found["19"][:1]) == (b"{", b"{")
    assert type(found["18"]) is TransientError


@pytest.mark.parametrize(
    "order_id", ["", "../../organizations", "1/comments", "1?x=1", "SO-1", "٣", "1" * 40]
)
def test_what_cannot_be_an_id_is_not_asked_for(bench, order_id: str) -> None:
    assert list(ZohoReader(bench.client()).sales_orders([order_id])) == [(order_id, None)]
    assert bench.zoho.asked == []


def test_another_order_than_the_one_asked_for_is_refused(bench) -> None:
    bench.zoho.api = lambda _request: (200, {}, detail("18"))
    with pytest.raises(PermanentError, match="asked Zoho for sales order 17, it answered with 18"):
        list(ZohoReader(bench.client()).sales_orders(["17"]))


def test_one_failure_ends_the_batch_without_asking_for_the_rest(bench, refused) -> None:
    bench.zoho.replies(refused(429, 45))
    with pytest.raises(RateLimitedError):
        list(ZohoReader(bench.client()).sales_orders([str(n) for n in range(500)]))
    assert len(bench.zoho.asked) <= 8


def test_contacts_and_items_are_raw_too(bench) -> None:
    replies = {"contacts": b'{"contact_id":"1","credit_limit":""}', "items": b'{"item_id":"1","rate":118.0}'}
    bench.zoho.api = lambda request: (
        200,
        {},
        b'{"code":0,"message":"success","contact":%(contacts)b,"item":%(items)b}'
        % {k.encode(): v for k, v in replies.items()},
    )
    reader = ZohoReader(bench.client())
    assert reader.contact("1") == replies["contacts"]
    assert reader.item("1") == replies["items"]


def test_all_items_are_read_page_by_page(bench, query_of, listed) -> None:
    def api(request):
        page = int(query_of(request)["page"])
        return listed("items", [{"item_id": str(page), "rate": 118.0}], more=page < 3)

    bench.zoho.api = api
    assert [json.loads(raw)["item_id"] for raw in ZohoReader(bench.client()).items()] == ["1", "2", "3"]


ORGANISATIONS = {
    "code": 0,
    "message": "success",
    "organizations": [
        {
            "organization_id": "5129873",
            "name": "Kestrel",
            "time_zone": "America/New_York",
            "currency_code": "USD",
        },
        {"organization_id": 746352814, "name": "Other", "time_zone": "Europe/Rome"},
    ],
    "salesorders": [],
}


def test_the_connection_test_says_where_it_arrived(bench, query_of) -> None:
    bench.zoho.replies((200, {}, ORGANISATIONS))
    report = ZohoReader(bench.client()).check()
    assert (report.ok, report.message) == (True, "connected to organisation Kestrel (5129873), USD")
    assert "organization_id" not in query_of(bench.zoho.asked[0])


def test_the_connection_test_names_the_organisations_there_are(bench) -> None:
    bench.zoho.replies((200, {}, ORGANISATIONS))
    report = ZohoReader(bench.client(organization_id="1")).check()
    assert not report.ok
    assert "5129873 (Kestrel), 746352814 (Other)" in report.message


def test_the_connection_test_mentions_another_time_zone(bench) -> None:
    bench.zoho.replies((200, {}, ORGANISATIONS))
    report = ZohoReader(bench.client(timezone="Europe/Rome")).check()
    assert report.ok
    assert "lives in America/New_York" in report.message


def test_the_connection_test_names_a_missing_scope(bench, refused) -> None:
    bench.zoho.api = lambda request: (
        (200, {}, ORGANISATIONS) if "/organizations" in request.path_url else refused(401, 57)
    )
    report = ZohoReader(bench.client()).check()
    assert not report.ok
    assert "GET /salesorders" in report.message
    assert "scope" in report.message


@pytest.mark.parametrize(
    ("error", "hint"), [("invalid_code", "authorise"), ("invalid_client", "data_centre")]
)
def test_the_connection_test_names_dead_credentials_and_the_data_centre(bench, error: str, hint: str) -> None:
    bench.zoho.accounts = lambda _request: (200, {}, {"error": error})
    report = ZohoReader(bench.client(data_centre="eu")).check()
    assert not report.ok
    assert hint in report.message
    assert "'eu'" in report.message


def test_the_connection_test_survives_a_dead_network(bench) -> None:
    bench.zoho.api = lambda _request: (502, {}, b"<html>")
    assert not ZohoReader(bench.client()).check().ok
