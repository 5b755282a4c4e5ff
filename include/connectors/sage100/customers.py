"""Sage 100's customers as the one who is told: written from finished JSON through the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.connectors.documents import Answer, Refusal
from include.connectors.sage100.errors import reason_for
from include.connectors.sage100.records import CustomerWrite, WriteResult
from include.errors import IntegrationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.connectors.documents import Document, DocumentStatus
    from include.connectors.sage100.writer import GatewayClient

NEW = "new"
"""The member that only a new customer is given."""
ADDRESS = ("AddressLine1", "AddressLine2", "AddressLine3", "City", "State", "ZipCode", "CountryCode")


@dataclass(frozen=True, slots=True)
class SageCustomers:
    """Customers by division and number. Of one who is known only what the shop owns is changed.

    Args:
        gateway: carries the calls.
    """

    gateway: GatewayClient

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Create or change customers; the rest comes back once one is answered.

        Raises as :meth:`GatewayClient.create_customers`.
        """
        writes = [_customer(document) for document in documents]
        results = {result.key: result for result in self._results(writes)}
        return [_answer(results[write.idempotency_key]) for write in writes]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Nothing: a customer is adopted or made equal, so what was perhaps told is told again."""
        del documents
        return {}

    def _results(self, writes: Sequence[CustomerWrite]) -> Iterator[WriteResult]:
        new = [write for write in writes if not write.target_id]
        if new:
            yield from self.gateway.create_customers(new)
        answered = bool(new)
        for write in writes:
            if write.target_id:
                yield self._changed(write, answered=answered)
                answered = True

    def _changed(self, write: CustomerWrite, *, answered: bool) -> WriteResult:
        try:
            return self.gateway.change_customer(write)
        except IntegrationError as error:
            if not answered:
                raise
            wait = getattr(error, "retry_after", None)
            return WriteResult(write.idempotency_key, "retry", retry_after=wait)


def _customer(document: Document) -> CustomerWrite:
    members = document.members
    (new,) = members.pop(NEW)
    if document.target_id:
        # An address is told whole: what is left of another one would make a third.
        told = dict.fromkeys(ADDRESS, "") if members.keys() & set(ADDRESS) else {}
        return CustomerWrite(document.key, document.idempotency_key, told | members, document.target_id)
    return CustomerWrite(document.key, document.idempotency_key, new | members)


def _answer(result: WriteResult) -> Answer:
    status: DocumentStatus = result.status  # type: ignore[assignment]  # customers are not cancelled
    refusals = tuple(
        Refusal(issue.code, reason_for(issue.code), issue.field, issue.message) for issue in result.errors
    )
    return Answer(result.key, status, result.target_id, refusals, result.retry_after)
