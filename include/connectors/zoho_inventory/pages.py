"""Lists, page by page, and never in a circle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.connectors.zoho_inventory.wire import PageContext, rows
from include.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.connectors.zoho_inventory.client import ZohoClient

PAGE_SIZE = 200
"""Zoho's largest page."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows as raw JSON, and what Zoho says of the list."""

    rows: list[bytes] = field(repr=False)
    context: PageContext

    @property
    def has_more(self) -> bool:
        """Whether Zoho says that a page follows."""
        return self.context.has_more_page

    def sorted_by(self, column: str) -> bool:
        """Whether Zoho says that the list ascends by ``column``."""
        return self.context.sort_column == column and self.context.sort_order == "A"


def pages(client: ZohoClient, path: str, key: str, params: Mapping[str, str]) -> Iterator[Page]:
    """Walk a list; the first page always comes.

    Args:
        client: asks.
        path: of the list.
        key: of the rows in the envelope.
        params: filters and order.

    Raises:
        PermanentError: a page repeats an earlier one, or promises more and holds nothing.
    """
    number, met = 1, set[int]()
    while True:
        envelope = client.get(path, {**params, "page": str(number), "per_page": str(PAGE_SIZE)})
        page = Page(rows(envelope.part(key), what=key), envelope.read("page_context", PageContext))
        fingerprint = hash(tuple(page.rows))
        if fingerprint in met or (page.has_more and not page.rows):
            raise PermanentError(f"GET {path}: page {number} repeats itself; stopping instead of looping")
        yield page
        if not page.has_more:
            return
        number += 1
        met.add(fingerprint)
