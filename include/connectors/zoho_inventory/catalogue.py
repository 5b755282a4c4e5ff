"""Zoho's items, stock and orders for who carries them away: what has changed, and what each says now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from include.connectors.ports import utcnow
from include.connectors.zoho_inventory.changes import Changes, Comparison
from include.connectors.zoho_inventory.details import MOST, item_details, item_id, told, version_of
from include.connectors.zoho_inventory.reader import ZohoReader
from include.connectors.zoho_inventory.settings import STOCK_FIELDS
from include.connectors.zoho_inventory.sweep import SWEEP_OVERLAP, swept
from include.connectors.zoho_inventory.wire import read_time
from include.errors import ConfigurationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.ports import Clock
    from include.connectors.zoho_inventory.client import ZohoClient

STOCK_KEYS = (
    "item_id", "sku", "name", "unit", "status", *STOCK_FIELDS, "committed_stock", "actual_committed_stock",
    "locations", "warehouses",
)  # fmt: skip
"""Members of an item that a stock record shows, where it has them."""
PLACES = (("locations", "location"), ("warehouses", "warehouse"))
"""Where stock by place is; the latter in organisations that have no locations yet."""


def _start(since: datetime | None) -> datetime | None:
    return None if since is None else since - SWEEP_OVERLAP


@dataclass(frozen=True, slots=True)
class ZohoItems:
    """Items by their id, at one list call per 200 and one call per 100 details.

    A document is the item as a list shows it, or its detail, which has all of that and more; with
    ``version`` and every custom field as ``cf_…`` at the top.

    Args:
        client: carries the calls.
        clock: gives the present.
    """

    client: ZohoClient
    clock: Clock = utcnow

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Changes:
        """Items whose ``last_modified_time`` is not the known one.

        Stock that documents move changes no item: see :class:`ZohoStock`. Raises as
        :func:`~include.connectors.zoho_inventory.sweep.swept`.
        """
        began, met = self.clock(), Comparison(known)
        for page in swept(self.client, "/items", "items", _start(since)):
            for row in page:
                met.meet(item_id(row.raw), row.version, row.modified_at)
        return met.changes(since, began)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each item's JSON; None when it is gone, an error when Zoho could not serve it.

        Many items are looked for in the list, from where the oldest of the first hundred stands: they were
        announced in its order, and a page of it shows twice as many as a call for details. Raises as
        :func:`~include.connectors.zoho_inventory.details.item_details`.
        """
        left, oldest = dict.fromkeys(keys), None
        if len(left) > 2 * MOST:
            for key, found in item_details(self.client, list(left)[:MOST]):
                del left[key]
                at = read_time(version_of(found)) if isinstance(found, bytes) else None
                oldest = min(filter(None, (oldest, at)), default=None)
                yield key, _told(found)
        if oldest is not None:
            yield from self._listed(left, oldest)
        for key, found in item_details(self.client, list(left)):
            yield key, _told(found)

    def _listed(self, left: dict[str, None], since: datetime) -> Iterator[tuple[str, bytes]]:
        """What of ``left`` the list shows, taken from it, as long as that costs less than details."""
        poor = 0
        for page in swept(self.client, "/items", "items", since):
            before = len(left)
            for row in page:
                key = item_id(row.raw)
                if key in left:
                    del left[key]
                    yield key, told(row.raw, row.version, flat=True)
            poor += before - len(left) < MOST
            if len(left) <= MOST or poor > 1:
                return


