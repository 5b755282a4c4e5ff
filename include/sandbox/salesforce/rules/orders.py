"""Orders and their products."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.rules.products import entry_for_line, priced
from include.sandbox.salesforce.rules.rule import Rule, money

if TYPE_CHECKING:
    from include.sandbox.salesforce.store import Json
    from include.sandbox.salesforce.transaction import Transaction

DRAFT, ACTIVATED = "Draft", "Activated"
STATUS_CODES = {DRAFT: DRAFT}
"""A status belongs to a category; those an org adds are of the activated one."""
HELD = ("AccountId", "Pricebook2Id", "ContractId")
"""What stays as it is once the order is activated."""
LINE_HELD = ("Quantity", "UnitPrice")


class Orders(Rule):
    """An order begins as a draft and is activated once it has a product."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Draft first, then activated; activated orders keep their account and price book."""
        if record["Status"] is None:
            return
        code = STATUS_CODES.get(record["Status"], ACTIVATED)
        record["StatusCode"] = code
        if before is None:
            if code != DRAFT:
                text = "Choose a valid order status and save your changes. Ask your admin for details."
                raise RowError("FAILED_ACTIVATION", text, ["Status"])
            record["TotalAmount"] = Decimal("0.00")
            return
        if before["StatusCode"] == ACTIVATED and code == ACTIVATED:
            self._unmoved(before, record)
        elif code == ACTIVATED:
            self._activate(tx, record)
        elif before["StatusCode"] == ACTIVATED:
            record |= {"ActivatedDate": None, "ActivatedById": None}
        if record["Pricebook2Id"] != before["Pricebook2Id"] and self._lines(tx, record):
            text = "The pricebook of an order with products cannot be changed."
            raise RowError("FIELD_INTEGRITY_EXCEPTION", text, ["Pricebook2Id"])

    def _unmoved(self, before: Json, record: Json) -> None:
        moved = [name for name in HELD if before.get(name) != record.get(name)]
        if moved:
            text = f"{', '.join(moved)} can only be changed while the order is a draft."
            raise RowError("FIELD_INTEGRITY_EXCEPTION", text, moved)

    def _activate(self, tx: Transaction, record: Json) -> None:
        if not self._lines(tx, record):
            raise RowError("FAILED_ACTIVATION", "An order must have at least one product.")
        record |= {"ActivatedDate": tx.stamp, "ActivatedById": tx.user_id}

    def _lines(self, tx: Transaction, record: Json) -> list[Json]:
        return tx.store.children("OrderItem", "OrderId", [record["Id"]])

    def number(self, tx: Transaction, record: Json, count: int) -> None:
        """Orders are numbered through."""
        record["OrderNumber"] = f"{100 + count:08d}"

    def deleting(self, tx: Transaction, record: Json) -> None:
        """An activated order stays."""
        if record["StatusCode"] == ACTIVATED:
            raise RowError(
                "DELETE_FAILED", "An activated order cannot be deleted; set it back to draft first."
            )


class OrderItems(Rule):
    """Lines can be written while their order is a draft."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Find the price and reckon the total."""
        order = tx.find("Order", record["OrderId"])
        if order is None or record["Quantity"] is None:
            return
        if before is None:
            self._priced(tx, record, order)
        elif order["StatusCode"] == ACTIVATED and any(before[name] != record[name] for name in LINE_HELD):
            raise _frozen()
        priced(record)
        if record["Quantity"] <= 0:
            text = "Quantity must be greater than zero on an order product."
            raise RowError("FIELD_INTEGRITY_EXCEPTION", text, ["Quantity"])
        record["TotalPrice"] = money(record["UnitPrice"] * record["Quantity"])
        record["AvailableQuantity"] = record["Quantity"]

    def _priced(self, tx: Transaction, record: Json, order: Json) -> None:
        if order["StatusCode"] == ACTIVATED:
            raise _frozen()
        if order["Pricebook2Id"] is None:
            text = "Before adding products, give the order a price book."
            raise RowError("FIELD_INTEGRITY_EXCEPTION", text, ["PricebookEntryId"])
        entry = entry_for_line(tx, record, order["Pricebook2Id"])
        record["ListPrice"] = entry["UnitPrice"]

    def number(self, tx: Transaction, record: Json, count: int) -> None:
        """Order products are numbered through."""
        record["OrderItemNumber"] = f"{count:010d}"

    def deleting(self, tx: Transaction, record: Json) -> None:
        """Not from an activated order."""
        order = tx.find("Order", record["OrderId"])
        if order is not None and order["StatusCode"] == ACTIVATED:
            raise _frozen()

    def after(self, tx: Transaction, before: Json | None, record: Json | None) -> None:
        """Sum up the order."""
        order = tx.find("Order", (record or before or {})["OrderId"])
        if order is not None:
            lines = tx.store.children("OrderItem", "OrderId", [order["Id"]])
            total = sum((line["TotalPrice"] for line in lines), Decimal("0.00"))
            tx.touch("Order", order["Id"], {"TotalAmount": total})


def _frozen() -> RowError:
    text = "The products of an activated order cannot be added, changed or removed."
    return RowError("INVALID_STATUS", text)
