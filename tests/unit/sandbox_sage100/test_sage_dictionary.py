"""The layouts say what section 3 of the file layouts says."""

from __future__ import annotations

import csv

import pytest

from include.sandbox.sage100.company import COUNTRIES
from include.sandbox.sage100.dictionary import dictionary


@pytest.mark.parametrize(
    ("table", "column", "width", "width_2018"),
    [
        ("AR_Customer", "CustomerName", 50, 30),
        ("AR_Customer", "City", 30, 20),
        ("AR_Customer", "CustomerNo", 20, 20),
        ("SO_SalesOrderHeader", "CustomerPONo", 30, 15),
        ("SO_SalesOrderHeader", "ShipToAddress1", 40, 30),
        ("SO_SalesOrderHeader", "UDF_SYNC_KEY", 64, 64),
        ("SO_SalesOrderDetail", "ItemCodeDesc", 30, 30),
        ("SO_ShipToAddress", "TelephoneNo", 20, 17),
    ],
)
def test_widths_follow_the_release(table: str, column: str, width: int, width_2018: int) -> None:
    assert dictionary("2021")[table].columns[column].width == width
    assert dictionary("2018")[table].columns[column].width == width_2018


def test_every_key_names_columns_of_its_table() -> None:
    named = [
        (table.name, name.rstrip("-"), table.columns)
        for table in dictionary().values()
        for key in table.keys
        for name in key
    ]
    assert len(named) > 200
    assert all(column in columns for _, column, columns in named)


def test_every_reference_table_has_a_single_code_as_its_key() -> None:
    tables = dictionary()
    referred = {c.refers for t in tables.values() for c in t.columns.values() if c.refers}
    assert {"AR_TermsCode", "SY_Country", "SO_ShippingRateHeader", "IM_Warehouse"} <= referred
    assert all(len(tables[name].primary) == 1 for name in referred)


def test_audit_columns_are_closed_to_everyone() -> None:
    header = dictionary()["SO_SalesOrderHeader"].columns
    assert all(header[name].read_only for name in ("DateCreated", "TimeUpdated", "UserCreatedKey"))


def test_a_number_holds_one_digit_less_than_declared_because_of_its_sign() -> None:
    quantity = dictionary()["SO_SalesOrderDetail"].columns["QuantityOrdered"]
    assert (quantity.declared, quantity.capacity) == ("DECIMAL(15,6)", 10**8)


def test_all_countries_have_both_iso_codes() -> None:
    with COUNTRIES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["CountryCode"] for row in rows}) == len({row["ISOCountryCode"] for row in rows}) == 249
