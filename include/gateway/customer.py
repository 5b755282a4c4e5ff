"""Customers through ``AR_Customer_bus``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.gateway.dialogue import Dialogue
from include.gateway.failpoints import pass_by
from include.gateway.messages import Finding, MessageTable
from include.gateway.problems import refusal
from include.gateway.sequence import CUSTOMER_FIRST, Fields, in_order
from include.gateway.session import CUSTOMER, SageSession

if TYPE_CHECKING:
    from include.gateway.dictionary import Table
    from include.gateway.objects import BusinessObject

NEW_KEY = 2
NUMBERS_TRIED = 3


@dataclass(frozen=True, slots=True)
class WrittenCustomer:
    """Division and number travel as two fields: ``01-D3600`` is for people."""

    division: str
    number: str
    warnings: tuple[Finding, ...]


class Customers:
    """Writes customers in one session."""

    def __init__(
        self, session: SageSession, table: Table, messages: MessageTable, *, retry_after: int
    ) -> None:
        self._session = session
        self._table = table
        self._messages = messages
        self._retry_after = retry_after

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
        if talk.errors:
            self._give_up(customer, talk)
        pass_by("before_write")
        self._session.writing = True
        done = talk.heard(customer.nWrite(), customer, "header", doing="the customer")
        pass_by("after_write")
        if not done:
            self._session.writing = False
            self._give_up(customer, talk)
        return WrittenCustomer(division, number, tuple(talk.warnings))

    def _open_new(self, customer: BusinessObject, talk: Dialogue, division: str, number: str | None) -> str:
        for _ in range(1 if number else NUMBERS_TRIED):
            candidate = number or self._next_number(customer, talk)
            for column, value in (("ARDivisionNo", division), ("CustomerNo", candidate)):
                answer = customer.nSetKeyValue(f"{column}$", value)
                if not talk.heard(answer, customer, "header", field=column, value=value):
                    self._give_up(customer, talk)
            answer = customer.nSetKey()
            if answer == NEW_KEY:
                return candidate
            if not talk.heard(answer, customer, "header", field="CustomerNo", value=candidate):
                self._give_up(customer, talk)
            customer.nClear()
        talk.errors.append(
            Finding(
                "invalid_value", "header", "the customer number is taken", field="CustomerNo", value=candidate
            )
        )
        return self._give_up(customer, talk)

    def _next_number(self, customer: BusinessObject, talk: Dialogue) -> str:
        into = self._session.reference()
        answer = customer.nGetNextCustomerNo(into)
        if not talk.heard(answer, customer, "header", doing="the next customer number"):
            self._give_up(customer, talk)
        return str(into.value)

    def _give_up(self, customer: BusinessObject, talk: Dialogue) -> str:
        customer.nClear()
        raise refusal(talk.errors, retry_after=self._retry_after)
