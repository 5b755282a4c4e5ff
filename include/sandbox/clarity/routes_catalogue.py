"""Products, prices and stock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from include.sandbox.clarity.asked import (
    Asked,
    PriceBatch,
    PriceItem,
    ProductBatch,
    ProductItem,
    ProductPatch,
    Stock,
    StockBatch,
    StockItem,
)
from include.sandbox.clarity.exchange import Call, Reply, Route, found, read
from include.sandbox.clarity.kinds import INVENTORY, PRODUCTS
from include.sandbox.clarity.listing import LISTINGS, listed
from include.sandbox.clarity.orders import available
from include.sandbox.clarity.problem import Problem, invalid, not_found
from include.sandbox.clarity.wire import Json, moment, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.clarity.world import World

Item = TypeVar("Item", bound=Asked)
Outcome = tuple[str, Json]


class CatalogueRoutes:
    """``/products``, ``/prices``, ``/inventory``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[Route]:
        """Every operation."""
        sku = "/products/by-sku/{sku}"
        return [
            Route("GET", "/products", "products.read", self.list_products, listing=LISTINGS["products"]),
            Route("GET", sku, "products.read", self.by_sku),
            Route("PUT", sku, "products.write", self.put, ProductPatch),
            Route("GET", "/products/{id}", "products.read", self.get),
            Route("PATCH", "/products/{id}", "products.write", self.patch, ProductPatch),
            Route("POST", "/products/batch", "products.write", self.put_many, ProductBatch),
            Route("PUT", "/prices/batch", "products.write", self.price_many, PriceBatch),
            Route("GET", "/inventory", "inventory.read", self.list_stock, listing=LISTINGS["inventory"]),
            Route("POST", "/inventory/batch", "inventory.write", self.stock_many, StockBatch),
            Route("PUT", "/inventory/{sku}/{warehouse}", "inventory.write", self.stock_one, Stock),
        ]

    def list_products(self, call: Call) -> Reply:
        """Products."""
        return Reply(page=listed(self._world, LISTINGS["products"], call.query, free=call.free_filters))

    def list_stock(self, call: Call) -> Reply:
        """Stock by SKU and warehouse."""
        return Reply(page=listed(self._world, LISTINGS["inventory"], call.query, free=call.free_filters))

    def get(self, call: Call) -> Reply:
        """One product."""
        product = self._world.documents.get(PRODUCTS, call.number())
        if product is None:
            raise not_found("product", f"id {call.ids['id']}")
        return found(product)

    def by_sku(self, call: Call) -> Reply:
        """One product by its SKU, which stands percent-encoded in the path."""
        return found(self._product(call.ids["sku"]))

    def _product(self, sku: str) -> Json:
        product = self._world.documents.numbered(PRODUCTS, sku)
        if product is None:
            raise not_found("product", f"sku '{sku}'")
        return product

    def patch(self, call: Call) -> Reply:
        """Change what is sent."""
        product = self._world.documents.get(PRODUCTS, call.number())
        if product is None:
            raise not_found("product", f"id {call.ids['id']}")
        asked = call.model(ProductPatch)
        call.expect(product)
        return found(self._world.save(PRODUCTS, _merged(product, asked.given()), call.by))

    def put(self, call: Call) -> Reply:
        """Create a product or change it."""
        known = self._world.documents.numbered(PRODUCTS, call.ids["sku"])
        asked = call.model(ProductPatch)
        if known is not None:
            call.expect(known)
        saved = self._write(call.ids["sku"], asked, call)
        return found(saved, 200 if known else 201)

    def _write(self, sku: str, asked: ProductPatch, call: Call) -> Json:
        product = self._world.documents.numbered(PRODUCTS, sku)
        if product is None:
            if asked.name is None:
                raise invalid({"name": ["Required for a new product."]})
            product = new_product(self._world.documents.new_id(PRODUCTS), sku, asked.name)
        return self._world.save(PRODUCTS, _merged(product, {**asked.given(), "sku": sku}), call.by)

    def put_many(self, call: Call) -> Reply:
        """Up to 200 products, each by itself."""

        def one(item: ProductItem) -> Outcome:
            before = self._world.documents.numbered(PRODUCTS, item.sku)
            return _told(before, self._write(item.sku, item, call)), {}

        return self._batch(call, call.model(ProductBatch).items, ProductItem, ("sku",), one)

    def price_many(self, call: Call) -> Reply:
        """Up to 500 prices, each by itself."""

        def one(item: PriceItem) -> Outcome:
            before = self._product(item.sku)
            prices = {**before["prices"], **{k: v for k, v in item.given().items() if k != "sku"}}
            return _told(before, self._world.save(PRODUCTS, {**before, "prices": prices}, call.by)), {}

        return self._batch(call, call.model(PriceBatch).items, PriceItem, ("sku",), one)

    def stock_one(self, call: Call) -> Reply:
        """Set one level."""
        asked = call.model(Stock)
        sku, warehouse = call.ids["sku"], call.ids["warehouse"]
        before = self._world.documents.numbered(INVENTORY, f"{sku}|{warehouse}")
        if before is not None:
            call.expect(before)
        return found(self._stock(sku, warehouse, asked.given(), call))

    def stock_many(self, call: Call) -> Reply:
        """Up to 500 absolute levels; what is older than what stands is left alone."""
        asked = call.model(StockBatch)
        try:
            as_of = stamp(moment(asked.as_of))
        except ValueError as exc:
            raise invalid({"asOf": ["Must be an ISO 8601 time with a zone."]}) from exc

        def one(item: StockItem) -> Outcome:
            before = self._world.documents.numbered(INVENTORY, f"{item.sku}|{item.warehouse_code}")
            if before is not None and before.get("_stockAsOf", "") > as_of:
                return "unchanged", {"code": "stale"}
            levels = {**item.given(), "_stockAsOf": as_of}
            return _told(before, self._stock(item.sku, item.warehouse_code, levels, call)), {}

        return self._batch(call, asked.items, StockItem, ("sku", "warehouseCode"), one)

    def _stock(self, sku: str, warehouse: str, levels: Json, call: Call) -> Json:
        product = self._world.documents.numbered(PRODUCTS, sku)
        if product is None:
            raise Problem(404, "sku_not_found", f"No product with sku '{sku}'.")
        if warehouse not in {one["code"] for one in WAREHOUSES}:
            raise Problem(404, "warehouse_not_found", f"No warehouse '{warehouse}'.")
        before = self._world.documents.numbered(INVENTORY, f"{sku}|{warehouse}")
        stock = before or {
            "_id": self._world.documents.new_id(INVENTORY),
            "sku": sku,
            "productId": product["id"],
            "warehouseCode": warehouse,
            "quantityOnHand": 0,
            "quantityAllocated": 0,
            "quantityAvailable": 0,
            "quantityOnOrder": 0,
            "allowBackorder": product["allowBackorder"],
        }
        return self._world.save(INVENTORY, available({**stock, **levels}), call.by)

    def _batch(
        self,
        call: Call,
        items: list[Any],
        model: type[Item],
        key: tuple[str, ...],
        one: Callable[[Item], Outcome],
    ) -> Reply:
        """207: every item has its own outcome, and a failed one leaves the others alone."""
        results = []
        for index, raw in enumerate(items):
            named = {name: raw.get(name) for name in key} if isinstance(raw, dict) else {}
            try:
                status, more = one(read(model, raw, strict=call.strict, at=f"items[{index}]."))
            except Problem as problem:
                error = {"code": problem.code, "detail": problem.detail}
                error |= {"errors": problem.more["errors"]} if "errors" in problem.more else {}
                status, more = "error", {"error": error}
            results.append({"index": index, **named, "status": status, **more})
        failed = sum(result["status"] == "error" for result in results)
        changed = sum(result["status"] in {"updated", "created"} for result in results)
        return Reply({"results": results, "updated": changed, "failed": failed}, 207, bare=True)


