"""Posted invoices of Sage become Clarity's (B35)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.canonical import Reason
from include.sandbox.clarity.asked import Invoice
from tests.unit.mappings.flows import accepted, from_sage, goods, invoice, sample, to_clarity
from tests.unit.translation.factories import codes

KEY = "0104512|000000"
cents = st.decimals(min_value=0, max_value=9_999_999, places=2)


def test_an_invoice_is_what_the_contract_shows() -> None:
    made, documents = to_clarity("invoice", invoice())
    expected = sample("invoice") | {"status": "Paid"}  # the sample's invoice is paid, and says Open
    assert documents[KEY] == expected
    accepted(Invoice, documents[KEY])
    assert made.problems.empty


@pytest.mark.parametrize(
    ("changes", "status", "paid"),
    [
        ({"Balance": 0}, "Paid", "2548.47"),
        ({"Balance": 2548.47}, "Open", "0"),
        ({"Balance": 548.47}, "PartiallyPaid", "2000"),
        ({"InvoiceType": "CM", "Balance": -100}, "Credit", "2648.47"),
    ],
)
def test_what_is_owed_says_the_status(changes: dict[str, object], status: str, paid: str) -> None:
    _, documents = to_clarity("invoice", invoice(**changes))
    assert documents[KEY]["status"] == status
    assert documents[KEY]["totals"]["amountPaid"] == Decimal(paid)


def test_charges_are_billed_and_comments_are_not() -> None:
    lines = [
        goods(),
        goods(ItemCode="/FREIGHT", ItemType="3", QuantityShipped=0, UnitPrice=0, ExtensionAmt=38.4),
        goods(ItemCode="/C", ItemType="4", QuantityShipped=0, ExtensionAmt=0),
    ]
    frame = from_sage("invoice", invoice(lines=lines)).frames["invoice_lines"]
    assert frame.sku.tolist() == ["LMP-220-AMB", "/FREIGHT"]
    assert frame.quantity.tolist() == [Decimal(12), Decimal(1)]
    assert frame.unit_price.tolist() == [Decimal(189), Decimal("38.4")]


def test_an_invoice_without_an_order_names_none() -> None:
    made, documents = to_clarity("invoice", invoice(SalesOrderNo=""))
    assert "orderNumber" not in documents[KEY]
    assert made.problems.empty


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"CustomerNo": "0099999"}, (Reason.NO_REFERENCE, "customer_number")),
        ({"SalesOrderNo": "0099999"}, (Reason.NO_REFERENCE, "order_number")),
    ],
)
def test_what_clarity_does_not_know_is_parked(changes: dict[str, object], problem: tuple[str, str]) -> None:
    made, _ = to_clarity("invoice", invoice(**changes))
    assert codes(made.problems) == [problem]


def test_an_unknown_type_is_parked() -> None:
    assert codes(from_sage("invoice", invoice(InvoiceType="ZZ")).problems) == [
        (Reason.UNKNOWN_VALUE, "InvoiceType")
    ]


AMOUNTS = ("TaxableSalesAmt", "NonTaxableSalesAmt", "DiscountAmt", "FreightAmt", "SalesTaxAmt", "Balance")


@settings(max_examples=25, deadline=None)
@given(amounts=st.fixed_dictionaries(dict.fromkeys(AMOUNTS, cents)))
def test_the_sums_agree_to_the_cent(amounts: dict[str, Decimal]) -> None:
    document = invoice(**{name: str(value) for name, value in amounts.items()})
    taxable, free, discount, freight, tax, balance = (amounts[name] for name in AMOUNTS)
    _, documents = to_clarity("invoice", document)
    totals = accepted(Invoice, documents[KEY]).totals
    assert totals.total == totals.subtotal + totals.shipping + totals.tax
    assert totals.total == taxable + free - discount + freight + tax
    assert totals.balance_due == totals.total - totals.amount_paid == balance
