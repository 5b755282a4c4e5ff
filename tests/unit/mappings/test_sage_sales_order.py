"""Our order becomes Sage's (A9, A35, A39, A41-A45)."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from include.canonical import Reason
from include.errors import ConfigurationError, SetError
from include.translation import Rate, RateTable, load
from include.translation.asking import MOST_GUESSES
from tests.unit.translation.factories import (
    WIDTHS,
    a_line,
    a_reference,
    a_site,
    an_address,
    an_order,
    codes,
    items,
    the,
    to_canonical,
    to_sage,
)


def sage_total(result) -> Decimal:
    """What Sage will work out: extensions - discount + freight (+ tax, which the test adds)."""
    header = the(result.frames["headers"])
    lines = result.frames["lines"]
    return sum(lines.extension, Decimal(0)) - header["DiscountAmt"] + header["FreightAmt"]


def test_a_header_speaks_sages_codes() -> None:
    header = the(to_sage(an_order()).frames["headers"])
    assert {name: header[name] for name in HEADER} == HEADER


HEADER = {
    "key": "209001", "customer_source_id": "82014", "expected_total": Decimal("20.00"), "expected_lines": 1,
    "ARDivisionNo": "00", "CustomerNo": "", "OrderType": "S", "OrderStatus": "N",
    "OrderDate": date(2026, 9, 28),
    "ShipExpireDate": date(2026, 10, 1), "CustomerPONo": "SO-1", "TermsCode": "01", "ShipVia": "SPEEDY",
    "WarehouseCode": "000", "TaxSchedule": "NONTAX", "BillToName": "Northgate Outdoor Supply",
    "BillToAddress1": "1420 Raritan Ave", "BillToAddress2": "Ste 300", "BillToAddress3": "",
    "BillToCity": "Highland Park", "BillToState": "NJ", "BillToZipCode": "08904", "BillToCountryCode": "USA",
    "UDF_ZOHO_ORDER_ID": "209001", "UDF_ZOHO_VERSION": "2026-10-03T15:40:55-0400", "UDF_RUSH_ORDER": "Y",
    "Comment": "PO-7", "FreightAmt": Decimal("0.00"), "DiscountAmt": Decimal("0.00"),
}  # fmt: skip


def test_a_line_takes_what_sage_knows_of_the_item() -> None:
    line = the(to_sage(an_order(lines=[a_line(quantity=3, rate=9.5, discount="5.00%")])).frames["lines"])
    assert (line["ItemCode"], line["ItemType"], line["UnitOfMeasure"]) == ("NW-0011", "1", "EACH")
    assert line["ItemCodeDesc"] == "Queso Cabrales"
    assert (line["QuantityOrdered"], line["UnitPrice"], line["LineDiscountPercent"]) == (
        Decimal(3), Decimal("9.5"), Decimal(5),
    )  # fmt: skip
    assert line["extension"] == Decimal("27.08")
    assert line["WarehouseCode"] == "000"


def test_freight_and_order_discount_stand_in_the_header() -> None:
    order = an_order(
        discount_type="entity_level", discount_amount=2.5, discount_total=2.5, shipping_charge=7.25
    )
    result = to_sage(order)
    header = the(result.frames["headers"])
    assert (header["FreightAmt"], header["DiscountAmt"]) == (Decimal("7.25"), Decimal("2.50"))
    assert sage_total(result) == header["expected_total"] == Decimal("24.75")


def test_an_adjustment_has_a_line_of_its_own() -> None:
    result = to_sage(an_order(adjustment=-0.5, adjustment_description="Goodwill"))
    line = the(result.frames["lines"], ItemCode="/ADJ")
    assert (line["extension"], line["QuantityOrdered"], line["position"]) == (Decimal("-0.50"), Decimal(1), 2)
    assert line["CommentText"] == "Goodwill"
    assert the(result.frames["headers"])["expected_lines"] == 2
    assert sage_total(result) == Decimal("19.50")


def test_notes_become_a_comment_line() -> None:
    lines = to_sage(an_order(notes="Ring twice")).frames["lines"]
    assert the(lines, ItemCode="/C")["CommentText"] == "Ring twice"


def test_amounts_are_converted_at_the_orders_own_rate() -> None:
    """A44: totals agree to the cent in the company's currency; the residue has a line with a name."""
    lines = [a_line(line_item_id=str(n), quantity=1, rate=0.33) for n in range(7)]
    result = to_sage(an_order(lines=lines, currency_code="EUR", exchange_rate=1.0845, shipping_charge=3.99))
    header = the(result.frames["headers"])
    assert header["expected_total"] == Decimal("6.83")  # 6.30 x 1.0845
    assert sage_total(result) == header["expected_total"]
    assert the(result.frames["lines"], ItemCode="/ROUND")["extension"] == Decimal("-0.02")


