"""Orders with their lines: made as drafts, filled, then brought to their status.

Everything is compared with what stands before it is sent, so an order that is told twice is written once,
and one that a crash left half made is completed. Once an order is activated Salesforce freezes its
lines; then its header and its status alone are told.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from include.canonical.reasons import Reason
from include.connectors.documents import Refusal
from include.connectors.salesforce.batches import Batches, Done, worst
from include.connectors.salesforce.bulk import Bulk
from include.connectors.salesforce.likeness import holds
from include.connectors.salesforce.prices import Prices, entry_of
from include.connectors.salesforce.records import SalesforceRecords
from include.connectors.salesforce.targets import keyed, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.connectors.documents import Answer, Document
    from include.connectors.salesforce.client import SalesforceClient
    from include.connectors.salesforce.records import Row

log = logging.getLogger(__name__)

ORDER, ITEM = "Order", "OrderItem"
BOOK = "Pricebook2Id"
ENTRY = "PricebookEntryId"
DRAFT = "Draft"
"""The status code of orders whose lines may change; what the status is called differs between orgs."""
NO_ENTRY = "PRICEBOOK_ENTRY_NOT_FOUND"


@dataclass(slots=True)
class Plan:
    """One order on its way.

    Attributes:
        header: asked members of Order, without ``Status``.
        status: asked, ``""`` when none is.
        lines: asked OrderItems, each with its price book entry; None when the document says nothing of lines.
        stands: what Salesforce has, None when it has none.
        items: its lines.
        done: what came of each row that was written.
    """

    header: dict[str, Any]
    status: str
    lines: list[dict[str, Any]] | None
    stands: Row | None = None
    items: list[Row] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    id: str = ""

    @property
    def is_fine(self) -> bool:
        """Nothing has gone wrong with it so far."""
        return all(each.fine for each in self.done)

    @property
    def is_draft(self) -> bool:
        """Its lines may change."""
        return self.stands is None or self.stands.get("StatusCode") == DRAFT

    @property
    def different(self) -> dict[str, Any]:
        """Members of the header that do not stand yet."""
        stands = self.stands
        return {
            name: value
            for name, value in self.header.items()
            if stands is None or not holds(stands, {name: value})
        }


@dataclass(frozen=True, slots=True)
class SalesforceOrders:
    """Orders by the Zoho sales order's id.

    A document is ``{"Order": {...}, "OrderItems": [...]}``. A line names its product as
    ``PricebookEntryId``, as ``Product2Id`` or as ``Product2`` with an external id; its price book is the
    order's, the standard one unless it names another.

    Args:
        client: carries the calls.
    """

    client: SalesforceClient
    records: SalesforceRecords = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", SalesforceRecords(self.client))

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Create or change orders, their lines, then their status; one answer each, in their order.

        Raises:
            ConfigurationError: a field is not there or not ours to write.
            IntegrationError: see :meth:`Batches.upsert`.
        """
        plans = self._plans(documents)
        self._write_headers(plans)
        self._write_lines([plan for plan in plans if plan.is_fine and plan.lines is not None])
        self._write_status([plan for plan in plans if plan.is_fine and plan.status])
        answers = (worst(plan.done, plan.id) for plan in plans)
        return [done.answer(each.idempotency_key) for done, each in zip(answers, documents, strict=True)]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Orders that stand as asked, lines and status included, by key. Raises as :meth:`write`."""
        plans = self._plans(documents)
        return {
            document.key: plan.id
            for document, plan in zip(documents, plans, strict=True)
            if plan.stands is not None
            and not plan.done
            and not plan.different
            and (not plan.status or plan.stands.get("Status") == plan.status)
            and not any(changes(plan, self.client.settings.order_line_key))
        }

    def _plans(self, documents: Sequence[Document]) -> list[Plan]:
        """What is asked beside what stands."""
        plans = [_plan(each.members) for each in documents]
        self._name_books(plans)
        key = self.client.settings.order_key
        ids = [str(plan.header[key]) for plan in plans if plan.header.get(key)]
        fields = ["Id", "Status", "StatusCode", *paths(plan.header for plan in plans)]
        found = self.records.by_key(ORDER, key, ids, fields=fields) if ids else {}
        for plan in plans:
            plan.stands = found.get(str(plan.header.get(key)))
            plan.id = plan.stands["Id"] if plan.stands else ""
        self._find_entries(plans)
        self._read_items(plans)
        return plans

    def _name_books(self, plans: Sequence[Plan]) -> None:
        without = [plan for plan in plans if plan.lines and not plan.header.get(BOOK)]
        book = Prices(self.records, Bulk(self.client)).standard_book() if without else ""
        for plan in without:
            plan.header[BOOK] = book

    def _find_entries(self, plans: Sequence[Plan]) -> None:
        """Give each line its entry in the order's price book; a line without one refuses the order."""
        self._find_products(plans)
        books: dict[str, dict[str, None]] = defaultdict(dict)
        for plan in plans:
            ids = [str(line["Product2Id"]) for line in plan.lines or () if line.get("Product2Id")]
            books[str(plan.header.get(BOOK))] |= dict.fromkeys(ids)
        prices = Prices(self.records, Bulk(self.client))
        entries = {book: prices.entries(book, list(ids)) if ids else {} for book, ids in books.items()}
        for plan in plans:
            known = entries[str(plan.header.get(BOOK))]
            for place, line in enumerate(plan.lines or ()):
                product = line.pop("Product2Id", None)
                entry = entry_of(known, str(product), plan.header) if product else None
                if entry is not None:
                    line.setdefault(ENTRY, entry["Id"])
                if not line.get(ENTRY) and plan.is_draft:
                    plan.done.append(_no_entry(place))

    def _find_products(self, plans: Sequence[Plan]) -> None:
        asked: dict[str, dict[str, None]] = defaultdict(dict)
        referring = [
            line for plan in plans for line in plan.lines or () if isinstance(line.get("Product2"), dict)
        ]
        for line in referring:
            for key, value in line["Product2"].items():
                asked[key][str(value)] = None
        found = {key: self.records.by_key("Product2", key, ids, fields=["Id"]) for key, ids in asked.items()}
        for line in referring:
            for key, value in line.pop("Product2").items():
                row = found[key].get(str(value))
                if row is not None:
                    line.setdefault("Product2Id", row["Id"])

    def _read_items(self, plans: Sequence[Plan]) -> None:
        by_order = {plan.id: plan for plan in plans if plan.id and plan.lines is not None}
        if not by_order:
            return
        asked = paths(line for plan in by_order.values() for line in plan.lines or ())
        fields = list(
            dict.fromkeys(["Id", "OrderId", ENTRY, *(f for f in asked if not f.startswith("Product2"))])
        )
        for row in self.records.where(ITEM, "OrderId", by_order, fields=fields):
            by_order[row["OrderId"]].items.append(row)

    def _write_headers(self, plans: Sequence[Plan]) -> None:
        key, settings = self.client.settings.order_key, self.client.settings
        due = [plan for plan in plans if plan.is_fine and plan.different]
        rows = []
        for plan in due:
            row = {key: plan.header.get(key), **plan.different}
            rows.append(row if plan.stands else row | {"Status": settings.draft_status})
        for plan, done in zip(
            due, keyed(rows, key, lambda r: Batches(self.client).upsert(ORDER, key, r)), strict=True
        ):
            plan.done.append(done)
            plan.id = done.id or plan.id

    def _write_lines(self, plans: Sequence[Plan]) -> None:
        """Take away what is not asked for, change what differs, add what is missing."""
        batches = Batches(self.client)
        due: list[tuple[Plan, tuple[list[str], list[Row], list[Row]]]] = []
        for plan in plans:
            found = changes(plan, self.client.settings.order_line_key)
            if plan.is_draft:
                due.append((plan, found))
            elif any(found):
                log.warning("salesforce: order %s is activated; its lines stay as they are", plan.id)
        _share(due, 0, batches.delete)
        _share(due, 1, lambda rows: batches.update(ITEM, rows))
        _share([each for each in due if each[0].is_fine], 2, lambda rows: batches.create(ITEM, rows))

    def _write_status(self, plans: Sequence[Plan]) -> None:
        due = []
        for plan in plans:
            now = plan.stands.get("Status") if plan.stands else self.client.settings.draft_status
            if now != plan.status:
                due.append(plan)
        rows = [{"Id": plan.id, "Status": plan.status} for plan in due]
        for plan, done in zip(due, Batches(self.client).update(ORDER, rows), strict=True):
            plan.done.append(done)


