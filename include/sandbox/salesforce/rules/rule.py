"""The shape of an object's rule."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.salesforce.store import Json
    from include.sandbox.salesforce.transaction import Transaction

CENT = Decimal("0.01")


class Rule:
    """Asked at every save of a record of one object; says nothing by itself."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Judge a record about to be saved and fill in what is derived.

        Args:
            tx: the transaction.
            before: the record as it stands; None: it is new.
            record: as it shall be; changed in place.
            given: the names the caller wrote.

        Raises:
            RowError: it may not be saved so.
        """

    def number(self, tx: Transaction, record: Json, count: int) -> None:
        """Give a new record its running number, where the object has one."""

    def after(self, tx: Transaction, before: Json | None, record: Json | None) -> None:
        """Carry a saved change over to neighbours. ``record`` None: deleted."""

    def deleting(self, tx: Transaction, record: Json) -> None:
        """Judge a deletion.

        Raises:
            RowError: it may not be deleted.
        """


def full_name(record: Json) -> str | None:
    """First and last name."""
    return " ".join(part for part in (record.get("FirstName"), record.get("LastName")) if part) or None


def money(amount: Decimal) -> Decimal:
    """Rounded half up to cents."""
    return amount.quantize(CENT, ROUND_HALF_UP)
