"""One order request from the first look to the last: judge, look in Sage, write, read back.

It runs in a worker. Judging and looking need no session and so no seat; most repeats end there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from include.gateway.dictionary import Judge, Table
from include.gateway.line_changes import LineChange, differences, line_change
from include.gateway.lookup import DETAIL, HEADER, FoundOrder, Lookup, Standing
from include.gateway.messages import Finding, MessageTable
from include.gateway.order_rules import (
    COMPLETED,
    differing,
    locked_in_erp,
    order_number,
    refuse_locked,
    stands_differing,
)
from include.gateway.problems import Answer, ProblemError, refusal, unavailable
from include.gateway.reading import ReadFailedError, Reading, shown
from include.gateway.sales_order import OrderTables, SalesOrders, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.gateway.models import Expect, OrderRequest
    from include.gateway.sequence import Fields
    from include.gateway.session import SageSession
    from include.gateway.settings import Settings


class OrderDesk:
    """Everything the API does with sales orders."""

    def __init__(
        self,
        settings: Settings,
        session: SageSession,
        reading: Reading,
        lookup: Lookup,
        messages: MessageTable,
    ) -> None:
        self._settings = settings
        self._session = session
        self._reading = reading
        self._lookup = lookup
        self._messages = messages

    def create(self, order: OrderRequest, key: str, *, resumed: bool) -> Answer:
        """Write the order unless it stands in Sage already.

        Args:
            order: the request.
            key: its idempotency key.
            resumed: an earlier attempt of this key ended without an answer.

        Raises:
            ProblemError: nothing was written, or (504) that cannot be told.
        """
        header = self._completed_header(order.header, key)
        self._refuse_what_cannot_be(header, order.lines)
        found = self._lookup.order(header, key)
        if found:
            return self._adopt(found, order.expect, resumed=resumed)
        wanted = order_number(order.SalesOrderNo)
        written = self._patiently(lambda: self._orders().create(wanted, header, order.lines))
        standing = self._read_back(written)
        wrong = differing(order.expect, standing, self._settings.total_tolerance)
        if wrong:
            raise self._take_back(written.number, wrong)
        return _answer(201, "created", written, standing)

    def change(self, number_: str, order: OrderRequest, key: str) -> Answer:
        """Make a live order equal to the request.

        Raises:
            ProblemError: 404 there is no such order; 422 locked_in_erp; otherwise as :meth:`create`.
        """
        live = self._live(number_)
        header = {name: value for name, value in order.header.items() if name != "SalesOrderNo"}
        self._refuse_what_cannot_be(live[0] | header, order.lines, judged=header)
        tables = self._tables()
        new_header = differences(live[0], header, tables.header)
        new_lines = line_change(live[1], order.lines, tables.detail)
        if not new_header and new_lines.is_empty:
            return self._answer_unchanged(number_, order.expect)
        if not (new_lines.is_empty and all(name.startswith("UDF_") for name in new_header)):
            refuse_locked(*live)
        stamped = self._stamped(new_header, key)
        return self._carry_out_change(number_, stamped, new_lines, order.expect)

    def cancel(self, number_: str, reason: str) -> Answer:
        """Delete a live order; one that is gone is fine, one that was shipped is not.

        Raises:
            ProblemError: 422 locked_in_erp; otherwise as :meth:`create`.
        """
        live = self._lookup.whole_order(number_)
        if live is None:
            if self._lookup.history_status(number_) == COMPLETED:
                raise locked_in_erp(["it was shipped and completed"])
            return Answer(200, {"status": "absent", "SalesOrderNo": number_, "warnings": []})
        refuse_locked(*live)
        written = self._patiently(lambda: self._orders().delete(number_, reason=reason))
        if self._read_after(lambda: self._lookup.standing(number_)) is not None:
            raise ProblemError(504, f"Sage confirmed the deletion of order {number_}, yet it stands")
        self._session.writing = False
        warnings = [warning.as_json() for warning in written.warnings]
        return Answer(200, {"status": "cancelled", "SalesOrderNo": number_, "warnings": warnings})

    def read(self, number_: str) -> Answer:
        """A live order as the tables hold it.

        Raises:
            ProblemError: 404.
        """
        live = self._lookup.whole_order(number_)
        if live is None:
            raise ProblemError(404, f"there is no live order {number_}")
        header, lines = live
        body = {"header": as_text(header), "lines": [as_text(line) for line in lines]}
        return Answer(200, body)

    def _live(self, number_: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        live = self._lookup.whole_order(number_)
        if live is not None:
            return live
        if self._lookup.history_status(number_) == COMPLETED:
            raise locked_in_erp(["it was shipped and completed"])
        raise ProblemError(404, f"there is no live order {number_}")

    def _tables(self) -> OrderTables:
        return OrderTables(self._reading.table(HEADER), self._reading.table(DETAIL))

    def _orders(self) -> SalesOrders:
        patience = self._settings.retry_after_seconds
        return SalesOrders(self._session, self._tables(), self._messages, retry_after=patience)

    def _completed_header(self, header: Fields, key: str) -> dict[str, str | int | None]:
        whole = {"ARDivisionNo": self._settings.default_division} | {
            name: value for name, value in header.items() if value is not None
        }
        return self._stamped(whole, key)

    def _stamped(self, header: Fields, key: str) -> dict[str, str | int | None]:
        column = self._settings.sync_key_column
        require_udf(column, self._reading.table(HEADER), HEADER, self._settings)
        return {**header, column: key} if column and key else dict(header)

    def _refuse_what_cannot_be(
        self, header: Fields, lines: Sequence[Fields], *, judged: Fields | None = None
    ) -> None:
        tables = self._tables()
        judge = Judge({HEADER: tables.header, DETAIL: tables.detail}, self._settings.code_page)
        findings = [
            Finding("required", "header", f"{name} is required", field=name)
            for name in ("ARDivisionNo", "CustomerNo")
            if not header.get(name)
        ]
        findings += judge.findings(HEADER, header if judged is None else judged, source="header")
        for position, line in enumerate(lines, start=1):
            findings += judge.findings(DETAIL, line, source="line", line=position)
            if not line.get("ItemCode"):
                findings.append(
                    Finding("required", "line", "ItemCode is required", line=position, field="ItemCode")
                )
        if findings:
            raise refusal(findings, retry_after=self._settings.retry_after_seconds)

    def _adopt(self, found: FoundOrder, expect: Expect | None, *, resumed: bool) -> Answer:
        """Answer with an order that stands. It may have been changed by a person since it was written."""
        standing = self._lookup.standing(found.number, completed=found.completed)
        if standing is None:
            raise ProblemError(504, f"order {found.number} was there a moment ago")
        wrong = differing(expect, standing, self._settings.total_tolerance)
        if wrong and resumed and found.same_key:
            raise stands_differing(found.number, wrong)
        if found.completed:
            wrong.append(Finding("completed", "header", "the order was shipped and completed before"))
        return _answer(200, "adopted", Written(found.number, tuple(wrong)), standing)

    def _answer_unchanged(self, number_: str, expect: Expect | None) -> Answer:
        standing = self._lookup.standing(number_)
        if standing is None:
            raise ProblemError(404, f"there is no live order {number_}")
        wrong = differing(expect, standing, self._settings.total_tolerance)
        return _answer(200, "unchanged", Written(number_, tuple(wrong)), standing)

    def _carry_out_change(
        self, number_: str, header: Fields, lines: LineChange, expect: Expect | None
    ) -> Answer:
        written = self._patiently(lambda: self._orders().change(number_, header, lines))
        standing = self._read_back(written)
        wrong = differing(expect, standing, self._settings.total_tolerance)
        if wrong:
            self._session.writing = False
            raise stands_differing(number_, wrong)
        return _answer(200, "changed", written, standing)

    def _patiently(self, write: Callable[[], Written]) -> Written:
        """One more try after a lock: most are held for the blink of a screen."""
        try:
            return write()
        except ProblemError as problem:
            if problem.status != 423:
                raise
        time.sleep(self._settings.lock_retry_seconds)
        return write()

    def _read_back(self, written: Written) -> Standing:
        """What was written as ODBC sees it; -1 may or may not have saved, so an order may be missing."""
        standing = self._read_after(lambda: self._lookup.standing(written.number))
        self._session.writing = False
        if standing is None and written.warnings:
            raise refusal(written.warnings, retry_after=self._settings.retry_after_seconds)
        if standing is None:
            raise ProblemError(504, f"Sage confirmed order {written.number}, yet it cannot be read")
        return standing

    def _read_after(self, read: Callable[[], Standing | None]) -> Standing | None:
        try:
            return read()
        except ReadFailedError as error:
            self._session.writing = False
            raise ProblemError(504, f"written, but {error.detail}", errors=error.errors) from error

    def _take_back(self, number_: str, wrong: list[Finding]) -> ProblemError:
        """Delete what was just written and is not what was asked for."""
        try:
            self._orders().delete(number_)
            gone = self._lookup.standing(number_) is None
        except ProblemError:
            gone = False
        self._session.writing = False
        if not gone:
            return stands_differing(number_, wrong)
        return ProblemError(
            422, f"Sage made something else of the order; {number_} was removed again", errors=wrong
        )


def require_udf(name: str, table: Table, table_name: str, settings: Settings) -> None:
    """A UDF that the settings promise must be there, or every look-up would find nothing.

    Raises:
        ProblemError: 503 misconfigured.
    """
    if name and name not in table:
        raise unavailable(
            "misconfigured",
            f"{table_name} has no column {name}: add the UDF in Sage or empty the setting",
            retry_after=settings.retry_after_seconds,
        )


def as_text(row: Mapping[str, Any]) -> dict[str, str | None]:
    """A row as the API shows it."""
    return {name: shown(value) for name, value in row.items()}


def _answer(status: int, word: str, written: Written, standing: Standing) -> Answer:
    body = {
        "status": word,
        "SalesOrderNo": written.number,
        "lines": standing.lines,
        "totals": standing.as_json(),
        "warnings": [warning.as_json() for warning in written.warnings],
    }
    return Answer(status, body)
