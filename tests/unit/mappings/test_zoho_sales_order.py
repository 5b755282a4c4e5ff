"""Zoho's sales order becomes ours (A8, A14, A39-A42)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from include.canonical import LINE_FRAME, ORDER_FRAME, PROBLEM_FRAME, OrderStatus, PaymentStatus, Reason
from include.translation import load
from tests.unit.translation.factories import (
    a_line,
    a_payload,
    a_site,
    an_address,
    an_order,
    codes,
    the,
    to_canonical,
)

SAMPLES = Path(__file__).parent / "zoho"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def test_an_order_arrives_whole() -> None:
    result = to_canonical(
        an_order(lines=[a_line(quantity=3, rate=9.5, discount="5.00%")], shipping_charge=12.5)
    )
    order, line = the(result.frames["orders"]), the(result.frames["lines"])
    assert result.problems.empty
    assert order["number"] == "SO-1"
    assert order["source_id"] == "209001"
    assert order["status"] == OrderStatus.OPEN
    assert order["payment_status"] == PaymentStatus.UNPAID
    assert order["ordered_on"] == date(2026, 9, 28)
    assert order["modified_at"] == datetime(2026, 10, 3, 19, 40, 55, tzinfo=UTC)
    assert order["source_version"] == "2026-10-03T15:40:55-0400"
    assert order["total"] == Decimal("39.58")
    assert order["customer_email"] == "n.okafor@northgate.example"
    assert json.loads(order["extensions"]) == {"rush_order": "Y", "location_name": "Main Warehouse"}
    assert (line["position"], line["quantity"], line["unit_price"]) == (1, Decimal(3), Decimal("9.5"))
    assert (line["discount_percent"], line["discount_amount"]) == (Decimal(5), Decimal(0))
    assert line["description"] == "Queso Cabrales"


def test_frames_have_the_canonical_columns_even_when_empty() -> None:
    result = load("zoho_inventory/sales_order").to_canonical([], [], a_site())
    for frame, schema in ((result.frames["orders"], ORDER_FRAME), (result.frames["lines"], LINE_FRAME)):
        assert [(n, t.pyarrow_dtype) for n, t in frame.dtypes.items()] == [(f.name, f.type) for f in schema]
    assert list(result.problems.columns) == PROBLEM_FRAME.names


def test_the_wire_samples_are_read() -> None:
    """A real detail response (EUR, kit, packages) and a real webhook body (taxed)."""
    mapping = load("zoho_inventory/sales_order")
    keys = ["5129873000000209001", "5129873000000210001"]
    result = mapping.to_canonical(keys, [sample("detail"), sample("webhook")], a_site())
    assert result.problems.empty
    euro, taxed = (the(result.frames["orders"], source_id=key) for key in keys)
    assert (euro["currency"], euro["exchange_rate"], euro["total"]) == (
        "EUR",
        Decimal("1.0845"),
        Decimal("2546.50"),
    )
    assert (euro["adjustment_amount"], euro["adjustment_reason"]) == (Decimal("-0.50"), "Rounding")
    assert (euro["bill_to_country"], euro["bill_to_subdivision"], euro["bill_to_subdivision_code"]) == (
        "DE", "Bayern", "BY",
    )  # fmt: skip
    assert (taxed["tax_amount"], taxed["tax_code"]) == (Decimal("147.16"), "NJ Sales Tax")
    assert taxed["bill_to_street2"] == "Ste 300"
    lines = result.frames["lines"]
    assert lines[lines.order_source_id == keys[0]].is_kit.tolist() == [False, True]
    assert lines[lines.order_source_id == keys[1]].tax_amount.tolist() == [Decimal("89.12"), Decimal("58.04")]


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("draft", "draft"), ("pending_approval", "draft"), ("approved", "draft"), ("confirmed", "open"),
        ("open", "open"),
        ("onhold", "on_hold"), ("void", "cancelled"), ("closed", "completed"),
    ],
)  # fmt: skip
def test_every_order_status_has_a_row(word: str, ours: str) -> None:
    """A40."""
    assert the(to_canonical(an_order(order_status=word)).frames["orders"])["status"] == ours


@pytest.mark.parametrize("field", ["order_status", "paid_status", "shipped_status"])
def test_an_unknown_status_goes_to_a_person_and_never_to_a_default(field: str) -> None:
    """A40."""
    result = to_canonical(an_order(**{field: "confirmd"}))
    assert codes(result.problems) == [(Reason.UNKNOWN_VALUE, field)]
    assert the(result.frames["orders"]).get(field.replace("order_", "")) != "open"


def test_an_unknown_status_is_offered_the_nearest_word() -> None:
    row = the(to_canonical(an_order(order_status="confirmd")).problems)
    assert json.loads(row["candidates"])[0]["value"] == "confirmed"
    assert row["message"] == (
        "order SO-1: order_status 'confirmd' is a word that the mapping does not know; "
        "did you mean 'confirmed'?"
    )


def test_a_draft_has_no_other_status() -> None:
    order = the(
        to_canonical(an_order(order_status="draft", paid_status="", shipped_status="")).frames["orders"]
    )
    assert (order["status"], order["payment_status"], order["shipment_status"]) == ("draft", "none", "none")


def test_a_discount_is_a_percentage_or_an_amount() -> None:
    lines = [a_line(line_item_id="1", discount="12.50%"), a_line(line_item_id="2", discount=3.25)]
    frame = to_canonical(an_order(lines=lines)).frames["lines"]
    assert frame.discount_percent.tolist() == [Decimal("12.5"), Decimal(0)]
    assert frame.discount_amount.tolist() == [Decimal(0), Decimal("3.25")]


def test_a_discount_on_the_whole_order_is_not_one_on_its_lines() -> None:
    order = an_order(discount_type="entity_level", discount_amount=5.0, discount_total=5.0)
    frames = to_canonical(order).frames
    assert the(frames["orders"])["discount_amount"] == Decimal(5)
    assert the(frames["lines"])["discount_amount"] == Decimal(0)


def test_discounts_of_lines_are_not_counted_again_in_the_header() -> None:
    order = an_order(lines=[a_line(discount=2)], discount_total=2)
    assert the(to_canonical(order).frames["orders"])["discount_amount"] == Decimal(0)


def test_tax_of_a_line_comes_from_its_tax_rows() -> None:
    """Zoho leaves ``tax_amount`` of a line null while ``line_item_taxes`` is right."""
    taxes = [{"tax_name": "A", "tax_amount": 1.1}, {"tax_name": "B", "tax_amount": 2.25}]
    line = a_line(tax_amount=None, line_item_taxes=taxes)
    assert the(to_canonical(an_order(lines=[line])).frames["lines"])["tax_amount"] == Decimal("3.35")


def test_numbers_keep_every_digit_of_the_wire() -> None:
    """A42: an id of 19 digits sent as a number, and a price that no double holds."""
    payload = a_payload(an_order(customer_id=0, lines=[a_line(rate=1)], total=20.0, sub_total=20.0))
    payload = payload.replace(b'"customer_id": 0', b'"customer_id": 5129873000000082031')
    payload = payload.replace(b'"rate": 1', b'"rate": 0.123456')
    result = load("zoho_inventory/sales_order").to_canonical(["209001"], [payload], a_site())
    assert the(result.frames["orders"])["customer_source_id"] == "5129873000000082031"
    assert the(result.frames["lines"])["unit_price"] == Decimal("0.123456")


def test_numbers_in_quotes_and_blank_numbers_are_read() -> None:
    order = an_order(shipping_charge="12.50", adjustment="", tax_total=None)
    row = the(to_canonical(order).frames["orders"])
    assert (row["shipping_amount"], row["adjustment_amount"], row["tax_amount"]) == (
        Decimal("12.50"), Decimal(0), Decimal(0),
    )  # fmt: skip


def test_custom_fields_are_found_in_the_hash_or_in_the_list() -> None:
    """A8: a webhook may carry only the list."""
    listed = an_order(custom_fields=[{"api_name": "cf_rush_order", "value": False}])
    del listed["custom_field_hash"]
    formatted = an_order(salesorder_id="2", custom_field_hash={"cf_rush_order": "true"})
    frame = to_canonical(listed, formatted).frames["orders"]
    assert [json.loads(text)["rush_order"] for text in frame.extensions] == ["N", "Y"]


def test_a_custom_field_that_is_neither_yes_nor_no_is_refused() -> None:
    result = to_canonical(an_order(custom_field_hash={"cf_rush_order_unformatted": "perhaps"}))
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "cf_rush_order")]


def test_times_without_an_offset_are_the_organisations() -> None:
    order = the(to_canonical(an_order(last_modified_time="2026-01-05T09:00:00")).frames["orders"])
    assert order["modified_at"] == datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


def test_all_reasons_come_at_once_and_name_line_field_and_value() -> None:
    """A49."""
    lines = [a_line(quantity="two", item_total=1), a_line(line_item_id="", rate="1.2.3", item_total=1)]
    result = to_canonical(an_order(lines=lines, total="12.345", date="2026-13-01", sub_total=1))
    assert codes(result.problems) == [
        (Reason.INVALID_FORMAT, "date"),
        (Reason.INVALID_FORMAT, "quantity"),
        (Reason.INVALID_FORMAT, "rate"),
        (Reason.INVALID_FORMAT, "total"),
        (Reason.MISSING, "line_item_id"),
    ]
    row = the(result.problems, field="quantity")
    assert (row["line"], row["value"]) == (1, "two")
    assert row["message"].startswith("order SO-1, line 1: quantity 'two' is not a number")
    assert row["remedy"]
    assert len(result.frames["orders"]) == 1


def test_an_order_without_lines_is_said_so() -> None:
    assert codes(to_canonical(an_order(lines=[])).problems) == [(Reason.NO_LINES, "line_items")]


def test_a_payload_of_another_order_is_noticed() -> None:
    mapping = load("zoho_inventory/sales_order")
    result = mapping.to_canonical(["42"], [a_payload(an_order())], a_site())
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "salesorder_id")]
    assert the(result.problems)["key"] == "42"


def test_an_unknown_country_is_parked_with_candidates() -> None:
    """A41, A43."""
    result = to_canonical(an_order(billing_address=an_address(country="Germny", country_code="")))
    row = the(result.problems)
    assert (row["code"], row["field"], row["value"]) == (
        Reason.UNKNOWN_VALUE,
        "billing_address.country",
        "Germny",
    )
    assert json.loads(row["candidates"])[0]["value"] == "DE"


UNREADABLE = {
    "empty": b"",
    "not json": b"<html>502</html>",
    "truncated": a_payload(an_order())[:-40],
    "an array": b"[1, 2]",
    "a string": b'"order"',
    "null": b"null",
    "another entity": b'{"code":0,"invoice":{"invoice_id":"1"}}',
    "an error": b'{"code":1002,"message":"Sales order does not exist."}',
    "NaN": b'{"salesorder":{"salesorder_id":"1","total":NaN}}',
    "Infinity": b'{"salesorder":{"salesorder_id":"1","total":-Infinity}}',
    "too deep": b'{"salesorder":{"salesorder_id":"1","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "lines are no list": b'{"salesorder":{"salesorder_id":"1","line_items":{"a":1}}}',
    "address is text": b'{"salesorder":{"salesorder_id":"1","billing_address":"Main St"}}',
    "leading zero": b'{"salesorder":{"salesorder_id":"1","total":012}}',
    "single quotes": b"{'salesorder':{}}",
    "half a surrogate pair": b'{"salesorder":{"salesorder_id":"1","notes":"\\ud800"}}',
    "trailing words": b'{"salesorder":{"salesorder_id":"1"}} more',
    "byte order mark in UTF-16": '{"salesorder":{}}'.encode("utf-16"),
}


@pytest.mark.parametrize("payload", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_one_problem_and_its_siblings_go_on(payload: bytes) -> None:
    mapping = load("zoho_inventory/sales_order")
    result = mapping.to_canonical(["bad", "209001"], [payload, a_payload(an_order())], a_site())
    row = the(result.problems)
    assert (row["key"], row["code"], row["line"]) == ("bad", Reason.UNREADABLE, 0)
    assert "Main St" not in row["message"]
    assert result.frames["orders"].source_id.tolist() == ["209001"]


@pytest.mark.parametrize(
    "notes", [b'"a\\u0000b"', b'"\xff\xfe"', b'{"a":1}', b"[1]"], ids=["nul", "latin", "object", "list"]
)  # fmt: skip
def test_a_value_that_nobody_could_keep_is_a_problem_of_its_field(notes: bytes) -> None:
    payload = a_payload(an_order(notes="HERE")).replace(b'"HERE"', notes)
    result = load("zoho_inventory/sales_order").to_canonical(["209001"], [payload], a_site())
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "notes")]


def test_escapes_and_emoji_arrive_as_they_were_meant() -> None:
    order = the(to_canonical(an_order(notes='Say "hi"\\ 😀\n\tä')).frames["orders"])
    assert order["notes"] == 'Say "hi"\\ 😀\n\tä'


def test_an_envelope_is_not_needed() -> None:
    mapping = load("zoho_inventory/sales_order")
    bare = json.dumps(an_order()).encode()
    created = json.dumps({"code": 0, "sales_order": an_order()}).encode()
    result = mapping.to_canonical(["209001", "209001"], [bare, created], a_site())
    assert len(result.frames["orders"]) == 2
    assert result.problems.empty


def test_an_amount_too_large_for_its_column_is_a_problem() -> None:
    result = to_canonical(an_order(total="1" + "0" * 20))
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "total")]


def test_a_bad_part_of_a_sum_is_not_taken_for_nothing() -> None:
    result = to_canonical(an_order(roundoff_value="x", total=20.0))
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "roundoff_value")]
    assert the(result.frames["orders"])["adjustment_amount"] is not Decimal(0)
