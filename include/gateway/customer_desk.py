"""One customer request: judge, look in Sage, write, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.gateway.customer import Customers
from include.gateway.desk import Desk, as_text
from include.gateway.jobs import Job
from include.gateway.line_changes import differences
from include.gateway.lookup import CUSTOMER
from include.gateway.messages import Finding
from include.gateway.models import CustomerRequest
from include.gateway.problems import Answer, ProblemError
from include.gateway.reading import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.gateway.sequence import Fields


class CustomerDesk(Desk):
    """Everything the API does with customers."""

    def carry_out(self, job: Job) -> Answer:
        """See :class:`Desk`."""
        match job:
            case Job(verb="create_customer", customer=CustomerRequest() as customer):
                return self.create(customer, job.key)
            case Job(verb="change_customer", customer=CustomerRequest() as customer):
                return self.change(job.division, job.number, customer.fields)
            case Job(verb="read_customer"):
                return self.read(job.division, job.number)
        raise job.misses_its_record()

    def create(self, customer: CustomerRequest, key: str) -> Answer:
        """Write the customer unless one with the same contact id or key stands in Sage.

        Raises:
            ProblemError: nothing was written, or (504) that cannot be told.
        """
        fields = self._stamped(CUSTOMER, customer.fields, key)
        self._refuse_what_cannot_be(fields, customer.CustomerNo)
        found = self._lookup.customer(fields, key)
        if found:
            return _answer(200, "adopted", found, ())
        writer = self._writer()
        division = str(fields.get("ARDivisionNo") or self._settings.default_division)
        written = writer.create(division, customer.CustomerNo, fields)
        self._read_back(division, written.number)
        return _answer(201, "created", (division, written.number), written.warnings)

    def change(self, division: str, number: str, fields: Fields) -> Answer:
        """Make the given columns of a customer equal to the request.

        Raises:
            ProblemError: 404 there is no such customer; 422 read_back_differs, Sage made something else of
                it; otherwise as :meth:`create`.
        """
        standing = self._found(division, number)
        customer = (standing["ARDivisionNo"], standing["CustomerNo"])
        table = self._reading.table(CUSTOMER)
        findings = [*self._judge(CUSTOMER).findings(CUSTOMER, fields, source="header")]
        findings += [_names_it(name) for name in ("ARDivisionNo", "CustomerNo") if name in fields]
        if findings:
            raise self._refusal(findings)
        new = differences(standing, fields, table)
        if not new:
            return _answer(200, "unchanged", customer, ())
        warnings = self._patiently(lambda: self._writer().change(*customer, new))
        written = self._read_after(lambda: self._lookup.whole_customer(*customer))
        wrong = differences(written or {}, new, table)
        if wrong:
            detail = "the customer stands in Sage and differs; a person must compare it"
            raise ProblemError(422, detail, errors=[_differs(name, written or {}) for name in wrong])
        return _answer(200, "changed", customer, warnings)

    def read(self, division: str, number: str) -> Answer:
        """A customer as the table holds it.

        Raises:
            ProblemError: 404.
        """
        return Answer(200, {"fields": as_text(self._found(division, number))})

    def _found(self, division: str, number: str) -> dict[str, Any]:
        row = self._lookup.whole_customer(division, number)
        if row is None:
            raise ProblemError(404, f"there is no customer {number} in division {division}")
        return row

    def _writer(self) -> Customers:
        patience = self._settings.retry_after_seconds
        return Customers(self._session, self._reading.table(CUSTOMER), self._messages, retry_after=patience)

    def _refuse_what_cannot_be(self, fields: Fields, number: str | None) -> None:
        findings = list(self._judge(CUSTOMER).findings(CUSTOMER, fields, source="header"))
        if self._settings.customer_numbers == "given" and not number:
            missing = "this site gives no numbers: send CustomerNo"
            findings.append(Finding("required", "header", missing, field="CustomerNo"))
        if not fields.get("CustomerName"):
            findings.append(Finding("required", "header", "CustomerName is required", field="CustomerName"))
        if findings:
            raise self._refusal(findings)

    def _read_back(self, division: str, number: str) -> None:
        if self._read_after(lambda: self._lookup.whole_customer(division, number)) is None:
            raise ProblemError(504, f"Sage confirmed customer {number}, yet it cannot be read")


def _names_it(column: str) -> Finding:
    return Finding("invalid_value", "header", f"{column} names the customer and is not changed", field=column)


def _differs(column: str, written: Mapping[str, Any]) -> Finding:
    message = f"Sage holds another {column}"
    return Finding("read_back_differs", "header", message, field=column, value=shown(written.get(column)))


def _answer(status: int, word: str, customer: tuple[str, str], warnings: tuple[Finding, ...]) -> Answer:
    body = {
        "status": word,
        "ARDivisionNo": customer[0],
        "CustomerNo": customer[1],
        "warnings": [warning.as_json() for warning in warnings],
    }
    return Answer(status, body)
