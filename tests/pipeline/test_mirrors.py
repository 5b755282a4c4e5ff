"""Stock and shipments of Sage in Clarity's shop, over real ODBC and HTTP."""

from __future__ import annotations

import pytest

from include.pipelines.announce import Request as Sweep
from include.pipelines.announce import announce
from include.pipelines.mirrors import announce as polling
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.ports import World
from tests.pipeline.clarity import HEADS, Clarity, MakeMirror, shop
from tests.pipeline.house import House
from tests.pipeline.outside import Json
from tests.pipeline.world import run_once

CHANGES = 5000


@pytest.fixture
def clarity(house: House) -> Clarity:
    house.tidy()
    found = shop(house)
    found.open(orders=6)
    return found


def in_shop(clarity: Clarity, sku: str, warehouse: str = "001") -> Json:
    return clarity.document("inventory", f"{sku}|{warehouse}")


def shipments_of(clarity: Clarity, number: str) -> list[Json]:
    found: list[Json] = clarity.document("orders", number)["shipments"]
    return found


def test_stock_reaches_the_shop_once_and_only_what_changed(
    house: House, clarity: Clarity, mirror: MakeMirror
) -> None:
    """B2, B21: levels per warehouse in one call; a second look tells nothing; one receipt tells one level."""
    here = mirror(flows.STOCK)
    run = run_once(here)
    assert run.green
    assert run["loaded"] > 50
    assert run["parked"] == run["rejected"] == 0
    held = house.sage.number(
        "SELECT QuantityOnHand FROM IM_ItemWarehouse WHERE ItemCode = 'NW-0001' AND WarehouseCode = '000'"
    )
    assert in_shop(clarity, "NW-0001")["quantityOnHand"] == held
    again = run_once(here)
    assert again["received"] == 0
    house.sage.post("/sage100/stock/receive", {"ItemCode": "NW-0001", "Quantity": 5})
    run = run_once(here)
    assert (run["received"], run["loaded"]) == (1, 1)
    assert in_shop(clarity, "NW-0001")["quantityOnHand"] == held + 5


def test_five_thousand_changes_of_stock_are_told_in_ten_calls(
    house: House, clarity: Clarity, mirror: MakeMirror
) -> None:
    """B14, B21. Counted by the shop's own log: ten batches, and not one call beside them."""
    here = mirror(flows.STOCK)
    assert run_once(here).green
    clarity.post("/clarity/cases", {"cases": ["catalogue"], "size": CHANGES})
    levels = {f"CAT-{number:06d}": number % 700 + 1 for number in range(CHANGES)}
    house.sage.take_in(levels)
    clarity.delete("/requests")
    loaded = 0
    while (run := run_once(here))["received"]:
        assert run.green
        loaded += run["loaded"]
    assert loaded == CHANGES
    assert clarity.calls() == {"/clarity/api/v1/inventory/batch": CHANGES / 500}
    told = clarity.get("/clarity/documents/inventory")["documents"]
    assert {each["sku"]: each["quantityOnHand"] for each in told if each["sku"] in levels} == levels


def test_a_value_that_changes_and_changes_back_is_told_both_times(
    house: House, clarity: Clarity, mirror: MakeMirror
) -> None:
    here = mirror(flows.STOCK)
    run_once(here)
    before = in_shop(clarity, "NW-0001")["quantityOnHand"]
    for change in (3, -3, 3):
        house.sage.post("/sage100/stock/adjust", {"ItemCode": "NW-0001", "Change": change})
        assert run_once(here)["loaded"] == 1
    assert in_shop(clarity, "NW-0001")["quantityOnHand"] == before + 3


