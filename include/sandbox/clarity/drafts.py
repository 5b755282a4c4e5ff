"""Orders as a checkout makes them: lines, discounts, taxes, totals and payments that agree to the cent.

``subtotal = sum(unitPrice * quantity)``, ``extendedPrice = unitPrice * quantity - discountAmount``,
``grandTotal = subtotal - discount + shipping + handling + fees + tax``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.clarity.wire import Json, decimal, rounded, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ZERO = Decimal(0)
CARDS = ({"brand": "visa", "last4": "4242"}, {"brand": "mastercard", "last4": "4444"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of a basket."""

    product: Json
    quantity: Decimal
    price: Decimal | None = None
    """None: the product's base price."""
    discount: Decimal = ZERO
    more: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tender:
    """One way of paying a part; ``amount`` None is what is left."""

    gateway: str = "Stripe"
    method: str = "card"
    status: str = "captured"
    amount: Decimal | None = None
    captured: Decimal | None = None
    refunded: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Draft:
    """A basket at the moment of checkout."""

    id: int
    customer: Json
    wanted: Sequence[Wanted]
    placed: datetime
    number: str = ""
    status: str = "Processing"
    store: str = "main"
    source: str = "storefront"
    currency: str = "USD"
    exchange_rate: Decimal = Decimal(1)
    tax_rate: Decimal = ZERO
    tax_name: str = "US state + local"
    tax_by_line: bool = False
    shipping_taxed: bool = False
    shipping: Decimal = ZERO
    handling: Decimal = ZERO
    fees: Decimal = ZERO
    order_discount: Decimal = ZERO
    tenders: Sequence[Tender] = (Tender(),)
    method: Json = field(default_factory=dict)
    ship_to: Json | None = None
    guest: bool = False
    more: Json = field(default_factory=dict)

    def document(self) -> Json:
        """The order."""
        lines = [self._line(index, wanted) for index, wanted in enumerate(self.wanted, start=1)]
        totals = self._totals(lines)
        payments = self._payments(totals["grandTotal"])
        paid = sum((one["capturedAmount"] - one["refundedAmount"] for one in payments), ZERO)
        totals |= {"amountPaid": paid, "balanceDue": totals["grandTotal"] - paid}
        placed = stamp(self.placed)
        billing = _first(self.customer, "billing")
        return {
            "id": self.id,
            "orderNumber": self.number or f"WEB-{self.id}",
            "status": self.status,
            "placedAt": placed,
            "createdDate": placed,
            "updatedDate": placed,
            "rowVersion": 1,
            "storeId": self.store,
            "source": self.source,
            "currency": self.currency,
            "exchangeRateToBase": self.exchange_rate,
            "customer": buyer(self.customer, guest=self.guest),
            "purchaseOrderNumber": None,
            "paymentTerms": self.customer.get("paymentTerms"),
            "billingAddress": billing,
            "shippingAddress": self.ship_to or _first(self.customer, "shipping") or billing,
            "shippingMethod": {
                "carrier": "UPS", "serviceCode": "GND", "serviceName": "UPS Ground",
                "requestedShipDate": placed[:10], "shipComplete": False, **self.method,
            },
            "lines": lines,
            "discounts": self._discounts(lines),
            "taxes": self._taxes(lines, totals),
            "totals": totals,
            "payments": payments,
            "notes": [],
            "attributes": {},
            "externalIds": {},
            "statusHistory": [{"status": self.status, "at": placed, "by": self.source}],
            "shipments": [],
            "invoices": [],
            "groups": [],
            **self.more,
        }  # fmt: skip

    def _line(self, number: int, wanted: Wanted) -> Json:
        product = wanted.product
        price = decimal(product["prices"]["basePrice"]) if wanted.price is None else wanted.price
        discount = rounded(wanted.discount, self.currency)
        extended = rounded(price * wanted.quantity - discount, self.currency)
        taxable = product["isTaxable"] and self.tax_rate != 0
        return {
            "lineId": self.id * 100 + number,
            "lineNumber": number,
            "sku": product["sku"],
            "productId": product["id"],
            "name": product["name"],
            "quantity": wanted.quantity,
            "unitOfMeasure": product["unitOfMeasure"],
            "unitPrice": price,
            "discountAmount": discount,
            "extendedPrice": extended,
            "taxAmount": rounded(extended * self.tax_rate, self.currency) if taxable else ZERO,
            "taxable": taxable,
            "warehouseCode": "001",
            "requestedShipDate": self.method.get("requestedShipDate", stamp(self.placed)[:10]),
            "attributes": {},
            "quantityShipped": ZERO,
            "quantityBackordered": ZERO,
            "quantityCancelled": ZERO,
            **wanted.more,
        }

    def _taxable(self, lines: list[Json]) -> Decimal:
        goods = sum((line["extendedPrice"] for line in lines if line["taxable"]), ZERO)
        return goods - self.order_discount + (self.shipping if self.shipping_taxed else ZERO)

    def _tax(self, lines: list[Json]) -> Decimal:
        if not self.tax_rate:
            return ZERO
        if self.tax_by_line:
            freight = self.shipping * self.tax_rate if self.shipping_taxed else ZERO
            by_line = sum((line["taxAmount"] for line in lines), ZERO)
            return Decimal(by_line + rounded(freight, self.currency))
        return rounded(self._taxable(lines) * self.tax_rate, self.currency)

    def _totals(self, lines: list[Json]) -> Json:
        subtotal = rounded(sum((line["unitPrice"] * line["quantity"] for line in lines), ZERO), self.currency)
        discount = sum((line["discountAmount"] for line in lines), ZERO) + self.order_discount
        tax = self._tax(lines)
        grand = subtotal - discount + self.shipping + self.handling + self.fees + tax
        return {
            "subtotal": subtotal,
            "discount": discount,
            "shipping": self.shipping,
            "handling": self.handling,
            "fees": self.fees,
            "tax": tax,
            "grandTotal": grand,
        }

    def _discounts(self, lines: list[Json]) -> list[Json]:
        found = []
        on_lines = sum((line["discountAmount"] for line in lines), ZERO)
        if on_lines:
            found.append(
                {"code": "LINE", "description": "Line discounts", "amount": on_lines, "level": "line"}
            )
        if self.order_discount:
            found.append(
                {
                    "code": "ORDER",
                    "description": "Order discount",
                    "amount": self.order_discount,
                    "level": "order",
                }
            )
        return found

    def _taxes(self, lines: list[Json], totals: Json) -> list[Json]:
        if not self.tax_rate:
            return []
        taxable = self._taxable(lines)
        return [
            {"name": self.tax_name, "rate": self.tax_rate, "taxableAmount": taxable, "amount": totals["tax"]}
        ]

    def _payments(self, total: Decimal) -> list[Json]:
        left = total - sum((tender.amount or ZERO for tender in self.tenders), ZERO)
        return [self._payment(index, tender, left) for index, tender in enumerate(self.tenders)]

    def _payment(self, index: int, tender: Tender, left: Decimal) -> Json:
        amount = left if tender.amount is None else tender.amount
        taken = amount if tender.status in {"captured", "refunded", "partially_refunded"} else ZERO
        taken = taken if tender.captured is None else tender.captured
        placed = stamp(self.placed)
        paid = {
            "id": self.id * 10 + index,
            "gateway": tender.gateway,
            "method": tender.method,
            "status": tender.status,
            "amount": amount,
            "currency": self.currency,
            "transactionId": f"{tender.gateway.lower()}_{self.id}_{index}",
            "authorizationCode": f"A{self.id % 100_000:05d}",
            "card": {**CARDS[self.id % 2], "expMonth": 11, "expYear": 2030}
            if tender.method == "card"
            else None,
            "authorizedAt": placed,
            "capturedAt": placed if taken else None,
            "capturedAmount": taken,
            "refundedAmount": tender.refunded,
        }
        return {name: value for name, value in paid.items() if name != "card" or value}