def test_without_a_rate_of_its_own_the_dated_table_counts() -> None:
    """A44."""
    order = an_order(currency_code="EUR", exchange_rate="")
    header = the(to_sage(order).frames["headers"])
    assert header["expected_total"] == Decimal("22.00")
    late = a_site(rates=RateTable([Rate("EUR", "USD", date(2026, 9, 28), Decimal("1.2000"), "ECB, late")]))
    assert the(to_sage(order, site=late).frames["headers"])["expected_total"] == Decimal("24.00")


@pytest.mark.parametrize("given", [None, "", 0, 1.0])
def test_without_any_rate_the_order_waits_for_one(given: object) -> None:
    """1 is what Zoho writes for the organisation's own currency; it makes no dollars of francs."""
    result = to_sage(an_order(currency_code="CHF", exchange_rate=given))
    assert codes(result.problems) == [(Reason.NO_RATE, "currency")]
    assert "CHF" in the(result.problems)["message"]


def test_prices_that_include_tax_are_netted() -> None:
    lines = [
        a_line(quantity=3, rate=10.7, line_item_taxes=[{"tax_name": "NJ Sales Tax (7%)", "tax_amount": 2.1}])
    ]
    order = an_order(
        lines=lines,
        is_inclusive_tax=True,
        tax_total=2.1,
        taxes=[{"tax_name": "NJ Sales Tax (7%)", "tax_amount": 2.1}],
    )
    result = to_sage(order)
    header = the(result.frames["headers"])
    assert the(result.frames["lines"])["extension"] == Decimal("30.00")
    assert header["expected_total"] == Decimal("32.10")
    assert sage_total(result) + Decimal("2.10") == header["expected_total"]
    assert header["TaxSchedule"] == "DEFAULT"


def test_a_discount_amount_is_worked_into_the_unit_price() -> None:
    line = the(to_sage(an_order(lines=[a_line(quantity=3, rate=10.0, discount=1)])).frames["lines"])
    assert (line["UnitPrice"], line["LineDiscountPercent"]) == (Decimal("9.666667"), Decimal(0))
    assert line["extension"] == Decimal("29.00")


def test_a_percentage_finer_than_sages_is_worked_into_the_unit_price() -> None:
    line = the(to_sage(an_order(lines=[a_line(quantity=1, rate=100.0, discount="3.3333%")])).frames["lines"])
    assert (line["LineDiscountPercent"], line["UnitPrice"]) == (Decimal(0), Decimal("96.6667"))


def test_totals_that_do_not_add_up_are_no_rounding() -> None:
    result = to_sage(an_order(total=25.0))
    row = the(result.problems)
    assert (row["code"], row["field"]) == (Reason.TOTALS_MISMATCH, "company_total")
    assert "add up" in row["message"]
    assert "/ROUND" not in result.frames["lines"].ItemCode.tolist()


def test_an_unknown_sku_is_parked_with_candidates_and_its_siblings_go_on() -> None:
    """A45."""
    bad = an_order(lines=[a_line(sku="NW-011X"), a_line(line_item_id="2")], salesorder_id="1")
    result = to_sage(bad, an_order(salesorder_id="2"))
    row = the(result.problems)
    assert (row["key"], row["line"], row["code"], row["field"]) == ("1", 1, Reason.NO_REFERENCE, "sku")
    assert "NW-0011" in [candidate["value"] for candidate in json.loads(row["candidates"])]
    assert "alias" in row["remedy"]
    assert len(result.frames["headers"]) == 2
    assert len(result.frames["lines"]) == 3


def test_an_alias_mends_it() -> None:
    """A45: the clerk adds an alias; the same order passes."""
    order = an_order(lines=[a_line(sku="CABRALES")])
    assert not to_sage(order).problems.empty
    site = a_site(references={"items": items([("NW-0011",)], (("CABRALES", "NW-0011"),))})
    assert to_sage(order, site=site).problems.empty


def test_an_item_without_sku_is_found_by_the_shops_own_id() -> None:
    site = a_site(references={"items": items([("X-1", "", "", "", "7001")])})
    assert the(to_sage(an_order(lines=[a_line(sku="")]), site=site).frames["lines"])["ItemCode"] == "X-1"


