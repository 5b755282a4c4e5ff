"""Reading Clarity: windows, ids, numbers, stock; the answers are the reference's samples."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from include.connectors.clarity_ecommerce.records import Kind
from include.connectors.clarity_ecommerce.wire import MalformedAnswerError
from include.errors import ConfigurationError, PermanentError, RateLimitedError, TransientError

SINCE = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
LIST = {
    "data": [
        {
            "id": 100457,
            "orderNumber": "WEB-100457",
            "status": "Processing",
            "placedAt": "2026-03-02T16:04:31.220Z",
            "updatedDate": "2026-03-02T16:04:31.398Z",
            "customerId": 10482,
            "currency": "USD",
            "grandTotal": 2699.48,
            "externalIds": {},
        },
        {
            "id": 100458,
            "orderNumber": "WEB-100458",
            "status": "OnHold",
            "placedAt": "2026-03-02T16:22:10.000Z",
            "updatedDate": "2026-03-02T16:22:11.500Z",
            "customerId": 10391,
            "currency": "USD",
            "grandTotal": 74.1,
            "externalIds": {},
        },
    ],
    "pageIndex": 0,
    "pageSize": 100,
    "totalCount": 2,
    "asOf": "2026-03-02T16:30:00.000Z",
}
DETAIL = (
    b'{"data": {"id": 100457, "orderNumber": "WEB-100457", "status": "PartiallyShipped",\n'
    b' "updatedDate": "2026-03-04T21:17:08.004Z", "rowVersion": 6, "currency": "USD",\n'
    b' "totals": {"grandTotal": 2699.480000000000000001, "tax": 205.73, "huge": 1e400}}}'
)


def stock(sku: str, warehouse: str, on_hand: float = 1.0) -> dict[str, Any]:
    return {
        "sku": sku,
        "productId": 20431,
        "warehouseCode": warehouse,
        "quantityOnHand": on_hand,
        "updatedDate": "2026-03-02T16:00:05.000Z",
        "rowVersion": 412,
    }


def listed(rows: list[Any], **more: Any) -> dict[str, Any]:
    return {"data": rows, "pageIndex": 0, "pageSize": 100, "totalCount": len(rows), **more}


def test_a_sweep_asks_from_the_overlap_on_in_the_order_of_changes(bench, answer) -> None:
    bench.tenant.replies(answer(200, LIST))
    bench.clock.now = SINCE + timedelta(days=1)
    found = list(bench.reader().changed(Kind.ORDERS, SINCE, SINCE + timedelta(hours=1)))
    assert [(each.id, each.number, each.version) for each in found] == [
        ("100457", "WEB-100457", ""),
        ("100458", "WEB-100458", ""),
    ]
    assert found[0].updated_at == datetime(2026, 3, 2, 16, 4, 31, 398000, tzinfo=UTC)
    (asked,) = bench.tenant.asked
    assert asked.path == "/api/v1/orders"
    assert asked.query == {
        "updatedDateMin": ["2026-03-02T15:55:00.000Z"],
        "updatedDateMax": ["2026-03-02T17:00:00.000Z"],
        "sort": ["updatedDate,id"],
        "pageSize": ["100"],
        "pageIndex": ["0"],
    }


def test_an_upper_bound_before_which_rows_still_change_is_held_here(bench, answer) -> None:
    bench.tenant.replies(answer(200, LIST))
    bench.clock.now = SINCE + timedelta(minutes=10)
    found = bench.reader().changed(Kind.ORDERS, SINCE, SINCE + timedelta(minutes=10))
    assert [each.id for each in found] == ["100457"]
    assert "updatedDateMax" not in bench.tenant.asked[0].query


def test_the_overlap_is_the_sites_to_set(bench, answer) -> None:
    bench.tenant.replies(answer(200, LIST))
    list(bench.reader(overlap=0.0, page_size=7, store_id="main").changed(Kind.ORDERS, SINCE))
    query = bench.tenant.asked[0].query
    assert (query["updatedDateMin"], query["pageSize"], query["storeId"]) == (
        ["2026-03-02T16:00:00.000Z"],
        ["7"],
        ["main"],
    )


def test_rows_outside_the_window_are_dropped_even_when_the_filter_is_ignored(bench, answer) -> None:
    bench.tenant.replies(answer(200, LIST))
    reader = bench.reader(overlap=0.0)
    late = list(reader.changed(Kind.ORDERS, SINCE + timedelta(minutes=10)))
    early = list(reader.changed(Kind.ORDERS, SINCE, SINCE + timedelta(minutes=10)))
    assert [each.id for each in late] == ["100458"]
    assert [each.id for each in early] == ["100457"]


def test_a_row_without_a_readable_time_is_yielded_rather_than_lost(bench, answer) -> None:
    bench.tenant.replies(answer(200, listed([{"id": 1, "updatedDate": None}, {"id": 2}])))
    assert [each.id for each in bench.reader().changed(Kind.ORDERS, SINCE)] == ["1", "2"]


def test_one_version_of_a_row_comes_once(bench, answer) -> None:
    row = LIST["data"][0]
    newer = row | {"updatedDate": "2026-03-02T16:40:00.000Z"}
    bench.tenant.replies(answer(200, listed([row, row, newer], totalCount=2)))
    assert [each.updated[14:16] for each in bench.reader().changed(Kind.ORDERS, SINCE)] == ["04", "40"]


def test_a_cursor_is_followed_with_the_same_filters_and_no_place(bench, answer) -> None:
    rows = LIST["data"]
    bench.tenant.replies(
        answer(200, listed(rows[:1], totalCount=2, nextCursor="b3BhcXVl")),
        answer(200, listed(rows[1:], totalCount=2, nextCursor=None)),
    )
    assert (
        len(list(bench.reader().changed(Kind.ORDERS, SINCE, where={"status": ["Processing", "OnHold"]}))) == 2
    )
    first, second = (asked.query for asked in bench.tenant.asked)
    assert second["after"] == ["b3BhcXVl"]
    assert "pageIndex" not in second
    assert second["updatedDateMin"] == first["updatedDateMin"]
    assert second["status"] == ["Processing", "OnHold"]


def test_an_outage_in_the_middle_of_a_list_is_no_end_of_it(bench, answer) -> None:
    rows = LIST["data"]
    bench.tenant.replies(answer(200, listed(rows[:1], totalCount=2)), answer(504, b"<html>"))
    found = bench.reader(attempts=2).changed(Kind.ORDERS, SINCE)
    assert next(found).id == "100457"
    with pytest.raises(TransientError):
        next(found)


def test_a_record_keeps_every_byte_of_its_numbers(bench, answer) -> None:
    bench.tenant.replies(answer(200, DETAIL))
    record = bench.reader().record(Kind.ORDERS, "100457")
    assert record is not None
    assert record.raw == DETAIL[len(b'{"data": ') : -1]
    assert (record.id, record.number, record.version) == ("100457", "WEB-100457", "6")
    totals = json.loads(record.raw, parse_float=Decimal)["totals"]
    assert totals["grandTotal"] == Decimal("2699.480000000000000001")


def test_records_come_in_the_order_of_their_ids_each_asked_once_and_a_missing_one_is_none(
    bench, answer, refused
) -> None:
    def api(asked: Any) -> Any:
        number = int(asked.path.rpartition("/")[2])
        return refused(404, "order_not_found") if number == 7 else answer(200, {"data": {"id": number}})

    bench.tenant.api = api
    ids = [str(number) for number in range(20)]
    found = list(bench.reader().records(Kind.ORDERS, ids + ids))
    assert [each for each, _record in found] == ids
    assert [each for each, record in found if record is None] == ["7"]
    assert all(record is None or record.id == each for each, record in found)
    assert len(bench.tenant.asked) == 20


def test_one_record_that_cannot_be_served_does_not_take_its_siblings_with_it(bench, answer) -> None:
    bench.tenant.api = lambda asked: (
        answer(502, b"<html>") if asked.path.endswith("/2") else answer(200, {"data": {"id": asked.path[-1]}})
    )
    found = dict(bench.reader(attempts=1).records(Kind.ORDERS, ["1", "2", "3"]))
    assert isinstance(found["2"], TransientError)
    assert found["1"].id == "1"
    assert found["3"].id == "3"


def test_a_limit_ends_the_reading(bench, refused) -> None:
    bench.tenant.replies(refused(429, "rate_limited", Retry_After="900"))
    with pytest.raises(RateLimitedError):
        list(bench.reader().records(Kind.ORDERS, ["1", "2"]))


def test_another_record_than_the_one_asked_for_is_refused(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": {"id": 2, "sku": "B"}}))
    with pytest.raises(PermanentError, match="another one"):
        bench.reader().record(Kind.ORDERS, "1")
    with pytest.raises(PermanentError, match="another one"):
        bench.reader().by_number(Kind.PRODUCTS, "A")


@pytest.mark.parametrize("body", [{"data": {"number": 1}}, {"data": [1]}, {"data": 5}])
def test_a_record_without_an_id_is_no_record(bench, answer, body: Any) -> None:
    bench.tenant.replies(answer(200, body))
    with pytest.raises(MalformedAnswerError):
        bench.reader(attempts=1).record(Kind.ORDERS, "1")


def test_a_number_is_looked_up_by_its_own_path_or_among_its_orders(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": {"id": 20431, "sku": "A/B #1"}}))
    assert bench.reader().by_number(Kind.PRODUCTS, "A/B #1").id == "20431"
    assert bench.tenant.asked[0].path == "/api/v1/products/by-sku/A%2FB%20%231"
    rows = [{"id": 1, "shipmentNumber": "SHP-1"}, {"id": 2, "shipmentNumber": "SHP-2"}]
    bench.tenant.replies(answer(200, listed(rows)))
    found = bench.reader().by_number(Kind.SHIPMENTS, "SHP-2", among={"orderNumber": "WEB-1"})
    assert found.id == "2"
    assert bench.tenant.asked[1].query["orderNumber"] == ["WEB-1"]
    assert bench.reader().by_number(Kind.SHIPMENTS, "SHP-3", among={"orderNumber": "WEB-1"}) is None


def test_what_a_dialect_cannot_say_is_a_matter_of_configuration(bench) -> None:
    reader = bench.reader()
    with pytest.raises(ConfigurationError, match="one by one"):
        reader.record(Kind.PAYMENTS, "55120")
    with pytest.raises(ConfigurationError, match="by number"):
        reader.by_number(Kind.SHIPMENTS, "SHP-1")
    with pytest.raises(ConfigurationError, match="no list"):
        list(reader.changed(Kind.PAYOUTS))
    assert bench.tenant.asked == []


def test_stock_is_asked_for_a_hundred_items_at_a_time(bench, answer) -> None:
    def api(asked: Any) -> Any:
        rows = [stock(sku, code) for sku in asked.query["sku"] for code in ("001", "002")]
        return answer(200, listed(rows, pageSize=500))

    bench.tenant.api = api
    skus = [f"SKU|{number}" for number in range(150)]
    found = list(bench.reader(page_size=500).stock(skus + skus, warehouse_code="001"))
    assert [each.id for each in found] == [f"{sku}|001" for sku in skus]
    assert [len(asked.query["sku"]) for asked in bench.tenant.asked] == [100, 50]
    assert bench.tenant.asked[0].query["warehouseCode"] == ["001"]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (Kind.CUSTOMERS, "customers"),
        (Kind.PRODUCTS, "products"),
        (Kind.SHIPMENTS, "shipments"),
        (Kind.PAYMENTS, "payments"),
        (Kind.REFUNDS, "refunds"),
        (Kind.RETURNS, "returns"),
    ],
)
def test_every_kind_has_its_list(bench, answer, kind: Kind, path: str) -> None:
    bench.tenant.replies(
        answer(200, listed([{"id": 1, "rowVersion": 3, "updatedDate": "2026-03-02T16:04:31Z"}]))
    )
    (record,) = bench.reader().changed(kind, SINCE)
    assert (record.id, record.version) == ("1", "3")
    assert bench.tenant.asked[0].path == f"/api/v1/{path}"


def test_the_check_says_who_we_are_and_that_the_dialect_is_unverified(bench, refused) -> None:
    report = bench.reader().check()
    assert report.ok
    assert report.message.startswith("connected to 127.0.0.1:")
    assert "by oauth2; note: the dialect 'v1' is unverified" in report.message
    bench.tenant.replies(refused(403, "insufficient_scope"))
    report = bench.reader().check()
    assert not report.ok
    assert "scope" in report.message
    bench.tenant.login = lambda _asked: refused(401, "x")
    assert not bench.reader(scopes=("orders.read",)).check().ok


@pytest.mark.parametrize("body", [{"data": {}}, {"rows": []}, {"data": None}])
def test_a_list_that_is_no_list_fails_the_check(bench, answer, body: Any) -> None:
    bench.tenant.replies(answer(200, body))
    assert not bench.reader(attempts=1).check().ok
