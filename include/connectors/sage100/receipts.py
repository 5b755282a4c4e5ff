"""Cash receipts of Sage: what stands there, and the gateway as the one who enters them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Refusal
from include.connectors.sage100 import queries
from include.connectors.sage100.marks import SYNC_KEY
from include.connectors.sage100.records import CashReceiptWrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from include.connectors.documents import Document, DocumentStatus
    from include.connectors.sage100.database import Database
    from include.connectors.sage100.reader import Reader
    from include.connectors.sage100.records import GatewayIssue, WriteResult
    from include.connectors.sage100.writer import GatewayClient

KEY = ("DepositNo", "ARDivisionNo", "CustomerNo", "CheckNo")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money from one customer, entered or posted.

    Attributes:
        target_id: deposit, customer and check (``00012-00-0001009-CH1``), as a write answers it.
        customer: ``00-0001009``.
        deposit: the deposit's description.
        day: of the deposit.
        comment: whatever was written beside it: the gateway's number of the payment, in ours.
        sync_key: idempotency key of the write that entered it, blank when a clerk did.
    """

    target_id: str
    customer: str
    deposit: str
    day: date | None
    amount: Decimal
    comment: str = ""
    sync_key: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an order in Sage is, and what was paid on it in advance."""

    customer: str
    deposit: Decimal


def owners(database: Database, orders: Iterable[str]) -> dict[str, Owner]:
    """Owners of orders by SalesOrderNo, live or in history. Two queries for each 200."""
    wanted, found = sorted(set(orders)), dict[str, Owner]()
    for statement in (queries.PAST_ORDER_OWNERS, queries.ORDER_OWNERS):
        for row in database.fetch(statement, wanted).to_pylist():
            customer = f"{row['ARDivisionNo']}-{row['CustomerNo']}"
            found[row["SalesOrderNo"]] = Owner(customer, row["DepositAmt"] or Decimal(0))
    return found


def standing(database: Database, customers: Iterable[str]) -> list[Receipt]:
    """All receipts of customers (``01-D3600``): three queries for each 200."""
    wanted = set(customers)
    numbers = sorted({each.partition("-")[2] for each in wanted})
    entered = database.fetch(queries.ENTERED_RECEIPTS, numbers).to_pylist()
    deposits = {row["DepositNo"] for row in entered}
    # What is posted between the reads is seen twice and counted once; the other way round it would be missed.
    posted = database.fetch(queries.POSTED_RECEIPTS, numbers).to_pylist()
    found = _receipts(entered, database.fetch(queries.DEPOSITS, sorted(deposits)).to_pylist(), posted)
    return [each for each in found if each.customer in wanted]


def received(database: Database, since: date) -> list[Receipt]:
    """Receipts that are entered, and those of deposits since a day. Three queries."""
    entered = database.fetch(queries.ENTERED_RECEIPTS).to_pylist()
    posted = database.fetch(queries.POSTED_RECEIPTS, since=since).to_pylist()
    found = _receipts(entered, database.fetch(queries.DEPOSITS).to_pylist(), posted)
    return [each for each in found if each.day is None or each.day >= since]


def _receipts(
    entered: Iterable[Mapping[str, Any]],
    deposits: Iterable[Mapping[str, Any]],
    posted: Iterable[Mapping[str, Any]],
) -> list[Receipt]:
    opened = {row["DepositNo"]: row for row in deposits}
    found = {}
    for row in entered:
        receipt = _receipt(row, opened.get(row["DepositNo"], {}), row["PostingAmt"])
        found[receipt.target_id] = receipt
    sums: dict[str, Decimal] = {}
    for row in posted:
        receipt = _receipt(row, row, Decimal(0))
        sums[receipt.target_id] = sums.get(receipt.target_id, Decimal(0)) + row["CashAmountApplied"]
        found[receipt.target_id] = _receipt(row, row, sums[receipt.target_id])
    return list(found.values())


def _receipt(row: Mapping[str, Any], deposit: Mapping[str, Any], amount: Decimal) -> Receipt:
    return Receipt(
        target_id="-".join(row[name] for name in KEY),
        customer=f"{row['ARDivisionNo']}-{row['CustomerNo']}",
        deposit=deposit.get("DepositDesc") or "",
        day=deposit.get("DepositDate"),
        amount=amount,
        comment=row["Comment"] or "",
        sync_key=row.get(SYNC_KEY) or "",
    )


@dataclass(frozen=True, slots=True)
class SageReceipts:
    """Cash receipts, each entered once.

    Args:
        writes: the gateway.
        reads: what stands, after an unknown outcome.
    """

    writes: GatewayClient
    reads: Reader

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Enter receipts. Raises as :meth:`GatewayClient.create_cash_receipts`."""
        return [_answer(each) for each in self.writes.create_cash_receipts([_write(d) for d in documents])]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Receipts that these very writes entered, by key."""
        keys = {document.idempotency_key: document.key for document in documents}
        headers = (document.members["header"] for document in documents)
        customers = {f"{header['ARDivisionNo']}-{header['CustomerNo']}" for header in headers}
        return {
            keys[receipt.sync_key]: receipt.target_id
            for receipt in self.reads.receipts_of(customers)
            if receipt.sync_key in keys
        }


def _write(document: Document) -> CashReceiptWrite:
    members = document.members
    return CashReceiptWrite(
        key=document.key,
        idempotency_key=document.idempotency_key,
        deposit=_texts(members["deposit"]),
        header=_texts(members["header"]),
        lines=[_texts(line) for line in members["lines"]],
    )


def _texts(columns: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in columns.items()}


def _text(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _answer(result: WriteResult) -> Answer:
    """Sage's word in the words of all targets."""
    status: DocumentStatus = result.status  # type: ignore[assignment]  # a receipt is never cancelled
    refusals = tuple(_refusal(issue) for issue in result.errors) if status == "refused" else ()
    return Answer(result.key, status, result.target_id, refusals, result.retry_after)


def _refusal(issue: GatewayIssue) -> Refusal:
    return Refusal(issue.code, Reason.REFUSED, issue.field, issue.message)
