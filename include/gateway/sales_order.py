"""Sales orders through ``SO_SalesOrder_bus``: the documented sequence, all or nothing.

Errors are gathered as far as the objects allow, header and every line; then the whole order is
cleared. Nothing reaches Sage's files before the header's ``nWrite``, and what it wrote is read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.gateway.dialogue import Dialogue
from include.gateway.line_changes import LineChange, LineEditor
from include.gateway.messages import Finding, MessageTable
from include.gateway.sequence import HEADER_FIRST, LINE_FIRST, Fields, in_order
from include.gateway.session import SALES_ORDER, SageSession
from include.gateway.writing import NEW_KEY, NUMBERS_TRIED, Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.gateway.dictionary import Table
    from include.gateway.objects import BusinessObject

_HEADER_LEADS = frozenset({"ARDivisionNo", "CustomerNo"})
_LINE_LEADS = frozenset({"ItemCode"})


@dataclass(frozen=True, slots=True)
class OrderTables:
    """The columns of header and lines on this site."""

    header: Table
    detail: Table


@dataclass(frozen=True, slots=True)
class Written:
    """What a write left behind."""

    number: str
    warnings: tuple[Finding, ...]


class SalesOrders(Writer):
    """Writes sales orders in one session."""

    def __init__(
        self, session: SageSession, tables: OrderTables, messages: MessageTable, *, retry_after: int
    ) -> None:
        super().__init__(session, messages, retry_after=retry_after)
        self._tables = tables

    def create(self, number: str | None, header: Fields, lines: Sequence[Fields]) -> Written:
        """Write a new order under ``number`` or Sage's next one.

        Raises:
            ProblemError: 422 refused, 423 locked, 503 no session; nothing was written.
        """
        order = self._session.business_object(SALES_ORDER)
        talk = Dialogue(self._messages)
        number = self._open_new(order, talk, number)
        if self._fill_header(order, talk, header):
            for position, line in enumerate(lines, start=1):
                self._add_line(order, talk, position, line)
        self._write(order, talk, doing="the order", lines=order.oLines)
        return Written(number, tuple(talk.warnings))

    def change(self, number: str, header: Fields, change: LineChange) -> Written:
        """Set header columns and lines of a live order.

        Raises:
            ProblemError: as :meth:`create`.
        """
        order = self._session.business_object(SALES_ORDER)
        talk = Dialogue(self._messages)
        self._open_existing(order, talk, number)
        self._fill_header(order, talk, header)
        LineEditor(order.oLines, talk, self._tables.detail, self._session.reference).carry_out(change)
        for position, line in enumerate(change.added, start=change.kept + 1):
            self._add_line(order, talk, position, line)
        self._write(order, talk, doing="the order", lines=order.oLines)
        return Written(number, tuple(talk.warnings))

    def delete(self, number: str, *, reason: str = "") -> Written:
        """Delete a live order; the history keeps it as X.

        Raises:
            ProblemError: as :meth:`create`.
        """
        order = self._session.business_object(SALES_ORDER)
        talk = Dialogue(self._messages)
        self._open_existing(order, talk, number)
        if reason:
            self._give_reason(order, talk, reason)
        self._carry_out(order, talk, order.nDelete, doing="the deletion")
        order.nClear()
        return Written(number, tuple(talk.warnings))

    def _open_new(self, order: BusinessObject, talk: Dialogue, number: str | None) -> str:
        for _ in range(1 if number else NUMBERS_TRIED):
            candidate = number or self._next_number(
                order, talk, order.nGetNextSalesOrderNo, "the next order number"
            )
            answer = order.nSetKey(candidate)
            if answer == NEW_KEY:
                return candidate
            if not talk.heard(answer, order, "header", field="SalesOrderNo", value=candidate):
                raise self._give_up(order, talk)
            order.nClear()
        taken = Finding(
            "invalid_value", "header", "the order number is taken", field="SalesOrderNo", value=candidate
        )
        talk.errors.append(taken)
        raise self._give_up(order, talk)

    def _open_existing(self, order: BusinessObject, talk: Dialogue, number: str) -> None:
        answer = order.nSetKey(number)
        self._demand(order, talk, answer, new=False, field="SalesOrderNo", value=number)

    def _fill_header(self, order: BusinessObject, talk: Dialogue, header: Fields) -> bool:
        fields = in_order(header, HEADER_FIRST)
        return talk.set_fields(order, fields, self._tables.header, source="header", leading=_HEADER_LEADS)

    def _add_line(self, order: BusinessObject, talk: Dialogue, position: int, line: Fields) -> None:
        lines = order.oLines
        if not talk.heard(lines.nAddLine(), lines, "line", line=position, doing="a new line"):
            return
        before = len(talk.errors)
        fields = in_order(line, LINE_FIRST)
        talk.set_fields(lines, fields, self._tables.detail, source="line", line=position, leading=_LINE_LEADS)
        if len(talk.errors) == before:
            talk.heard(lines.nWrite(), lines, "line", line=position, doing="the line")

    def _give_reason(self, order: BusinessObject, talk: Dialogue, reason: str) -> None:
        """A cancel reason is told to Sage when it is one of its codes; that it is none stops nothing."""
        trial = Dialogue(self._messages)
        answer = order.nSetValue("CancelReasonCode$", reason)
        trial.heard(answer, order, "header", field="CancelReasonCode", value=reason)
        talk.warnings += [*trial.warnings, *trial.errors]
