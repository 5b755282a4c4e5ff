"""Customers, their address books and their people; payments and payouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.clarity.asked import Address, Contact, CustomerNew, CustomerPatch
from include.sandbox.clarity.drafts import payout
from include.sandbox.clarity.exchange import Call, Reply, Route, found
from include.sandbox.clarity.kinds import CUSTOMERS, PAYMENTS, REFUNDS
from include.sandbox.clarity.listing import LISTINGS, listed
from include.sandbox.clarity.problem import Problem, not_found

if TYPE_CHECKING:
    from pydantic import BaseModel

    from include.sandbox.clarity.wire import Json
    from include.sandbox.clarity.world import World

ERP_NUMBER = "sage100CustomerNo"


class CustomerRoutes:
    """``/customers``, ``/payments``, ``/payouts``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[Route]:
        """Every operation."""
        read, write, one = "customers.read", "customers.write", "/customers/{id}"
        routes = [
            Route("GET", "/customers", read, self.list_customers, listing=LISTINGS["customers"]),
            Route("POST", "/customers", write, self.create, CustomerNew),
            Route("GET", one, read, self.get),
            Route("PATCH", one, write, self.patch, CustomerPatch),
            Route("GET", "/payments", "payments.read", self.list_payments, listing=LISTINGS["payments"]),
            Route("GET", "/payouts/{id}", "payments.read", self.payout),
        ]
        models: dict[str, type[BaseModel]] = {"addresses": Address, "contacts": Contact}
        for book, model in models.items():
            member = _Book(self, book)
            routes += [
                Route("GET", f"{one}/{book}", read, member.show),
                Route("POST", f"{one}/{book}", write, member.add, model),
                Route("PUT", f"{one}/{book}/{{entry}}", write, member.replace, model),
            ]
        return routes

    def list_customers(self, call: Call) -> Reply:
        """Customers."""
        return Reply(page=listed(self._world, LISTINGS["customers"], call.query, free=call.free_filters))

    def list_payments(self, call: Call) -> Reply:
        """Payments."""
        return Reply(page=listed(self._world, LISTINGS["payments"], call.query, free=call.free_filters))

    def payout(self, call: Call) -> Reply:
        """What a gateway paid out on a day, with the payments, refunds and fees in it."""
        name = call.ids["id"]
        payments = self._world.documents.where(PAYMENTS, "payoutId", name)
        if not payments:
            raise not_found("payout", f"id '{name}'")
        return found(payout(payments, self._world.documents.where(REFUNDS, "payoutId", name)))

    def find(self, call: Call) -> Json:
        """The customer in the path.

        Raises:
            Problem: there is none.
        """
        customer = self._world.documents.get(CUSTOMERS, call.number())
        if customer is None:
            raise not_found("customer", f"id {call.ids['id']}")
        return customer

    def save(self, customer: Json, call: Call) -> Json:
        """Write it."""
        return self._world.save(CUSTOMERS, customer, call.by)

    def get(self, call: Call) -> Reply:
        """One customer; one who was merged says into whom."""
        return found(self.find(call))

    def patch(self, call: Call) -> Reply:
        """Change what is sent."""
        customer = self.find(call)
        asked = call.model(CustomerPatch).given()
        call.expect(customer)
        for name in ("attributes", "externalIds"):
            if name in asked:
                asked[name] = {**customer[name], **(asked[name] or {})}
        return found(self.save({**customer, **asked}, call))

    def create(self, call: Call) -> Reply:
        """A customer from elsewhere; the same number or the same ERP number twice is a conflict."""
        asked = call.model(CustomerNew)
        self._refuse_known(asked)
        number = self._world.documents.new_id(CUSTOMERS)
        body = asked.given()
        customer = {
            **new_customer(number),
            **body,
            "customerNumber": asked.customer_number or f"C-{number}",
            "contacts": [self.entry("contacts", one) for one in body.get("contacts", [])],
            "addresses": [self.entry("addresses", one) for one in body.get("addresses", [])],
        }
        saved = self.save(customer, call)
        return found(saved, 201, f"/api/v1/customers/{number}")

    def _refuse_known(self, asked: CustomerNew) -> None:
        documents = self._world.documents
        known = documents.numbered(CUSTOMERS, asked.customer_number) if asked.customer_number else None
        erp = (asked.external_ids or {}).get(ERP_NUMBER)
        if known is None and erp is not None:
            known = next(iter(documents.where(CUSTOMERS, f"externalIds.{ERP_NUMBER}", erp)), None)
        if known is not None:
            detail = f"Customer {known['customerNumber']} exists."
            raise Problem(409, "duplicate", detail, existingId=known["id"])

    def entry(self, book: str, values: Json) -> Json:
        """A new entry of a book, with an id."""
        return {**values, "id": 1_000_000 + self._world.documents.new_id(CUSTOMERS, book)}


class _Book:
    """The addresses or the contacts of a customer."""

    def __init__(self, routes: CustomerRoutes, name: str) -> None:
        self._routes = routes
        self._name = name
        self._model: type[Address | Contact] = Address if name == "addresses" else Contact

    def show(self, call: Call) -> Reply:
        """All entries."""
        return Reply(self._routes.find(call)[self._name])

    def add(self, call: Call) -> Reply:
        """One more."""
        customer = self._routes.find(call)
        entry = self._routes.entry(self._name, call.model(self._model).model_dump(by_alias=True))
        customer[self._name].append(entry)
        self._routes.save(customer, call)
        return Reply(entry, 201)

    def replace(self, call: Call) -> Reply:
        """Another in place of one."""
        customer = self._routes.find(call)
        entries = customer[self._name]
        index = next((i for i, one in enumerate(entries) if one["id"] == call.number("entry")), None)
        if index is None:
            raise not_found("address" if self._model is Address else "contact", f"id {call.ids['entry']}")
        entry = {**call.model(self._model).model_dump(by_alias=True), "id": entries[index]["id"]}
        entries[index] = entry
        self._routes.save(customer, call)
        return Reply(entry)


def new_customer(record_id: int) -> Json:
    """A customer with nothing but an id."""
    return {
        "id": record_id,
        "customerNumber": f"C-{record_id}",
        "type": "business",
        "status": "active",
        "company": None,
        "email": "",
        "phone": None,
        "website": None,
        "taxExempt": False,
        "taxExemptCertificate": None,
        "currency": "USD",
        "priceLevel": None,
        "paymentTerms": None,
        "creditLimit": 0,
        "creditAvailable": 0,
        "creditHold": False,
        "salesRepCode": None,
        "defaultWarehouseCode": "001",
        "contacts": [],
        "addresses": [],
        "attributes": {},
        "externalIds": {},
    }
