"""The Sage 100 site of the bench: its reference tables, widths and customers, without any connection."""

from __future__ import annotations

import csv
from functools import cache

import pandas as pd
import pyarrow as pa

from include.connectors.sage100.references import LOOK_UPS, look_up
from include.sandbox.sage100 import company
from include.sandbox.sage100.dictionary import dictionary
from include.translation import Reference, Site
from tests.bench.shop import ITEMS, alias, item, item_code

SETTINGS = {
    "company_currency": "USD",
    "ar_division": "00",
    "default_warehouse": "000",
    "default_tax_schedule": "NONTAX",
}
WRITTEN = ("SO_SalesOrderHeader", "SO_SalesOrderDetail")


@cache
def tables() -> dict[str, pd.DataFrame]:
    """Each look-up as the reader would give it."""
    with company.COUNTRIES.open(encoding="utf-8", newline="") as file:
        countries = [
            (row["CountryCode"], row["CountryName"], row["ISOCountryCode"]) for row in csv.DictReader(file)
        ]
    rows = {
        "terms": [(code, words) for code, (words, _) in company.TERMS.items()],
        "warehouses": list(company.WAREHOUSES.items()),
        "ship_via": list(company.SHIP_VIAS.items()),
        "tax_schedules": [("NONTAX", "Not taxed"), ("WA", "WA Sales Tax")],
        "countries": countries,
        "divisions": [("00", "Main Division")],
    }
    return {
        name: look_up(
            name,
            pa.table(list(map(list, zip(*rows[name], strict=True))), names=list("abc")[: len(rows[name][0])]),
        )
        for name in LOOK_UPS
    }


@cache
def items() -> pd.DataFrame:
    """The catalogue."""
    rows = [
        {
            "ItemCode": item_code(number),
            "ItemType": "1",
            "ItemCodeDesc": item(number)["name"][:30],
            "SalesUnitOfMeasure": "EACH",
            "InactiveItem": "N",
            "UDF_UPC": "",
            "UDF_ZOHO_ITEM_ID": "",
        }
        for number in range(ITEMS)
    ]
    return pd.DataFrame(rows)


@cache
def aliases() -> pd.DataFrame:
    """Old names of items."""
    return pd.DataFrame([{"AliasItemNo": alias(n), "ItemCode": item_code(n)} for n in range(0, ITEMS, 13)])


@cache
def widths() -> dict[tuple[str, str], int]:
    """Characters of every text column that is written."""
    return {
        (table, column.name): column.width
        for table in WRITTEN
        for column in dictionary("2021")[table].columns.values()
        if column.kind == "text"
    } | {("SO_SalesOrderHeader", "UDF_ZOHO_ORDER_ID"): 19, ("SO_SalesOrderHeader", "UDF_ZOHO_VERSION"): 30}


@cache
def site() -> Site:
    """Everything that translation asks for."""
    references = {name: Reference.table(name, frame) for name, frame in tables().items()}
    references["items"] = Reference.items(items(), aliases())
    return Site(references=references, settings=SETTINGS, time_zone="America/New_York", widths=widths())


def customer_no(source_id: str) -> str:
    """The number under which Sage knows a customer of the shop."""
    return f"{int(source_id):07d}"
