"""One order request from the first look to the last: judge, look in Sage, write, read back.

It runs in a worker. Judging and looking need no session and so no seat; most repeats end there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.gateway.credit import CreditDesk, counts
from include.gateway.desk import Desk, as_text
from include.gateway.jobs import Job
from include.gateway.line_changes import NO_LINES, LineChange, differences, line_change
from include.gateway.lookup import DETAIL, HEADER, FoundOrder, Lookup, Standing
from include.gateway.messages import Finding, MessageTable
from include.gateway.models import OrderRequest
from include.gateway.order_rules import (
    COMPLETED,
    HELD,
    differing,
    held_for,
    locked_in_erp,
    order_number,
    otherwise_held,
    refuse_locked,
    stands_differing,
)
from include.gateway.problems import Answer, ProblemError
from include.gateway.sales_order import OrderTables, SalesOrders, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.gateway.models import Expect
    from include.gateway.reading import Reading
    from include.gateway.sequence import Fields
    from include.gateway.session import SageSession
    from include.gateway.settings import Settings


class OrderDesk(Desk):
    """Everything the API does with sales orders."""

    def __init__(
        self,
        settings: Settings,
        session: SageSession,
        reading: Reading,
        lookup: Lookup,
        messages: MessageTable,
    ) -> None:
        super().__init__(settings, session, reading, lookup, messages)
        self._credit = CreditDesk(settings, reading)

    def carry_out(self, job: Job) -> Answer:
        """See :class:`Desk`."""
        match job:
            case Job(verb="create_order", order=OrderRequest() as order):
                return self.create(order, job.key, resumed=job.resumed)
            case Job(verb="change_order", order=OrderRequest() as order):
                return self.change(job.number, order, job.key)
            case Job(verb="cancel_order"):
                return self.cancel(job.number, job.reason)
            case Job(verb="hold_order"):
                return self.hold(job.number, job.reason, job.key)
            case Job(verb="release_order"):
                return self.release(job.number, job.reason, job.key)
            case Job(verb="read_order"):
                return self.read(job.number)
        raise job.misses_its_record()

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
        exceeded = self._exceeded_credit(header, order)
        whole = header | held_for(order.hold_reason) if exceeded else header
        wanted = order_number(order.SalesOrderNo)
        written = self._patiently(lambda: self._orders().create(wanted, whole, order.lines))
        written = replace(written, warnings=(*exceeded, *written.warnings))
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
        stamped = self._stamped(HEADER, new_header, key)
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
        warnings = [warning.as_json() for warning in written.warnings]
        return Answer(200, {"status": "cancelled", "SalesOrderNo": number_, "warnings": warnings})

    def hold(self, number_: str, reason: str, key: str) -> Answer:
        """Put a live order on hold, for a reason that may be one of Sage's cancel reason codes.

        An order that is on hold stays as it is, whatever it is held for.

        Raises:
            ProblemError: as :meth:`change`.
        """
        header, _ = self._live(number_)
        if header["OrderStatus"] == HELD:
            other = reason and otherwise_held(header, reason)
            return self._answer_unchanged(number_, None, warnings=[other] if other else [])
        return self._move(number_, held_for(reason), key)

    def release(self, number_: str, reason: str, key: str) -> Answer:
        """Take a live order off hold; with a reason, only when it is held for that one.

        Raises:
            ProblemError: as :meth:`change`; 422 held_otherwise, somebody holds it for another reason.
        """
        header, _ = self._live(number_)
        if header["OrderStatus"] != HELD:
            return self._answer_unchanged(number_, None)
        other = reason and otherwise_held(header, reason)
        if other:
            raise self._refusal([other])
        status = self._settings.released_status
        return self._move(number_, {"OrderStatus": status, "CancelReasonCode": ""}, key)

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

    def _move(self, number_: str, status: Fields, key: str) -> Answer:
        """Set nothing but status and reason; the lines stay as they are."""
        live = self._live(number_)
        new = differences(live[0], status, self._tables().header)
        if not new:
            return self._answer_unchanged(number_, None)
        refuse_locked(*live)
        return self._carry_out_change(number_, self._stamped(HEADER, new, key), NO_LINES, None)

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
        return self._stamped(HEADER, whole, key)

    def _exceeded_credit(self, header: Fields, order: OrderRequest) -> tuple[Finding, ...]:
        """What speaks against the order's amount, unless nobody asked.

        Raises:
            ProblemError: 422, something does and the request wants it refused.
        """
        if order.credit == "ignore" or not counts(header):
            return ()
        if order.expect is None:
            missing = "a credit check needs to know what the order comes to"
            raise self._refusal([Finding("required", "header", missing, field="expect")])
        credit = self._credit.of(str(header["ARDivisionNo"]), str(header["CustomerNo"]))
        exceeded = credit.against(order.expect.amount) if credit else []
        if exceeded and order.credit == "refuse":
            raise self._refusal(exceeded)
        return tuple(exceeded)

    def _refuse_what_cannot_be(
        self, header: Fields, lines: Sequence[Fields], *, judged: Fields | None = None
    ) -> None:
        judge = self._judge(HEADER, DETAIL)
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
            raise self._refusal(findings)

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

    def _answer_unchanged(
        self, number_: str, expect: Expect | None, *, warnings: Sequence[Finding] = ()
    ) -> Answer:
        standing = self._lookup.standing(number_)
        if standing is None:
            raise ProblemError(404, f"there is no live order {number_}")
        wrong = differing(expect, standing, self._settings.total_tolerance)
        return _answer(200, "unchanged", Written(number_, (*wrong, *warnings)), standing)

    def _carry_out_change(
        self, number_: str, header: Fields, lines: LineChange, expect: Expect | None
    ) -> Answer:
        written = self._patiently(lambda: self._orders().change(number_, header, lines))
        standing = self._read_back(written)
        wrong = differing(expect, standing, self._settings.total_tolerance)
        if wrong:
            raise stands_differing(number_, wrong)
        return _answer(200, "changed", written, standing)

    def _read_back(self, written: Written) -> Standing:
        """What was written as ODBC sees it; -1 may or may not have saved, so an order may be missing."""
        standing = self._read_after(lambda: self._lookup.standing(written.number))
        if standing is None and written.warnings:
            raise self._refusal(written.warnings)
        if standing is None:
            raise ProblemError(504, f"Sage confirmed order {written.number}, yet it cannot be read")
        return standing

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


def _answer(status: int, word: str, written: Written, standing: Standing) -> Answer:
    body = {
        "status": word,
        "SalesOrderNo": written.number,
        "OrderStatus": standing.status,
        "lines": standing.lines,
        "totals": standing.as_json(),
        "warnings": [warning.as_json() for warning in written.warnings],
    }
    return Answer(status, body)
