"""B43, B44: from an order to its shipment, its posted invoice, its history and the money."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox_sage100.control_calls import BASE, Api
from tests.unit.sandbox_sage100.desk import NUMBERED, Sage, an_order, open_amount, reopened, stock, written

STOCK = "SELECT * FROM IM_ItemWarehouse WHERE ItemCode = ? AND WarehouseCode = '000'"
ORDER = "SELECT * FROM SO_SalesOrderHeader WHERE SalesOrderNo = ?"
HISTORY = "SELECT * FROM SO_SalesOrderHistoryHeader WHERE SalesOrderNo = ?"
CUSTOMER = "SELECT * FROM AR_Customer WHERE CustomerNo = ?"
TWO = [("NW-0001", 3), ("NW-0002", 2)]


@pytest.fixture
def api(home: Path) -> Api:
    return Api(home)


def ship(api: Api, order: str, *packages: str, **more: Any) -> Any:
    body = {"packages": [{"TrackingID": package} for package in packages]} | more
    answer = api.post(f"{BASE}/orders/{order}/ship", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def post(api: Api, *invoices: str) -> Any:
    answer = api.post(f"{BASE}/journal", json={"invoices": list(invoices)} if invoices else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_shipment_is_in_shipping_and_still_on_hand_and_on_order(api: Api, sage: Sage) -> None:
    order = written(sage, TWO, FreightAmt=7.5)
    entry = ship(api, order, "1Z-A", "1Z-B", ShipVia="UNITED")
    invoice = entry["invoice"]
    assert (invoice["InvoiceNo"], invoice["SalesOrderNo"], invoice["ShipStatus"]) == ("0000001", order, "S")
    assert (invoice["ShipVia"], invoice["NonTaxableAmt"], invoice["FreightAmt"]) == (
        "UNITED",
        "92.00",
        "7.50",
    )
    assert (invoice["InvoiceDueDate"] > invoice["InvoiceDate"], invoice["TermsCode"]) == (True, "01")
    assert [line["OrderLineKey"] for line in entry["lines"]] == ["000001", "000002"]
    assert [package["PackageNo"] for package in entry["packages"]] == ["0001", "0002"]
    row = sage.row(STOCK, "NW-0001")
    assert (row["QuantityOnHand"], row["QuantityOnSalesOrder"], row["QuantityInShipping"]) == (39, 3, 3)
    live = sage.row(ORDER, order)
    assert (live["CurrentInvoiceNo"], live["OrderStatus"]) == ("0000001", "O")
    assert sage.row("SELECT InvoiceTotal FROM SO_DailyShipment") == {"InvoiceTotal": 99.5}


def test_posting_a_whole_order_ends_it(api: Api, sage: Sage) -> None:
    order = written(sage, TWO, FreightAmt=7.5)
    ship(api, order, "1Z-A")
    (posted,) = post(api)
    invoice = posted["invoice"]
    assert (invoice["InvoiceNo"], invoice["HeaderSeqNo"], invoice["InvoiceType"]) == (
        "0000001",
        "000000",
        "IN",
    )
    assert (invoice["NonTaxableSalesAmt"], invoice["FreightAmt"]) == ("92.00", "7.50")
    assert (invoice["ModuleCode"], invoice["SourceJournal"], invoice["ShippingInvoice"]) == ("S/O", "SO", "Y")
    assert [line["QuantityShipped"] for line in posted["lines"]] == ["3.000000", "2.000000"]
    assert posted["packages"][0]["TrackingID"] == "1Z-A"
    assert not sage.rows(ORDER, order)
    for table in ("SO_SalesOrderDetail", "SO_InvoiceHeader", "SO_InvoiceDetail", "SO_InvoiceTracking"):
        assert not sage.rows(f"SELECT * FROM {table}")
    past = sage.row(HISTORY, order)
    assert (past["OrderStatus"], past["LastInvoiceNo"], past["InvoicedAmt"]) == ("C", "0000001", 99.5)
    row = sage.row(STOCK, "NW-0001")
    assert (row["QuantityOnHand"], row["QuantityOnSalesOrder"], row["QuantityInShipping"]) == (36, 0, 0)
    item = sage.row("SELECT TotalQuantityOnHand, LastSoldDate FROM CI_Item WHERE ItemCode = 'NW-0001'")
    assert item["TotalQuantityOnHand"] == 36
    assert item["LastSoldDate"]
    owed = sage.row(CUSTOMER, NUMBERED)
    assert (owed["OpenOrderAmt"], owed["CurrentBalance"]) == (0, 99.5)
    open_item = sage.row("SELECT * FROM AR_OpenInvoice")
    assert (open_item["Balance"], open_item["InvoiceHistoryHeaderSeqNo"]) == (99.5, "000000")
    links = sage.rows("SELECT * FROM SO_ARInvoiceHistoryLink ORDER BY SequenceNo")
    assert [(link["SalesOrderNo"], link["QuantityShipped"]) for link in links] == [(order, 3), (order, 2)]


def test_a_part_shipped_order_goes_on_with_the_rest_on_back_order(api: Api, sage: Sage) -> None:
    order = written(sage, [*TWO, ("NW-0003", 5)], FreightAmt=7.5)
    lines = [{"LineKey": "000001", "Quantity": 3}, {"LineKey": "000002", "Quantity": 0.5}]
    entry = ship(api, order, lines=lines)
    assert entry["invoice"]["NonTaxableAmt"] == "63.50"
    assert entry["invoice"]["NumberOfBackOrderLines"] == "2"
    post(api)
    live = sage.row(ORDER, order)
    assert (live["OrderType"], live["OrderStatus"], live["CurrentInvoiceNo"]) == ("B", "O", "")
    assert (live["LastInvoiceOrderNo"], live["FreightAmt"], live["NonTaxableAmt"]) == ("0000001", 0, 78.5)
    left = sage.rows("SELECT * FROM SO_SalesOrderDetail ORDER BY LineKey")
    assert [
        (r["LineKey"], r["QuantityOrdered"], r["QuantityShipped"], r["QuantityBackordered"]) for r in left
    ] == [("000002", 2, 0.5, 1.5), ("000003", 5, 0, 5)]
    assert stock(sage, "NW-0001") == (0, 0)
    assert stock(sage, "NW-0002") == (0, 1.5)
    assert open_amount(sage) == 78.5
    past = sage.rows("SELECT * FROM SO_SalesOrderHistoryDetail ORDER BY SequenceNo")
    assert [(r["QuantityShipped"], r["CancelledLine"], r["LastExtensionAmt"]) for r in past] == [
        (3, "N", 54),
        (0.5, "N", 38),
        (0, "N", 50),
    ]
    assert sage.row(HISTORY, order)["OrderStatus"] == "A"
    ship(api, order)
    post(api)
    assert sage.row(HISTORY, order)["InvoicedAmt"] == 149.5
    assert sage.row(HISTORY, order)["OrderStatus"] == "C"


def test_lines_and_order_type_of_a_part_shipped_order_are_the_sites_choice(api: Api, sage: Sage) -> None:
    sage.switch(part_shipped_type="S", shipped_lines="stay")
    order = written(sage, TWO)
    ship(api, order, lines=[{"LineKey": "000001", "Quantity": 3}], post=True)
    assert sage.row(ORDER, order)["OrderType"] == "S"
    lines = sage.rows("SELECT * FROM SO_SalesOrderDetail ORDER BY LineKey")
    assert [(line["QuantityShipped"], line["ExtensionAmt"]) for line in lines] == [(3, 0), (0, 38)]
    ship(api, order, post=True)
    assert not sage.rows("SELECT * FROM SO_SalesOrderDetail")


def test_a_part_shipped_order_can_be_edited_but_not_below_what_is_gone(api: Api, sage: Sage) -> None:
    order = written(sage, TWO)
    ship(api, order, lines=[{"LineKey": "000001", "Quantity": 1}], post=True)
    change = reopened(sage, order)
    assert change.oLines.nSetKey("000001") == 1
    assert change.oLines.nSetValue("QuantityOrdered", 1) == 0
    assert change.oLines.nSetValue("QuantityOrdered", 2) == 1
    assert change.oLines.nWrite() == change.nWrite() == 1, change.sLastErrorMsg
    assert stock(sage, "NW-0001") == (0, 1)
    assert open_amount(sage) == 18 + 38


def test_a_shipped_line_is_not_cancelled_by_a_later_edit(api: Api, sage: Sage) -> None:
    order = written(sage, TWO)
    ship(api, order, lines=[{"LineKey": "000001", "Quantity": 3}], post=True)
    change = reopened(sage, order)
    assert change.nSetValue("Comment$", "later") == change.nWrite() == 1
    past = sage.rows("SELECT CancelledLine FROM SO_SalesOrderHistoryDetail ORDER BY SequenceNo")
    assert [row["CancelledLine"] for row in past] == ["N", "N"]


def test_tracking_is_corrected_before_posting_and_stamps_nothing(api: Api, sage: Sage) -> None:
    invoice = ship(api, written(sage, TWO), "1Z-WRONG", "1Z-B")["invoice"]
    path = f"{BASE}/invoices/{invoice['InvoiceNo']}/tracking"
    fixed = api.ask("PUT", f"{path}/0001", json={"TrackingID": "1Z-RIGHT"})
    assert (fixed.status_code, fixed.json()["PackageNo"]) == (200, "0001")
    assert api.post(path, json={"TrackingID": "1Z-C"}).json()["PackageNo"] == "0003"
    after = sage.row("SELECT DateUpdated, TimeUpdated FROM SO_InvoiceHeader")
    assert (after["DateUpdated"], after["TimeUpdated"]) == (invoice["DateUpdated"], invoice["TimeUpdated"])
    assert api.ask("PUT", f"{path}/0009", json={"TrackingID": "1Z"}).status_code == 404
    assert api.ask("PUT", f"{path}/0001", json={"TrackingID": "1" * 31}).status_code == 422
    (posted,) = post(api)
    assert [p["TrackingID"] for p in posted["packages"]] == ["1Z-RIGHT", "1Z-B", "1Z-C"]
    late = api.ask("PUT", f"{path}/0001", json={"TrackingID": "1Z-LATE"})
    assert (late.status_code, "posted" in late.json()["detail"]) == (409, True)


def test_an_entry_is_taken_back_whole(api: Api, sage: Sage) -> None:
    order = written(sage, TWO)
    number = ship(api, order, "1Z-A")["invoice"]["InvoiceNo"]
    assert reopened(sage, order).nDelete() == 0
    taken = api.delete(f"{BASE}/invoices/{number}")
    assert taken.status_code == 409, "the order is open in a session"
    sage.session.nCleanup()
    assert api.delete(f"{BASE}/invoices/{number}").json() == {"removed": 1}
    assert sage.row(ORDER, order)["CurrentInvoiceNo"] == ""
    assert sage.row(STOCK, "NW-0001")["QuantityInShipping"] == 0
    assert not sage.rows("SELECT * FROM SO_InvoiceTracking")
    assert api.delete(f"{BASE}/invoices/{number}").status_code == 404


def test_what_cannot_be_shipped_says_why(api: Api, sage: Sage) -> None:
    def tried(order: str, **body: Any) -> tuple[int, str]:
        answer = api.post(f"{BASE}/orders/{order}/ship", json=body)
        return answer.status_code, str(answer.json()["detail"])

    assert tried("0009999")[0] == 404
    quote, number = an_order(sage, TWO, **{"OrderType$": "Q"})
    assert quote.nWrite() == 1
    assert tried(number) == (422, "Only standard and back orders can be shipped.")
    order = written(sage, [("NW-0001", 40)])
    status, words = tried(order)
    assert (status, words) == (409, "The quantity on hand is not sufficient: NW-0001 in 000, 39 are free.")
    assert tried(order, lines=[{"LineKey": "000001", "Quantity": 41}])[0] == 422
    assert tried(order, lines=[{"LineKey": "000009", "Quantity": 1}])[0] == 422
    assert tried(order, lines=[{"LineKey": "000001", "Quantity": 0}]) == (
        422,
        "Nothing is shipped: every quantity is zero.",
    )
    sage.switch(negative_stock=True)
    ship(api, order)
    assert tried(order) == (409, "The sales order is in invoice data entry.")
    held = written(sage, TWO)
    sage.tell("UPDATE SO_SalesOrderHeader SET OrderStatus = 'H' WHERE SalesOrderNo = ?", held)
    assert tried(held) == (409, "The sales order is on hold.")


def test_two_shipments_cannot_take_the_same_goods(api: Api, sage: Sage) -> None:
    first, second = written(sage, [("NW-0001", 30)]), written(sage, [("NW-0001", 30)])
    ship(api, first)
    assert api.post(f"{BASE}/orders/{second}/ship", json={}).status_code == 409
    ship(api, second, lines=[{"LineKey": "000001", "Quantity": 9}])
    assert len(post(api)) == 2
    assert sage.row(STOCK, "NW-0001")["QuantityOnHand"] == 0


def test_a_posting_into_a_closed_period_or_of_nothing_is_refused(api: Api, sage: Sage) -> None:
    ship(api, written(sage, TWO))
    sage.switch(closed_through="20261231")
    asked = {"PostingDate": "20261130"}
    assert api.post(f"{BASE}/journal", json=asked).status_code == 422
    assert api.post(f"{BASE}/journal", json={"invoices": ["0000077"]}).status_code == 404
    sage.switch(closed_through="")
    post(api)
    assert api.post(f"{BASE}/journal", json={"invoices": ["0000001"]}).status_code == 409
    assert post(api) == []


def test_an_invoice_number_that_comes_again_has_its_own_sequence(api: Api, sage: Sage) -> None:
    first, second = written(sage, TWO), written(sage, TWO, customer="ANATR")
    ship(api, first, "1Z-A", post=True)
    sage.tell("UPDATE SO_Options SET NextInvoiceNo = '0000001'")
    posted = ship(api, second, "1Z-B", post=True)
    assert (posted["invoice"]["InvoiceNo"], posted["invoice"]["HeaderSeqNo"]) == ("0000001", "000001")
    rows = sage.rows("SELECT HeaderSeqNo, TrackingID FROM AR_InvoiceHistoryTracking ORDER BY HeaderSeqNo")
    assert [tuple(row.values()) for row in rows] == [("000000", "1Z-A"), ("000001", "1Z-B")]


def test_charges_comments_freight_discount_and_deposit_go_with_the_goods(api: Api, sage: Sage) -> None:
    order, number = an_order(
        sage, [("NW-0001", 4)], FreightAmt=9, DepositAmt=20, **{"TaxSchedule$": "DEFAULT"}
    )
    lines = order.oLines
    assert lines.nAddLine() == 2
    assert lines.nSetValue("ItemCode$", "/FREIGHT") == lines.nSetValue("ExtensionAmt", 5) == 1
    assert lines.nWrite() == lines.nAddLine() - 1 == 1
    assert lines.nSetValue("ItemCode$", "/C") == lines.nWrite() == 1
    assert order.nSetValue("DiscountAmt", 10) == order.nWrite() == 1, order.sLastErrorMsg
    entry = ship(api, number, lines=[{"LineKey": "000001", "Quantity": 1}])["invoice"]
    assert (entry["TaxableAmt"], entry["NonTaxableAmt"], entry["DiscountAmt"]) == ("18.00", "5.00", "2.50")
    assert (entry["FreightAmt"], entry["SalesTaxAmt"], entry["DepositAmt"]) == ("9.00", "1.12", "20.00")
    post(api)
    assert sage.row("SELECT Balance FROM AR_OpenInvoice")["Balance"] == 10.62
    paid = sage.row("SELECT TransactionType, TransactionAmt FROM AR_TransactionPaymentHistory")
    assert tuple(paid.values()) == ("D", 20)
    live = sage.row(ORDER, number)
    assert (live["DiscountAmt"], live["FreightAmt"], live["DepositAmt"], live["TaxableAmt"]) == (
        7.5,
        0,
        0,
        54,
    )
    assert [row["ItemCode"] for row in sage.rows("SELECT ItemCode FROM SO_SalesOrderDetail")] == ["NW-0001"]
    ship(api, number, post=True)
    assert sage.rows("SELECT SUM(DiscountAmt) AS d FROM AR_InvoiceHistoryHeader")[0]["d"] == 10


def test_goods_come_in_are_corrected_and_never_fall_below_what_is_being_shipped(api: Api, sage: Sage) -> None:
    come = {"ItemCode": "NW-0005", "Quantity": "12.5"}
    assert api.post(f"{BASE}/stock/receive", json=come).json()["QuantityOnHand"] == "12.500000"
    ship(api, written(sage, [("NW-0005", 10)]))
    lost = {"ItemCode": "NW-0005", "Change": -3}
    assert api.post(f"{BASE}/stock/adjust", json=lost).status_code == 409
    found = api.post(f"{BASE}/stock/adjust", json=lost | {"Change": -2.5})
    assert found.json()["QuantityOnHand"] == "10.000000"
    assert api.post(f"{BASE}/stock/receive", json=come | {"ItemCode": "NONE"}).status_code == 404
    assert api.post(f"{BASE}/stock/receive", json=come | {"WarehouseCode": "777"}).status_code == 404
    assert api.post(f"{BASE}/stock/receive", json=come | {"ItemCode": "/C"}).status_code == 422
    assert api.post(f"{BASE}/stock/receive", json=come | {"Quantity": 0}).status_code == 422


@pytest.mark.parametrize("stamps", [True, False])
def test_moves_stamp_stock_and_customer_only_where_the_site_does(api: Api, sage: Sage, stamps: bool) -> None:
    old = "DateUpdated = '2020-01-01', TimeUpdated = '1.00000'"
    sage.tell(f"UPDATE IM_ItemWarehouse SET {old} WHERE ItemCode = 'NW-0002'")
    sage.tell(f"UPDATE AR_Customer SET {old} WHERE CustomerNo = ?", NUMBERED)
    sage.switch(stock_stamps=stamps, customer_stamps=stamps)
    ship(api, written(sage, [("NW-0002", 1)]), post=True)
    assert (sage.row(STOCK, "NW-0002")["DateUpdated"] != "2020-01-01") is stamps
    assert (sage.row(CUSTOMER, NUMBERED)["DateUpdated"] != "2020-01-01") is stamps


def test_an_item_is_priced_and_discontinued(api: Api, sage: Sage) -> None:
    changed = api.post(f"{BASE}/items", json={"ItemCode": "NW-0001", "StandardUnitPrice": "18.95"})
    assert changed.json()["StandardUnitPrice"] == "18.950000"
    gone = {"ItemCode": "NW-0001", "ProductType": "D", "InactiveItem": "Y"}
    assert api.post(f"{BASE}/items", json=gone).json()["ProductType"] == "D"
    assert api.post(f"{BASE}/items", json={"ItemCode": "NONE", "InactiveItem": "Y"}).status_code == 404
    assert api.post(f"{BASE}/items", json={"ItemCode": "NW-0001", "InactiveItem": "?"}).status_code == 422


def test_a_customer_pays_in_parts_and_in_advance(api: Api, sage: Sage) -> None:
    ship(api, written(sage, TWO), post=True)
    ask = {"CustomerNo": NUMBERED, "CheckNo": "4711", "PaymentType": "VISA"}

    def pay(amount: str, **more: str) -> Any:
        paid = {"InvoiceNo": "0000001", "Amount": amount} | more
        return api.post(f"{BASE}/payments", json=ask | {"invoices": [paid]})

    assert pay("30.00").status_code == 201
    assert sage.row("SELECT Balance FROM AR_OpenInvoice")["Balance"] == 62
    assert pay("62.01").status_code == 422
    assert pay("62.00").json()[0]["SequenceNo"] == "000002"
    customer = sage.row(CUSTOMER, NUMBERED)
    assert (customer["CurrentBalance"], customer["LastPaymentAmt"]) == (0, 62)
    assert pay("15.00", InvoiceNo="WEB0001", InvoiceType="PP").status_code == 201
    assert sage.row(CUSTOMER, NUMBERED)["CurrentBalance"] == -15
    posted = sage.rows("SELECT * FROM AR_CashReceiptsHistory ORDER BY DepositNo")
    assert [(row["DepositNo"], row["TransactionType"], row["CashAmountApplied"]) for row in posted] == [
        ("00001", "PY", 30),
        ("00002", "PY", 62),
        ("00003", "PP", 15),
    ]
    for table in ("AR_CashReceiptsDeposit", "AR_CashReceiptsHeader", "AR_CashReceiptsDetail"):
        assert not sage.rows(f"SELECT * FROM {table}")
    assert api.post(f"{BASE}/payments", json=ask | {"CustomerNo": "NO", "invoices": [
        {"InvoiceNo": "0000001", "Amount": 1}
    ]}).status_code == 404  # fmt: skip


def test_nothing_is_posted_while_somebody_has_the_order_open(api: Api, sage: Sage) -> None:
    order = written(sage, TWO)
    ship(api, order)
    held = reopened(sage, order)
    assert api.post(f"{BASE}/journal", json={}).status_code == 409
    held.nClear()
    assert len(post(api)) == 1


def test_who_held_an_order_too_long_cannot_bring_back_what_was_posted(api: Api, sage: Sage) -> None:
    order = written(sage, TWO)
    stale = reopened(sage, order)
    sage.tell("UPDATE sandbox_lock SET expires = 0")
    ship(api, order, post=True)
    assert stale.nWrite() == 0
    assert "no longer locked" in stale.sLastErrorMsg
    assert not sage.rows(ORDER, order)
