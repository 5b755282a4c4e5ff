"""One shipment or invoice of an order: judge, look in Sage, write the entry, then its packages, read back.

Packages are written behind their entry, one by one. One that is refused takes the entry back; an answer that
is lost in between is made good by the same key, which finds the entry and packs what is missing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.gateway.desk import Desk
from include.gateway.invoice import Invoices, InvoiceTables
from include.gateway.line_changes import differences
from include.gateway.messages import Finding
from include.gateway.order_rules import order_number
from include.gateway.problems import Answer, ProblemError
from include.gateway.reading import number
from include.gateway.session import INVOICE, SHIPPING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.gateway.invoice_models import InvoiceRequest
    from include.gateway.jobs import Job
    from include.gateway.sequence import Fields
    from include.gateway.session import Task

HEADER = "SO_InvoiceHeader"
DETAIL = "SO_InvoiceDetail"
TRACKING = "SO_InvoiceTracking"
POSTED = "AR_InvoiceHistoryHeader"

OF_ORDER = "SELECT * FROM {table} WHERE SalesOrderNo = ? ORDER BY InvoiceNo"
LINES = "SELECT OrderLineKey, QuantityShipped FROM SO_InvoiceDetail WHERE InvoiceNo = ?"
PACKAGES = "SELECT * FROM SO_InvoiceTracking WHERE InvoiceNo = ?"
POSTED_PACKAGES = "SELECT PackageNo FROM AR_InvoiceHistoryTracking WHERE InvoiceNo = ? AND HeaderSeqNo = ?"
TASKS: dict[str, Task] = {"shipment": SHIPPING, "invoice": INVOICE}


class InvoiceDesk(Desk):
    """Everything the API does with shipments and invoices."""

    def carry_out(self, job: Job) -> Answer:
        """See :class:`Desk`."""
        if job.invoice is None:
            raise job.misses_its_record()
        return self.create(TASKS[job.noun], job.invoice, job.key)

    def create(self, task: Task, request: InvoiceRequest, key: str) -> Answer:
        """Enter the order's goods unless this key has done so, be it posted since.

        Raises:
            ProblemError: 404 there is no such live order; nothing was written, or (504) that cannot be told.
        """
        header = self._stamped(HEADER, request.header, key)
        packages = [package.model_dump(exclude_none=True) for package in request.packages]
        self._refuse_what_cannot_be(header, packages)
        order_no = order_number(request.SalesOrderNo) or request.SalesOrderNo
        entered = self._of_key(HEADER, order_no, key)
        if entered:
            self._pack_or_take_back(self._writer(), task, str(entered["InvoiceNo"]), packages)
            return self._answer(200, "adopted", entered, len(packages), ())
        posted = self._of_key(POSTED, order_no, key)
        if posted:
            return self._answer_posted(posted, len(packages))
        if self._lookup.whole_order(order_no) is None:
            raise ProblemError(404, f"there is no live order {order_no}")
        return self._enter(task, order_no, header, request, packages)

    def _enter(
        self, task: Task, order_no: str, header: Fields, request: InvoiceRequest, packages: list[Any]
    ) -> Answer:
        writer = self._writer()
        shipped = (
            None if request.lines is None else {r.OrderLineKey: r.QuantityShipped for r in request.lines}
        )
        invoice_no, warnings = self._patiently(lambda: writer.create(task, order_no, header, shipped))
        lines = self._read_after(lambda: self._reading.rows(LINES, invoice_no))
        if not lines:
            raise ProblemError(504, "Sage confirmed the invoice, yet it cannot be read")
        stands = {str(line["OrderLineKey"]): number(line["QuantityShipped"]) for line in lines}
        wrong = [
            Finding(
                "read_back_differs", "line", f"line {key} ships another quantity", field="QuantityShipped"
            )
            for key, quantity in (shipped or {}).items()
            if stands.get(key) != Decimal(quantity)
        ]
        if wrong:
            raise self._taken_back(writer, task, invoice_no, wrong)
        self._pack_or_take_back(writer, task, invoice_no, packages)
        entry = {"InvoiceNo": invoice_no, "SalesOrderNo": order_no}
        return self._answer(201, "created", entry, len(packages), warnings)

    def _of_key(self, table: str, order_no: str, key: str) -> dict[str, Any] | None:
        """The entry that this key made. Without the UDF, the entry of the order has to do: there is one."""
        column = self._settings.sync_key_column
        rows = self._reading.rows(OF_ORDER.format(table=table), order_no)
        if not column and table == HEADER:
            return next(iter(rows), None)
        return next((row for row in rows if row.get(column) == key), None)

    def _pack_or_take_back(self, writer: Invoices, task: Task, invoice_no: str, packages: list[Any]) -> None:
        try:
            self._pack(writer, invoice_no, packages)
        except ProblemError as problem:
            if problem.status != 422:
                detail = "the goods are entered, a package is not; repeat with the same key"
                raise ProblemError(504, detail, errors=problem.errors) from problem
            raise self._taken_back(writer, task, invoice_no, problem.errors) from problem

    def _pack(self, writer: Invoices, invoice_no: str, packages: list[Any]) -> None:
        """Write the packages that do not stand as wanted."""
        if not packages:
            return
        table = self._reading.table(TRACKING)
        stands = {str(row["PackageNo"]): row for row in self._reading.rows(PACKAGES, invoice_no)}
        for package in packages:
            if differences(stands.get(package["PackageNo"], {}), package, table):
                self._patiently(lambda wanted=package: writer.pack(invoice_no, wanted))  # type: ignore[misc]
        found = self._read_after(lambda: self._reading.rows(PACKAGES, invoice_no))
        if not {package["PackageNo"] for package in packages} <= {str(row["PackageNo"]) for row in found}:
            raise ProblemError(504, "Sage confirmed the packages, yet they cannot be read")

    def _taken_back(
        self, writer: Invoices, task: Task, invoice_no: str, wrong: Iterable[Finding]
    ) -> ProblemError:
        errors = list(wrong)
        try:
            writer.delete(task, invoice_no)
        except ProblemError:
            detail = f"invoice {invoice_no} stands in Sage and is not as asked for; a person must see to it"
            return ProblemError(422, detail, errors=errors, extra={"InvoiceNo": invoice_no})
        finally:
            self._session.writing = False
        return ProblemError(422, "the goods cannot go like this; the entry was removed again", errors=errors)

    def _writer(self) -> Invoices:
        tables = InvoiceTables(*map(self._reading.table, (HEADER, DETAIL, TRACKING)))
        patience = self._settings.retry_after_seconds
        return Invoices(self._session, tables, self._messages, retry_after=patience)

    def _refuse_what_cannot_be(self, header: Fields, packages: list[Any]) -> None:
        judge = self._judge(HEADER, TRACKING)
        findings = list(judge.findings(HEADER, header, source="header"))
        for package in packages:
            findings += judge.findings(TRACKING, package, source="header")
        if findings:
            raise self._refusal(findings)

    def _answer_posted(self, posted: dict[str, Any], wanted: int) -> Answer:
        """Nothing can be packed any more; what is missing is told."""
        key = (str(posted["InvoiceNo"]), str(posted["HeaderSeqNo"]))
        packed = len(self._reading.rows(POSTED_PACKAGES, *key))
        message = f"posted with {packed} packages of {wanted}"
        missing = [Finding("read_back_differs", "header", message, field="PackageNo")]
        told = missing if packed < wanted else []
        return self._answer(200, "adopted", posted, packed, told, stage="posted")

    def _answer(
        self,
        status: int,
        word: str,
        entry: dict[str, Any],
        packages: int,
        warnings: Iterable[Finding],
        *,
        stage: str = "entered",
    ) -> Answer:
        body = {
            "status": word,
            "stage": stage,
            "InvoiceNo": str(entry["InvoiceNo"]),
            "SalesOrderNo": str(entry["SalesOrderNo"]),
            "packages": packages,
            "warnings": [warning.as_json() for warning in warnings],
        }
        return Answer(status, body)
