"""Walk a whole list, or what changed in it since, oldest change first.

Zoho's pages count rows of a set that moves while we read it, so a list sorted by ``last_modified_time`` is
walked by that time rather than by page number: a row that is edited or deleted meanwhile cannot push its
neighbour over a page's edge. A row may come twice; none is held longer than its page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from include.connectors.zoho_inventory.pages import Page, pages
from include.connectors.zoho_inventory.wire import decode, read_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.connectors.zoho_inventory.client import ZohoClient

SWEEP_OVERLAP = timedelta(minutes=10)
"""How far behind its last cursor a sweep should start: late commits and clocks that disagree."""


@dataclass(frozen=True, slots=True)
class Row:
    """A list's row as Zoho wrote it.

    Attributes:
        raw: its JSON.
        version: ``last_modified_time``.
        modified_at: the same in UTC, None when it cannot be read.
    """

    raw: bytes = field(repr=False)
    version: str
    modified_at: datetime | None


class _Stamp(msgspec.Struct):
    last_modified_time: str = ""


def swept(
    client: ZohoClient, path: str, key: str, since: datetime | None = None, until: datetime | None = None
) -> Iterator[list[Row]]:
    """Pages of rows, re-anchored at the last change time wherever Zoho sorts and filters.

    A page whose rows all changed in one second gives no new anchor; then page numbers must do.

    Args:
        client: asks.
        path: of the list.
        key: of the rows in the envelope.
        since: aware; changed at or after.
        until: aware; no page is read that can only hold later changes.

    Raises:
        PermanentError: Zoho repeats a page; stopped instead of looping.
        IntegrationError: see :meth:`ZohoClient.get`; never taken as "no rows".
    """
    anchor, more = since, True
    while more:
        more = False
        for page in pages(client, path, key, _params(client, anchor)):
            rows = [_row(raw, key) for raw in page.rows]
            yield rows
            span = _span(page, rows, anchor)
            if span is None:
                continue
            if until is not None and span[1] > until:
                return
            if page.has_more and span[0] < span[1]:
                anchor, more = span[1], True
                break


def _row(raw: bytes, key: str) -> Row:
    version = decode(raw, _Stamp, what=key).last_modified_time
    return Row(raw, version, read_time(version))


def _params(client: ZohoClient, anchor: datetime | None) -> dict[str, str]:
    """The organisation's local time with its offset, without a colon, to the second below."""
    params = {"sort_column": "last_modified_time", "sort_order": "A"}
    if anchor is not None:
        params["last_modified_time"] = anchor.astimezone(client.settings.zone).strftime("%Y-%m-%dT%H:%M:%S%z")
    return params


def _span(page: Page, rows: list[Row], anchor: datetime | None) -> tuple[datetime, datetime] | None:
    """The first and last change time of a page, if its rows prove that sort and filter were obeyed."""
    known = [row.modified_at for row in rows if row.modified_at is not None]
    if not known or len(known) < len(rows) or not page.sorted_by("last_modified_time"):
        return None
    if known != sorted(known) or (anchor is not None and known[0] < anchor.replace(microsecond=0)):
        return None
    return known[0], known[-1]
