"""Clarity as the one who is told: each kind of record written from its finished JSON, each answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from include.canonical.reasons import Reason
from include.connectors.clarity_ecommerce.likeness import holds, plain
from include.connectors.clarity_ecommerce.progress import ON_ITS_WAY, VOIDED
from include.connectors.clarity_ecommerce.reader import ClarityReader
from include.connectors.clarity_ecommerce.records import Kind, StockWrite, Write, WriteResult
from include.connectors.clarity_ecommerce.writer import CHANGE_ORDER, STATUS, ClarityWriter
from include.connectors.documents import Answer, Refusal
from include.connectors.ports import utcnow
from include.errors import IntegrationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.clarity_ecommerce.records import WriteStatus
    from include.connectors.documents import Document, DocumentStatus
    from include.connectors.ports import Clock

NOT_SOLD = frozenset({"sku_not_found"})
"""Refusals that say no more than that the shop does not sell the item."""

STANDING = frozenset({"created", "adopted", "changed", "unchanged"})
"""Answers by which a record is as it was asked for."""


@dataclass(frozen=True, slots=True)
class ClarityStock:
    """What warehouses hold, 500 a call. Values are absolute: to tell them twice is to tell them once.

    Args:
        client: carries the calls.
        clock: gives the present.
    """

    client: ClarityClient
    clock: Clock = utcnow

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Set the stock of items in warehouses. Raises as :meth:`ClarityWriter.update_inventory`."""
        writes = [_stock(document) for document in documents]
        results = ClarityWriter(self.client).update_inventory(writes, as_of=self.clock())
        return [answer_of(each) for each in results]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Nothing: what was perhaps told is told again."""
        del documents
        return {}


@dataclass(frozen=True, slots=True)
class ClarityShipments:
    """Shipments by their number; the shop's customer is told once, by the creation.

    One whose status is ``Voided`` is taken back, whatever else it says. Goods on their way take their order's
    status along.

    Args:
        client: carries the calls.
    """

    client: ClarityClient

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Create, correct or void shipments; the rest comes back once one is answered.

        Raises as :meth:`ClarityWriter.write_shipments`.
        """
        writer, answers = ClarityWriter(self.client), dict[str, Answer]()
        sent, back = list[Write](), list[Write]()
        for each in documents:
            write = Write(each.idempotency_key, each.members, each.target_id)
            (back if _is_voided(write.content) else sent).append(write)
        for send, some in ((writer.write_shipments, sent), (writer.void_shipments, back)):
            try:
                answers |= {each.key: answer_of(each) for each in (send(some) if some else ())}
            except IntegrationError as error:
                if not answers:
                    raise
                wait = getattr(error, "retry_after", None)
                answers |= {each.key: Answer(each.key, "retry", retry_after=wait) for each in some}
        answers |= self._after_their_orders(writer, sent, answers)
        return [answers[each.idempotency_key] for each in documents]

    def _after_their_orders(
        self, writer: ClarityWriter, sent: Sequence[Write], answers: Mapping[str, Answer]
    ) -> dict[str, Answer]:
        """Move the orders of shipments that stand; gives answers for those whose order did not come along.

        To ask again for both is harmless.
        """
        orders: dict[str, list[Write]] = {}
        for each in sent:
            if answers[each.key].status in STANDING and self._moves(each.content):
                orders.setdefault(str(each.content["orderNumber"]), []).append(each)
        try:
            moved = writer.follow_shipments([some[0] for some in orders.values()])
        except TransientError as error:
            moved = [WriteResult("", "retry", retry_after=error.retry_after)] * len(orders)
        held: dict[str, Answer] = {}
        for result, some in zip(moved, orders.values(), strict=True):
            if result.status in {"refused", "retry", "unknown"}:
                status: WriteStatus = "refused" if result.status == "refused" else "retry"
                told = answer_of(replace(result, id="", status=status))
                held |= {each.key: replace(told, key=each.key) for each in some}
        return held

    def _moves(self, members: Mapping[str, Any]) -> bool:
        return members.get(STATUS) in ON_ITS_WAY and CHANGE_ORDER in self.client.dialect.routes

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Shipments that stand in Clarity as asked, their orders too, by key."""
        reader, writer, found = ClarityReader(self.client), ClarityWriter(self.client), dict[str, str]()
        for document in documents:
            members = document.members
            among = {"orderNumber": str(members.get("orderNumber", ""))}
            record = reader.by_number(Kind.SHIPMENTS, str(members["shipmentNumber"]), among=among)
            notify = self.client.dialect.writes.notify
            kept = {name: value for name, value in members.items() if name != notify}
            if _is_voided(members):
                kept = {STATUS: VOIDED}
            if record is None or not holds(plain(record.raw), kept):
                continue
            if not self._moves(members) or writer.has_followed(str(members["orderNumber"])):
                found[document.key] = record.id
        return found


@dataclass(frozen=True, slots=True)
class ClarityInvoices:
    """Invoices by their number; a whole one replaces what stands.

    Args:
        client: carries the calls.
    """

    client: ClarityClient

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Put invoices. Raises as :meth:`ClarityWriter.put_invoices`."""
        writes = [
            Write(each.idempotency_key, each.members, str(each.members["invoiceNumber"]))
            for each in documents
        ]
        return [answer_of(each) for each in ClarityWriter(self.client).put_invoices(writes)]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Nothing: what was perhaps put is put again."""
        del documents
        return {}


def _is_voided(members: Mapping[str, Any]) -> bool:
    return bool(members.get(STATUS) == VOIDED)


def _stock(document: Document) -> StockWrite:
    members: dict[str, Any] = document.members
    sku, warehouse = str(members.pop("sku")), str(members.pop("warehouseCode"))
    return StockWrite(document.idempotency_key, sku, warehouse, members)


def answer_of(result: WriteResult) -> Answer:
    """The shop's word in the words of all targets. A value that the shop has outrun stands as it is."""
    status: DocumentStatus = "unchanged" if result.status == "outdated" else result.status
    refusals = tuple(
        Refusal(result.code, result.reason or Reason.REFUSED, field, f"Clarity says {result.code}")
        for field in (result.fields or ("",))
    )
    return Answer(result.key, status, result.id, refusals if status == "refused" else (), result.retry_after)
