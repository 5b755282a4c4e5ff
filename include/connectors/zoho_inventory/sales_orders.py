"""Zoho's sales orders as the one who is told: made under our own number, then confirmed.

Zoho takes each ``salesorder_number`` once, so a number that follows from the source's record makes the create
happen once: what is there already under it is ours if it bears our mark or our reference, and is then
finished instead of made again. Making and confirming are two calls, and whatever happens between them is
found by the number.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Refusal
from include.connectors.zoho_inventory.custom_fields import CustomFields, gathered, names_of
from include.connectors.zoho_inventory.errors import DuplicateError, NotFoundError
from include.connectors.zoho_inventory.likeness import custom_values, dropped, holds
from include.connectors.zoho_inventory.reader import ZohoReader
from include.connectors.zoho_inventory.refusals import RefusedError, after_effect, one_by_one
from include.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.connectors.documents import Document, DocumentStatus
    from include.connectors.ports import Sleep
    from include.connectors.zoho_inventory.client import ZohoClient

CONFIRM, NUMBER, LINES = "confirm", "salesorder_number", "line_items"
LOOKS = (0.0, 2.0, 4.0)
"""Seconds before each look for an order just made."""
OWN_NUMBER = {"ignore_auto_number_generation": "true"}
UNCONFIRMED = frozenset({"draft", "approved", "pending_approval"})
VOID = "void"
OVER = frozenset({VOID, "closed"})
HANDLED = ("quantity_packed", "quantity_invoiced", "quantity_shipped")

Order = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ZohoSalesOrders:
    """Sales orders written from the body of ``POST /salesorders``, ``salesorder_number`` included.

    ``confirm`` is a member of ours: the order is confirmed when it stands. ``cf_…`` members at the top are
    custom fields.

    Args:
        client: carries the calls.
        sleep: waits for Zoho's search.
    """

    client: ZohoClient
    sleep: Sleep = time.sleep
    custom: CustomFields = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "custom", CustomFields(self.client))

    @property
    def mark(self) -> str:
        """The custom field that names the source's record."""
        return self.client.settings.order_mark_field

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Make or change orders and confirm them.

        Raises:
            ConfigurationError: Zoho has no such custom field; nothing has been written.
            IntegrationError: only while nothing has been answered; after that the documents left come back as
                ``retry``.
        """
        asked = {name for document in documents for name in names_of(document.members)}
        new = any(not document.target_id for document in documents)
        self.custom.require("salesorder", asked | ({self.mark} if new else set()))
        return one_by_one(documents, self._write)

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Orders that were to be made and stand in Zoho as asked, confirmed if they were to be, by key.

        A change has no place here: what was perhaps changed is compared and changed again.
        """
        found = {}
        for document in documents:
            body = gathered(document.members)
            confirm = bool(body.pop(CONFIRM, False))
            number = str(body.get(NUMBER) or "")
            order = None if document.target_id or not number else self._find(number)
            if order is None or not self._is_ours(order, document.key, body):
                continue
            if holds(order, body) and not (confirm and order.get("order_status") in UNCONFIRMED | {VOID}):
                found[document.key] = str(order["salesorder_id"])
        return found

    def _write(self, document: Document) -> Answer:
        body = gathered(document.members)
        confirm = bool(body.pop(CONFIRM, False))
        if not document.target_id:
            order, status = self._create(document.key, body)
            if order.get("order_status") == VOID:
                raise _locked(order, "order_status", "is void already")
        else:
            order, status = self._change(self._detail(document.target_id), body)
        if confirm and order.get("order_status") in UNCONFIRMED:
            with after_effect():
                self._confirm(str(order["salesorder_id"]))
            status = "changed" if status == "unchanged" else status
        lost = dropped(order, body)
        if lost:
            raise RefusedError(
                Refusal(
                    "dropped", Reason.READ_BACK_DIFFERS, lost[0], "Zoho took the value and did not keep it"
                )
            )
        answered: DocumentStatus = status  # type: ignore[assignment]  # one of those above
        return Answer(document.idempotency_key, answered, str(order["salesorder_id"]))

    def _create(self, key: str, body: Order) -> tuple[Order, str]:
        number = str(body.get(NUMBER) or "")
        if not number:
            message = "an order needs a number that follows from the source's record"
            raise RefusedError(Refusal("none", Reason.MISSING, NUMBER, message))
        others = [entry for entry in body.get("custom_fields", ()) if entry.get("api_name") != self.mark]
        whole = {**body, "custom_fields": [*others, {"api_name": self.mark, "value": key}]}
        try:
            sent = self.client.send_json("POST", "/salesorders", whole, OWN_NUMBER)
            return _order(sent.part("salesorder")), "created"
        except OutcomeUnknownError:
            order = self._look(number)
            if order is None:
                raise
            return self._ours(order, key, body), "created"
        except DuplicateError as taken:
            order = self._look(number)
            if order is None:
                raise OutcomeUnknownError(
                    f"sales order {number}: Zoho has the number already and no list shows whose it is",
                    retry_after=LOOKS[-1],
                ) from taken
            with after_effect():
                return self._change(self._ours(order, key, body), body)[0], "adopted"

    def _ours(self, order: Order, key: str, body: Order) -> Order:
        """The order, if it is of this record.

        Raises:
            RefusedError: it is another's.
        """
        if self._is_ours(order, key, body):
            return order
        message = (
            f"Zoho's sales order {order['salesorder_id']} has the number {body[NUMBER]} already and is not "
            f"of {key}; renumber one of them, or link the two"
        )
        raise RefusedError(Refusal("36004", Reason.DUPLICATE, NUMBER, message))

    def _is_ours(self, order: Order, key: str, body: Mapping[str, Any]) -> bool:
        """By its mark; where it has none, by our reference."""
        mark = str(custom_values(order).get(self.mark) or "")
        if mark:
            return mark == key
        reference = str(body.get("reference_number") or "")
        return bool(reference) and reference == order.get("reference_number")

    def _change(self, order: Order, body: Order) -> tuple[Order, str]:
        """Make an order equal, as far as it is not; its lines keep their ids.

        Raises:
            RefusedError: it is over, or its lines are packed or invoiced.
        """
        wanted = {name: value for name, value in body.items() if name != NUMBER}
        if LINES in wanted:
            wanted[LINES] = _with_ids(wanted[LINES], order.get(LINES) or [])
            if holds({LINES: order.get(LINES)}, {LINES: wanted[LINES]}):
                del wanted[LINES]
        if not wanted or holds(order, wanted):
            return order, "unchanged"
        order_id = str(order["salesorder_id"])
        if order.get("order_status") in OVER:
            raise _locked(order, "order_status", f"is {order['order_status']} and takes no change")
        if LINES in wanted and _handled(order):
            raise _locked(order, LINES, "has lines that are packed, shipped or invoiced; change it there")
        sent = self.client.send_json("PUT", f"/salesorders/{order_id}", wanted, idempotent=True)
        return _order(sent.part("salesorder")), "changed"

    def _confirm(self, order_id: str) -> None:
        """From draft to confirmed. An answer that got lost is looked for before it is asked again.

        Raises:
            OutcomeUnknownError: nobody can tell, twice over.
        """
        path = f"/salesorders/{order_id}/status/confirmed"
        try:
            self.client.send_json("POST", path, {})
        except OutcomeUnknownError:
            if self._detail(order_id).get("order_status") in UNCONFIRMED:
                self.client.send_json("POST", path, {})

    def _detail(self, order_id: str) -> Order:
        raw = ZohoReader(self.client).sales_order(order_id)
        if raw is None:
            raise NotFoundError(f"Zoho has no sales order {order_id[:40]}", code=1002)
        return _order(raw)

    def _look(self, number: str) -> Order | None:
        """An order just made, None when no list shows it after a while."""
        for wait in LOOKS:
            if wait:
                self.sleep(wait)
            with after_effect():
                order = self._find(number)
            if order is not None:
                return order
        return None

    def _find(self, number: str) -> Order | None:
        reader = ZohoReader(self.client)
        for stub in reader.list_sales_orders(numbers=[number]):
            raw = reader.sales_order(stub.id)
            if raw is not None:
                return _order(raw)
        return None


_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def _order(raw: bytes) -> Order:
    return dict(_DECODER.decode(raw))


def _locked(order: Order, name: str, why: str) -> RefusedError:
    message = f"Zoho's sales order {order.get(NUMBER)} {why}"
    return RefusedError(Refusal("locked", Reason.LOCKED_IN_TARGET, name, message))


def _with_ids(wanted: Sequence[Order], standing: Sequence[Order]) -> list[Order]:
    """Lines with the ids of those that stand, item by item in their order: one without an id is new."""
    left = {str(line["line_item_id"]): str(line.get("item_id") or "") for line in standing}
    named = {str(line["line_item_id"]) for line in wanted if line.get("line_item_id")}
    free = {line_id: item for line_id, item in left.items() if line_id not in named}
    lines = []
    for line in wanted:
        item = str(line.get("item_id") or "")
        found = next((line_id for line_id, held in free.items() if held == item and item), None)
        if line.get("line_item_id") or found is None:
            lines.append(line)
            continue
        del free[found]
        lines.append({**line, "line_item_id": found})
    return lines


def _handled(order: Order) -> bool:
    counts = (Decimal(str(line.get(name) or 0)) for line in order.get(LINES) or [] for name in HANDLED)
    return any(counts)
