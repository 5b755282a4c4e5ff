"""Sales orders written to the Zoho sandbox, and items, stock and orders read from it, over real HTTP."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Document
from include.connectors.zoho_inventory import ZohoItems, ZohoOrderRecords, ZohoStock
from include.errors import ConfigurationError, RateLimitedError, TransientError
from tests.contract.zoho_site import Site, northwind, serving

OPPORTUNITY = "0068d00000ZzAbCAAV"
CHAI, CHANG = "5129873000118000001", "5129873000118000002"
CUSTOMER = "5129873000082000001"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Northwind's items and customers, and its first orders."""
    return northwind(tmp_path_factory.mktemp("told"), 6)


@pytest.fixture
def site(told: Path, tmp_path: Path) -> Iterator[Site]:
    """A sandbox of one's own."""
    shutil.copy(told, tmp_path / told.name)
    with serving(tmp_path) as made:
        yield made


def sale(key: str = OPPORTUNITY, target_id: str = "", /, **members: Any) -> Document:
    whole = {
        "salesorder_number": f"SF-{key[-6:]}",
        "reference_number": key,
        "customer_id": CUSTOMER,
        "date": "2026-11-20",
        "line_items": [
            {"item_id": CHAI, "quantity": 3, "rate": 18.25},
            {"item_id": CHANG, "quantity": 2, "rate": 19, "discount": "5%"},
        ],
        "confirm": True,
    }
    return Document(key, json.dumps({**whole, **members}), target_id, f"write-of-{key}")


def only(answers: list[Answer]) -> Answer:
    (answer,) = answers
    return answer


def test_an_order_is_made_and_confirmed(site: Site) -> None:
    """C26: Closed Won becomes confirmed, which is what commits stock."""
    free = site.item(CHAI)["actual_available_for_sale_stock"]
    answer = only(site.orders().write([sale()]))
    assert answer.status == "created"
    made = site.order(answer.target_id)
    assert (made["salesorder_number"], made["order_status"]) == ("SF-AbCAAV", "confirmed")
    assert made["custom_field_hash"]["cf_salesforce_id"] == OPPORTUNITY
    assert [(line["quantity"], line["rate"]) for line in made["line_items"]] == [(3, 18.25), (2, 19.0)]
    assert site.item(CHAI)["actual_available_for_sale_stock"] == free - 3
    asked = site.asked()
    assert asked["POST /salesorders"] == asked["POST /salesorders/status/confirmed"] == 1
    assert sum(asked.values()) == 4


def test_an_order_that_is_not_to_be_confirmed_stays_a_draft(site: Site) -> None:
    answer = only(site.orders().write([sale(confirm=False)]))
    assert site.order(answer.target_id)["order_status"] == "draft"


@pytest.mark.parametrize("path", ["*/salesorders", "*/status/confirmed"])
@pytest.mark.parametrize("kind", ["close_after", "close_before", "status_after", "status"])
def test_an_answer_lost_in_either_call_leaves_one_confirmed_order(site: Site, path: str, kind: str) -> None:
    """C11, C34: the two calls of an order, each lost before and after it took effect."""
    before = site.count("salesorders")
    site.fault(kind, status=502, method="POST", path=path)
    orders = site.orders()
    answer = only(orders.write([sale()]))
    if answer.status == "unknown":
        assert orders.standing([sale()]) == {}
        answer = only(orders.write([sale()]))
    assert answer.status in {"created", "adopted"}
    assert site.count("salesorders") == before + 1
    assert site.order(answer.target_id)["order_status"] == "confirmed"
    assert orders.standing([sale()]) == {OPPORTUNITY: answer.target_id}


def test_a_draft_of_ours_is_only_confirmed(site: Site) -> None:
    """Killed between the two calls."""
    orders = site.orders()
    draft = only(orders.write([sale(confirm=False)])).target_id
    assert orders.standing([sale()]) == {}
    first = site.asked()
    answer = only(orders.write([sale()]))
    assert (answer.status, answer.target_id) == ("adopted", draft)
    assert site.order(draft)["order_status"] == "confirmed"
    called = site.asked() - first
    assert called["POST /salesorders/status/confirmed"] == 1
    assert not called["PUT /salesorders"]


def test_a_confirmation_that_must_wait_is_in_doubt(site: Site) -> None:
    site.fault("limit", code=43, method="POST", path="*/status/confirmed")
    answer = only(site.orders().write([sale()]))
    assert answer.status == "unknown"
    assert (answer.retry_after or 0) > 3000


def test_another_ones_number_is_refused(site: Site) -> None:
    orders = site.orders()
    only(orders.write([sale()]))
    theirs = sale("0068d00000ZzAbDAAV", salesorder_number=f"SF-{OPPORTUNITY[-6:]}")
    answer = only(orders.write([theirs]))
    (refusal,) = answer.errors
    assert (answer.status, refusal.code, refusal.reason) == ("refused", "36004", Reason.DUPLICATE)
    assert orders.standing([theirs]) == {}