def test_what_the_shop_has_sold_is_held_back_until_sage_has_the_order(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    """B6, B42: no oversell between checkout and export; the order itself then counts, once."""
    here = mirror(flows.STOCK)
    run_once(orders)
    run_once(here)
    line = clarity.document("orders", "WEB-110248")["lines"][0]
    before = in_shop(clarity, line["sku"])["quantityAllocated"]
    clarity.place(like="WEB-110248")
    announce(orders, "sweep", Sweep(sweep=True))
    run_once(here, Request(keys=(f"{line['sku']}|000",)))
    assert in_shop(clarity, line["sku"])["quantityAllocated"] == before + line["quantity"]
    run_once(orders)
    run_once(here)
    assert in_shop(clarity, line["sku"])["quantityAllocated"] == before + line["quantity"]


def test_a_shipment_is_told_before_posting_and_never_twice(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    """B43-B45: tracking before and after posting is one shipment; a correction is no second notice."""
    run_once(orders)
    head = house.sage.rows(HEADS)[0]
    number = head["UDF_CLARITY_ORDER_NO"]
    here = mirror(flows.SHIPMENTS)
    assert run_once(here)["received"] == 0
    entry = house.sage.post(
        f"/sage100/orders/{head['SalesOrderNo']}/ship", {"packages": [{"TrackingID": "1Z999AA1"}]}
    )
    run = run_once(here)
    assert run.green
    assert run["loaded"] == 1
    (told,) = shipments_of(clarity, number)
    shown = clarity.document("shipments", str(told["shipmentNumber"]))
    assert shown["trackingNumbers"] == ["1Z999AA1"]
    ordered = clarity.document("orders", number)["lines"]
    assert {line["sku"]: line["quantity"] for line in shown["lines"]} == {
        line["sku"]: line["quantity"] for line in ordered
    }
    invoice = entry["invoice"]["InvoiceNo"]
    package = entry["packages"][0]["PackageNo"]
    house.sage.put(f"/sage100/invoices/{invoice}/tracking/{package}", {"TrackingID": "1Z999AA2"})
    assert run_once(here)["loaded"] == 1
    house.sage.post("/sage100/journal")
    assert run_once(here).green
    (same,) = shipments_of(clarity, number)
    assert same["id"] == told["id"]
    shown = clarity.document("shipments", str(told["shipmentNumber"]))
    assert shown["trackingNumbers"] == ["1Z999AA2"]
    assert run_once(here)["received"] == 0


@pytest.mark.parametrize("told", [True, False], ids=["told", "never told"])
def test_a_shipment_that_is_taken_back_is_void_in_the_shop(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World, *, told: bool
) -> None:
    """B43, B44: shipment_voided the other way; the goods go out again under another invoice."""
    run_once(orders)
    head = house.sage.rows(HEADS)[0]
    here = mirror(flows.SHIPMENTS)
    ship = f"/sage100/orders/{head['SalesOrderNo']}/ship"
    entry = house.sage.post(ship, {"packages": [{"TrackingID": "1Z999AA4"}]})
    if told:
        assert run_once(here)["loaded"] == 1
    else:
        announced = here.source.changes({}, None).stubs
        polling.keep(here, [(stub.key, stub.version) for stub in announced], "first", origin="sweep")
    house.sage.delete(f"/sage100/invoices/{entry['invoice']['InvoiceNo']}")
    run = run_once(here)
    assert run.green
    assert run["loaded"] == told
    assert shipments_of(clarity, head["UDF_CLARITY_ORDER_NO"]) == []
    stand = clarity.get("/clarity/documents/shipments")["documents"]
    assert [each["status"] for each in stand] == ["Voided"] * told
    ordered = clarity.document("orders", head["UDF_CLARITY_ORDER_NO"])["lines"]
    assert {line["quantityShipped"] for line in ordered} == {0}
    assert run_once(here)["received"] == 0
    house.sage.post(ship, {"packages": [{"TrackingID": "1Z999AA5"}]})
    assert run_once(here)["loaded"] == 1
    (again,) = shipments_of(clarity, head["UDF_CLARITY_ORDER_NO"])
    assert clarity.document("shipments", str(again["shipmentNumber"]))["trackingNumbers"] == ["1Z999AA5"]


@pytest.mark.parametrize("moved_by_shop", [False, True], ids=["we move the order", "the shop does"])
def test_an_order_in_two_parts_and_two_boxes_is_told_shipment_by_shipment(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World, *, moved_by_shop: bool
) -> None:
    """B43, B45, B48: partial_shipment_twice, two_packages_one_tracking; the buyer hears of each once."""
    clarity.post("/clarity/settings", {"shipment_moves_order": moved_by_shop})
    (placed,) = clarity.place(like="WEB-110248")
    run_once(orders, Sweep(sweep=True))
    (head,) = [
        each for each in house.sage.rows(HEADS) if each["UDF_CLARITY_ORDER_NO"] == placed["orderNumber"]
    ]
    ship = f"/sage100/orders/{head['SalesOrderNo']}/ship"
    here = mirror(flows.SHIPMENTS)
    ordered = clarity.document("orders", placed["orderNumber"])["lines"]
    for line in ordered:
        house.sage.post("/sage100/stock/receive", {"ItemCode": line["sku"], "Quantity": 100})
    boxes = [{"TrackingID": "1Z999AA7"}, {"TrackingID": "1Z999AA7"}]
    first = {"lines": [{"LineKey": "000001", "Quantity": 1}], "packages": boxes, "post": True}
    house.sage.post(ship, first)
    assert run_once(here)["loaded"] == 1
    assert clarity.document("orders", placed["orderNumber"])["status"] == "PartiallyShipped"
    house.sage.post(ship, {"packages": [{"TrackingID": "1Z999AA8"}]})
    assert run_once(here)["loaded"] == 1
    numbers = [str(each["shipmentNumber"]) for each in shipments_of(clarity, placed["orderNumber"])]
    told = [clarity.document("shipments", number) for number in numbers]
    assert [each["trackingNumbers"] for each in told] == [["1Z999AA7"], ["1Z999AA8"]]
    assert [len(each["packages"]) for each in told] == [2, 1]
    order = clarity.document("orders", placed["orderNumber"])
    assert order["status"] == "Shipped"
    assert [line["quantityShipped"] for line in order["lines"]] == [line["quantity"] for line in ordered]
    heard = [each["number"] for each in clarity.effects(resource="shipments", action="customer_notified")]
    assert sorted(heard) == sorted(numbers)
    echo = run_once(orders, Sweep(sweep=True))
    assert (echo.green, echo["loaded"], echo["parked"], echo["rejected"]) == (True, 0, 0, 0)


def test_an_order_edited_after_export_is_shipped_under_the_shops_lines(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    """B44, edited_after_export: Sage gives other goods another key, and the shop's line keeps its number."""
    (placed,) = clarity.place(like="WEB-110248")
    run_once(orders, Sweep(sweep=True))
    lines = clarity.document("orders", placed["orderNumber"])["lines"]
    other = "NW-0077" if lines[0]["sku"] != "NW-0077" else "NW-0076"
    lines[0] |= {"sku": other, "name": other}
    clarity.change("orders", placed["orderNumber"], lines=lines)
    run_once(orders, Sweep(sweep=True))
    (head,) = [
        each for each in house.sage.rows(HEADS) if each["UDF_CLARITY_ORDER_NO"] == placed["orderNumber"]
    ]
    keys = "SELECT LineKey FROM SO_SalesOrderDetail WHERE SalesOrderNo = ? AND ItemCode = ?"
    (key,) = house.sage.rows(keys, head["SalesOrderNo"], other)
    assert int(key["LineKey"]) > len(lines)
    for line in lines:
        house.sage.post("/sage100/stock/receive", {"ItemCode": line["sku"], "Quantity": 100})
    boxes = {"packages": [{"TrackingID": "1Z999AA6"}]}
    house.sage.post(f"/sage100/orders/{head['SalesOrderNo']}/ship", boxes)
    run = run_once(mirror(flows.SHIPMENTS))
    assert (run["loaded"], run["parked"], run["rejected"]) == (1, 0, 0)
    (told,) = shipments_of(clarity, placed["orderNumber"])
    shown = clarity.document("shipments", str(told["shipmentNumber"]))["lines"]
    assert [(each["orderLineNumber"], each["sku"]) for each in shown] == [
        (line["lineNumber"], line["sku"]) for line in lines
    ]


def test_a_shipment_of_somebody_elses_order_is_passed_over(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    run_once(orders)
    head = house.sage.rows(HEADS)[0]
    with orders.ledger.database.begin("forget") as connection:
        connection.exec_driver_sql("DELETE FROM crosswalk")
    boxes = {"packages": [{"TrackingID": "1Z999AA3"}]}
    house.sage.post(f"/sage100/orders/{head['SalesOrderNo']}/ship", boxes)
    run = run_once(mirror(flows.SHIPMENTS))
    assert (run["received"], run["unchanged"]) == (1, 1)
    assert shipments_of(clarity, head["UDF_CLARITY_ORDER_NO"]) == []
