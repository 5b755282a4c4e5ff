"""What can be done to a sales order, by API or by the sandbox's own hand.

Each change, its stock effects and the webhooks it fires are one transaction: an order that exists has
been announced, and one that was announced exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.zoho import customfields, orderdocs
from include.sandbox.zoho.envelope import Refusal, invalid_field, not_there
from include.sandbox.zoho.fields import amount
from include.sandbox.zoho.itemdocs import ACCOUNTING, commit, move_stock
from include.sandbox.zoho.wire import Json, decimal, dumps, identity, wire_time

if TYPE_CHECKING:
    from include.sandbox.zoho.webhooks import Event
    from include.sandbox.zoho.world import World

RESOURCE = "salesorders"
FIRST_NUMBER = 20_001
"""Where automatic numbers begin; the stories' own numbers lie below."""
COMMITTED = frozenset({"confirmed", "onhold"})


def _duplicate() -> Refusal:
    return Refusal(400, 36004, "This sales order number already exists.")


class Orders:
    """The sales orders of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents

    def get(self, order_id: str) -> Json:
        """One order, to work on.

        Raises:
            Refusal: there is none.
        """
        order = self._documents.get(RESOURCE, order_id)
        if order is None:
            raise not_there("Sales Order")
        return order

    def find(self, id_or_number: str) -> Json:
        """One order by its id or its number."""
        found = self._documents.id_of(RESOURCE, "number", id_or_number)
        return self.get(found or id_or_number)

    def create(
        self, body: Json, *, own_number: bool = False, source: str = "Api", quiet: bool = False
    ) -> Json:
        """A new draft.

        Args:
            body: the fields, as ``POST /salesorders`` takes them.
            own_number: take ``salesorder_number`` from the body instead of counting.
            source: "Api" or "Client".
            quiet: announce nothing.

        Raises:
            Refusal: a value makes no sense, or the number exists.
        """
        with self._world.control.database.transaction():
            number = self._number(body, own_number=own_number)
            now = self._world.now()
            order = orderdocs.new_order(self._documents.new_id(), number, now, source)
            orderdocs.apply(order, body, self._documents, now)
            self._save(order, "created", quiet=quiet)
        return order

    def _number(self, body: Json, *, own_number: bool) -> str:
        if own_number:
            number = str(body.get("salesorder_number") or "").strip()
            if not number:
                raise invalid_field("salesorder_number")
            if len(number) > 100:
                raise Refusal(
                    400, 15, "Please ensure that the salesorder_number has less than 100 characters."
                )
            if self._documents.id_of(RESOURCE, "number", number):
                raise _duplicate()
            return number
        while True:
            number = f"SO-{self._documents.next_number('zoho.salesorder_number', FIRST_NUMBER):05d}"
            if not self._documents.id_of(RESOURCE, "number", number):
                return number

    def update(self, order_id: str, body: Json, *, own_number: bool = False, quiet: bool = False) -> Json:
        """Change an order; ``line_items``, when given, is the full new list.

        Raises:
            Refusal: no such order, or a value makes no sense.
        """
        with self._world.control.database.transaction():
            order = self.get(order_id)
            if (
                own_number
                and str(body.get("salesorder_number") or order["salesorder_number"])
                != order["salesorder_number"]
            ):
                order["salesorder_number"] = self._number(body, own_number=True)
            _refuse_handled(order, body)
            self._stock(order, -1)
            orderdocs.apply(order, body, self._documents, self._world.now())
            self._stock(order, +1)
            self._save(order, "edited", quiet=quiet)
        return order

    def set_custom_fields(self, order_id: str, values: Any) -> Json:
        """Change custom fields only; ``values`` as in a body's ``custom_fields``.

        Raises:
            Refusal: no such order.
        """
        with self._world.control.database.transaction():
            order = self.get(order_id)
            kept = customfields.values_of(order) | customfields.asked("salesorder", {"custom_fields": values})
            order.update(customfields.filled("salesorder", kept))
            orderdocs.stamp(order, self._world.now())
            self._save(order, "edited", quiet=False)
        return order

    def set_status(self, order_id: str, status: str, *, quiet: bool = False) -> Json:
        """Confirm or void; doing it twice changes nothing.

        Raises:
            Refusal: no such order, or it cannot go there.
        """
        with self._world.control.database.transaction():
            order = self.get(order_id)
            if order["order_status"] == status:
                return order
            if (
                order["order_status"]
                not in {"confirmed": {"draft", "approved"}, "void": {"draft", *COMMITTED}}[status]
            ):
                raise Refusal(
                    400, 36012, f"A {order['order_status']} sales order cannot be marked as {status}."
                )
            if order["packages"]:
                raise Refusal(400, 36016, "Sales orders that have packages cannot be marked as void.")
            self._stock(order, -1)
            move(order, status)
            self._stock(order, +1)
            orderdocs.stamp(order, self._world.now())
            self._save(order, "status", quiet=quiet)
        return order

    def delete(self, order_id: str) -> None:
        """Remove an order and release its stock.

        Raises:
            Refusal: no such order.
        """
        with self._world.control.database.transaction():
            order = self.get(order_id)
            if order["packages"]:
                raise Refusal(400, 36017, "Sales orders that have packages cannot be deleted.")
            self._stock(order, -1)
            self._documents.delete(RESOURCE, order_id)
            self._announce(order, "deleted")

    def fulfilled(self, order: Json, *, quiet: bool = False) -> None:
        """Keep an order whose packages, shipments or invoices have changed."""
        orderdocs.stamp(order, self._world.now())
        self._save(order, "edited", quiet=quiet)

    def invoice(self, order_id: str) -> Json:
        """Invoice all that is left of a confirmed order; accounting stock goes with it.

        Raises:
            Refusal: no such order, or it is not confirmed.
        """
        with self._world.control.database.transaction():
            order = self.get(order_id)
            if order["order_status"] not in COMMITTED:
                raise Refusal(400, 36018, "Only confirmed sales orders can be invoiced.")
            left = [
                {**line, "quantity": decimal(line["quantity"]) - decimal(line["quantity_invoiced"])}
                for line in order["line_items"]
            ]
            move_stock(self._documents, left, -1, ACCOUNTING)
            for line in order["line_items"]:
                line.update(quantity_invoiced=line["quantity"], is_invoiced=True)
            order["invoiced_status"] = "invoiced"
            self.fulfilled(order)
        return order

    def _stock(self, order: Json, sign: int) -> None:
        if order["order_status"] in COMMITTED:
            commit(self._documents, order["line_items"] or [], sign)

    def _save(self, order: Json, event: Event, *, quiet: bool) -> None:
        self._documents.put(orderdocs.record(order))
        if not quiet:
            self._announce(order, event)

    def _announce(self, order: Json, event: Event) -> None:
        self._world.webhooks.announce("salesorder", order["salesorder_id"], event, dumps(order))

    def comments(self, order_id: str) -> list[Json]:
        """An order's comments, newest first.

        Raises:
            Refusal: no such order.
        """
        self.get(order_id)
        found: list[Json] = (self._documents.get("comments", order_id) or {"comments": []})["comments"]
        return found

    def comment(self, order_id: str, text: str) -> Json:
        """Add a comment. Not an edit of the order: ``last_modified_time`` stays.

        Raises:
            Refusal: no such order, or no text.
        """
        if not text or len(text) > 2000:
            raise invalid_field("description")
        with self._world.control.database.transaction():
            before = self.comments(order_id)
            now = wire_time(self._world.now())
            comment = {
                "comment_id": self._documents.new_id(),
                "salesorder_id": order_id,
                "description": text,
                "commented_by_id": identity(60, 11),
                "commented_by": "Nancy Davolio",
                "comment_type": "internal",
                "date": now[:10],
                "date_description": "just now",
                "time": now[11:16],
                "operation_type": "Added",
                "transaction_id": "",
                "transaction_type": "salesorder",
            }
            self._documents.put_plain("comments", order_id, {"comments": [comment, *before]})
        return comment


def _refuse_handled(order: Json, body: Json) -> None:
    """What is packed or invoiced stays as it was sold."""
    handled = {
        line["line_item_id"]: max(decimal(line["quantity_packed"]), decimal(line["quantity_invoiced"]))
        for line in order["line_items"]
    }
    if not any(handled.values()):
        return
    if "customer_id" in body and str(body["customer_id"]) != order["customer_id"]:
        raise Refusal(400, 36019, "The customer cannot be changed once items are packed or invoiced.")
    if "line_items" not in body:
        return
    asked = {str(line.get("line_item_id") or ""): line for line in body["line_items"] or []}
    for line_id, done in handled.items():
        line = asked.get(line_id)
        if done and (line is None or amount("quantity", line.get("quantity", done)) < done):
            raise Refusal(400, 36020, "Items that are packed or invoiced cannot be removed or reduced.")


def move(order: Json, status: str) -> None:
    """Write a status into an order's status fields; a draft's three other statuses are empty."""
    order.update(order_status=status, status=status, current_sub_status=status)
    order["current_sub_status_formatted"] = status.title()
    if status == "confirmed":
        order.update(invoiced_status="not_invoiced", paid_status="unpaid", shipped_status="pending")