def test_an_order_without_a_number_of_its_own_is_not_sent(site: Site) -> None:
    answer = only(site.orders().write([sale(salesorder_number="")]))
    assert [(each.reason, each.field) for each in answer.errors] == [(Reason.MISSING, "salesorder_number")]
    assert not site.asked()["POST /salesorders"]


@pytest.mark.parametrize(
    ("members", "reason", "field"),
    [
        ({"line_items": []}, Reason.MISSING, "line_items"),
        ({"customer_id": ""}, Reason.MISSING, "customer_id"),
        ({"customer_id": "5129873000082999999"}, Reason.NO_REFERENCE, ""),
        ({"line_items": [{"item_id": "5129873000118999999", "quantity": 1}]}, Reason.NO_REFERENCE, ""),
        ({"date": "yesterday"}, Reason.INVALID_FORMAT, "date"),
    ],
)
def test_what_zoho_refuses_of_an_order(
    site: Site, members: dict[str, Any], reason: Reason, field: str
) -> None:
    """C31."""
    answer = only(site.orders().write([sale(**members)]))
    assert answer.status == "refused"
    assert [(each.reason, each.field) for each in answer.errors] == [(reason, field)]


def test_a_changed_order_keeps_its_lines(site: Site) -> None:
    orders = site.orders()
    made = only(orders.write([sale()])).target_id
    ids = [line["line_item_id"] for line in site.order(made)["line_items"]]
    assert only(orders.write([sale(OPPORTUNITY, made)])).status == "unchanged"
    lines = [{"item_id": CHANG, "quantity": 7, "rate": 19}, {"item_id": CHAI, "quantity": 3, "rate": 18.25}]
    answer = only(orders.write([sale(OPPORTUNITY, made, line_items=lines, notes="more")]))
    assert answer.status == "changed"
    order = site.order(made)
    assert order["notes"] == "more"
    assert [line["line_item_id"] for line in order["line_items"]] == [ids[1], ids[0]]
    assert [line["quantity"] for line in order["line_items"]] == [7, 3]
    assert site.asked()["PUT /salesorders"] == 1


def test_what_is_packed_or_over_takes_no_other_lines(site: Site) -> None:
    orders = site.orders()
    made = only(orders.write([sale()])).target_id
    site.tell(f"/zoho/salesorders/{made}/ship", {"carrier": "UPS", "tracking_number": "1Z"})
    lines = [{"item_id": CHAI, "quantity": 9, "rate": 18.25}]
    refused = only(orders.write([sale(OPPORTUNITY, made, line_items=lines)]))
    assert [(each.reason, each.field) for each in refused.errors] == [(Reason.LOCKED_IN_TARGET, "line_items")]
    assert only(orders.write([sale(OPPORTUNITY, made, notes="still allowed")])).status == "changed"
    other = only(orders.write([sale("0068d00000ZzAbDAAV")])).target_id
    site.tell(f"/zoho/salesorders/{other}/void")
    refused = only(orders.write([sale("0068d00000ZzAbDAAV", other, notes="too late")]))
    assert [each.reason for each in refused.errors] == [Reason.LOCKED_IN_TARGET]


def test_items_are_announced_at_one_call_per_200(site: Site) -> None:
    items = ZohoItems(site.client())
    found = items.changes({}, None)
    assert len(found.stubs) == site.count("items") == 77
    assert site.asked()["GET /items"] == 1
    known = {stub.key: stub.version for stub in found.stubs}
    site.tell("/clock", {"jump_seconds": 3600})
    site.tell(f"/zoho/items/{CHAI}", {"changes": {"description": "new"}}, "PUT")
    assert [stub.key for stub in items.changes(known, found.watermark).stubs] == [CHAI]
    whole = items.changes({**known, "5129873000118999999": "old"}, None)
    assert ([stub.key for stub in whole.stubs], whole.gone) == ([CHAI], ("5129873000118999999",))


def test_a_catalogue_of_many_items_costs_its_pages(site: Site) -> None:
    """C9: 100,000 items are announced by 500 list calls; here fewer."""
    for number in range(340):
        body = {"name": f"Extra {number}", "sku": f"X-{number}", "rate": number, "initial_stock": number}
        site.tell("/zoho/items", {"body": body, "announce": False})
        if number % 50 == 0:
            site.tell("/clock", {"jump_seconds": 60})
    items = ZohoItems(site.client())
    keys = [stub.key for stub in items.changes({}, None).stubs]
    assert len(set(keys)) == len(keys) == 417
    assert site.asked()["GET /items"] == 3
    documents = dict(items.documents(keys))
    assert set(documents) == set(keys)
    assert None not in documents.values()
    # The first and the last by their ids, two pages between; details alone would have been five calls.
    assert (site.asked()["GET /items"], site.asked()["GET /itemdetails"]) == (5, 2)
    # What was announced in the wrong order costs at most a few pages more than its details.
    backwards = keys[:-211:-1]
    assert set(dict(items.documents(backwards))) == set(backwards)
    assert site.asked()["GET /items"] - 5 <= 2
    assert site.asked()["GET /itemdetails"] - 2 <= 3


