"""An order is changed and deleted: what it had done is taken back, exactly."""

from __future__ import annotations

import pytest

from tests.unit.sandbox_sage100.desk import (
    Ref,
    Sage,
    add_line,
    an_order,
    books_balance,
    fill,
    open_amount,
    reopened,
    stock,
    written,
)

LINES = "SELECT * FROM SO_SalesOrderDetail WHERE SalesOrderNo = ? ORDER BY LineSeqNo"
PAST = "SELECT * FROM SO_SalesOrderHistoryDetail WHERE SalesOrderNo = ? ORDER BY LineKey"


def line_keys(order: object) -> list[str]:
    """Walk the lines as a program does."""
    found = []
    lines = order.oLines
    lines.nMoveFirst()
    while not lines.nEOF():
        answer = Ref()
        assert lines.nGetValue("LineKey$", answer) == 1
        found.append(answer.value)
        lines.nMoveNext()
    return found


def test_an_existing_order_opens_with_its_lines(sage: Sage) -> None:
    order = reopened(sage, written(sage))
    assert line_keys(order) == ["000001", "000002"]
    assert order.oLines.nMoveNext() == 0


def test_a_changed_quantity_moves_commitment_and_open_amount_by_the_difference(sage: Sage) -> None:
    number = written(sage, [("NW-0001", 3), ("NW-0002", 2)])
    order = reopened(sage, number)
    assert order.oLines.nSetKey("000001") == 1
    fill(order.oLines, {"QuantityOrdered": 5.0})
    assert order.oLines.nWrite() == 1
    assert stock(sage, "NW-0001") == (3, 0)
    assert order.nWrite() == 1
    assert stock(sage, "NW-0001") == (5, 0)
    assert open_amount(sage) == 5 * 18 + 2 * 19
    past = sage.rows(PAST, number)[0]
    assert (past["QuantityOrderedOriginal"], past["QuantityOrderedRevised"]) == (3, 5)
    assert books_balance(sage) == 1


def test_a_change_on_a_line_without_its_write_is_lost(sage: Sage) -> None:
    number = written(sage)
    order = reopened(sage, number)
    order.oLines.nMoveFirst()
    fill(order.oLines, {"QuantityOrdered": 9.0})
    order.oLines.nMoveNext()
    assert order.nWrite() == 1
    assert stock(sage, "NW-0001") == (3, 0)


def test_deleted_lines_go_and_their_keys_do_not_come_again(sage: Sage) -> None:
    number = written(sage, [("NW-0001", 3), ("NW-0002", 2), ("NW-0003", 1)])
    order = reopened(sage, number)
    order.oLines.nSetKey("000003")
    assert order.oLines.nDelete() == 1
    order.oLines.nSetKey("000001")
    assert order.oLines.nDelete() == 1
    add_line(order, "NW-0004", 7)
    assert order.nWrite() == 1
    order = reopened(sage, number)
    assert line_keys(order) == ["000002", "000004"]
    assert [stock(sage, f"NW-000{n}")[0] for n in (1, 2, 3, 4)] == [0, 2, 0, 7]
    past = {row["LineKey"]: (row["CancelledLine"], row["OriginalLine"]) for row in sage.rows(PAST, number)}
    assert past == {"000001": ("Y", "Y"), "000002": ("N", "Y"), "000003": ("Y", "Y"), "000004": ("N", "N")}
    assert books_balance(sage) == 1


def test_a_key_of_a_line_deleted_earlier_does_not_come_again_either(sage: Sage) -> None:
    number = written(sage)
    order = reopened(sage, number)
    order.oLines.nSetKey("000002")
    order.oLines.nDelete()
    order.nWrite()
    order = reopened(sage, number)
    add_line(order, "NW-0003", 1)
    order.nWrite()
    assert [row["LineKey"] for row in sage.rows(LINES, number)] == ["000001", "000003"]


def test_a_header_change_stamps_the_update_and_not_the_creation(sage: Sage) -> None:
    number = written(sage)
    sage.tell("UPDATE SO_SalesOrderHeader SET TimeCreated = '1.00000', TimeUpdated = '1.00000'")
    order = reopened(sage, number)
    fill(order, {"ShipVia$": "UNITED", "FreightAmt": 4.0})
    assert order.nWrite() == 1
    header = sage.row("SELECT * FROM SO_SalesOrderHeader")
    assert (header["TimeCreated"], header["TimeUpdated"], header["ShipVia"]) == (
        "1.00000",
        "15.50000",
        "UNITED",
    )
    assert open_amount(sage) == 92 + 4


def test_a_quote_that_becomes_an_order_begins_to_commit(sage: Sage) -> None:
    order, number = an_order(sage)
    fill(order, {"OrderType$": "Q"})
    order.nWrite()
    order = reopened(sage, number)
    fill(order, {"OrderType$": "S"})
    assert order.nWrite() == 1
    assert stock(sage, "NW-0001") == (3, 0)


def test_a_deleted_order_lives_on_in_history_only(sage: Sage) -> None:
    other = written(sage)
    number = written(sage)
    order = reopened(sage, number)
    fill(order, {"CancelReasonCode$": "CUST"})
    assert order.nDelete() == 1
    assert not sage.rows(LINES, number)
    past = sage.row("SELECT * FROM SO_SalesOrderHistoryHeader WHERE SalesOrderNo = ?", number)
    assert (past["OrderStatus"], past["CancelReasonCode"]) == ("X", "CUST")
    assert {row["CancelledLine"] for row in sage.rows(PAST, number)} == {"Y"}
    assert stock(sage, "NW-0001") == (3, 0)
    assert open_amount(sage) == 92
    assert books_balance(sage) == 1
    assert sage.rows("SELECT * FROM SO_SalesOrderHeader")[0]["SalesOrderNo"] == other


def test_the_number_of_an_order_in_history_is_not_given_again(sage: Sage) -> None:
    number = written(sage)
    reopened(sage, number).nDelete()
    order = sage.orders
    assert order.nSetKey(number) == 0
    assert "history" in order.sLastErrorMsg
    sage.tell("UPDATE SO_Options SET NextSalesOrderNo = '0000001'")
    answer = Ref()
    order.nGetNextSalesOrderNo(answer)
    assert answer.value != number


def test_a_new_order_cannot_be_deleted(sage: Sage) -> None:
    order, _ = an_order(sage)
    assert order.nDelete() == 0


@pytest.mark.parametrize("verb", ["nWrite", "nDelete"])
def test_an_order_in_invoice_entry_is_neither_changed_nor_deleted(sage: Sage, verb: str) -> None:
    number = written(sage)
    sage.tell("UPDATE SO_SalesOrderHeader SET CurrentInvoiceNo = '0000077'")
    order = reopened(sage, number)
    assert getattr(order, verb)() == 0
    assert "invoice data entry" in order.sLastErrorMsg
    assert books_balance(sage) == 1


def test_a_shipped_line_cannot_be_deleted(sage: Sage) -> None:
    number = written(sage, [("NW-0001", 3)])
    sage.tell("UPDATE SO_SalesOrderDetail SET QuantityShipped = 1")
    order = reopened(sage, number)
    order.oLines.nMoveFirst()
    assert order.oLines.nDelete() == 0
    assert "shipped" in order.oLines.sLastErrorMsg


def test_clear_forgets_every_change(sage: Sage) -> None:
    number = written(sage)
    order = reopened(sage, number)
    fill(order, {"FreightAmt": 4.0})
    assert order.nClear() == 1
    assert order.nWrite() == 0
    assert open_amount(sage) == 92
