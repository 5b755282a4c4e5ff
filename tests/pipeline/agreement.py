"""Whether the two systems say the same, told without the code under test.

Item codes and customer numbers come from Northwind's own story, amounts from Zoho's document, and each is
compared with the cell of Sage's table that a clerk would look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from include.sandbox import northwind
from include.sandbox.sage100.story import customer_numbers
from include.sandbox.zoho.story import contact_id
from tests.pipeline.outside import Json, Sage, Zoho, cents, exact

SHIP_VIA = {"Speedy Express": "SPEEDY", "United Package": "UNITED", "Federal Shipping": "FEDERAL", "": ""}
TERMS = {"Net 30": "01", "Net 15": "02", "Net 60": "03", "Due on Receipt": "00"}
WAREHOUSES = {"Main Warehouse": "000", "West Warehouse": "001"}
COMMENT = "/C"


def differences(zoho: Zoho, sage: Sage, ids: Iterable[str]) -> list[str]:
    """Everything in which the orders ``ids`` differ between Zoho and Sage; each must stand in Sage once."""
    standing: dict[str, list[Json]] = {}
    for order in sage.orders():
        standing.setdefault(order["UDF_ZOHO_ORDER_ID"], []).append(order)
    found = []
    for order_id in ids:
        held = standing.get(order_id, [])
        if len(held) == 1:
            found += [f"{order_id}: {what}" for what in _differences(zoho.order(order_id), held[0], sage)]
        else:
            found.append(f"{order_id}: stands {len(held)} times in Sage")
    return found


def _differences(wanted: Json, held: Json, sage: Sage) -> Iterator[str]:
    discount = wanted["discount_total"] if wanted["discount_type"] == "entity_level" else 0
    pairs = {
        "number": (wanted["salesorder_number"], held["CustomerPONo"]),
        "version": (wanted["last_modified_time"], held["UDF_ZOHO_VERSION"]),
        "date": (wanted["date"], held["OrderDate"]),
        # Runs of blanks in what people typed are one blank in the ERP.
        "buyer": (" ".join(wanted["customer_name"].split()), held["BillToName"]),
        "freight": (cents(wanted["shipping_charge"]), cents(held["FreightAmt"])),
        "discount": (cents(discount), cents(held["DiscountAmt"])),
        "tax": (cents(wanted["tax_total"]), cents(held["SalesTaxAmt"])),
        "total": (cents(wanted["total"]), sage.total(held)),
        "carrier": (SHIP_VIA[wanted["delivery_method"]], held["ShipVia"]),
        "terms": (TERMS[wanted["payment_terms_label"]], held["TermsCode"]),
        "warehouse": (WAREHOUSES[wanted["location_name"]], held["WarehouseCode"]),
        "rush": (
            "Y" if wanted["custom_field_hash"]["cf_rush_order_unformatted"] else "N",
            held["UDF_RUSH_ORDER"],
        ),
        "lines": (_wanted_lines(wanted), _held_lines(sage, held)),
    }
    return (
        f"{name} is {theirs!r} in Zoho, {ours!r} in Sage"
        for name, (theirs, ours) in pairs.items()
        if theirs != ours
    )


def _wanted_lines(order: Json) -> list[tuple[object, ...]]:
    codes = {product.sku: product.item_code for product in northwind.products().values()}
    lines: list[tuple[object, ...]] = [
        (
            codes[line["sku"]],
            exact(line["quantity"]),
            exact(line["rate"]),
            exact(str(line["discount"]).removesuffix("%")),
            cents(line["item_total"]),
            WAREHOUSES[line["location_name"]],
        )
        for line in order["line_items"]
    ]
    return [*lines, order["notes"]] if order["notes"] else lines


def _held_lines(sage: Sage, order: Json) -> list[tuple[object, ...] | str]:
    return [
        line["CommentText"]
        if line["ItemCode"] == COMMENT
        else (
            line["ItemCode"],
            exact(line["QuantityOrdered"]),
            exact(line["UnitPrice"]),
            exact(line["LineDiscountPercent"]),
            cents(line["ExtensionAmt"]),
            line["WarehouseCode"],
        )
        for line in sage.lines(order["SalesOrderNo"])
    ]


def wrong_customers(sage: Sage) -> list[str]:
    """Northwind's orders that stand under another customer than the one who ordered."""
    created = {
        row["UDF_ZOHO_CONTACT_ID"]: f"{row['ARDivisionNo']}-{row['CustomerNo']}"
        for row in sage.rows("SELECT * FROM AR_Customer WHERE UDF_ZOHO_CONTACT_ID <> ''")
    }
    known = {code: f"00-{number}" for code, number in customer_numbers().items()}
    told = {f"SO-{order.number}": order.customer for order in northwind.orders()}
    return [
        f"{order['CustomerPONo']}: {order['customer']} instead of {wanted}"
        for order in sage.orders()
        if (buyer := told.get(order["CustomerPONo"]))
        and (wanted := known.get(buyer.code) or created.get(contact_id(buyer))) != order["customer"]
    ]


def dollars(orders: Iterable[Json]) -> Decimal:
    """What Zoho's orders come to."""
    return sum((cents(order["total"]) for order in orders), Decimal(0))
