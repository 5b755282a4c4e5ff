"""Whether a customer may order for so much more.

Sage's own check warns, holds or refuses as the site has it, and two screens at the same moment do not see
each other's order. Here the service holds the customer's name from the question until the order stands, so
of two orders of which only one fits only one passes - as long as no person enters a third in that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.gateway.lookup import forms_of
from include.gateway.messages import Finding
from include.gateway.reading import Reading, cents, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.gateway.settings import Settings

_BALANCE = ("CurrentBalance", "AgingCategory1", "AgingCategory2", "AgingCategory3", "AgingCategory4")
"""What is owed, by age; their sum is the balance."""
CUSTOMER_CREDIT = (
    "SELECT CreditHold, CreditLimit, OpenOrderAmt, CurrentBalance, AgingCategory1, AgingCategory2,"
    " AgingCategory3, AgingCategory4 FROM AR_Customer WHERE ARDivisionNo = ? AND CustomerNo = ?"
)
OPEN_ORDERS = (
    "SELECT TaxableAmt, NonTaxableAmt, DiscountAmt, FreightAmt, SalesTaxAmt FROM SO_SalesOrderHeader"
    " WHERE ARDivisionNo = ? AND CustomerNo = ? AND OrderType IN ('S', 'B') AND OrderStatus <> 'C'"
)
_OPEN_TYPES = frozenset({"S", "B"})


@dataclass(frozen=True, slots=True)
class Credit:
    """How a customer stands. ``limit`` is None when there is none."""

    on_hold: bool
    limit: Decimal | None
    balance: Decimal
    open_orders: Decimal

    def against(self, amount: Decimal) -> list[Finding]:
        """What speaks against an order of this amount; exactly at the limit nothing does."""
        found = []
        if self.on_hold:
            found.append(
                Finding("credit_hold", "header", "the customer is on credit hold", field="CustomerNo")
            )
        owed = self.balance + self.open_orders + amount
        if self.limit is not None and owed > self.limit:
            message = (
                f"credit limit {cents(self.limit)}: balance {cents(self.balance)}, open orders"
                f" {cents(self.open_orders)} and this order {cents(amount)} come to {cents(owed)}"
            )
            found.append(Finding("credit_limit", "header", message, field="CustomerNo", value=cents(owed)))
        return found


class CreditDesk:
    """Asks Sage's tables how a customer stands."""

    def __init__(self, settings: Settings, reading: Reading) -> None:
        self._settings = settings
        self._reading = reading

    def of(self, division: str, customer_no: str) -> Credit | None:
        """The customer's credit; None when there is no such customer, which Sage will say itself."""
        for form in forms_of(customer_no):
            found = self._reading.rows(CUSTOMER_CREDIT, division, form)
            if found:
                return self._credit(found[0], division, form)
        return None

    def _credit(self, row: Mapping[str, Any], division: str, customer_no: str) -> Credit:
        limit = number(row["CreditLimit"])
        unlimited = not limit and self._settings.zero_credit_limit == "unlimited"
        return Credit(
            on_hold=row["CreditHold"] == "Y",
            limit=None if unlimited else limit,
            balance=sum((number(row[name]) for name in _BALANCE), Decimal(0)),
            open_orders=self._open_orders(row, division, customer_no),
        )

    def _open_orders(self, row: Mapping[str, Any], division: str, customer_no: str) -> Decimal:
        if self._settings.open_orders == "customer":
            return number(row["OpenOrderAmt"])
        orders = self._reading.rows(OPEN_ORDERS, division, customer_no)
        return sum(map(_total, orders), Decimal(0))


def counts(header: Mapping[str, Any]) -> bool:
    """Whether an order with this header is an open one to Sage; quotes and master orders are not."""
    return (header.get("OrderType") or "S") in _OPEN_TYPES


def _total(order: Mapping[str, Any]) -> Decimal:
    """Sage keeps no total; this is the sum of which it is made."""
    amounts = {name: number(value) for name, value in order.items()}
    return sum(amounts.values(), Decimal(0)) - 2 * amounts["DiscountAmt"]