WAREHOUSES = (
    {"code": "001", "name": "Main warehouse", "isActive": True},
    {"code": "002", "name": "West warehouse", "isActive": True},
)


def new_product(record_id: int, sku: str, name: str) -> Json:
    """A product with nothing but its name."""
    return {
        "id": record_id,
        "sku": sku,
        "name": name,
        "status": "active",
        "type": "simple",
        "shortDescription": "",
        "description": "",
        "brand": None,
        "categories": [],
        "unitOfMeasure": "EACH",
        "taxCode": "TX",
        "isTaxable": True,
        "isDiscontinued": False,
        "allowBackorder": True,
        "prices": {
            "currency": "USD",
            "basePrice": 0,
            "salePrice": None,
            "msrp": None,
            "tiers": [],
            "accountPrices": [],
        },
        "weight": None,
        "dimensions": None,
        "barcodes": [],
        "images": [],
        "attributes": {},
        "aliases": [],
        "externalIds": {},
    }


def _merged(record: Json, changes: Json) -> Json:
    """Sent members replace; the members of attributes, external ids and prices are merged."""
    merged = {**record, **changes}
    for name in ("attributes", "externalIds", "prices"):
        if isinstance(changes.get(name), dict):
            merged[name] = {**(record.get(name) or {}), **changes[name]}
    return merged


def _told(before: Json | None, after: Json) -> str:
    if before is None:
        return "created"
    return "unchanged" if before["rowVersion"] == after["rowVersion"] else "updated"