@dataclass(frozen=True, slots=True)
class ZohoStock:
    """How much there is of each item, by its id.

    Shipments, receipts and adjustments move stock without touching the item, so each poll compares all: one
    list call per 200 items, and two more for their details where the list does not show the figure.

    A document has ``item_id``, ``sku``, ``version``, ``stock`` (the figure that the settings name, of the
    location that they name) and Zoho's own stock members, ``locations`` included.

    Args:
        client: carries the calls; its settings name the figure.
        clock: gives the present.
    """

    client: ZohoClient
    clock: Clock = utcnow

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Changes:
        """Items of which there is another quantity than the known one; the version is the quantity.

        Raises:
            ConfigurationError: the location of the settings is none of Zoho's.
            TransientError: Zoho could not serve some; nothing is concluded from that.
            IntegrationError: see :meth:`ZohoClient.get`.
        """
        del since
        began, met = self.clock(), Comparison(known)
        for page in swept(self.client, "/items", "items"):
            hidden = []
            for row in page:
                members = _members(row.raw)
                if not _tracked(members):
                    continue
                if self.client.settings.stock_location or self.client.settings.stock_field not in members:
                    hidden.append(str(members["item_id"]))
                else:
                    self._meet(met, members)
            for _key, found in item_details(self.client, hidden):
                if isinstance(found, TransientError):
                    raise found
                if found is not None:
                    self._meet(met, _members(found))
        return met.changes(None, began)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each item's stock; None when the item is gone or has no stock, an error when it was not served.

        Raises as :func:`~include.connectors.zoho_inventory.details.item_details`.
        """
        for key, found in item_details(self.client, list(dict.fromkeys(keys))):
            yield key, self._record(found) if isinstance(found, bytes) else found

    def _meet(self, met: Comparison, members: Mapping[str, Any]) -> None:
        figure = self._figure(members)
        if figure:
            met.meet(str(members["item_id"]), figure)

    def _record(self, raw: bytes) -> bytes | None:
        figure = self._figure(_members(raw))
        if not figure:
            return None
        parts = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        shown = {name: parts[name] for name in STOCK_KEYS if name in parts}
        return msgspec.json.encode({"version": figure, "stock": msgspec.Raw(figure.encode()), **shown})

    def _figure(self, members: Mapping[str, Any]) -> str:
        """The quantity as plain digits, "" where there is none."""
        settings = self.client.settings
        if not settings.stock_location:
            return _digits(members.get(settings.stock_field))
        names = []
        for key, kind in PLACES:
            for place in members.get(key) or ():
                called = (str(place.get(f"{kind}_id")), str(place.get(f"{kind}_name")))
                if settings.stock_location in called:
                    return _digits(place.get(f"{kind}_{settings.stock_field}"))
                names.append(called[1])
        if names:
            raise ConfigurationError(
                f"Zoho Inventory has no location {settings.stock_location!r} (stock_location); "
                f"it has {', '.join(dict.fromkeys(names))}"
            )
        return ""


@dataclass(frozen=True, slots=True)
class ZohoOrderRecords:
    """Sales orders by their id: the whole detail, packages and shipments included, with ``version``.

    Args:
        client: carries the calls.
        clock: gives the present.
    """

    client: ZohoClient
    clock: Clock = utcnow

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Changes:
        """Orders whose ``last_modified_time`` is not the known one.

        Raises as :meth:`ZohoReader.list_sales_orders`.
        """
        began, met = self.clock(), Comparison(known)
        for stub in ZohoReader(self.client).list_sales_orders(_start(since)):
            met.meet(stub.id, stub.version, stub.modified_at)
        return met.changes(since, began)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each order's JSON as Zoho wrote it. Raises as :meth:`ZohoReader.sales_orders`."""
        for key, found in ZohoReader(self.client).sales_orders(keys):
            yield key, told(found, version_of(found)) if isinstance(found, bytes) else found


_MEMBERS = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def _told(found: bytes | TransientError | None) -> bytes | TransientError | None:
    return told(found, version_of(found)) if isinstance(found, bytes) else found


def _members(raw: bytes) -> dict[str, Any]:
    return dict(_MEMBERS.decode(raw))


def _tracked(members: Mapping[str, Any]) -> bool:
    """Whether Zoho keeps stock of the item at all: of a service it shows no figure."""
    return any(members.get(name) not in (None, "") for name in STOCK_FIELDS)


def _digits(value: Any) -> str:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return ""
    return format(found.normalize(), "f") if found.is_finite() else ""
