"""AR_Customer_bus and the other objects that live by the dictionary alone."""

from __future__ import annotations

import pytest

from include.sandbox.sage100.objects import ComError
from tests.unit.sandbox_sage100.desk import NUMBERED, Ref, Sage, fill, written

ROW = "SELECT * FROM AR_Customer WHERE CustomerNo = ?"


def opened(sage: Sage, number: str, answer: int) -> object:
    customer = sage.new("AR_Customer_bus")
    assert customer.nSetKeyValue("ARDivisionNo$", "00") == 1
    assert customer.nSetKeyValue("CustomerNo$", number) == 1
    assert customer.nSetKey() == answer, customer.sLastErrorMsg
    return customer


def test_a_customer_is_created_under_the_next_number(sage: Sage) -> None:
    answer = Ref()
    assert sage.new("AR_Customer_bus").nGetNextCustomerNo(answer) == 1
    assert answer.value == "0000001"
    customer = opened(sage, answer.value, 2)
    fill(
        customer,
        {
            "CustomerName$": "Café Ångström & Söhne", "AddressLine1$": "Hauptstraße 1", "City$": "Köln",
            "ZipCode$": "50667", "CountryCode$": "deu", "TermsCode$": "01", "TaxSchedule$": "NONTAX",
            "EmailAddress$": "o@x.example", "UDF_ZOHO_CONTACT_ID$": "460000000026049", "UDF_SYNC_KEY$": "k1",
        },
    )  # fmt: skip
    assert customer.nWrite() == 1
    row = sage.row(ROW, "0000001")
    assert (row["CustomerName"], row["CountryCode"], row["OpenItemCustomer"]) == (
        "Café Ångström & Söhne",
        "DEU",
        "Y",
    )
    assert (row["DateEstablished"], row["SortField"], row["UserCreatedKey"]) == (
        "2026-11-21",
        "CAFÉ ÅNGST",
        "0000000002",
    )
    effect = sage.row("SELECT * FROM sandbox_effect")
    assert (effect["kind"], effect["record"], effect["sync_key"]) == ("customer_created", "00|0000001", "k1")
    written(sage, customer="1")


def test_the_next_number_passes_over_taken_ones(sage: Sage) -> None:
    sage.tell("UPDATE AR_Options SET NextCustomerNo = ?", NUMBERED)
    answer = Ref()
    sage.new("AR_Customer_bus").nGetNextCustomerNo(answer)
    assert answer.value == "0001002"


def test_a_site_may_have_no_next_customer_number(sage: Sage) -> None:
    customer = sage.new("AR_Customer_bus")
    sage.switch(customer_numbers=False)
    customer.nSetKeyValue("ARDivisionNo$", "00")
    customer.nSetKeyValue("CustomerNo$", "NEW")
    customer.nSetKey()
    with pytest.raises(ComError):
        customer.nGetNextCustomerNo(Ref())


def test_a_customer_without_a_name_is_refused(sage: Sage) -> None:
    customer = opened(sage, "NEW", 2)
    assert customer.nWrite() == 0
    assert customer.sLastErrorMsg == "The CustomerName is required."


@pytest.mark.parametrize(
    ("column", "value"),
    [("TermsCode$", "77"), ("TaxSchedule$", "X"), ("CountryCode$", "DE"), ("ShipMethod$", "PIGEON")],
)
def test_codes_of_a_customer_must_be_on_file(sage: Sage, column: str, value: str) -> None:
    customer = opened(sage, "NEW", 2)
    assert customer.nSetValue(column, value) == 0
    assert customer.sLastErrorMsg == f"The {column[:-1]} is not on file."


def test_a_division_must_be_on_file(sage: Sage) -> None:
    customer = sage.new("AR_Customer_bus")
    assert customer.nSetKeyValue("ARDivisionNo$", "07") == 0
    assert customer.sLastErrorMsg == "The ARDivisionNo is not on file."


def test_a_key_needs_all_its_parts(sage: Sage) -> None:
    customer = sage.new("AR_Customer_bus")
    customer.nSetKeyValue("CustomerNo$", NUMBERED)
    assert customer.nSetKey() == 0
    assert customer.sLastErrorMsg == "The ARDivisionNo is required."


def test_an_edit_keeps_what_orders_added_meanwhile(sage: Sage) -> None:
    customer = opened(sage, NUMBERED, 1)
    written(sage)
    fill(customer, {"CreditLimit": 1000.0})
    assert customer.nWrite() == 1
    row = sage.row(ROW, NUMBERED)
    assert (row["CreditLimit"], row["OpenOrderAmt"]) == (1000, 92)


def test_a_customer_with_open_orders_is_not_deleted(sage: Sage) -> None:
    written(sage)
    assert opened(sage, NUMBERED, 1).nDelete() == 0
    assert sage.rows(ROW, NUMBERED)


def test_a_customer_without_orders_is_deleted(sage: Sage) -> None:
    assert opened(sage, NUMBERED, 1).nDelete() == 1
    assert not sage.rows(ROW, NUMBERED)


def test_records_are_browsed_in_key_order_and_found_by_key(sage: Sage) -> None:
    items = sage.new("CI_ItemCode_bus")
    found = []
    items.nMoveFirst()
    while not items.nEOF():
        answer = Ref()
        items.nGetValue("ItemCode$", answer)
        found.append(answer.value)
        items.nMoveNext()
    assert found == [row["ItemCode"] for row in sage.rows("SELECT ItemCode FROM CI_Item ORDER BY ItemCode")]
    assert items.nFind("NW-0042") == 1
    assert items.nFind("NW-9999") == 0
