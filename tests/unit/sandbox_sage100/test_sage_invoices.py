"""SO_Invoice_bus, SO_Shipping_bus and SO_InvoiceTracking_bus, in the sequence that programs use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.sandbox_sage100.desk import Ref, Sage, an_order, fill, reopened, written

TWO = [("NW-0001", 3), ("NW-0002", 2)]
HEADER = "SELECT * FROM SO_InvoiceHeader"
LINES = "SELECT * FROM SO_InvoiceDetail ORDER BY LineKey"
PACKAGES = "SELECT PackageNo, TrackingID FROM SO_InvoiceTracking ORDER BY PackageNo"


def drawn(sage: Sage, order: str, bus: str = "SO_Shipping_bus", ship_all: str = "Y") -> tuple[Any, str]:
    """An invoice with the lines of an order; only its nWrite is lacking."""
    invoice, answer = sage.new(bus), Ref()
    assert invoice.nGetNextInvoiceNo(answer) == 1
    assert invoice.nSetKey(answer.value) == 2, invoice.sLastErrorMsg
    fill(invoice, {"SalesOrderNo$": order})
    assert invoice.oLines.nCopyLinesFromSalesOrder(order, ship_all) == 1, invoice.oLines.sLastErrorMsg
    return invoice, str(answer.value)


def pack(sage: Sage, invoice: str, package: str, tracking: str) -> Any:
    tracks = sage.new("SO_InvoiceTracking_bus")
    assert tracks.nSetKeyValue("InvoiceNo$", invoice) == tracks.nSetKeyValue("PackageNo$", package) == 1
    assert tracks.nSetKey() != 0, tracks.sLastErrorMsg
    fill(tracks, {"TrackingID$": tracking})
    assert tracks.nWrite() == 1, tracks.sLastErrorMsg
    return tracks


@pytest.mark.parametrize(("bus", "status"), [("SO_Shipping_bus", "S"), ("SO_Invoice_bus", "")])
def test_an_order_is_drawn_into_an_invoice(sage: Sage, bus: str, status: str) -> None:
    order = written(sage, TWO)
    invoice, number = drawn(sage, order, bus)
    fill(invoice, {"FreightAmt": 12.5, "NumberofPackages": 2, "ShipVia$": "UNITED", "UDF_SYNC_KEY$": "s-1"})
    assert not sage.rows(HEADER), "nothing is visible before its write"
    assert invoice.nWrite() == 1, invoice.sLastErrorMsg
    row = sage.row(HEADER)
    assert (row["InvoiceNo"], row["SalesOrderNo"], row["ShipStatus"]) == (number, order, status)
    assert (row["NonTaxableAmt"], row["FreightAmt"], row["ShipVia"]) == (92, 12.5, "UNITED")
    assert (row["UDF_SYNC_KEY"], row["UserCreatedKey"], row["DateCreated"]) == (
        "s-1",
        "0000000002",
        "2026-11-21",
    )
    assert [line["QuantityShipped"] for line in sage.rows(LINES)] == [3, 2]
    assert len(sage.rows("SELECT * FROM SO_DailyShipment")) == (1 if status else 0)


def test_each_line_says_how_much_is_shipped(sage: Sage) -> None:
    invoice, _ = drawn(sage, written(sage, TWO), ship_all="N")
    lines = invoice.oLines
    assert invoice.nWrite() == 0
    assert "every quantity is zero" in invoice.sLastErrorMsg
    assert lines.nMoveFirst() == 1
    assert lines.nSetValue("QuantityShipped", 3.5) == lines.nSetValue("UnitPrice", 1) == 0
    assert lines.nSetValue("QuantityShipped", 1) == lines.nWrite() == invoice.nWrite() == 1
    assert [
        (r["QuantityShipped"], r["QuantityBackordered"], r["ExtensionAmt"]) for r in sage.rows(LINES)
    ] == [
        (1, 2, 18),
        (0, 2, 0),
    ]


def test_a_standing_entry_is_opened_again_and_changed(sage: Sage) -> None:
    invoice, number = drawn(sage, written(sage, TWO))
    assert invoice.nWrite() == 1
    again = sage.new("SO_Shipping_bus")
    assert again.nSetKey(number) == 1
    assert again.oLines.nSetKey("000001") == again.oLines.nSetValue("QuantityShipped", 2) == 1
    assert again.oLines.nWrite() == again.nWrite() == 1, again.sLastErrorMsg
    shipping = "SELECT QuantityInShipping AS q FROM IM_ItemWarehouse WHERE ItemCode = 'NW-0001'"
    assert sage.rows(shipping)[0]["q"] == 2
    assert sage.row(HEADER)["NonTaxableAmt"] == 36 + 38
    assert again.nSetKey(number) == again.nDelete() == 1
    assert sage.rows(shipping)[0]["q"] == 0
    assert sage.row("SELECT CurrentInvoiceNo FROM SO_SalesOrderHeader") == {"CurrentInvoiceNo": ""}


def test_what_the_order_says_is_not_the_invoices_to_say(sage: Sage) -> None:
    order = written(sage, TWO)
    invoice = sage.new("SO_Invoice_bus")
    assert invoice.nSetKey("7000") == 2
    assert invoice.nSetValue("ShipVia$", "UNITED") == 0
    assert invoice.nSetValue("SalesOrderNo$", "9999") == 0
    assert "SalesOrderNo is not on file" in invoice.sLastErrorMsg
    fill(invoice, {"SalesOrderNo$": order})
    assert invoice.nSetValue("CustomerNo$", "ANATR") == invoice.nSetValue("SalesOrderNo$", order) == 0
    assert invoice.oLines.nAddLine() == invoice.oLines.nCopyLinesFromSalesOrder("2", "Y") == 0
    assert invoice.oLines.nCopyLinesFromSalesOrder(order, "Y") == 1
    assert invoice.oLines.nCopyLinesFromSalesOrder(order, "Y") == invoice.oLines.nDelete() == 0


def test_an_order_in_other_hands_is_not_drawn(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    order = written(sage, TWO)
    invoice, _ = drawn(sage, order)
    held = reopened(more_sages(), order)
    assert invoice.nWrite() == 0
    assert "in use by another user" in invoice.sLastErrorMsg
    held.nClear()
    assert invoice.nWrite() == 1
    second = sage.new("SO_Invoice_bus")
    assert second.nSetKey("7000") == 2
    assert second.nSetValue("SalesOrderNo$", order) == 0
    assert "in invoice data entry" in second.sLastErrorMsg


@pytest.mark.parametrize(
    ("change", "words"),
    [({"OrderType$": "Q"}, "Only standard and back orders"), ({"OrderStatus$": "H"}, "on hold")],
)
def test_quotes_and_held_orders_are_not_shipped(sage: Sage, change: dict[str, str], words: str) -> None:
    order, number = an_order(sage, TWO)
    fill(order, change)
    assert order.nWrite() == 1
    invoice = sage.new("SO_Shipping_bus")
    assert invoice.nSetKey("7000") == 2
    assert invoice.nSetValue("SalesOrderNo$", number) == 0
    assert words in invoice.sLastErrorMsg


def test_stock_that_is_gone_cannot_be_shipped(sage: Sage) -> None:
    invoice, _ = drawn(sage, written(sage, [("NW-0001", 39)]))
    sage.tell("UPDATE IM_ItemWarehouse SET QuantityOnHand = 38 WHERE ItemCode = 'NW-0001'")
    assert invoice.nWrite() == 0
    assert "38 are free" in invoice.sLastErrorMsg
    assert not sage.rows(HEADER)


def test_packages_are_written_corrected_and_removed(sage: Sage) -> None:
    invoice, number = drawn(sage, written(sage, TWO))
    assert invoice.nWrite() == 1
    pack(sage, number, "1", "1Z-A")
    pack(sage, number, "2", "1Z-B")
    pack(sage, number, "0001", "1Z-C")
    assert [tuple(row.values()) for row in sage.rows(PACKAGES)] == [("0001", "1Z-C"), ("0002", "1Z-B")]
    tracks = sage.new("SO_InvoiceTracking_bus")
    assert tracks.nRemoveTrackingRecords(number) == 1
    assert not sage.rows(PACKAGES)
    assert tracks.nRemoveTrackingRecords("9999") == 0
    tracks.nSetKeyValue("InvoiceNo$", "9999")
    tracks.nSetKeyValue("PackageNo$", "1")
    assert tracks.nSetKey() == 0
    assert "InvoiceNo is not on file" in tracks.sLastErrorMsg


def test_where_batches_are_used_an_invoice_needs_one(sage: Sage) -> None:
    sage.switch(batch_entry=True)
    order = written(sage, TWO)
    invoice, answer = sage.new("SO_Invoice_bus"), Ref()
    assert invoice.nSetKey("7000") == 0
    assert "batch" in invoice.sLastErrorMsg
    assert invoice.nSelectNewBatch(answer, "N", "web") == 1
    assert invoice.nSetKey("7000") == 2
    fill(invoice, {"SalesOrderNo$": order})
    assert invoice.oLines.nCopyLinesFromSalesOrder(order, "Y") == invoice.nWrite() == 1
    assert sage.row(HEADER)["BatchNo"] == answer.value == "00001"


def test_numbers_are_used_up(sage: Sage) -> None:
    invoice, first, second = sage.new("SO_Invoice_bus"), Ref(), Ref()
    assert invoice.nGetNextInvoiceNo(first) == invoice.nGetNextInvoiceNo(second) == 1
    assert (first.value, second.value) == ("0000001", "0000002")


def test_the_journal_is_updated_when_it_was_printed(sage: Sage) -> None:
    invoice, number = drawn(sage, written(sage, TWO))
    journal = sage.new("SO_SalesJournal_upd")
    assert journal.nProcessReport("PRINT") == 0, "there is nothing to print"
    assert invoice.nWrite() == 1
    pack(sage, number, "1", "1Z-A")
    assert journal.nProcessReport("PREVIEW") == 1
    assert journal.nUpdate() == 0
    assert "printed" in journal.sLastErrorMsg
    assert journal.nSetPostingDate("2026-11-30") == 0
    assert journal.nSetPostingDate("20261130") == journal.nProcessReport("PRINT") == 1
    assert journal.nUpdate() == 1, journal.sLastErrorMsg
    assert sage.row("SELECT PostingDate FROM AR_OpenInvoice") == {"PostingDate": "2026-11-30"}
    assert sage.row("SELECT TrackingID FROM AR_InvoiceHistoryTracking") == {"TrackingID": "1Z-A"}
    assert not sage.rows(HEADER) + sage.rows(PACKAGES)
    assert journal.nUpdate() == 0, "it was printed for one update"


def test_the_journal_posts_the_selected_batches_only(sage: Sage) -> None:
    sage.switch(batch_entry=True)
    for _ in range(2):
        order, invoice, answer = written(sage, TWO), sage.new("SO_Invoice_bus"), Ref()
        assert invoice.nSelectNewBatch(answer) == invoice.nGetNextInvoiceNo(answer) == 1
        assert invoice.nSetKey(answer.value) == 2
        fill(invoice, {"SalesOrderNo$": order})
        assert invoice.oLines.nCopyLinesFromSalesOrder(order, "Y") == invoice.nWrite() == 1
    journal = sage.new("SO_SalesJournal_upd")
    assert journal.nProcessReport("PRINT") == journal.nSelectBatch("00009") == 0
    assert journal.nSelectBatch("00002") == journal.nProcessReport("PRINT") == journal.nUpdate() == 1
    assert [row["BatchNo"] for row in sage.rows(HEADER)] == ["00001"]


def test_a_posting_meets_no_open_record(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    order = written(sage, TWO)
    invoice, _ = drawn(sage, order)
    assert invoice.nWrite() == 1
    held = reopened(more_sages(), order)
    journal = sage.new("SO_SalesJournal_upd")
    assert journal.nProcessReport("PRINT") == 1
    assert journal.nUpdate() == 0
    assert "in use by another user" in journal.sLastErrorMsg
    assert sage.rows(HEADER)
    held.nClear()
    assert journal.nUpdate() == 1