def test_an_inactive_item_is_parked() -> None:
    site = a_site(references={"items": items([("NW-0011", "", "", "Y")])})
    assert codes(to_sage(an_order(), site=site).problems) == [(Reason.INACTIVE_REFERENCE, "sku")]


def test_a_line_that_says_nothing_of_its_item_is_missing_one() -> None:
    result = to_sage(an_order(lines=[a_line(sku="", item_id="")]))
    assert codes(result.problems) == [(Reason.MISSING, "sku")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payment_terms_label": "Net 45"}, "payment_terms"),
        ({"delivery_method": "Pigeon"}, "ship_via"),
        ({"tax_total": 1.0, "taxes": [{"tax_name": "Mars Tax", "tax_amount": 1}]}, "tax_code"),
    ],
)
def test_a_code_that_sage_does_not_have_is_parked(change: dict[str, object], field: str) -> None:
    """A43."""
    assert codes(to_sage(an_order(**change)).problems) == [(Reason.NO_REFERENCE, field)]


def test_a_warehouse_that_sage_does_not_have_is_parked_for_order_and_line() -> None:
    """A43."""
    order = an_order(location_name="Moon", lines=[a_line(location_name="Moon")])
    assert codes(to_sage(order).problems) == [(Reason.NO_REFERENCE, "location")] * 2


def test_terms_and_carriers_are_found_however_they_are_typed() -> None:
    """A43."""
    header = the(
        to_sage(an_order(payment_terms_label="NET  30", delivery_method="speedy express")).frames["headers"]
    )
    assert (header["TermsCode"], header["ShipVia"]) == ("01", "SPEEDY")


def test_an_order_without_location_is_the_main_warehouses() -> None:
    nowhere = {"location_id": "", "location_name": ""}
    result = to_sage(an_order(lines=[a_line(**nowhere)], **nowhere))
    assert (
        the(result.frames["lines"])["WarehouseCode"]
        == the(result.frames["headers"])["WarehouseCode"]
        == "000"
    )


def test_a_missing_reference_table_is_a_fault_of_the_set_up() -> None:
    site = a_site()
    canonical = to_canonical(an_order(), site=site)
    broken = a_site(references={"terms": a_reference("terms", {})})
    del broken.references["warehouses"]  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="no reference 'warehouses'"):
        load("sage100/sales_order").from_canonical(canonical.frames, broken)


def test_a_region_without_two_letters_goes_into_an_address_line() -> None:
    """A41."""
    there = an_address(address="Garden House Crowther Way", street2="", city="Cowes", state="Isle of Wight",
                       state_code="", zip="PO31 7PJ", country="UK", country_code="GB")  # fmt: skip
    header = the(to_sage(an_order(billing_address=there)).frames["headers"])
    assert (header["BillToState"], header["BillToAddress2"]) == ("", "Isle of Wight")


def test_a_long_street_spreads_over_lines_at_word_borders() -> None:
    """A41, A9: nothing is cut."""
    street = "Carrera 52 con Avenida Bolívar número 65-98 Urbanización Llano Largo"
    there = an_address(
        address=street, street2="", state="Lara", state_code="", country="Venezuela", country_code="VE"
    )
    header = the(to_sage(an_order(billing_address=there)).frames["headers"])
    lines = [header[f"BillToAddress{n}"] for n in (1, 2, 3)]
    assert lines == ["Carrera 52 con Avenida Bolívar número", "65-98 Urbanización Llano Largo", "Lara"]


def test_text_that_no_arrangement_fits_is_parked_whole() -> None:
    result = to_sage(an_order(billing_address=an_address(address="long " * 40), customer_name="n" * 51))
    assert codes(result.problems) == [
        (Reason.TOO_LONG, "BillToAddress3"), (Reason.TOO_LONG, "BillToName"), (Reason.TOO_LONG, "ShipToName"),
    ]  # fmt: skip
    header = the(result.frames["headers"])
    assert header["BillToName"] == "n" * 51
    words = " ".join(header[f"BillToAddress{n}"] for n in (1, 2, 3)).split()
    assert words.count("long") + words.count("long,") == 40


def test_widths_are_the_sites() -> None:
    """A9: a system of 2018 has names of 30 characters."""
    name = "n" * 45
    narrow = a_site(widths={**WIDTHS, ("SO_SalesOrderHeader", "BillToName"): 30})
    assert to_sage(an_order(customer_name=name)).problems.empty
    assert (Reason.TOO_LONG, "BillToName") in codes(
        to_sage(an_order(customer_name=name), site=narrow).problems
    )


