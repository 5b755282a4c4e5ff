"""What Clarity knows: by window, by id, by number.

Polling by time of change is the base guarantee; a webhook only makes it faster. Two suspicions shape
a sweep. A generation that does not know a filter may ignore it, so every bound is checked again on the
rows. And a change may show up late in the lists, so a sweep begins an overlap before its start.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from include.connectors.clarity_ecommerce import wire
from include.connectors.clarity_ecommerce.errors import NotFoundError
from include.connectors.clarity_ecommerce.pages import Page, walk
from include.connectors.clarity_ecommerce.records import Kind, Record
from include.errors import (
    CircuitOpenError,
    ConfigurationError,
    IntegrationError,
    PermanentError,
    RateLimitedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.clarity_ecommerce.wire import Reply

MOST_SKUS = 100
"""SKUs in one question for stock."""

SETTLED = timedelta(hours=1)
"""How far back an upper bound must lie to be asked for. Before a nearer one rows leave the list while we
read it, and their neighbours slip over the pages' edges; such a bound is held here alone."""

Params = dict[str, "str | Sequence[str]"]
Answers = deque[tuple[str, "Future[Record | None]"]]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of the connection test, for a person."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class ClarityReader:
    """Reads one tenant.

    Args:
        client: shared by the threads that fetch records.
    """

    client: ClarityClient

    def ping(self) -> None:
        """The smallest call that shows whether Clarity serves us; raises as :meth:`ClarityClient.get`."""
        self.client.ping()

    def changed(
        self,
        kind: Kind,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        where: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Iterator[Record]:
        """Records as lists show them, oldest change first where Clarity sorts.

        One version of a record is yielded once; one that is changed while the list is read may come
        again. Records whose time of change cannot be read are yielded. Orders come without lines: fetch
        them by id.

        Args:
            kind: of records.
            since: aware; changed at or after, less the overlap.
            until: aware; changed before.
            where: further filters by Clarity's names.

        Raises:
            PermanentError: Clarity repeats a page; stopped instead of looping.
            ConfigurationError: the dialect has no such list.
            IntegrationError: see :meth:`ClarityClient.get`; never taken as "nothing changed".
        """
        since = since - self.client.settings.goes_back if since else None
        seen: set[tuple[str, str, str, int]] = set()
        for rows in self._rows(kind, since, until, where or {}):
            for raw in rows:
                record = Record.of(kind, raw, self.client.dialect)
                one = (record.id, record.version, record.updated, 0 if record.updated else hash(raw))
                if one not in seen and _within(record, since, until):
                    seen.add(one)
                    yield record

    def records(self, kind: Kind, ids: Iterable[str]) -> Iterator[tuple[str, Record | TransientError | None]]:
        """Whole records, several at once, in the order of ``ids``.

        Args:
            kind: of records.
            ids: each is asked for once.

        Yields:
            The id and the record, or None when there is none (any more), or the error when Clarity could not
            serve this one.

        Raises:
            PermanentError: Clarity answered with another record.
            RateLimitedError, CircuitOpenError: no more calls for now; records not yet yielded are unread.
            IntegrationError: see :meth:`ClarityClient.get`; what asking again cannot help is raised.
        """
        width = self.client.settings.concurrency
        with ThreadPoolExecutor(width, "clarity") as pool:
            waiting: Answers = deque()
            try:
                for each in dict.fromkeys(ids):
                    waiting.append((each, pool.submit(self.record, kind, each)))
                    if len(waiting) >= width * 2:
                        yield _result(waiting)
                while waiting:
                    yield _result(waiting)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def record(self, kind: Kind, record_id: str) -> Record | None:
        """A whole record, None when there is none; see :meth:`records`."""
        path = self.client.dialect.resource(kind).one
        found = self._one(kind, path, record_id)
        if found is not None and found.id != record_id:
            raise PermanentError(f"asked Clarity for {kind} {record_id}, it answered with another one")
        return found

    def by_number(self, kind: Kind, number: str, *, among: Mapping[str, str] | None = None) -> Record | None:
        """A record by the number that people know it by, None when there is none.

        Args:
            kind: of record.
            number: of the record.
            among: filter for lists that cannot be filtered by number (``{"orderNumber": ...}``).

        Raises:
            ConfigurationError: the dialect has no way to look.
        """
        resource = self.client.dialect.resource(kind)
        if resource.by_number:
            found = self._one(kind, resource.by_number, number)
        elif resource.number and (among or not resource.found_by):
            rows = self.changed(kind, where=among or {resource.number: number})
            found = next((each for each in rows if each.number == number), None)
        else:
            raise ConfigurationError(
                f"Clarity dialect {self.client.settings.dialect!r}: {kind} cannot be found by number"
            )
        if found is not None and found.number != number:
            raise PermanentError(f"asked Clarity for {kind} by number, it answered with another one")
        return found

    def stock(self, skus: Iterable[str], *, warehouse_code: str = "") -> Iterator[Record]:
        """What the warehouses hold of these items, 100 items a call.

        Raises as :meth:`changed`. Items that Clarity does not know are not yielded.
        """
        wanted = list(dict.fromkeys(skus))
        here: dict[str, str | Sequence[str]] = {"warehouseCode": warehouse_code} if warehouse_code else {}
        for start in range(0, len(wanted), MOST_SKUS):
            some = wanted[start : start + MOST_SKUS]
            asked = set(some)
            for record in self.changed(Kind.INVENTORY, where={**here, "sku": some}):
                sku, _, warehouse = record.id.rpartition("|")
                if sku in asked and warehouse_code in {"", warehouse}:
                    yield record

    def check(self) -> CheckReport:
        """Try the connection as a run would use it and say what is wrong; raises nothing of ours."""
        settings = self.client.settings
        try:
            self.client.ping()
        except IntegrationError as exc:
            return CheckReport(False, f"{exc} [dialect {settings.dialect!r}, {settings.mode}]")
        said = f"connected to {settings.endpoint.partition(':')[2]} by {settings.mode}"
        if not self.client.dialect.verified:
            said += f"; note: the dialect {settings.dialect!r} is unverified, compare it with your tenant"
        return CheckReport(True, said)

    def _one(self, kind: Kind, path: str, value: str) -> Record | None:
        if not path:
            raise ConfigurationError(
                f"Clarity dialect {self.client.settings.dialect!r}: {kind} cannot be asked for one by one"
            )
        try:
            reply = self.client.get(path.format(quote(value, safe="")))
        except NotFoundError:
            return None
        return Record.of(kind, reply.part(self.client.dialect.envelope.one), self.client.dialect)

    def _rows(
        self,
        kind: Kind,
        since: datetime | None,
        until: datetime | None,
        where: Mapping[str, str | Sequence[str]],
    ) -> Iterator[list[bytes]]:
        dialect, settings = self.client.dialect, self.client.settings
        path = dialect.resource(kind).list
        if not path:
            raise ConfigurationError(f"Clarity dialect {settings.dialect!r}: {kind} have no list")
        filters = self._filters(until, where)

        def ask(anchor: datetime | None, place: dict[str, str]) -> Page:
            params = {**filters, **place}
            if anchor is not None and dialect.window.since:
                params[dialect.window.since] = wire.write_time(anchor, dialect.window)
            return self._page(self.client.get(path, params))

        return walk(
            ask,
            dialect.paging,
            size=settings.rows_asked,
            since=since,
            times=self._times if dialect.window.since and dialect.window.sort else lambda _rows: None,
            most=settings.max_pages,
        )

    def _filters(self, until: datetime | None, where: Mapping[str, str | Sequence[str]]) -> Params:
        window, params = self.client.dialect.window, Params(where)
        params.update(window.sort)
        if until is not None and window.until and until < self.client.now() - SETTLED:
            params[window.until] = wire.write_time(until, window)
        if self.client.settings.store_id:
            params["storeId"] = self.client.settings.store_id
        return params

    def _page(self, reply: Reply) -> Page:
        envelope = self.client.dialect.envelope
        total = wire.scalar(wire.at(reply.body, envelope.total)) if envelope.total else ""
        return Page(
            wire.elements(reply.part(envelope.many)),
            wire.scalar(wire.at(reply.body, envelope.cursor)) if envelope.cursor else "",
            int(total) if total.isdecimal() else None,
        )

    def _times(self, rows: list[bytes]) -> list[datetime] | None:
        window = self.client.dialect.window
        found = [
            at
            for row in rows
            if (at := wire.read_time(wire.scalar(wire.at(row, window.updated)), window.zone)) is not None
        ]
        return found if len(found) == len(rows) and found == sorted(found) else None


def _within(record: Record, since: datetime | None, until: datetime | None) -> bool:
    at = record.updated_at
    return at is None or ((since is None or at >= since) and (until is None or at < until))


def _result(waiting: Answers) -> tuple[str, Record | TransientError | None]:
    record_id, future = waiting.popleft()
    try:
        return record_id, future.result()
    except (RateLimitedError, CircuitOpenError):
        raise
    except TransientError as error:
        return record_id, error
