"""Lists: paging, cursors, filters, and what strict mode refuses."""

from __future__ import annotations

import pytest

from .conftest import Clarity


def numbers(answer: dict) -> list[str]:
    return [row["orderNumber"] for row in answer["data"]]


def test_an_order_list_has_the_rows_and_the_envelope_of_the_contract(clarity: Clarity) -> None:
    answer = clarity.get("/orders")
    assert set(answer) == {"data", "pageIndex", "pageSize", "totalCount", "asOf", "nextCursor"}
    assert (answer["pageIndex"], answer["pageSize"], answer["totalCount"]) == (0, 100, 3)
    assert list(answer["data"][0]) == [
        "id", "orderNumber", "status", "placedAt", "updatedDate", "customerId", "currency", "grandTotal",
        "externalIds",
    ]  # fmt: skip


def test_pages_by_index_end_empty(clarity: Clarity) -> None:
    first, second, third = (clarity.get("/orders", pageSize=2, pageIndex=index) for index in range(3))
    assert numbers(first) + numbers(second) == ["WEB-110248", "WEB-110249", "WEB-110250"]
    assert third["data"] == []


def test_updated_min_is_inclusive_and_max_exclusive(clarity: Clarity) -> None:
    rows = clarity.get("/orders", updatedDateMin="2000-01-01T00:00:00Z")["data"]
    second = rows[1]["updatedDate"]
    assert numbers(clarity.get("/orders", updatedDateMin=second)) == ["WEB-110249", "WEB-110250"]
    assert numbers(clarity.get("/orders", updatedDateMax=second)) == ["WEB-110248"]


def test_a_cursor_walk_meets_a_row_again_that_changed_and_loses_none(clarity: Clarity) -> None:
    since = "2000-01-01T00:00:00Z"
    page = clarity.get("/orders", updatedDateMin=since, pageSize=1)
    seen = numbers(page)
    first = clarity.order("WEB-110248")
    clarity.call("PATCH", f"/orders/{first['id']}", body={"attributes": {"touched": True}})
    while page["nextCursor"]:
        page = clarity.get("/orders", updatedDateMin=since, pageSize=1, after=page["nextCursor"])
        seen += numbers(page)
    assert seen == ["WEB-110248", "WEB-110249", "WEB-110250", "WEB-110248"]


def test_a_walk_by_index_shifts_under_writes(clarity: Clarity) -> None:
    since = "2000-01-01T00:00:00Z"
    seen = numbers(clarity.get("/orders", updatedDateMin=since, pageSize=1, pageIndex=0))
    clarity.call("PATCH", f"/orders/{clarity.order('WEB-110248')['id']}", body={"attributes": {"x": 1}})
    for index in (1, 2):
        seen += numbers(clarity.get("/orders", updatedDateMin=since, pageSize=1, pageIndex=index))
    assert seen == ["WEB-110248", "WEB-110250", "WEB-110248"]


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        ("/orders", {"orderNumber": "WEB-110249"}, 1),
        ("/orders", {"status": ["Processing", "Shipped"]}, 3),
        ("/orders", {"status": "Shipped"}, 0),
        ("/orders", {"email": "ORDERS@vins-et-alcools-chevalier.example"}, 1),
        ("/orders", {"customerId": 10085}, 1),
        ("/orders", {"sku": ["NW-0011", "NW-0051"]}, 3),
        ("/orders", {"attributes.vessel": "none"}, 0),
        ("/customers", {"customerNumber": "C-10001"}, 1),
        ("/customers", {"attributes.northwindCode": "ALFKI"}, 1),
        ("/products", {"sku": ["NW-0001", " nw-10 ", "OLD/13"]}, 3),
        ("/inventory", {"sku": "NW-0001", "warehouseCode": "002"}, 1),
        ("/payments", {"orderNumber": "WEB-110248"}, 1),
        ("/shipments", {"orderNumber": "WEB-110248"}, 0),
        ("/invoices", {"orderNumber": "WEB-110248"}, 0),
        ("/refunds", {"orderNumber": "WEB-110248"}, 0),
        ("/returns", {"orderNumber": "WEB-110248"}, 0),
    ],
)
def test_filters(clarity: Clarity, path: str, query: dict, count: int) -> None:
    answer = clarity.call("GET", path, **query)
    assert answer.json()["totalCount"] == count, answer.text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"updatedSince": "2026-01-01T00:00:00Z"}, 400, "unknown_parameter"),
        ({"updatedDateMin": "yesterday"}, 422, "validation_failed"),
        ({"updatedDateMin": "2026-01-01T00:00:00"}, 422, "validation_failed"),
        ({"pageSize": 501}, 422, "validation_failed"),
        ({"pageSize": 0}, 422, "validation_failed"),
        ({"pageIndex": -1}, 422, "validation_failed"),
        ({"sort": "total"}, 422, "validation_failed"),
        ({"after": "bm90"}, 422, "validation_failed"),
        ({"sku": [str(n) for n in range(101)]}, 422, "validation_failed"),
    ],
)
def test_senseless_parameters_are_refused(clarity: Clarity, query: dict, status: int, code: str) -> None:
    answer = clarity.call("GET", "/orders", **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_sorting_backwards(clarity: Clarity) -> None:
    assert numbers(clarity.get("/orders", sort="-orderNumber"))[0] == "WEB-110250"


def test_deleted_records_are_listed_only_when_asked_for(clarity: Clarity) -> None:
    product = clarity.get("/products/by-sku/NW-0001")["data"]
    clarity.call("PATCH", f"/products/{product['id']}", body={"status": "deleted"})
    assert clarity.get("/products", sku="NW-0001")["totalCount"] == 0
    assert clarity.get("/products", sku="NW-0001", includeDeleted="true")["totalCount"] == 1


def test_a_lagging_index_hides_a_row_that_can_be_read_by_id(clarity: Clarity) -> None:
    clarity.tell("/clock", {"freeze": "2027-01-01T00:00:00Z"})
    clarity.tell("/clarity/settings", {"index_lag_seconds": 30})
    placed = clarity.tell("/clarity/orders", {})["orders"][0]
    assert clarity.get("/orders", orderNumber=placed["orderNumber"])["totalCount"] == 0
    assert clarity.get(f"/orders/{placed['id']}")["data"]["orderNumber"] == placed["orderNumber"]
    clarity.tell("/clock", {"jump_seconds": 31})
    assert clarity.get("/orders", orderNumber=placed["orderNumber"])["totalCount"] == 1


def test_the_clock_behind_updated_date_may_be_off(clarity: Clarity) -> None:
    clarity.tell("/clock", {"freeze": "2027-01-01T00:00:00Z"})
    clarity.tell("/clarity/settings", {"updated_skew_seconds": -90})
    placed = clarity.tell("/clarity/orders", {})["orders"][0]
    assert placed["updatedDate"] == "2026-12-31T23:58:30.000Z"


def test_a_lenient_server_lets_unknown_things_pass(clarity: Clarity) -> None:
    clarity.tell("/clarity/settings", {"strict": False})
    assert clarity.get("/orders", updatedSince="2026-01-01")["totalCount"] == 3
    order = clarity.order()
    answer = clarity.call("PATCH", f"/orders/{order['id']}", body={"colour": "red"})
    assert answer.status_code == 200
    assert "colour" not in answer.json()["data"]