def buyer(customer: Json, *, guest: bool = False) -> Json:
    """The customer as an order names them."""
    person: Json = next(iter(customer["contacts"]), {})
    return {
        "id": customer["id"],
        "customerNumber": None if guest else customer["customerNumber"],
        "type": customer["type"],
        "company": customer["company"],
        "firstName": person.get("firstName"),
        "lastName": person.get("lastName"),
        "email": customer["email"],
        "erpCustomerNo": customer["externalIds"].get("sage100CustomerNo"),
        "isGuest": guest,
    }


def _first(customer: Json, kind: str) -> Any:
    own = ("id", "kind", "isDefault", "externalIds")
    found = next((one for one in customer["addresses"] if one["kind"] == kind), None)
    return found and {name: value for name, value in found.items() if name not in own}


def fee(amount: Decimal, currency: str) -> Decimal:
    """What a card gateway keeps: 2.9 % and 30 cents."""
    return rounded(amount * Decimal("0.029") + Decimal("0.30"), currency)


def payments_of(order: Json) -> list[Json]:
    """The payments of an order as ``/payments`` lists them."""
    found = []
    for one in order["payments"]:
        taken = decimal(one["capturedAmount"])
        costs = taken and one["gateway"] not in {"OnAccount", "Check"}
        found.append({
            "id": one["id"], "orderNumber": order["orderNumber"],
            "customerNumber": order["customer"]["customerNumber"], "gateway": one["gateway"],
            "method": one["method"], "status": one["status"], "currency": one["currency"],
            "amount": one["amount"], "capturedAmount": one["capturedAmount"],
            "refundedAmount": one["refundedAmount"],
            "fee": fee(taken, one["currency"]) if costs else ZERO,
            "transactionId": one["transactionId"],
            "payoutId": payout_id(one) if costs else None,
            "capturedAt": one["capturedAt"], "createdDate": order["createdDate"],
            "updatedDate": one["capturedAt"] or order["updatedDate"], "rowVersion": 1,
            "externalIds": {"sage100CashReceiptDepositNo": None},
        })  # fmt: skip
    return found


