"""Package and shipment documents, and how an order shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho.store import Record
from include.sandbox.zoho.wire import Json, decimal, label, quantity, shape, wire_time

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

ADDRESSES = ("billing_address", "shipping_address")
ROW = (
    "package_id", "package_number", "salesorder_id", "salesorder_number", "shipment_id", "customer_id",
    "customer_name", "date", "status", "created_time", "last_modified_time",
)  # fmt: skip
SHIPPING = ("shipment_type", "shipment_date", "tracking_number", "delivery_method", "is_carrier_shipment")
OF_LINE = ("item_id", "sku", "name", "description", "unit")


def new_package(order: Json, package_id: str, number: str, now: datetime) -> Json:
    """An empty package of an order."""
    person = (order["contact_person_details"] or [{}])[0]
    return shape(
        "package",
        package_id=package_id,
        package_number=number,
        salesorder_date=order["date"],
        date=wire_time(now)[:10],
        contact_persons=order["contact_persons"],
        email=person.get("email", ""),
        phone=person.get("phone", ""),
        created_time=wire_time(now),
        **_of(order),
    )


def _of(order: Json) -> Json:
    shown = ("salesorder_id", "salesorder_number", "customer_id", "customer_name", *ADDRESSES)
    return {name: order[name] for name in shown}


def line(order_line: Json, packed: Decimal, position: int, line_id: str) -> Json:
    """A line of a package."""
    return shape(
        "package_line",
        line_item_id=line_id,
        so_line_item_id=order_line["line_item_id"],
        item_order=position,
        quantity=float(packed),
        location_id=order_line["location_id"],
        location_name=order_line["location_name"],
        **{name: order_line[name] for name in OF_LINE},
    )


def entry(package: Json) -> Json:
    """A package as its order shows it; once shipped, with its shipment."""
    shipment = package["shipment_order"]
    shown = shape(
        "salesorder_package",
        status_formatted=label(package["status"]),
        quantity=quantity(decimal(package["total_quantity"])),
        **{name: package[name] for name in ("package_id", "package_number", "date", "status")},
    )
    if not shipment:
        return shown
    told = ("carrier", "service", "tracking_number", "shipment_date", "delivery_method", "detailed_status")
    shown.update({name: shipment[name] for name in (*told, "shipment_id", "shipment_number")})
    shown.update(shipment_status=shipment["status"], shipment_order=shipment)
    return shown


def new_shipment(order: Json, shipment_id: str, number: str, now: datetime) -> Json:
    """An empty shipment of an order."""
    money = ("currency_id", "currency_code", "currency_symbol", "exchange_rate", "contact_persons")
    return shape(
        "shipmentorder",
        shipment_id=shipment_id,
        shipment_number=number,
        salesorders=[{name: order[name] for name in ("salesorder_id", "salesorder_number")}],
        status="shipped",
        status_message="Shipped",
        created_time=wire_time(now),
        **{name: order[name] for name in money},
        **_of(order),
    )


def shipment_line(order_line: Json, package_line: Json, line_id: str) -> Json:
    """A line of a shipment."""
    rate = decimal(order_line["rate"])
    return shape(
        "shipmentorder_line",
        line_item_id=line_id,
        so_line_item_id=order_line["line_item_id"],
        item_order=package_line["item_order"],
        rate=float(rate),
        bcy_rate=order_line["bcy_rate"],
        quantity=package_line["quantity"],
        item_total=float(rate * decimal(package_line["quantity"])),
        **{name: order_line[name] for name in OF_LINE},
    )


def bound(package: Json, shipment: Json) -> None:
    """Write a shipment into one of its packages."""
    package["shipment_order"] = shape("package_shipment")
    package["shipment_order"].update(
        {name: shipment[name] for name in package["shipment_order"] if name in shipment}
    )
    package.update(
        shipment_id=shipment["shipment_id"],
        shipment_number=shipment["shipment_number"],
        shipment_status=shipment["status"],
        status=shipment["status"],
    )


def unbound(package: Json) -> None:
    """Take the shipment out of a package."""
    package.update(
        shipment_order={}, shipment_id="", shipment_number="", shipment_status="", status="not_shipped"
    )


def record(package: Json) -> Record:
    """The package with its list row."""
    shipment = package["shipment_order"] or shape("package_shipment")
    row = {name: package[name] for name in ROW} | {name: shipment[name] for name in SHIPPING}
    row.update(
        quantity=f"{decimal(package['total_quantity']):.2f}",
        shipping_charge=shipment["shipping_charge"],
        is_tracking_enabled=False,
        label_format="",
    )
    return Record("packages", package["package_id"], package, row)


def show_fulfilment(order: Json) -> None:
    """Derive an order's ``shipped_status`` and its one-word ``status`` from its lines' counts."""
    ordered = sum(decimal(each["quantity"]) for each in order["line_items"])
    shipped = sum(decimal(each["quantity_shipped"]) for each in order["line_items"])
    delivered = sum(decimal(each["quantity_delivered"]) for each in order["line_items"])
    if delivered >= ordered:
        state = "fulfilled"
    elif shipped >= ordered:
        state = "shipped"
    else:
        state = "partially_shipped" if shipped else "pending"
    summary = "confirmed" if state == "pending" else state
    order.update(shipped_status=state, status=summary, current_sub_status=summary)
    order["current_sub_status_formatted"] = label(summary)