def changes(plan: Plan, line_key: str) -> tuple[list[str], list[Row], list[Row]]:
    """What the lines lack: ids to delete, rows to update, rows to create.

    A line is one with the same price book entry, which cannot change. Of several such, lines that are alike
    go together, then those with the same ``line_key``, then the rest in their order.
    """
    left: dict[str, list[Row]] = defaultdict(list)
    for item in plan.items:
        left[item[ENTRY]].append(item)
    missing = []
    for line in plan.lines or ():
        alike = next((item for item in left[str(line.get(ENTRY))] if holds(item, line)), None)
        if alike is not None:
            left[alike[ENTRY]].remove(alike)
        else:
            missing.append(line)
    updates, creates = [], []
    for line in missing:
        candidates = left[str(line.get(ENTRY))]
        candidates.sort(key=lambda item: not line.get(line_key) or item.get(line_key) != line[line_key])
        if candidates:
            item = candidates.pop(0)
            updates.append({"Id": item["Id"], **{name: line[name] for name in line if name != ENTRY}})
        else:
            creates.append({"OrderId": plan.id, **line})
    deletes = [item["Id"] for items in left.values() for item in items] if plan.lines is not None else []
    return deletes, updates, creates


def _share(due: Sequence[tuple[Plan, tuple[list[Any], ...]]], part: int, send: Any) -> None:
    """Send one part of all orders' changes together, and give each order its answers."""
    rows = [row for _, found in due for row in found[part]]
    answers: Iterator[Done] = iter(send(rows) if rows else ())
    for plan, found in due:
        plan.done += [_of_order(next(answers)) for _ in found[part]]


def _of_order(done: Done) -> Done:
    """A line that is made changes its order."""
    return replace(done, status="changed") if done.status == "created" else done


def _plan(members: Mapping[str, Any]) -> Plan:
    header = dict(members[ORDER])
    lines = members.get("OrderItems")
    return Plan(
        header=header,
        status=str(header.pop("Status", None) or ""),
        lines=None if lines is None else [dict(line) for line in lines],
    )


def _no_entry(place: int) -> Done:
    message = f"line {place + 1}: its product has no entry in the order's price book and currency"
    refusal = Refusal(NO_ENTRY, Reason.NO_REFERENCE, f"OrderItems[{place}].{ENTRY}", message)
    return Done("refused", errors=(refusal,))