@pytest.mark.parametrize("rows", [5, 77])
def test_an_items_document_is_zohos_own_with_custom_fields_at_the_top(site: Site, rows: int) -> None:
    """A8: from a detail or from a list's row."""
    items = ZohoItems(site.client())
    keys = [CHAI, *(stub.key for stub in items.changes({}, None).stubs if stub.key != CHAI)][:rows]
    found = dict(items.documents([*keys, "5129873000118999999", "no-id"]))
    assert found.pop("5129873000118999999") is None
    assert found.pop("no-id") is None
    chai = json.loads(found[CHAI] or b"", parse_float=Decimal)  # type: ignore[arg-type]
    assert (chai["item_id"], chai["sku"], chai["rate"]) == (CHAI, site.item(CHAI)["sku"], Decimal("18.0"))
    assert (chai["cf_category"], chai["version"]) == ("Beverages", chai["last_modified_time"])


def test_stock_is_news_whenever_the_figure_differs(site: Site) -> None:
    """C7: a shipment moves stock and touches no item."""
    stock = ZohoStock(site.client(stock_field="actual_available_stock"))
    first = stock.changes({}, None)
    assert len(first.stubs) == 77
    assert (site.asked()["GET /items"], site.asked()["GET /itemdetails"]) == (1, 0)
    known = {stub.key: stub.version for stub in first.stubs}
    made = only(site.orders().write([sale()])).target_id
    assert stock.changes(known, None).stubs == ()
    site.tell(f"/zoho/salesorders/{made}/ship", {})
    moved = {stub.key: stub.version for stub in stock.changes(known, None).stubs}
    assert moved == {CHAI: "36", CHANG: "15"}
    site.tell(f"/zoho/items/{CHAI}/stock", {"difference": "4.5"})
    assert [stub.version for stub in stock.changes({**known, **moved}, None).stubs] == ["40.5"]


def test_a_figure_that_lists_do_not_show_is_read_from_details(site: Site) -> None:
    stock = ZohoStock(site.client())
    known = {stub.key: stub.version for stub in stock.changes({}, None).stubs}
    assert (site.asked()["GET /items"], site.asked()["GET /itemdetails"]) == (1, 1)
    only(site.orders().write([sale()]))
    moved = {stub.key: stub.version for stub in stock.changes(known, None).stubs}
    assert {key: int(known[key]) - int(moved[key]) for key in moved} == {CHAI: 3, CHANG: 2}
    record = json.loads(dict(stock.documents([CHAI]))[CHAI] or b"")  # type: ignore[arg-type]
    assert (record["item_id"], record["version"], record["stock"]) == (CHAI, moved[CHAI], int(moved[CHAI]))
    assert {place["location_name"] for place in record["locations"]} == {"Main Warehouse", "West Warehouse"}


def test_stock_of_one_location(site: Site) -> None:
    figures = {}
    for name in ("Main Warehouse", "West Warehouse"):
        stock = ZohoStock(site.client(stock_location=name, stock_field="stock_on_hand"))
        figures[name] = {stub.key: stub.version for stub in stock.changes({}, None).stubs}[CHAI]
    assert figures == {"Main Warehouse": "39", "West Warehouse": "0"}
    with pytest.raises(ConfigurationError, match=r"'Moon'.*Main Warehouse, West Warehouse"):
        ZohoStock(site.client(stock_location="Moon")).changes({}, None)


def test_busy_is_never_taken_for_nothing_in_stock(site: Site) -> None:
    stock = ZohoStock(site.client())
    site.fault("limit", code=43, path="*/itemdetails")
    with pytest.raises(RateLimitedError):
        stock.changes({}, None)
    site.fault("status", status=503, path="*/itemdetails", times=None)
    with pytest.raises(TransientError):
        ZohoStock(site.client()).changes({}, None)


def test_orders_are_announced_with_what_became_of_them(site: Site) -> None:
    """Order and shipment status on their way to Salesforce."""
    records = ZohoOrderRecords(site.client())
    found = records.changes({}, None)
    assert len(found.stubs) == 6
    known = {stub.key: stub.version for stub in found.stubs}
    order_id = next(iter(known))
    site.tell("/clock", {"jump_seconds": 3600})
    since = found.watermark
    assert isinstance(since, datetime)
    assert records.changes(known, since + timedelta(seconds=1)).stubs == ()
    site.tell(f"/zoho/salesorders/{order_id}/ship", {"carrier": "UPS", "tracking_number": "1Z999"})
    (news,) = records.changes(known, since).stubs
    assert news.key == order_id
    order = json.loads(dict(records.documents([order_id]))[order_id] or b"")  # type: ignore[arg-type]
    assert (order["version"], order["shipped_status"]) == (news.version, "shipped")
    assert [each["shipment_order"]["tracking_number"] for each in order["packages"]] == ["1Z999"]
    site.tell(f"/zoho/salesorders/{order_id}/deliver")
    order = json.loads(dict(records.documents([order_id]))[order_id] or b"")  # type: ignore[arg-type]
    assert order["shipped_status"] == "fulfilled"
