"""Customers through ``AR_Customer_bus``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.gateway.dialogue import Dialogue
from include.gateway.messages import Finding, MessageTable
from include.gateway.sequence import CUSTOMER_FIRST, Fields, in_order
from include.gateway.session import CUSTOMER, SageSession
from include.gateway.writing import NEW_KEY, NUMBERS_TRIED, Writer

if TYPE_CHECKING:
    from include.gateway.dictionary import Table
    from include.gateway.objects import BusinessObject


@dataclass(frozen=True, slots=True)
class WrittenCustomer:
    """Division and number travel as two fields: ``01-D3600`` is for people."""

    division: str
    number: str
    warnings: tuple[Finding, ...]


class Customers(Writer):
    """Writes customers in one session."""

    def __init__(
        self, session: SageSession, table: Table, messages: MessageTable, *, retry_after: int
    ) -> None:
        super().__init__(session, messages, retry_after=retry_after)
        self._table = table

    def create(self, division: str, number: str | None, fields: Fields) -> WrittenCustomer:
        """Write a new customer under ``number`` or Sage's next one.

        Raises:
            ProblemError: 422 refused, 423 locked, 503 no session; nothing was written.
        """
        customer = self._session.business_object(CUSTOMER)
        talk = Dialogue(self._messages)
        number = self._open_new(customer, talk, division, number)
        rest = {name: value for name, value in fields.items() if name not in {"ARDivisionNo", "CustomerNo"}}
        talk.set_fields(customer, in_order(rest, CUSTOMER_FIRST), self._table, source="header")
        self._write(customer, talk, doing="the customer")
        return WrittenCustomer(division, number, tuple(talk.warnings))

    def change(self, division: str, number: str, fields: Fields) -> tuple[Finding, ...]:
        """Write the given columns of a customer that is there; gives Sage's warnings.

        Raises:
            ProblemError: 422 refused, 423 locked, 503 no session; nothing was written.
        """
        customer = self._session.business_object(CUSTOMER)
        talk = Dialogue(self._messages)
        opened = self._set_key(customer, talk, ARDivisionNo=division, CustomerNo=number)
        self._demand(customer, talk, opened, new=False, field="CustomerNo", value=number)
        talk.set_fields(customer, in_order(fields, CUSTOMER_FIRST), self._table, source="header")
        self._write(customer, talk, doing="the customer")
        return tuple(talk.warnings)

    def _open_new(self, customer: BusinessObject, talk: Dialogue, division: str, number: str | None) -> str:
        for _ in range(1 if number else NUMBERS_TRIED):
            candidate = number or self._next_number(
                customer, talk, customer.nGetNextCustomerNo, "the next customer number"
            )
            answer = self._set_key(customer, talk, ARDivisionNo=division, CustomerNo=candidate)
            if answer == NEW_KEY:
                return candidate
            if not talk.heard(answer, customer, "header", field="CustomerNo", value=candidate):
                raise self._give_up(customer, talk)
            customer.nClear()
        taken = Finding(
            "invalid_value", "header", "the customer number is taken", field="CustomerNo", value=candidate
        )
        talk.errors.append(taken)
        raise self._give_up(customer, talk)
