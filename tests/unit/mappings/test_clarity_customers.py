"""Clarity's customers become ours (B35)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from include.canonical import Reason
from include.translation import Translation, load
from tests.unit.mappings.flows import a_flow_site
from tests.unit.translation.factories import codes, the

SAMPLE = Path(__file__).parents[1] / "sandbox_clarity" / "samples" / "customer.json"


def read(**changes: object) -> Translation:
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))["data"] | changes
    payload = json.dumps(document).encode()
    return load("clarity_ecommerce/customer").to_canonical([str(document["id"])], [payload], a_flow_site())


def test_a_customer_is_what_its_book_says() -> None:
    result = read()
    row = the(result.frames["customers"])
    assert result.problems.empty
    assert {name: row[name] for name in CUSTOMER} == CUSTOMER


CUSTOMER = {
    "source_id": "10482", "number": "C-10482", "erp_number": "01-0010482",
    "name": "Gulf Coast Marine Supply LLC",
    "email": "ap@gulfcoastmarine.example", "payment_terms": "NET30", "price_level": "B", "is_active": True,
    "credit_limit": Decimal(25000), "credit_hold": False, "is_tax_exempt": False,
    "bill_to_attention": "Accounts Payable", "bill_to_city": "Galveston", "bill_to_subdivision_code": "TX",
    "bill_to_postal_code": "77550", "bill_to_country": "US",
}  # fmt: skip


def test_a_person_is_called_by_the_primary_contact() -> None:
    row = the(read(company=None).frames["customers"])
    assert (row["name"], row["company"]) == ("Ines Okafor", "")


def test_the_first_billing_address_keeps_its_own_lines() -> None:
    book = [
        {"kind": "shipping", "line1": "Dock 3", "line2": "", "city": "Houston", "countryCode": "US"},
        {"kind": "billing", "line1": "1 Quay", "line2": None, "city": "Galveston", "countryCode": "US"},
        {"kind": "billing", "line1": "2 Quay", "line2": "Floor 9", "city": "Austin", "countryCode": "US"},
    ]
    row = the(read(addresses=book).frames["customers"])
    assert (row["bill_to_street1"], row["bill_to_street2"], row["bill_to_city"]) == (
        "1 Quay",
        "",
        "Galveston",
    )


def test_who_was_merged_counts_no_more() -> None:
    row = the(read(status="merged", mergedIntoId=7).frames["customers"])
    assert (row["is_active"], json.loads(row["extensions"])["merged_into"]) == (False, "7")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"status": "vip"}, (Reason.UNKNOWN_VALUE, "status")),
        ({"creditLimit": "lots"}, (Reason.INVALID_FORMAT, "creditLimit")),
    ],
)
def test_what_we_do_not_know_is_set_aside(changes: dict[str, object], problem: tuple[str, str]) -> None:
    assert codes(read(**changes).problems) == [problem]
