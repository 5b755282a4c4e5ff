"""Items and quantities read through the gateway, for sites whose workers have no ODBC driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from include.connectors.sage100.wire import Answer, ItemRow, StockPage, StockQuantity
from include.errors import ConfigurationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.connectors.sage100.transport import Reply, Transport

ITEMS = "/CI/Item"
QUANTITIES = "/IM/Quantity"
NAMED_AT_ONCE = 200
"""Items in one call; the gateway takes no more."""

Shape = TypeVar("Shape", bound=Answer)


class StockReads:
    """The reading half of the gateway's client."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def item(self, code: str) -> dict[str, str | None] | None:
        """One item as Sage's table holds it; ``None`` when there is none of this code.

        Raises:
            TransientError: no answer.
            AuthenticationError: the token is refused.
            ConfigurationError: the address is wrong.
        """
        reply = self._transport.exchange("GET", ITEMS, params={"ItemCode": code})
        if reply is not None and reply.status == 404:
            return None
        return _read(reply, ItemRow).fields

    def quantities(
        self, items: Sequence[str] = (), warehouses: Sequence[str] = ()
    ) -> Iterator[StockQuantity]:
        """Quantities of these items (none: all) in these warehouses (none: all), page by page.

        What has no row in Sage comes not: its quantity is nothing. Raises as :meth:`item`.
        """
        for start in range(0, max(len(items), 1), NAMED_AT_ONCE):
            yield from self._pages(items[start : start + NAMED_AT_ONCE], warehouses)

    def _pages(self, items: Sequence[str], warehouses: Sequence[str]) -> Iterator[StockQuantity]:
        wanted: dict[str, str | Sequence[str]] = {"ItemCode": items, "WarehouseCode": warehouses}
        while True:
            page = _read(self._transport.exchange("GET", QUANTITIES, params=wanted), StockPage)
            yield from page.quantities
            if page.next is None:
                return
            wanted |= {
                "AfterItemCode": page.next.ItemCode,
                "AfterWarehouseCode": page.next.WarehouseCode,
            }


def _read(reply: Reply | None, shape: type[Shape]) -> Shape:
    """The answer in its shape; reads write nothing, so whatever else comes may be asked for again."""
    if reply is None or reply.status >= 500 or reply.status in {423, 429}:
        wait = None if reply is None else reply.retry_after
        raise TransientError("the Sage 100 gateway did not answer", retry_after=wait)
    if reply.status != 200:
        raise ConfigurationError(f"the Sage 100 gateway answers {reply.status}; is the address right?")
    try:
        return shape.model_validate(reply.body)
    except ValidationError:
        raise TransientError("the Sage 100 gateway answers in another shape") from None