def payout_id(payment: Json) -> str:
    """One payout a day, gateway and currency: ``po_Stripe_USD_20260302``."""
    day = str(payment["capturedAt"])[:10].replace("-", "")
    return f"po_{payment['gateway']}_{payment['currency']}_{day}"


def payout(payments: Sequence[Json], refunds: Sequence[Json]) -> Json:
    """What a gateway paid for a day, out of its payments and refunds: ``net = gross - refunds - fees``."""
    first = payments[0]
    gross = sum((decimal(one["capturedAmount"]) for one in payments), ZERO)
    back = sum((decimal(one["amount"]) for one in refunds), ZERO)
    fees = sum((decimal(one["fee"]) for one in payments), ZERO)
    entries = [("payment", one["id"], decimal(one["capturedAmount"]), one["fee"]) for one in payments]
    entries += [("refund", one["paymentId"], -decimal(one["amount"]), 0) for one in refunds]
    return {
        "id": first["payoutId"],
        "gateway": first["gateway"],
        "currency": first["currency"],
        "status": "paid",
        "paidAt": max(one["capturedAt"] for one in payments),
        "gross": gross,
        "refunds": back,
        "fees": fees,
        "net": gross - back - fees,
        "transactions": [
            {"type": kind, "paymentId": number, "amount": amount, "fee": cost}
            for kind, number, amount, cost in entries
        ],
        "updatedDate": max(one["updatedDate"] for one in (*payments, *refunds)),
    }


def retotal(order: Json) -> None:
    """Work an order's sums out again after its lines were edited; tax by the total, at the rate it has."""
    currency = order["currency"]
    for line in order["lines"]:
        gross = decimal(line["unitPrice"]) * decimal(line["quantity"])
        line["extendedPrice"] = rounded(gross - decimal(line["discountAmount"]), currency)
    totals = order["totals"]
    on_order = sum((decimal(one["amount"]) for one in order["discounts"] if one["level"] == "order"), ZERO)
    on_lines = sum((decimal(line["discountAmount"]) for line in order["lines"]), ZERO)
    for tax in order["taxes"]:
        goods = sum((decimal(one["extendedPrice"]) for one in order["lines"] if one["taxable"]), ZERO)
        tax["taxableAmount"] = goods - on_order
        tax["amount"] = rounded(tax["taxableAmount"] * decimal(tax["rate"]), currency)
    totals["subtotal"] = rounded(
        sum((decimal(one["unitPrice"]) * decimal(one["quantity"]) for one in order["lines"]), ZERO), currency
    )
    totals["discount"] = on_lines + on_order
    totals["tax"] = sum((decimal(tax["amount"]) for tax in order["taxes"]), ZERO)
    extras = sum((decimal(totals[name]) for name in ("shipping", "handling", "fees", "tax")), ZERO)
    totals["grandTotal"] = totals["subtotal"] - totals["discount"] + extras
    totals["balanceDue"] = totals["grandTotal"] - decimal(totals["amountPaid"])
