"""Small worlds for the translation tests: a site, Zoho orders as JSON, mappings written on the spot."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import cache

import pandas as pd
import pyarrow as pa

from include.canonical import REFERENCE_FRAME
from include.sandbox import northwind
from include.translation import Rate, RateTable, Reference, Site, load

TEXT = pd.ArrowDtype(pa.string())
TERMS = {"01": "Net 30", "02": "Net 15", "03": "Net 60", "00": "Due on Receipt"}
WAREHOUSES = {"000": "Main Warehouse", "001": "West Warehouse"}
SHIP_VIA = {"SPEEDY": "Speedy Express", "UNITED": "United Package", "FEDERAL": "Federal Shipping"}
TAXES = {"NONTAX": "Not taxed", "DEFAULT": "NJ Sales Tax"}
HEADER_WIDTHS = {
    "BillToName": 50, "ShipToName": 50, "ConfirmTo": 50, "Comment": 30, "CustomerPONo": 30,
    "EmailAddress": 250,
    **{f"{side}Address{n}": 40 for side in ("BillTo", "ShipTo") for n in (1, 2, 3)},
    **{f"{side}{part}": width for side in ("BillTo", "ShipTo")
       for part, width in (("City", 30), ("State", 2), ("ZipCode", 10), ("CountryCode", 3))},
    "UDF_ZOHO_ORDER_ID": 19, "UDF_ZOHO_VERSION": 30, "UDF_RUSH_ORDER": 1,
}  # fmt: skip
CUSTOMER_WIDTHS = {"CustomerName": 50, "AddressLine1": 40, "AddressLine2": 40, "AddressLine3": 40, "City": 30}
WIDTHS = {
    **{("SO_SalesOrderHeader", name): width for name, width in HEADER_WIDTHS.items()},
    **{("AR_Customer", name): width for name, width in CUSTOMER_WIDTHS.items()},
    ("SO_SalesOrderDetail", "ItemCodeDesc"): 30,
    ("SO_SalesOrderDetail", "CommentText"): 2048,
}


def texts(rows: list[tuple[str, ...]], columns: list[str]) -> pd.DataFrame:
    """A frame of text columns."""
    return pd.DataFrame(
        {name: pd.array([row[at] for row in rows], dtype=TEXT) for at, name in enumerate(columns)}
    )


def a_reference(name: str, codes: dict[str, str]) -> Reference:
    """A reference whose keys are the codes and their descriptions, as the ERP reader makes them."""
    rows = [(key, code, label) for code, label in codes.items() for key in (code, label)]
    return Reference.table(name, texts(rows, REFERENCE_FRAME.names))


def items(rows: list[tuple[str, ...]], aliases: tuple[tuple[str, str], ...] = ()) -> Reference:
    """Items as (code, barcode, description, inactive, source id); later parts may be left out."""
    filled = [_item(*row) for row in rows]
    frame = texts(
        [(code, upc, label, inactive, source, "1", "EACH") for code, upc, label, inactive, source in filled],
        [
            "ItemCode",
            "UDF_UPC",
            "ItemCodeDesc",
            "InactiveItem",
            "UDF_ZOHO_ITEM_ID",
            "ItemType",
            "SalesUnitOfMeasure",
        ],
    )
    return Reference.items(frame, texts(list(aliases), ["AliasItemNo", "ItemCode"]))


def _item(
    code: str, upc: str = "", label: str = "", inactive: str = "N", source: str = ""
) -> tuple[str, ...]:
    return code, upc, label or f"Item {code}", inactive, source


@cache
def northwind_items() -> Reference:
    """The 77 products under Sage's codes, with their aliases."""
    products = northwind.products().values()
    return items(
        [(p.item_code, "", p.name[:30]) for p in products],
        [(p.alias, p.item_code) for p in products if p.alias],
    )


@cache
def countries() -> Reference:
    """ISO alpha-2 to Sage's three letters."""
    rows = [(two, three, name) for name, (two, three) in northwind.COUNTRIES.items()]
    return Reference.table("countries", texts(rows, REFERENCE_FRAME.names))


def a_site(**changes: object) -> Site:
    """Northwind's site."""
    references = {
        "items": northwind_items(),
        "terms": a_reference("terms", TERMS),
        "warehouses": a_reference("warehouses", WAREHOUSES),
        "ship_via": a_reference("ship_via", SHIP_VIA),
        "tax_schedules": a_reference("tax_schedules", TAXES),
        "countries": countries(),
    } | changes.pop("references", {})  # type: ignore[operator]
    rates = RateTable([Rate("EUR", "USD", date(2026, 9, 25), Decimal("1.1000"), "ECB")])
    given = {"references": references, "rates": rates, "time_zone": "America/New_York", "widths": WIDTHS}
    return Site(**{**given, **changes})  # type: ignore[arg-type]


