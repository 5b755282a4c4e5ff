"""Clarity's orders as the order pipeline asks for them: announced, fetched, commented on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.connectors.clarity_ecommerce.reader import ClarityReader
from include.connectors.clarity_ecommerce.records import Kind
from include.connectors.clarity_ecommerce.writer import ClarityWriter
from include.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.clarity_ecommerce.records import Record


@dataclass(frozen=True, slots=True)
class OrderStub:
    """An order as a list announces it.

    Args:
        id: Clarity's.
        number: ``orderNumber``.
        version: ``rowVersion``, or the time of change where a list shows none.
        modified_at: time of change in UTC, None when it cannot be read.
    """

    id: str
    number: str
    version: str
    modified_at: datetime | None

    @classmethod
    def of(cls, record: Record) -> OrderStub:
        """The stub of a list's row."""
        return cls(record.id, record.number, record.version or record.updated, record.updated_at)


@dataclass(frozen=True, slots=True)
class ClarityOrders:
    """One tenant's orders.

    Args:
        client: carries the calls.
    """

    client: ClarityClient

    def list_sales_orders(
        self,
        *,
        modified_since: datetime | None = None,
        modified_until: datetime | None = None,
        numbers: Sequence[str] | None = None,
    ) -> Iterator[OrderStub]:
        """Announce orders, oldest change first; a number that Clarity does not know is not yielded.

        Raises:
            IntegrationError: see :meth:`ClarityReader.changed`; never taken as "no orders".
        """
        reader = ClarityReader(self.client)
        if numbers is None:
            return map(OrderStub.of, reader.changed(Kind.ORDERS, modified_since, modified_until))
        found = (reader.by_number(Kind.ORDERS, number) for number in dict.fromkeys(numbers))
        return (OrderStub.of(record) for record in found if record is not None)

    def sales_orders(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each order's JSON under our names; None when it is gone, an error when it could not be served.

        Raises:
            IntegrationError: see :meth:`ClarityReader.records`; what asking again cannot help.
        """
        for order_id, found in ClarityReader(self.client).records(Kind.ORDERS, ids):
            yield order_id, found if found is None or isinstance(found, TransientError) else found.raw

    def ping(self) -> None:
        """The smallest call that shows whether Clarity serves us; raises when it does not."""
        self.client.ping()

    def add_comment(self, order_id: str, text: str) -> bool:
        """Leave an internal note on an order, the same one never twice; says whether it wrote.

        Raises:
            TransientError: not now.
            PermanentError: Clarity refuses the note.
        """
        result = ClarityWriter(self.client).add_note(order_id, text)
        if result.status in {"retry", "unknown"}:
            raise TransientError("Clarity took no note", retry_after=result.retry_after)
        if result.status == "refused":
            raise PermanentError(f"Clarity refuses the note: {result.code}")
        return result.status != "unchanged"
