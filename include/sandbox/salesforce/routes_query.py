"""``query``, ``queryAll`` and ``search``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.cursors import Cursors
from include.sandbox.salesforce.errors import ApiError
from include.sandbox.salesforce.exchange import DATA, Call, Reply, Route
from include.sandbox.salesforce.soql.errors import QueryError
from include.sandbox.salesforce.soql.query import prepare
from include.sandbox.salesforce.soql.sosl import search

if TYPE_CHECKING:
    from include.sandbox.salesforce.store import Store

Json = dict[str, Any]
PAGE, LEAST = 2000, 200
BATCH = re.compile(r"\bbatchSize\s*=\s*(\d{1,9})\b", re.IGNORECASE)
LONGEST = 16_384
"""Bytes of an address, and of an address with all headers."""


class QueryRoutes:
    """Queries over the org's records."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cursors = Cursors(store)

    def table(self) -> list[Route]:
        """The routes."""
        return [
            Route("GET", f"{DATA}/query", self.query),
            Route("GET", f"{DATA}/queryAll", self.query_all),
            Route("GET", f"{DATA}/query/{{locator}}", self.more),
            Route("GET", f"{DATA}/queryAll/{{locator}}", self.more),
            Route("GET", f"{DATA}/search", self.search),
        ]

    def query(self, call: Call) -> Reply:
        """Live records."""
        return self._queried(call, deleted=False)

    def query_all(self, call: Call) -> Reply:
        """Records in the recycle bin too."""
        return self._queried(call, deleted=True)

    def more(self, call: Call) -> Reply:
        """The next page of an open query."""
        cursor, start = self._cursors.at(call.caller, call.path["locator"])
        stop = start + cursor.page
        try:
            prepared = prepare(self._store, cursor.soql, deleted=cursor.deleted)
        except QueryError as exc:
            raise ApiError(400, exc.code, exc.message) from exc
        records = prepared.render(cursor.ids[start:stop], call.root)
        return Reply(
            _page(records, len(cursor.ids), call, f"{cursor.id}-{stop}", more=stop < len(cursor.ids))
        )

    def search(self, call: Call) -> Reply:
        """SOSL."""
        _bounded(call)
        try:
            return Reply({"searchRecords": search(self._store, call.query.get("q", ""), call.root)})
        except QueryError as exc:
            raise ApiError(400, exc.code, exc.message) from exc

    def _queried(self, call: Call, *, deleted: bool) -> Reply:
        _bounded(call)
        soql, size = call.query.get("q", ""), page_size(call.headers.get("sforce-query-options", ""))
        try:
            found = prepare(self._store, soql, deleted=deleted).run()
        except QueryError as exc:
            raise ApiError(400, exc.code, exc.message) from exc
        if found.records is not None or found.total <= size:
            return Reply(_page(found.page(0, found.total, call.root), found.total, call))
        cursor = self._cursors.open(call.caller, soql, list(found.ids), size, deleted=deleted)
        records = found.page(0, size, call.root)
        return Reply(_page(records, found.total, call, f"{cursor.id}-{size}", more=True))


def page_size(options: str) -> int:
    """Records of a page by the header ``Sforce-Query-Options``; Salesforce keeps it within 200 and 2,000."""
    asked = BATCH.search(options)
    return min(PAGE, max(LEAST, int(asked[1]))) if asked else PAGE


def _page(records: list[Json], total: int, call: Call, locator: str = "", *, more: bool = False) -> Json:
    following = {"nextRecordsUrl": f"{call.root}/query/{locator}"} if more else {}
    return {"totalSize": total, "done": not more, **following, "records": records}


def _bounded(call: Call) -> None:
    headers = sum(len(name) + len(value) + 4 for name, value in call.headers.items())
    if len(call.url) > LONGEST:
        raise ApiError(414, "URI_TOO_LONG", "The length of the URI exceeds the 16,384-byte limit.")
    if len(call.url) + headers > LONGEST:
        said = "The combined length of the URI and headers exceeds the 16,384-byte limit."
        raise ApiError(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", said)
