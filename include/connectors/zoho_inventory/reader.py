"""What Zoho Inventory knows: lists that announce, details that tell.

A list row has no lines and no addresses, so a sweep lists stubs (200 a call) and only changed orders
cost a detail call each. The API silently ignores filters it does not know, so every filter is checked
again on the rows.
"""

from __future__ import annotations

import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.connectors.zoho_inventory.errors import NotFoundError
from include.connectors.zoho_inventory.pages import pages
from include.connectors.zoho_inventory.sweep import swept
from include.connectors.zoho_inventory.wire import (
    ZOHO_ID,
    OrderIdentity,
    OrderRow,
    OrderStub,
    Organization,
    OrganizationRow,
    decode,
)
from include.errors import (
    CircuitOpenError,
    IntegrationError,
    PermanentError,
    RateLimitedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from include.connectors.zoho_inventory.client import ZohoClient

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of the connection test, for a person."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class ZohoReader:
    """Reads one organisation.

    Args:
        client: shared by the threads that fetch details.
    """

    client: ZohoClient

    def list_sales_orders(
        self,
        modified_since: datetime | None = None,
        modified_until: datetime | None = None,
        numbers: Sequence[str] | None = None,
    ) -> Iterator[OrderStub]:
        """Announce sales orders, oldest change first.

        One version of an order is yielded once; an order that is changed while the list is read
        may come again with its newer version. Orders whose change time cannot be read are yielded.

        Args:
            modified_since: aware; changed at or after. Start ``sweep.SWEEP_OVERLAP`` before the cursor.
            modified_until: aware; changed at or before.
            numbers: only these ``salesorder_number`` s (one call each); numbers that Zoho does not know are
                simply not yielded.

        Raises:
            PermanentError: Zoho repeats a page; stopped instead of looping.
            IntegrationError: see :meth:`ZohoClient.get`; never taken as "no orders".
        """
        window = _Window(modified_since, modified_until)
        if numbers is None:
            return (stub for stub in self._changes(window) if window.holds(stub))
        return (stub for stub in self._numbered(list(dict.fromkeys(numbers))) if window.holds(stub))

    def ping(self) -> None:
        """The smallest call that shows whether Zoho serves us; raises as :meth:`ZohoClient.get`."""
        self.client.ping()

    def sales_orders(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Fetch details, several at once, in the order of ``ids``.

        Args:
            ids: ``salesorder_id`` s; each is asked for once.

        Yields:
            The id and the raw JSON bytes of the ``salesorder`` object as Zoho wrote them, or None when
            there is no such order (any more), or the error when Zoho could not serve this one.

        Raises:
            PermanentError: Zoho answered with another order.
            RateLimitedError, CircuitOpenError: no more calls for now; orders not yet yielded are unread.
            IntegrationError: see :meth:`ZohoClient.get`; what asking again cannot help is raised.
        """
        ahead = self.client.settings.concurrency * 2
        with ThreadPoolExecutor(self.client.settings.concurrency, "zoho") as pool:
            waiting: deque[tuple[str, Future[bytes | None]]] = deque()
            try:
                for each in dict.fromkeys(ids):
                    waiting.append((each, pool.submit(self.sales_order, each)))
                    if len(waiting) >= ahead:
                        yield _result(waiting)
                while waiting:
                    yield _result(waiting)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def sales_order(self, salesorder_id: str) -> bytes | None:
        """The raw ``salesorder`` object, None when there is none; see :meth:`sales_orders`."""
        raw = self._record("/salesorders/{}", salesorder_id, "salesorder")
        if raw is not None:
            found = str(decode(raw, OrderIdentity, what="salesorder").salesorder_id)
            if found != salesorder_id:
                raise PermanentError(f"asked Zoho for sales order {salesorder_id}, it answered with {found}")
        return raw

    def contact(self, contact_id: str) -> bytes | None:
        """The raw ``contact`` object, None when there is none."""
        return self._record("/contacts/{}", contact_id, "contact")

    def item(self, item_id: str) -> bytes | None:
        """The raw ``item`` object, None when there is none."""
        return self._record("/items/{}", item_id, "item")

    def items(self) -> Iterator[bytes]:
        """The raw rows of all items, 200 a call; stock keys and custom fields as lists show them."""
        for page in pages(self.client, "/items", "items", {"sort_column": "name", "sort_order": "A"}):
            yield from page.rows

    def organizations(self) -> list[Organization]:
        """The organisations that the token may reach."""
        raw = self.client.get("/organizations", scoped=False).part("organizations")
        found = decode(raw, list[OrganizationRow], what="organizations")
        return [
            Organization(str(row.organization_id), row.name, row.time_zone, row.currency_code)
            for row in found
        ]

    def check(self) -> CheckReport:
        """Try the connection as a run would use it and say what is wrong; raises nothing of ours."""
        settings = self.client.settings
        try:
            reachable = {each.id: each for each in self.organizations()}
            ours = reachable.get(settings.organization_id)
            if ours is None:
                others = ", ".join(f"{each.id} ({each.name})" for each in reachable.values()) or "none"
                return CheckReport(
                    False, f"organisation {settings.organization_id} is not among this user's: {others}"
                )
            self.client.get("/salesorders", {"per_page": "1"}).part("salesorders")
        except IntegrationError as exc:
            return CheckReport(False, f"{exc} [data centre {settings.data_centre!r}]")
        said = f"connected to organisation {ours.name} ({ours.id}), {ours.currency_code}"
        if ours.time_zone and ours.time_zone != settings.timezone:
            said += f"; note: it lives in {ours.time_zone}, the settings say {settings.timezone}"
        return CheckReport(True, said)

    def _record(self, path: str, record_id: str, key: str) -> bytes | None:
        if not ZOHO_ID.fullmatch(record_id):
            log.warning("%s %r cannot be a Zoho id; not asked for", key, record_id[:40])
            return None
        try:
            return self.client.get(path.format(record_id)).part(key)
        except NotFoundError:
            return None

    def _changes(self, window: _Window) -> Iterator[OrderStub]:
        seen: set[OrderStub] = set()
        for page in self._walk(window):
            for stub in page:
                key = OrderStub(stub.id, stub.number, stub.last_modified_time, "")
                if key not in seen:
                    seen.add(key)
                    yield stub

    def _walk(self, window: _Window) -> Iterator[list[OrderStub]]:
        for page in swept(self.client, "/salesorders", "salesorders", window.since, window.until):
            yield _stubs([row.raw for row in page])

    def _numbered(self, numbers: list[str]) -> Iterator[OrderStub]:
        for position, number in enumerate(numbers):
            first = next(pages(self.client, "/salesorders", "salesorders", {"salesorder_number": number}))
            stubs = _stubs(first.rows)
            yield from (stub for stub in stubs if stub.number == number)
            if first.has_more and any(stub.number != number for stub in stubs):
                log.warning("zoho ignores the filter salesorder_number; reading the whole list instead")
                left = set(numbers[position:]) - {stub.number for stub in stubs if stub.number == number}
                yield from (stub for stub in self._changes(_Window(None, None)) if stub.number in left)
                return


@dataclass(frozen=True, slots=True)
class _Window:
    """A closed span of change times; an open end is None."""

    since: datetime | None
    until: datetime | None

    def holds(self, stub: OrderStub) -> bool:
        at = stub.modified_at
        if at is None:
            return True
        # Zoho knows whole seconds: so must the lower bound, or a change of that very second is lost.
        since = self.since.replace(microsecond=0) if self.since else None
        return (since is None or at >= since) and (self.until is None or at <= self.until)


def _stubs(raw_rows: list[bytes]) -> list[OrderStub]:
    return [OrderStub.of(decode(raw, OrderRow, what="salesorders")) for raw in raw_rows]


def _result(
    waiting: deque[tuple[str, Future[bytes | None]]],
) -> tuple[str, bytes | TransientError | None]:
    salesorder_id, future = waiting.popleft()
    try:
        return salesorder_id, future.result()
    except (RateLimitedError, CircuitOpenError):
        raise
    except TransientError as error:
        return salesorder_id, error
