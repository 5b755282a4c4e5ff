"""A19: an order is written by the documented calls in the documented order, and by no other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.sandbox_sage100.desk import (
    CODED,
    NUMBERED,
    Ref,
    Sage,
    add_line,
    an_order,
    books_balance,
    fill,
    open_amount,
    stock,
    written,
)

HEADER = "SELECT * FROM SO_SalesOrderHeader WHERE SalesOrderNo = ?"
LINES = "SELECT * FROM SO_SalesOrderDetail WHERE SalesOrderNo = ? ORDER BY LineKey"


def test_nothing_is_visible_before_the_orders_own_write(sage: Sage) -> None:
    order, number = an_order(sage)
    assert sage.rows(HEADER, number) == sage.rows(LINES, number) == []
    assert stock(sage, "NW-0001") == (0, 0)
    assert order.nWrite() == 1
    assert len(sage.rows(LINES, number)) == 2


def test_a_written_order_has_its_effects_to_the_unit_and_the_cent(sage: Sage) -> None:
    number = written(sage, [("NW-0001", 3), ("NW-0002", 2.5), ("NW-0001", 1)], FreightAmt=32.38)
    assert stock(sage, "NW-0001") == (4, 0)
    assert stock(sage, "NW-0002") == (2.5, 0)
    total = 4 * 18 + 2.5 * 19 + 32.38
    assert open_amount(sage) == total
    effect = sage.row("SELECT * FROM sandbox_effect")
    assert (effect["record"], effect["kind"], effect["total"]) == (number, "order_created", "151.88")
    assert books_balance(sage) == 1


def test_customer_loads_what_belongs_to_it(sage: Sage) -> None:
    order, number = an_order(sage, customer=CODED)
    assert order.nWrite() == 1
    header = sage.row(HEADER, number)
    assert header["BillToName"] == header["ShipToName"] == "Ana Trujillo Emparedados y helados"
    assert (header["ShipToCity"], header["BillToCountryCode"]) == ("México D.F.", "MEX")
    assert (header["TermsCode"], header["TaxSchedule"], header["ShipVia"]) == ("01", "NONTAX", "SPEEDY")
    assert (header["OrderType"], header["OrderStatus"], header["WarehouseCode"]) == ("S", "N", "000")


def test_item_loads_description_price_unit_class_and_warehouse(sage: Sage) -> None:
    line = sage.rows(LINES, written(sage))[0]
    assert (line["ItemCodeDesc"], line["UnitPrice"], line["PriceOverridden"]) == ("Chai", 18, "N")
    assert (line["UnitOfMeasure"], line["TaxClass"], line["WarehouseCode"]) == ("EACH", "TX", "000")
    assert (line["LineKey"], line["ItemType"], line["ExtensionAmt"]) == ("000001", "1", 54)


def test_a_price_set_by_hand_is_marked(sage: Sage) -> None:
    order, number = an_order(sage, [])
    add_line(order, UnitPrice=17.5)
    assert order.nWrite() == 1
    assert sage.row(LINES, number)["PriceOverridden"] == "Y"


def test_audit_columns_show_the_user_and_the_servers_clock(sage: Sage) -> None:
    sage.switch(time_zone="America/New_York")
    header = sage.row(HEADER, written(sage))
    stamp = ("2026-11-21", "10.50000", "0000000002")
    assert (header["DateCreated"], header["TimeCreated"], header["UserCreatedKey"]) == stamp
    assert (header["DateUpdated"], header["TimeUpdated"], header["UserUpdatedKey"]) == stamp


def test_history_mirrors_the_order(sage: Sage) -> None:
    number = written(sage)
    past = sage.row("SELECT * FROM SO_SalesOrderHistoryHeader WHERE SalesOrderNo = ?", number)
    assert (past["OrderStatus"], past["NonTaxableAmt"]) == ("A", 92)
    lines = sage.rows(
        "SELECT * FROM SO_SalesOrderHistoryDetail WHERE SalesOrderNo = ? ORDER BY LineKey", number
    )
    assert [
        (r["QuantityOrderedOriginal"], r["QuantityOrderedRevised"], r["OriginalLine"]) for r in lines
    ] == [
        (3, 3, "Y"),
        (2, 2, "Y"),
    ]


def test_each_number_is_given_once_and_an_unused_one_leaves_a_gap(sage: Sage) -> None:
    first, second = Ref(), Ref()
    sage.orders.nGetNextSalesOrderNo(first)
    sage.orders.nGetNextSalesOrderNo(second)
    assert (first.value, second.value) == ("0000001", "0000002")
    assert sage.row("SELECT NextSalesOrderNo FROM SO_Options")["NextSalesOrderNo"] == "0000003"


def test_the_next_number_passes_over_one_typed_by_hand(sage: Sage) -> None:
    written(sage, number="1")
    answer = Ref()
    sage.orders.nGetNextSalesOrderNo(answer)
    assert answer.value == "0000002"


@pytest.mark.parametrize(("typed", "kept"), [("12", "0000012"), ("w000123", "W000123")])
def test_an_order_number_of_digits_is_filled_up_and_any_is_upper_case(
    sage: Sage, typed: str, kept: str
) -> None:
    written(sage, number=typed)
    assert sage.rows(HEADER, kept)


def test_a_number_that_is_too_long_opens_nothing(sage: Sage) -> None:
    order = sage.orders
    assert order.nSetKey("12345678") == 0
    assert "too long" in order.sLastErrorMsg


# the order of calls


def test_values_before_the_key_are_refused(sage: Sage) -> None:
    order = sage.orders
    assert order.nSetValue("ARDivisionNo$", "00") == 0
    assert "nSetKey" in order.sLastErrorMsg
    assert order.nWrite() == order.oLines.nAddLine() == 0


def test_the_customer_comes_after_its_division_and_before_the_rest(sage: Sage) -> None:
    order = sage.orders
    order.nSetKey("1")
    assert order.nSetValue("CustomerNo$", NUMBERED) == 0
    assert "ARDivisionNo" in order.sLastErrorMsg
    assert order.nSetValue("ARDivisionNo$", "00") == 1
    assert order.nSetValue("CustomerPONo$", "SO-1") == order.oLines.nAddLine() == 0
    assert order.nSetValue("CustomerNo$", NUMBERED) == 1


def test_the_item_comes_first_on_a_line(sage: Sage) -> None:
    order, _ = an_order(sage)
    lines = order.oLines
    lines.nAddLine()
    assert lines.nSetValue("QuantityOrdered", 1.0) == 0
    assert "ItemCode" in lines.sLastErrorMsg
    assert lines.nWrite() == 0


def test_a_line_counts_only_by_its_own_write(sage: Sage) -> None:
    order, number = an_order(sage)
    order.oLines.nAddLine()
    fill(order.oLines, {"ItemCode$": "NW-0003", "QuantityOrdered": 1.0})
    assert order.nWrite() == 1
    assert len(sage.rows(LINES, number)) == 2


def test_an_order_without_lines_is_refused(sage: Sage) -> None:
    order, number = an_order(sage, [])
    assert order.nWrite() == 0
    assert "line" in order.sLastErrorMsg
    assert not sage.rows(HEADER, number)


def test_a_required_column_may_not_be_blank(sage: Sage) -> None:
    order, _ = an_order(sage)
    fill(order, {"ShipExpireDate$": ""})
    assert order.nWrite() == 0
    assert order.sLastErrorMsg == "The ShipExpireDate is required."


def test_after_its_write_an_order_is_read_only(sage: Sage) -> None:
    order, _ = an_order(sage)
    order.nWrite()
    answer = Ref()
    assert order.nGetValue("NonTaxableAmt", answer) == 1
    assert answer.value == 92.0
    assert order.nSetValue("Comment$", "late") == 0


# values


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("TermsCode$", "77"),
        ("ShipVia$", "PIGEON"),
        ("TaxSchedule$", "NOWHERE"),
        ("WarehouseCode$", "999"),
        ("ShipToCountryCode$", "XYZ"),
        ("ShipToCode$", "0009"),
        ("CancelReasonCode$", "MOOD"),
    ],
)
def test_a_code_without_a_record_is_not_on_file(sage: Sage, column: str, value: str) -> None:
    order, _ = an_order(sage)
    assert order.nSetValue(column, value) == 0
    assert order.sLastErrorMsg == f"The {column[:-1]} is not on file."


def test_an_unknown_item_is_told_by_the_lines_and_not_by_the_order(sage: Sage) -> None:
    order, _ = an_order(sage)
    order.oLines.nAddLine()
    assert order.oLines.nSetValue("ItemCode$", "NW-9999") == 0
    assert order.oLines.sLastErrorMsg == "The ItemCode is not on file."
    assert order.sLastErrorMsg == ""


def test_an_unknown_customer_is_not_on_file(sage: Sage) -> None:
    order = sage.orders
    order.nSetKey("1")
    order.nSetValue("ARDivisionNo$", "00")
    assert order.nSetValue("CustomerNo$", "NOBODY") == 0
    assert order.sLastErrorMsg == "The CustomerNo is not on file."


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("Comment", "text without its $", "Comment is invalid"),
        ("FreightAmt$", 1.0, "FreightAmt$ is invalid"),
        ("Nonsense$", "x", "invalid"),
        ("SalesOrderNo$", "0000009", "may not be changed"),
        ("TaxableAmt", 5.0, "may not be changed"),
        ("UserCreatedKey$", "0000000001", "may not be changed"),
        ("Comment$", "x" * 31, "too long: 31 characters, 30 fit"),
        ("FreightAmt", 100_000_000.0, "too large"),
        ("FreightAmt", "12.50", "must be numeric"),
        ("FreightAmt", float("nan"), "number"),
        ("Comment$", 5, "must be a string"),
        ("OrderDate$", "2026-11-21", "not a valid date"),
        ("OrderType$", "Z", "not valid"),
        ("UDF_RUSH_ORDER$", "yes", "too long"),
        ("CustomerNo$", CODED, "may not be changed"),
    ],
)
def test_what_the_dictionary_forbids_is_refused_with_its_reason(
    sage: Sage, column: str, value: object, says: str
) -> None:
    order, _ = an_order(sage)
    assert order.nSetValue(column, value) == 0
    assert says in order.sLastErrorMsg


def test_codes_are_put_into_their_form_and_free_text_is_not(sage: Sage) -> None:
    order, _ = an_order(sage)
    typed = {"TermsCode$": "2", "ShipVia$": "united", "CustomerPONo$": "po-1 ", "ShipToState$": "ny"}
    fill(order, typed)
    kept = {}
    for column in typed:
        answer = Ref()
        order.nGetValue(column, answer)
        kept[column] = answer.value
    assert kept == {"TermsCode$": "02", "ShipVia$": "UNITED", "CustomerPONo$": "po-1", "ShipToState$": "NY"}


def test_long_text_is_cut_where_the_site_wants_it(sage: Sage) -> None:
    sage.switch(too_long="cut")
    order, number = an_order(sage)
    fill(order, {"Comment$": "x" * 40})
    order.nWrite()
    assert sage.row(HEADER, number)["Comment"] == "x" * 30


# items


def test_charges_comments_and_specials_commit_no_stock(sage: Sage) -> None:
    order, number = an_order(sage)
    add_line(order, "/ROUND", 1, UnitPrice=-0.01)
    add_line(order, "*GIFT BOX", 2, UnitPrice=1.5)
    lines = order.oLines
    lines.nAddLine()
    fill(lines, {"ItemCode$": "/C", "CommentText$": "Leave at the door"})
    assert lines.nSetValue("QuantityOrdered", 1.0) == 0
    assert lines.nWrite() == 1
    lines.nAddLine()
    fill(lines, {"ItemCode$": "/FREIGHT", "ExtensionAmt": 7.25})
    assert lines.nWrite() == order.nWrite() == 1
    kinds = [(r["ItemType"], r["ExtensionAmt"]) for r in sage.rows(LINES, number)[2:]]
    assert kinds == [("5", -0.01), ("2", 3), ("4", 0), ("3", 7.25)]
    assert open_amount(sage) == 92 - 0.01 + 3 + 7.25
    assert books_balance(sage) == 1


@pytest.mark.parametrize(
    ("change", "says"), [("InactiveItem = 'Y'", "inactive"), ("UseInSO = 'N'", "not set up for sales order")]
)
def test_an_item_that_may_not_be_sold_is_refused(sage: Sage, change: str, says: str) -> None:
    sage.tell(f"UPDATE CI_Item SET {change} WHERE ItemCode = 'NW-0005'")
    order, _ = an_order(sage)
    order.oLines.nAddLine()
    assert order.oLines.nSetValue("ItemCode$", "NW-0005") == 0
    assert says in order.oLines.sLastErrorMsg


def test_another_unit_of_measure_commits_in_standard_units(sage: Sage) -> None:
    sage.tell(
        "UPDATE CI_Item SET PurchaseUnitOfMeasure = 'CASE', PurchaseUMConvFctr = 12"
        " WHERE ItemCode = 'NW-0001'"
    )
    order, number = an_order(sage, [])
    add_line(order, "NW-0001", 2, **{"UnitOfMeasure$": "CASE"})
    assert order.oLines.nSetValue("UnitOfMeasure$", "TON") == 0
    assert order.nWrite() == 1
    assert stock(sage, "NW-0001") == (24, 0)
    assert sage.row(LINES, number)["UnitPrice"] == 18 * 12


def test_a_warehouse_where_the_item_never_was_gets_a_row(sage: Sage) -> None:
    order, _ = an_order(sage, [])
    add_line(order, "NW-0001", 2, **{"WarehouseCode$": "001"})
    assert order.nWrite() == 1
    assert stock(sage, "NW-0001", "001") == (2, 0)


def test_back_ordered_units_are_committed_apart(sage: Sage) -> None:
    order, _ = an_order(sage, [])
    add_line(order, "NW-0001", 10, QuantityBackordered=4.0)
    assert order.nWrite() == 1
    assert stock(sage, "NW-0001") == (6, 4)


@pytest.mark.parametrize("kind", ["Q", "M", "R"])
def test_quotes_masters_and_repeating_orders_commit_nothing(sage: Sage, kind: str) -> None:
    order, _ = an_order(sage)
    fill(order, {"OrderType$": kind})
    assert order.nWrite() == 1
    assert stock(sage, "NW-0001") == (0, 0)
    assert open_amount(sage) == 0


@pytest.mark.parametrize(("answer", "mode"), [(-1, "warn"), (0, "refuse")])
def test_quantity_on_hand_is_checked_only_where_the_option_says_so(
    sage: Sage, answer: int, mode: str
) -> None:
    written(sage, [("NW-0005", 5)])
    sage.switch(over_quantity=mode)
    sage.tell("UPDATE SO_Options SET CheckQtyOnHand = 'Y' WHERE ModuleCode = 'S/O'")
    order, _ = an_order(sage, [])
    order.oLines.nAddLine()
    fill(order.oLines, {"ItemCode$": "NW-0005", "QuantityOrdered": 1.0})
    assert order.oLines.nWrite() == answer
    assert "exceeds available quantity" in order.oLines.sLastErrorMsg


# amounts


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "extension"),
    [(3, 0.335, 0, "1.01"), (1, 0.125, 0, "0.13"), (7, 9.99, 12.5, "61.19"), (-1, 0.125, 0, "-0.13")],
)
def test_extensions_are_rounded_half_up_to_the_cent(
    sage: Sage, quantity: float, price: float, discount: float, extension: str
) -> None:
    order, number = an_order(sage, [])
    add_line(order, "NW-0001", quantity, UnitPrice=price, LineDiscountPercent=discount)
    assert order.nWrite() == 1
    assert Decimal(str(sage.row(LINES, number)["ExtensionAmt"])) == Decimal(extension)


def test_tax_falls_on_taxable_classes_after_the_trade_discount(sage: Sage) -> None:
    order, number = an_order(sage, [("NW-0001", 10), ("/ADJ", 1)])
    order.oLines.nSetValue("UnitPrice", 20.0)
    order.oLines.nWrite()
    fill(order, {"TaxSchedule$": "DEFAULT", "DiscountAmt": 18.0, "FreightAmt": 5.0})
    assert order.nWrite() == 1
    header = sage.row(HEADER, number)
    amounts = [header[n] for n in ("TaxableAmt", "NonTaxableAmt", "DiscountAmt", "FreightAmt", "SalesTaxAmt")]
    assert amounts == [180, 20, 18, 5, 11.75]
    assert open_amount(sage) == 180 + 20 - 18 + 5 + 11.75
    taxes = sage.rows("SELECT * FROM SO_SalesOrderTaxDetail WHERE SalesOrderNo = ?", number)
    assert [(t["TaxClass"], t["SalesTaxAmt"]) for t in taxes] == [("NT", 0), ("TX", 11.75)]


def test_a_customers_discount_rate_holds_until_an_amount_is_set(sage: Sage) -> None:
    sage.tell("UPDATE AR_Customer SET CustomerDiscountRate = 10 WHERE CustomerNo = ?", NUMBERED)
    assert sage.row(HEADER, written(sage))["DiscountAmt"] == 9.2
    order, number = an_order(sage)
    fill(order, {"DiscountAmt": 1.0})
    assert order.nWrite() == 1
    assert sage.row(HEADER, number)["DiscountAmt"] == 1


def test_an_extension_that_does_not_fit_is_refused(sage: Sage) -> None:
    order, _ = an_order(sage, [])
    order.oLines.nAddLine()
    fill(order.oLines, {"ItemCode$": "NW-0001", "QuantityOrdered": 99_999.0, "UnitPrice": 99_999.0})
    assert order.oLines.nWrite() == 0
    assert "too large" in order.oLines.sLastErrorMsg


# what the customer says


def test_a_known_po_number_warns_with_sages_own_words_and_the_order_still_saves(sage: Sage) -> None:
    order, _ = an_order(sage)
    fill(order, {"CustomerPONo$": "SO-10248"})
    order.nWrite()
    order, number = an_order(sage)
    assert order.nSetValue("CustomerPONo$", "SO-10248") == -1
    assert order.sLastErrorMsg == (
        "This customer PO number already exists on one or more sales orders or invoices."
    )
    assert order.nWrite() == 1
    assert sage.row(HEADER, number)["CustomerPONo"] == "SO-10248"


def test_another_customer_may_use_the_same_po_number(sage: Sage) -> None:
    written(sage, number="1", customer=NUMBERED)
    order, _ = an_order(sage, customer=CODED)
    assert order.nSetValue("CustomerPONo$", "PO-1") == 1


def test_a_site_may_refuse_known_po_numbers(sage: Sage) -> None:
    sage.switch(duplicate_po="refuse")
    written(sage, number="1")
    order, _ = an_order(sage)
    assert order.nSetValue("CustomerPONo$", "PO-1") == 0


def test_an_inactive_customer_gets_no_order(sage: Sage) -> None:
    sage.tell("UPDATE AR_Customer SET CustomerStatus = 'I' WHERE CustomerNo = ?", NUMBERED)
    order = sage.orders
    order.nSetKey("1")
    fill(order, {"ARDivisionNo$": "00"})
    assert order.nSetValue("CustomerNo$", NUMBERED) == 0
    assert "inactive" in order.sLastErrorMsg


@pytest.mark.parametrize(
    ("mode", "answer", "status"), [("off", 1, "N"), ("warn", -1, "N"), ("hold", -1, "H"), ("refuse", 0, "N")]
)
def test_credit_hold_does_what_the_site_chose(sage: Sage, mode: str, answer: int, status: str) -> None:
    sage.switch(credit_hold=mode)
    sage.tell("UPDATE AR_Customer SET CreditHold = 'Y' WHERE CustomerNo = ?", NUMBERED)
    order = sage.orders
    order.nSetKey("1")
    fill(order, {"ARDivisionNo$": "00"})
    assert order.nSetValue("CustomerNo$", NUMBERED) == answer
    assert ("credit hold" in order.sLastErrorMsg) == (mode != "off")
    got = Ref()
    order.nGetValue("OrderStatus$", got)
    assert got.value == status


@pytest.mark.parametrize(
    ("mode", "answer", "status"), [("off", 1, "N"), ("warn", -1, "N"), ("hold", -1, "H"), ("refuse", 0, None)]
)
def test_credit_limit_counts_what_is_owed_and_on_order(
    sage: Sage, mode: str, answer: int, status: str | None
) -> None:
    sage.switch(credit_limit=mode)
    sage.tell(
        "UPDATE AR_Customer SET CreditLimit = 200, CurrentBalance = 50, AgingCategory1 = 10"
        " WHERE CustomerNo = ?",
        NUMBERED,
    )
    written(sage)
    order, number = an_order(sage)
    assert order.nWrite() == answer
    assert ("credit limit" in order.sLastErrorMsg) == (mode != "off")
    found = sage.rows(HEADER, number)
    assert [row["OrderStatus"] for row in found] == ([status] if status else [])


def test_a_ship_to_code_loads_address_warehouse_tax_and_carrier(sage: Sage) -> None:
    ship_to = sage.new("SO_ShipToAddress_bus")
    for column, value in (("ARDivisionNo$", "00"), ("CustomerNo$", NUMBERED), ("ShipToCode$", "2")):
        assert ship_to.nSetKeyValue(column, value) == 1
    assert ship_to.nSetKey() == 2
    fill(
        ship_to,
        {"ShipToName$": "Lager West", "ShipToCity$": "Bonn", "WarehouseCode$": "001", "ShipVia$": "FEDERAL"},
    )
    assert ship_to.nWrite() == 1
    order, number = an_order(sage)
    fill(order, {"ShipToCode$": "2"})
    assert order.nWrite() == 1
    header = sage.row(HEADER, number)
    assert [header[n] for n in ("ShipToName", "ShipToCity", "WarehouseCode", "ShipVia", "TaxSchedule")] == [
        "Lager West", "Bonn", "001", "FEDERAL", "NONTAX",
    ]  # fmt: skip
