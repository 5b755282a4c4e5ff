"""What can be done to an item, by API or by the sandbox's own hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho import customfields, itemdocs, listing
from include.sandbox.zoho.catalogue import MAIN
from include.sandbox.zoho.envelope import Refusal, invalid_field, not_there
from include.sandbox.zoho.wire import Json, decimal, dumps, wire_time

if TYPE_CHECKING:
    from include.sandbox.zoho.webhooks import Event
    from include.sandbox.zoho.world import World

RESOURCE = "items"


class Items:
    """The items of one world. Each change and what it announces are one transaction."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents

    def get(self, item_id: str) -> Json:
        """One item, to work on.

        Raises:
            Refusal: there is none.
        """
        item = self._documents.get(RESOURCE, item_id)
        if item is None:
            raise not_there("Item")
        return item

    def find(self, id_or_sku: str) -> Json:
        """One item by its id or its SKU."""
        found = self._documents.id_of(RESOURCE, "sku", id_or_sku)
        return self.get(found or id_or_sku)

    def create(self, body: Json, *, source: str = "api", quiet: bool = False) -> Json:
        """A new item with its opening stock.

        Raises:
            Refusal: no name, a name or SKU that another has, or a value that makes no sense.
        """
        with self._world.control.database.transaction():
            self._refuse_duplicate(body, "")
            now = self._world.now()
            item = itemdocs.new_item(self._documents.new_id(), now)
            item["source"] = source
            itemdocs.apply(item, body, now)
            stock = [
                (place["location_id"], place.get("initial_stock")) for place in body.get("locations") or []
            ]
            if not stock and "initial_stock" in body:
                stock = [(MAIN.id, body["initial_stock"])]
            itemdocs.open_stock(item, [(str(place), decimal(amount)) for place, amount in stock])
            self._save(item, quiet=quiet, new=True)
        return item

    def _refuse_duplicate(self, body: Json, own_id: str) -> None:
        if not own_id and not str(body.get("name") or "").strip():
            raise invalid_field("name")
        for column in ("name", "sku"):
            value = str(body.get(column) or "")
            if value and self._documents.id_of(RESOURCE, column, value) not in {None, own_id}:
                raise Refusal(400, 1001, f'Item "{value}" already exists.')

    def update(self, item_id: str, body: Json, *, quiet: bool = False) -> Json:
        """Change an item; stock is not among what can be changed.

        Raises:
            Refusal: no such item, or a value makes no sense.
        """
        with self._world.control.database.transaction():
            item = self.get(item_id)
            self._refuse_duplicate(body, item_id)
            itemdocs.apply(item, body, self._world.now())
            self._save(item, quiet=quiet)
        return item

    def set_status(self, item_id: str, status: str, *, quiet: bool = False) -> None:
        """To ``active`` or ``inactive``.

        Raises:
            Refusal: no such item.
        """
        with self._world.control.database.transaction():
            item = self.get(item_id)
            item["status"] = status
            item["last_modified_time"] = wire_time(self._world.now())
            self._save(item, quiet=quiet)

    def set_custom_fields(self, item_id: str, values: list[Json], *, quiet: bool = False) -> None:
        """Change custom fields only.

        Raises:
            Refusal: no such item.
        """
        with self._world.control.database.transaction():
            item = self.get(item_id)
            kept = customfields.values_of(item) | customfields.asked("item", {"custom_fields": values})
            item.update(customfields.filled("item", kept))
            item["last_modified_time"] = wire_time(self._world.now())
            self._save(item, quiet=quiet)

    def delete(self, item_id: str) -> None:
        """Remove an item that no order uses.

        Raises:
            Refusal: no such item, or it is part of transactions.
        """
        with self._world.control.database.transaction():
            item = self.get(item_id)
            used = listing.condition(listing.SALES_ORDERS, {"item_id": item_id})
            if self._documents.page(" AND ".join(used.clauses), used.values, "id", (1, 0)):
                raise Refusal(
                    400, 2049, "This item is part of other transactions. Mark it as inactive instead."
                )
            self._documents.delete(RESOURCE, item_id)
            self._world.webhooks.announce("item", item_id, "deleted", dumps(item))

    def _save(self, item: Json, *, quiet: bool, new: bool = False) -> None:
        self._documents.put(itemdocs.record(item))
        if not quiet:
            event: Event = "created" if new else "edited"
            self._world.webhooks.announce("item", item["item_id"], event, dumps(item))
