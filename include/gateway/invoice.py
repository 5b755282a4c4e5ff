"""Shipping and invoice data entry through ``SO_Shipping_bus`` and ``SO_Invoice_bus``: an order's goods go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.gateway.dialogue import Dialogue
from include.gateway.dictionary import to_sage
from include.gateway.line_changes import walk
from include.gateway.messages import Finding, MessageTable
from include.gateway.sequence import Fields, in_order
from include.gateway.session import TRACKING, SageSession, Task
from include.gateway.writing import NEW_KEY, Writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.gateway.dictionary import Table
    from include.gateway.objects import BusinessObject

INVOICE_FIRST = ("SalesOrderNo",)
"""The order fills the whole entry."""


@dataclass(frozen=True, slots=True)
class InvoiceTables:
    """The columns of entry, lines and packages on this site."""

    header: Table
    detail: Table
    tracking: Table


class Invoices(Writer):
    """Writes entries and their packages in one session."""

    def __init__(
        self, session: SageSession, tables: InvoiceTables, messages: MessageTable, *, retry_after: int
    ) -> None:
        super().__init__(session, messages, retry_after=retry_after)
        self._tables = tables

    def create(
        self, task: Task, order_no: str, header: Fields, shipped: Mapping[str, str] | None
    ) -> tuple[str, tuple[Finding, ...]]:
        """Draw an order into a new entry under Sage's next number; gives the number and Sage's warnings.

        Args:
            task: shipping or invoice data entry.
            order_no: the live order.
            header: further columns of the entry.
            shipped: quantity by the order's LineKey; None ships all.

        Raises:
            ProblemError: 422 refused, 423 locked, 503 no session; nothing was written.
        """
        invoice = self._session.business_object(task)
        talk = Dialogue(self._messages)
        number = self._open_next(
            invoice, talk, invoice.nGetNextInvoiceNo, field="InvoiceNo", doing="the next invoice number"
        )
        fields = in_order({**header, "SalesOrderNo": order_no}, INVOICE_FIRST)
        leading = frozenset(INVOICE_FIRST)
        if talk.set_fields(invoice, fields, self._tables.header, source="header", leading=leading):
            self._fill_lines(invoice, talk, order_no, shipped)
        self._write(invoice, talk, doing="the invoice", lines=invoice.oLines)
        return number, tuple(talk.warnings)

    def delete(self, task: Task, number: str) -> None:
        """Take an entry back.

        Raises:
            ProblemError: as :meth:`create`.
        """
        invoice = self._session.business_object(task)
        talk = Dialogue(self._messages)
        answer = invoice.nSetKey(number)
        self._demand(invoice, talk, answer, new=False, field="InvoiceNo", value=number)
        self._carry_out(invoice, talk, invoice.nDelete, doing="the deletion")
        invoice.nClear()

    def pack(self, number: str, package: Fields) -> None:
        """Write one package of an entry, or make the one of its number equal to it.

        Raises:
            ProblemError: as :meth:`create`.
        """
        tracking = self._session.business_object(TRACKING)
        talk = Dialogue(self._messages)
        value = str(package["PackageNo"])
        answer = self._set_key(tracking, talk, InvoiceNo=number, PackageNo=value)
        new = bool(answer == NEW_KEY)
        self._demand(tracking, talk, answer, new=new, field="PackageNo", value=value)
        rest = {name: each for name, each in package.items() if name != "PackageNo"}
        talk.set_fields(tracking, in_order(rest, ()), self._tables.tracking, source="header")
        self._write(tracking, talk, doing="the package")

    def _fill_lines(
        self, invoice: BusinessObject, talk: Dialogue, order_no: str, shipped: Mapping[str, str] | None
    ) -> None:
        lines = invoice.oLines
        copied = lines.nCopyLinesFromSalesOrder(order_no, "Y" if shipped is None else "N")
        if not talk.heard(copied, lines, "line", doing="the order's lines") or shipped is None:
            return
        left = dict(shipped)
        positions = {key: position for position, key in enumerate(shipped, start=1)}
        quantity = self._tables.detail["QuantityShipped"]
        for key in walk(lines, "OrderLineKey$", self._session.reference):
            if key in left:
                place, value = positions[key], left.pop(key)
                answer = lines.nSetValue(quantity.spoken, to_sage(quantity, value))
                field = quantity.name
                if talk.heard(answer, lines, "line", line=place, field=field, value=value):
                    talk.heard(lines.nWrite(), lines, "line", line=place, doing="the line")
        talk.errors += [
            Finding("not_on_file", "line", "no such open line", positions[key], "OrderLineKey", key)
            for key in left
        ]
