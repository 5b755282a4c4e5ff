"""Whole frames of stock, shipments, invoices and payments are judged by plain rules (A15, B14)."""

from __future__ import annotations

import json
from decimal import Decimal

import pandas as pd
import pytest

from include.canonical import Reason
from include.checks.flows import check_invoices, check_payments, check_shipments, check_stock
from include.errors import SetError
from include.translation import load
from tests.unit.mappings.flows import PACKAGE, a_flow_site, from_sage, goods, invoice, shipment, stock
from tests.unit.mappings.test_payments import payment
from tests.unit.translation.factories import codes, the


def payments(**changes: object) -> pd.DataFrame:
    payload = json.dumps(payment(**changes)).encode()
    return (
        load("clarity_ecommerce/payment").to_canonical(["55120"], [payload], a_flow_site()).frames["payments"]
    )


def shipped(**changes: object):
    frames = from_sage("shipment", shipment(**changes)).frames
    return check_shipments(frames["shipments"], frames["shipment_lines"], frames["packages"])


def billed(**changes: object):
    frames = from_sage("invoice", invoice(**changes)).frames
    return check_invoices(frames["invoices"], frames["invoice_lines"])


def test_what_is_in_order_passes() -> None:
    levels = from_sage("stock_level", stock()).frames["stock"]
    for checked in (check_stock(levels, {"000"}), shipped(), billed(), check_payments(payments(), "Clarity")):
        assert checked.problems.empty
        assert checked.results


def test_stock_in_a_warehouse_the_shop_is_not_told_of() -> None:
    levels = from_sage("stock_level", stock(WarehouseCode="001")).frames["stock"]
    row = the(check_stock(levels, {"000"}).problems)
    assert (row["code"], row["message"][:25]) == (Reason.UNKNOWN_VALUE, "stock of LMP-220-AMB: war")


def test_stock_beyond_all_limits() -> None:
    levels = from_sage("stock_level", stock(QuantityOnHand="100000000", QuantityOnSalesOrder=-7)).frames[
        "stock"
    ]
    assert set(codes(check_stock(levels, {"000"}).problems)) == {
        (Reason.OUT_OF_RANGE, "on_hand"),
        (Reason.OUT_OF_RANGE, "allocated"),
    }


def test_an_item_twice_in_one_warehouse_stops_the_set() -> None:
    levels = from_sage("stock_level", stock()).frames["stock"]
    with pytest.raises(SetError, match="stock"):
        check_stock(pd.concat([levels, levels], ignore_index=True), {"000"})


@pytest.mark.parametrize(
    ("changes", "found"),
    [({}, [(Reason.NO_LINES, "lines")]), ({"state": "live", "ShipStatus": "D"}, []), ({"state": "gone"}, [])],
    ids=["shipped", "taken back", "gone"],
)
def test_a_shipment_of_nothing_was_taken_back_or_is_parked(
    changes: dict[str, object], found: list[tuple[Reason, str]]
) -> None:
    assert codes(shipped(lines=[goods(QuantityShipped=0)], **changes).problems) == found


def test_goods_that_went_backwards() -> None:
    assert codes(shipped(lines=[goods(QuantityShipped=-2)]).problems) == [(Reason.OUT_OF_RANGE, "quantity")]


@pytest.mark.parametrize("tracking", ["NO", "1Z" * 25, "see e-mail!"])
def test_a_remark_is_no_tracking_number(tracking: str) -> None:
    row = the(shipped(packages=[PACKAGE, PACKAGE | {"TrackingID": tracking}]).problems)
    assert (row["code"], row["line"], row["value"]) == (Reason.INVALID_FORMAT, 2, tracking)


def test_lines_that_do_not_add_up_to_their_invoice() -> None:
    assert codes(billed(TaxableSalesAmt=2315.86).problems) == [(Reason.TOTALS_MISMATCH, "subtotal")]


def test_an_invoice_whose_sums_disagree() -> None:
    frames = from_sage("invoice", invoice()).frames
    spoilt = frames["invoices"].assign(balance=frames["invoices"].balance + Decimal("0.01"))
    assert codes(check_invoices(spoilt, frames["invoice_lines"]).problems) == [
        (Reason.TOTALS_MISMATCH, "total")
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capturedAmount": 2548.48}, "captured_amount"),
        ({"refundedAmount": 2548.48}, "refunded_amount"),
        ({"amount": -1, "capturedAmount": -2, "refundedAmount": -3}, "amount"),
    ],
)
def test_more_than_there_was(changes: dict[str, object], field: str) -> None:
    row = the(check_payments(payments(**changes), "Clarity eCommerce").problems)
    assert (row["code"], row["field"]) == (Reason.OUT_OF_RANGE, field)
    assert "Clarity eCommerce" in row["remedy"]
