"""Where the named cases are played: makes customers, products and orders with numbers of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.clarity import deeds, story
from include.sandbox.clarity.drafts import Draft, Wanted
from include.sandbox.clarity.kinds import CUSTOMERS, INVENTORY, PRODUCTS, SHIPMENTS
from include.sandbox.clarity.orders import numbered, take_in
from include.sandbox.clarity.routes_catalogue import new_product
from include.sandbox.clarity.routes_customers import new_customer
from include.sandbox.clarity.store import SHOP, By
from include.sandbox.clarity.wire import Json, stamp

if TYPE_CHECKING:
    from include.sandbox.clarity.world import World

FIRST_ORDER, FIRST_CUSTOMER, FIRST_PRODUCT, FIRST_STOCK = 900_000, 910_000, 920_000, 3_000_000
ERP = By("api:sage100-connector")
ADDRESS: Json = {
    "company": None, "attention": None, "line1": "118 Harborside Drive", "line2": None, "city": "Galveston",
    "region": "Texas", "regionCode": "TX", "postalCode": "77550", "countryCode": "US",
    "phone": "+1 409 555 0163", "email": None, "isResidential": False,
}  # fmt: skip


@dataclass(slots=True)
class Stage:
    """One case in play; each has room for ten records of a kind."""

    world: World
    index: int
    announce: bool = True
    size: int | None = None
    orders: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    skus: list[str] = field(default_factory=list)
    more: Json = field(default_factory=dict)

    def customer(self, company: str | None = "Gulf Coast Marine Supply LLC", **changes: Any) -> Json:
        """One more customer, with one address for bill and goods."""
        number = FIRST_CUSTOMER + self.index * 10 + len(self.customers)
        where = {**ADDRESS, "company": company, **changes.pop("address", {})}
        email = changes.pop("email", f"buyer{number}@gulfcoastmarine.example")
        person = {
            "id": number * 10, "firstName": changes.pop("first", "Ines"),
            "lastName": changes.pop("last", "Okafor"), "email": email, "phone": None, "role": "buyer",
            "isPrimary": True, "isActive": True,
        }  # fmt: skip
        made = new_customer(number) | {
            "company": company, "email": email, "contacts": [person],
            "addresses": [
                {**where, "id": number * 10 + 1, "kind": "billing", "isDefault": True},
                {**where, "id": number * 10 + 2, "kind": "shipping", "isDefault": True},
            ],
            **changes,
        }  # fmt: skip
        saved = self.world.save(CUSTOMERS, made, SHOP, quiet=not self.announce)
        self.customers.append(saved["customerNumber"])
        return saved

    def product(self, sku: str, price: str = "10.00", *, stock: int = 100, **changes: Any) -> Json:
        """One more product, with stock in the main warehouse."""
        number = FIRST_PRODUCT + self.index * 10 + len(self.skus)
        made = new_product(number, sku, changes.pop("name", f"Sample {sku}"))
        made["prices"]["basePrice"] = Decimal(price)
        saved = self.world.save(PRODUCTS, made | changes, SHOP, quiet=not self.announce)
        level = story.stock(saved, "001", Decimal(stock), FIRST_STOCK + number)
        self.world.save(INVENTORY, level, SHOP, quiet=not self.announce)
        self.skus.append(sku)
        return saved

    def known(self, number: int = 1) -> Json:
        """A product of the story, written if the story was not told."""
        told = story.goods(self.world.now())[number]
        return self.world.documents.numbered(PRODUCTS, told["sku"]) or self.world.save(PRODUCTS, told, SHOP)

    def order(self, customer: Json | None = None, *wanted: Wanted, **values: Any) -> Json:
        """One more order; with nothing named, three of Northwind's first product."""
        number = FIRST_ORDER + self.index * 10 + len(self.orders)
        draft = Draft(
            **{
                "id": number,
                "customer": customer or self.customer(),
                "wanted": wanted or (Wanted(self.known(), Decimal(3)),),
                "placed": self.world.now(),
                "shipping": Decimal("8.00"),
                **values,
            }
        )
        self.world.control.database.change(
            "DELETE FROM clarity_documents "
            "WHERE resource = 'shipments' AND json_extract(body, '$.orderId') = ?",
            (number,),
        )
        made = deeds.check_out(self.world, draft, announce=self.announce)
        self.orders.append(made["orderNumber"])
        return made

    def ship(self, order: Json, suffix: str, quantities: dict[int, int], *boxes: str) -> Json:
        """One more shipment, as the ERP's connector would have written it."""
        lines = [
            {"orderLineNumber": line["lineNumber"], "sku": line["sku"],
             "quantity": Decimal(quantities[line["lineNumber"]]), "lotSerials": []}
            for line in order["lines"] if line["lineNumber"] in quantities
        ]  # fmt: skip
        tracking = list(boxes) or [f"1Z{order['id']}{suffix}"]
        number = f"SHP-{order['id']}-{suffix}"
        made = self.world.save(SHIPMENTS, {
            "id": self.world.documents.new_id(SHIPMENTS), "shipmentNumber": number, "orderId": order["id"],
            "orderNumber": order["orderNumber"], "status": "Shipped", "carrier": "UPS", "serviceCode": "GND",
            "trackingNumbers": list(dict.fromkeys(tracking)), "trackingUrl": None,
            "shippedAt": stamp(self.world.now()), "estimatedDelivery": None, "warehouseCode": "001",
            "freightAmount": 0, "lines": lines, "notifyCustomer": False, "externalIds": {},
            "packages": [
                {"packageNumber": box, "trackingNumber": name, "weight": None, "lines": []}
                for box, name in enumerate(tracking, start=1)
            ],
        }, ERP)  # fmt: skip
        take_in(self.world, numbered(self.world, order["orderNumber"]), ERP)
        return made

    def told(self, case: str, what: str) -> Json:
        """What the control API answers."""
        found = {
            "case": case,
            "what": what,
            "orders": self.orders,
            "customers": self.customers,
            "skus": self.skus,
        }
        return found | self.more