def an_address(**changes: object) -> dict[str, object]:
    """A Zoho address."""
    return {
        "attention": "", "address": "1420 Raritan Ave", "street2": "Suite 300", "city": "Highland Park",
        "state": "New Jersey", "state_code": "NJ", "zip": "08904", "country": "U.S.A", "country_code": "US",
        "phone": "+1-732-555-0142", "fax": "",
    } | changes  # fmt: skip


def a_line(**changes: object) -> dict[str, object]:
    """A line of a Zoho order; ``item_total`` follows quantity, rate and discount unless it is given."""
    line = {
        "line_item_id": "9001", "item_id": "7001", "sku": "NW-0011", "name": "Queso Cabrales",
        "description": "",
        "quantity": 2, "unit": "pcs", "rate": 10.0, "discount": 0, "tax_name": "", "line_item_taxes": [],
        "location_id": "71001", "location_name": "Main Warehouse", "is_combo_product": False,
    } | changes  # fmt: skip
    if "item_total" not in line:
        gross = Decimal(str(line["quantity"])) * Decimal(str(line["rate"]))
        said = str(line["discount"] or 0)
        less = gross * Decimal(said[:-1]) / 100 if said.endswith("%") else Decimal(said)
        line["item_total"] = cents(gross - less)
    return line


def cents(amount: Decimal) -> float:
    """Half up to the cent, as JSON carries it."""
    from decimal import ROUND_HALF_UP

    return float(amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def an_order(lines: list[dict[str, object]] | None = None, **changes: object) -> dict[str, object]:
    """A confirmed Zoho order whose totals add up, unless they are given."""
    kept = [a_line()] if lines is None else lines
    order: dict[str, object] = {
        "salesorder_id": "209001", "salesorder_number": "SO-1", "reference_number": "PO-7",
        "date": "2026-09-28",
        "shipment_date": "2026-10-01", "customer_id": "82014", "customer_name": "Northgate Outdoor Supply",
        "contact_person_details": [{"email": "n.okafor@northgate.example", "phone": "+1-732-555-0142"}],
        "sales_channel": "direct_sales", "order_status": "confirmed", "paid_status": "unpaid",
        "shipped_status": "pending", "currency_code": "USD", "exchange_rate": 1.0,
        "payment_terms_label": "Net 30",
        "delivery_method": "Speedy Express", "location_id": "71001", "location_name": "Main Warehouse",
        "salesperson_name": "Priya Raman", "taxes": [], "is_inclusive_tax": False,
        "discount_type": "item_level",
        "discount_amount": 0, "discount_total": 0, "shipping_charge": 0.0, "adjustment": 0.0,
        "roundoff_value": 0,
        "adjustment_description": "", "tax_total": 0.0, "notes": "", "billing_address": an_address(),
        "shipping_address": an_address(), "last_modified_time": "2026-10-03T15:40:55-0400",
        "custom_field_hash": {"cf_rush_order": "true", "cf_rush_order_unformatted": True}, "line_items": kept,
    } | changes  # fmt: skip
    if "sub_total" not in changes:
        order["sub_total"] = cents(sum((Decimal(str(line["item_total"])) for line in kept), Decimal(0)))
    if "total" not in changes:
        number = {
            name: Decimal(str(order[name] or 0))
            for name in ("sub_total", "discount_amount", "shipping_charge", "adjustment", "tax_total")
        }
        tax = 0 if order["is_inclusive_tax"] else number["tax_total"]
        order["total"] = cents(
            number["sub_total"]
            - number["discount_amount"]
            + number["shipping_charge"]
            + number["adjustment"]
            + tax
        )
    return order


def a_payload(order: dict[str, object]) -> bytes:
    """The order as Zoho's detail call answers."""
    return json.dumps({"code": 0, "message": "success", "salesorder": order}, ensure_ascii=False).encode()


def to_canonical(*orders: dict[str, object], site: Site | None = None):
    """Orders through the Zoho mapping."""
    keys = [str(order["salesorder_id"]) for order in orders]
    return load("zoho_inventory/sales_order").to_canonical(
        keys, [a_payload(o) for o in orders], site or a_site()
    )


def to_sage(*orders: dict[str, object], site: Site | None = None):
    """Orders through both mappings; the first must have found nothing wrong."""
    site = site or a_site()
    canonical = to_canonical(*orders, site=site)
    assert canonical.problems.empty, list(canonical.problems.message)
    return load("sage100/sales_order").from_canonical(canonical.frames, site)


def the(frame: pd.DataFrame, **where: object) -> dict[str, object]:
    """The one row of a frame (or of the part of it that matches), as a dict."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, f"{len(frame)} rows"
    return frame.iloc[0].to_dict()


def codes(problems: pd.DataFrame) -> list[tuple[str, str]]:
    """What is wrong, as (code, field)."""
    return sorted(zip(problems.code, problems.field, strict=True))
