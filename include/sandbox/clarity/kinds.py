"""The kinds of record: what each is called on the wire, and which event a change of it raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.sandbox.clarity.wire import Json

DETAIL_ONLY = frozenset({"statusHistory", "shipments", "invoices", "groups", "createdDate"})
"""Members of an order that lists and events leave out."""
LINE_DETAIL = frozenset({"quantityShipped", "quantityBackordered", "quantityCancelled"})
DEAD = frozenset({"deleted", "archived"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource: its path, its singular, and the members that make its natural key."""

    resource: str
    entity: str
    key: tuple[str, ...]
    first_id: int
    """Records made after the story count on from here."""

    def number(self, document: Json) -> str:
        """The natural key as one text."""
        return "|".join(str(document.get(name)) for name in self.key)


ORDERS = Kind("orders", "order", ("orderNumber",), 500_001)
CUSTOMERS = Kind("customers", "customer", ("customerNumber",), 30_001)
PRODUCTS = Kind("products", "product", ("sku",), 40_001)
INVENTORY = Kind("inventory", "inventory", ("sku", "warehouseCode"), 1)
SHIPMENTS = Kind("shipments", "shipment", ("shipmentNumber",), 70_001)
INVOICES = Kind("invoices", "invoice", ("invoiceNumber",), 60_001)
PAYMENTS = Kind("payments", "payment", ("id",), 55_001)
REFUNDS = Kind("refunds", "refund", ("id",), 80_001)
RETURNS = Kind("returns", "return", ("returnNumber",), 90_001)
KINDS = {
    kind.resource: kind
    for kind in (
        ORDERS,
        CUSTOMERS,
        PRODUCTS,
        INVENTORY,
        SHIPMENTS,
        INVOICES,
        PAYMENTS,
        REFUNDS,
        RETURNS,
    )
}
EVENTS = (
    "order.created", "order.updated", "order.cancelled", "product.created", "product.updated",
    "product.deleted", "customer.created", "customer.updated", "customer.merged", "payment.captured",
    "refund.created", "return.created", "inventory.updated", "shipment.updated", "webhook.test",
)  # fmt: skip


def identity(document: Json) -> int:
    """The number a record is kept under: its id, or a note where none is shown."""
    return int(document.get("_id") or document["id"])


def list_row(kind: Kind, document: Json) -> Json | None:
    """An order as lists show it; None where the record itself is listed."""
    if kind is not ORDERS:
        shown = public(document)
        return None if len(shown) == len(document) else shown
    row = {name: document.get(name) for name in ("id", "orderNumber", "status", "placedAt", "updatedDate")}
    row["customerId"] = document["customer"]["id"]
    row["currency"] = document["currency"]
    row["grandTotal"] = document["totals"]["grandTotal"]
    row["externalIds"] = document["externalIds"]
    return row


def event_body(kind: Kind, document: Json) -> Json:
    """A record as events carry it; without the sandbox's own notes."""
    if kind is not ORDERS:
        return public(document)
    lines = [
        {name: value for name, value in line.items() if name not in LINE_DETAIL} for line in document["lines"]
    ]
    kept = {name: value for name, value in document.items() if name not in DETAIL_ONLY}
    return {**public(kept), "lines": lines}


def public(document: Json) -> Json:
    """Without members that begin with an underscore: the sandbox's own notes."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


def event_of(kind: Kind, before: Json | None, after: Json) -> str | None:
    """The event that a change raises, if any."""
    if kind is INVENTORY or kind is SHIPMENTS:
        return f"{kind.entity}.updated"
    if kind is PAYMENTS:
        captured = after.get("capturedAmount") or 0
        return "payment.captured" if captured > ((before or {}).get("capturedAmount") or 0) else None
    if kind in (REFUNDS, RETURNS):
        return None if before else f"{kind.entity}.created"
    if kind not in (ORDERS, PRODUCTS, CUSTOMERS):
        return None
    if before is None:
        return f"{kind.entity}.created"
    return f"{kind.entity}.{_turned(before.get('status'), after.get('status'))}"


def _turned(before: Any, after: Any) -> str:
    if before != after:
        if after == "Cancelled":
            return "cancelled"
        if after == "merged":
            return "merged"
        if after in DEAD:
            return "deleted"
    return "updated"
