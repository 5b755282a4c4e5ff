"""One customer request: judge, look in Sage, write, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.gateway.customer import Customers
from include.gateway.desk import Desk, as_text
from include.gateway.jobs import Job
from include.gateway.lookup import CUSTOMER
from include.gateway.messages import Finding
from include.gateway.models import CustomerRequest
from include.gateway.problems import Answer, ProblemError

if TYPE_CHECKING:
    from include.gateway.sequence import Fields


class CustomerDesk(Desk):
    """Everything the API does with customers."""

    def carry_out(self, job: Job) -> Answer:
        """See :class:`Desk`."""
        match job:
            case Job(verb="create_customer", customer=CustomerRequest() as customer):
                return self.create(customer, job.key)
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
        writer = Customers(
            self._session,
            self._reading.table(CUSTOMER),
            self._messages,
            retry_after=self._settings.retry_after_seconds,
        )
        division = str(fields.get("ARDivisionNo") or self._settings.default_division)
        written = writer.create(division, customer.CustomerNo, fields)
        self._read_back(division, written.number)
        return _answer(201, "created", (division, written.number), written.warnings)

    def read(self, division: str, number: str) -> Answer:
        """A customer as the table holds it.

        Raises:
            ProblemError: 404.
        """
        row = self._lookup.whole_customer(division, number)
        if row is None:
            raise ProblemError(404, f"there is no customer {number} in division {division}")
        return Answer(200, {"fields": as_text(row)})

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


def _answer(status: int, word: str, customer: tuple[str, str], warnings: tuple[Finding, ...]) -> Answer:
    body = {
        "status": word,
        "ARDivisionNo": customer[0],
        "CustomerNo": customer[1],
        "warnings": [warning.as_json() for warning in warnings],
    }
    return Answer(status, body)
