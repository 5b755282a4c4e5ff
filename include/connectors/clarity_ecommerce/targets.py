"""Clarity as the one who is told: each kind of record written from its finished JSON, each answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.canonical.reasons import Reason
from include.connectors.clarity_ecommerce.likeness import holds, plain
from include.connectors.clarity_ecommerce.reader import ClarityReader
from include.connectors.clarity_ecommerce.records import Kind, StockWrite, Write
from include.connectors.clarity_ecommerce.writer import CHANGE_ORDER, STATUS, VOIDED, ClarityWriter
from include.connectors.documents import Answer, Refusal
from include.connectors.ports import utcnow
from include.errors import IntegrationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.clarity_ecommerce.records import WriteResult
    from include.connectors.documents import Document, DocumentStatus
    from include.connectors.ports import Clock

NOT_SOLD = frozenset({"sku_not_found"})
"""Refusals that say no more than that the shop does not sell the item."""

STANDING = frozenset({"created", "adopted", "changed", "unchanged"})
"""Answers by which a record is as it was asked for."""
ON_ITS_WAY = frozenset({"Shipped", "InTransit"})
"""Statuses of a shipment whose goods have left."""


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
        writes = [Write(each.idempotency_key, each.members, each.target_id) for each in documents]
        back = [each for each in writes if _is_voided(each.content)]
        for send, some in (
            (writer.write_shipments, [each for each in writes if each not in back]),
            (writer.void_shipments, back),
        ):
            try:
                answers |= {each.key: answer_of(each) for each in (send(some) if some else ())}
            except IntegrationError as error:
                if not answers:
                    raise
                wait = getattr(error, "retry_after", None)
                answers |= {each.key: Answer(each.key, "retry", retry_after=wait) for each in some}
        return [self._with_its_order(writer, each, answers[each.key]) for each in writes]

    def _with_its_order(self, writer: ClarityWriter, write: Write, answer: Answer) -> Answer:
        """The shipment's answer once its order has moved too; to ask again for both is harmless."""
        if answer.status not in STANDING or not self._moves(write.content):
            return answer
        try:
            (moved,) = writer.follow_shipments([write])
        except TransientError as error:
            return Answer(write.key, "retry", retry_after=error.retry_after)
        if moved.status == "refused":
            return answer_of(moved)
        if moved.status in {"retry", "unknown"}:
            return Answer(write.key, "retry", retry_after=moved.retry_after)
        return answer

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