def test_only_a_comment_may_lose_its_end() -> None:
    result = to_sage(an_order(reference_number="R" * 40))
    assert result.problems.empty
    assert the(result.frames["headers"])["Comment"] == "R" * 30


def test_an_order_without_shipping_address_goes_to_the_billing_address_as_a_whole() -> None:
    nowhere = dict.fromkeys(an_address(), "")
    header = the(to_sage(an_order(shipping_address=nowhere)).frames["headers"])
    assert (header["ShipToAddress1"], header["ShipToState"], header["ShipToZipCode"]) == (
        "1420 Raritan Ave", "NJ", "08904",
    )  # fmt: skip


def test_the_name_at_the_door_takes_a_free_line() -> None:
    header = the(to_sage(an_order(shipping_address=an_address(attention="Dock B"))).frames["headers"])
    assert [header[f"ShipToAddress{n}"] for n in (1, 2, 3)] == ["1420 Raritan Ave", "Ste 300", "Dock B"]
    own = an_address(attention="Northgate Outdoor Supply")
    assert the(to_sage(an_order(shipping_address=own)).frames["headers"])["ShipToAddress3"] == ""


def test_settings_are_the_sites() -> None:
    header = the(
        to_sage(an_order(), site=a_site(settings={"ar_division": "07", "order_type": "Q"})).frames["headers"]
    )
    assert (header["ARDivisionNo"], header["OrderType"]) == ("07", "Q")


def test_what_was_wrong_before_is_not_said_again() -> None:
    site = a_site()
    canonical = to_canonical(an_order(total="x", date=""), site=site)
    assert codes(canonical.problems) == [(Reason.INVALID_FORMAT, "total"), (Reason.MISSING, "date")]
    result = load("sage100/sales_order").from_canonical(canonical.frames, site)
    assert result.problems.empty
    assert len(result.frames["headers"]) == 1


def test_a_bad_line_is_no_mismatch_of_totals() -> None:
    site = a_site()
    canonical = to_canonical(an_order(lines=[a_line(quantity="x", item_total=20)]), site=site)
    assert load("sage100/sales_order").from_canonical(canonical.frames, site).problems.empty


@pytest.mark.parametrize(
    ("quantity", "rate"), [("123456789.123456", "0.5"), ("0.0001", "99999.123456"), (0, 5)]
)
def test_strange_quantities_are_exact_too(quantity: object, rate: object) -> None:
    exact = (Decimal(str(quantity)) * Decimal(str(rate))).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    line = the(to_sage(an_order(lines=[a_line(quantity=quantity, rate=rate)])).frames["lines"])
    assert line["extension"] == exact


def test_a_line_too_large_to_carry_is_a_problem_of_its_own() -> None:
    huge = a_line(quantity="999999999999", rate="999999999999", item_total=1)
    site = a_site()
    canonical = to_canonical(
        an_order(lines=[huge], salesorder_id="1"), an_order(salesorder_id="2"), site=site
    )
    result = load("sage100/sales_order").from_canonical(canonical.frames, site)
    assert codes(result.problems) == [(Reason.OUT_OF_RANGE, "quantity")]
    assert the(result.frames["lines"], key="2")["extension"] == Decimal("20.00")


def test_no_orders_make_empty_frames_of_the_same_shape() -> None:
    site, mapping = a_site(), load("sage100/sales_order")
    full = to_sage(an_order(), site=site)
    empty = mapping.from_canonical({k: f.iloc[:0] for k, f in to_canonical(an_order()).frames.items()}, site)
    for name, frame in full.frames.items():
        assert empty.frames[name].empty
        assert empty.frames[name].dtypes.equals(frame.dtypes)


def test_lines_of_an_order_that_is_not_there_stop_the_batch() -> None:
    frames = dict(to_canonical(an_order()).frames)
    frames["orders"] = frames["orders"].iloc[:0]
    with pytest.raises(SetError, match="209001"):
        load("sage100/sales_order").from_canonical(frames, a_site())


def test_a_catalogue_that_is_missing_as_a_whole_is_not_searched_for_each_value() -> None:
    lines = [a_line(line_item_id=str(n), sku=f"NW-00{n:03d}X") for n in range(MOST_GUESSES + 5)]
    result = to_sage(an_order(lines=lines))
    offered = [text != "[]" for text in result.problems.candidates]
    assert len(offered) == len(lines)
    assert sum(offered) == MOST_GUESSES
