"""What orders say of their buyer becomes a Sage customer (A33, A34, A41)."""

from __future__ import annotations

from include.canonical import Reason
from include.translation import load
from tests.unit.translation.factories import a_site, an_address, an_order, codes, the, to_canonical


def customers(*orders: dict[str, object]):
    site = a_site()
    return load("sage100/customer").from_canonical(
        {"orders": to_canonical(*orders, site=site).frames["orders"]}, site
    )


def test_a_customer_is_what_the_bill_to_says() -> None:
    row = the(customers(an_order()).frames["customers"])
    assert {name: row[name] for name in CUSTOMER} == CUSTOMER


CUSTOMER = {
    "key": "82014", "ARDivisionNo": "00", "CustomerName": "Northgate Outdoor Supply",
    "AddressLine1": "1420 Raritan Ave",
    "AddressLine2": "Ste 300", "AddressLine3": "", "City": "Highland Park", "State": "NJ", "ZipCode": "08904",
    "CountryCode": "USA", "TelephoneNo": "+1-732-555-0142", "EmailAddress": "n.okafor@northgate.example",
    "TermsCode": "01", "TaxSchedule": "NONTAX", "ShipMethod": "SPEEDY", "UDF_ZOHO_CONTACT_ID": "82014",
}  # fmt: skip


def test_many_orders_of_one_buyer_are_one_customer_and_the_latest_speaks() -> None:
    old = an_order(salesorder_id="1", customer_name="Old Name", last_modified_time="2026-01-01T00:00:00+0000")
    new = an_order(salesorder_id="2", customer_name="New Name", last_modified_time="2026-02-01T00:00:00+0000")
    other = an_order(salesorder_id="3", customer_id="7")
    for orders in ((old, new, other), (other, new, old)):
        frame = customers(*orders).frames["customers"]
        assert frame.key.tolist() == ["7", "82014"]
        assert the(frame, key="82014")["CustomerName"] == "New Name"


def test_orders_without_a_buyer_make_no_customer() -> None:
    assert customers(an_order(customer_id="")).frames["customers"].empty


def test_a_name_too_long_for_sage_is_a_problem_of_the_customer() -> None:
    result = customers(an_order(customer_name="n" * 51))
    row = the(result.problems)
    assert (row["key"], row["code"]) == ("82014", Reason.TOO_LONG)
    assert row["message"].startswith("customer nnn")


def test_an_unknown_country_of_sage_is_parked() -> None:
    result = customers(
        an_order(billing_address=an_address(country="Japan", country_code="JP", state="", state_code=""))
    )
    assert codes(result.problems) == [(Reason.NO_REFERENCE, "bill_to_country")]
