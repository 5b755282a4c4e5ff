"""What a sales order costs: line totals, discounts, taxes, and the base-currency twins.

Works on the order's document in place: what a person enters (quantity, rate, discount, tax,
shipping, adjustment, exchange rate) is read, everything derived is written anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.zoho.wire import Json, cents, decimal, money, money_text, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

HUNDRED = Decimal(100)
BASE_SYMBOL = "$"


@dataclass(frozen=True, slots=True)
class LinePrice:
    """One line in the order's currency. ``net`` is after the line's own discount, rounded to cents."""

    line: Json
    gross: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Sums:
    """The order's sums in its own currency."""

    sub_total: Decimal
    line_discounts: Decimal
    entity_discount: Decimal
    tax: Decimal
    shipping: Decimal
    adjustment: Decimal
    inclusive: bool

    @property
    def total(self) -> Decimal:
        """What the customer pays."""
        added_tax = Decimal(0) if self.inclusive else self.tax
        return self.sub_total - self.entity_discount + added_tax + self.shipping + self.adjustment


def part(amount: Decimal, discount: Any) -> Decimal:
    """A discount as Zoho writes it ("5.00%" or a sum) taken of an amount."""
    text = str(discount if discount not in ("", None) else 0)
    if text.endswith("%"):
        return amount * Decimal(text[:-1]) / HUNDRED
    return Decimal(text)


def price(order: Json) -> None:
    """Write every derived number of an order."""
    by_line = order["discount_type"] == "item_level"
    lines = [_line(line, by_line=by_line) for line in order["line_items"]]
    sub_total = sum((line.net for line in lines), Decimal(0))
    entity_discount = Decimal(0) if by_line else cents(part(sub_total, order["discount"]))
    taxes = _taxes(order, lines, entity_discount)
    sums = Sums(
        sub_total=sub_total,
        line_discounts=sum((line.gross - line.net for line in lines), Decimal(0)),
        entity_discount=entity_discount,
        tax=sum(taxes.values(), Decimal(0)),
        shipping=cents(decimal(order["shipping_charge"])),
        adjustment=cents(decimal(order["adjustment"])),
        inclusive=bool(order["is_inclusive_tax"]),
    )
    symbol = order["currency_symbol"]
    for line in lines:
        _write_line(line, symbol, decimal(order["exchange_rate"]))
    _write_discounts(order, sums, symbol)
    _write_sums(order, sums, symbol)
    _write_taxes(order, lines, taxes)
    _write_quantity(order)


def _line(line: Json, *, by_line: bool) -> LinePrice:
    gross = decimal(line["rate"]) * decimal(line["quantity"])
    discount = part(gross, line["discount"]) if by_line else Decimal(0)
    return LinePrice(line, cents(gross), cents(gross - discount))


def _write_line(price_of: LinePrice, symbol: str, rate: Decimal) -> None:
    line, net = price_of.line, price_of.net
    each = decimal(line["rate"])
    base = cents(each * rate)
    line.update(
        quantity=quantity(decimal(line["quantity"])),
        rate=float(each),
        rate_formatted=money_text(symbol, each),
        bcy_rate=float(base),
        bcy_rate_formatted=money_text(BASE_SYMBOL, base),
        sales_rate_formatted=money_text("$", decimal(line["sales_rate"])),
        item_total=money(net),
        item_total_formatted=money_text(symbol, net),
        item_sub_total=money(net),
        item_sub_total_formatted=money_text(symbol, net),
    )


def _taxes(order: Json, lines: Sequence[LinePrice], entity_discount: Decimal) -> dict[str, Decimal]:
    """Tax per tax id, rounded per line; an entity discount before tax lowers each line in proportion."""
    sub_total = sum((line.net for line in lines), Decimal(0))
    before_tax = order["is_discount_before_tax"] and sub_total
    kept = (sub_total - entity_discount) / sub_total if before_tax else Decimal(1)
    found: dict[str, Decimal] = {}
    for priced in lines:
        line = priced.line
        line["line_item_taxes"] = []
        if not line["tax_id"]:
            continue
        rate = decimal(line["tax_percentage"]) / HUNDRED
        divisor = 1 + rate if order["is_inclusive_tax"] else Decimal(1)
        amount = cents(priced.net * kept * rate / divisor)
        line["line_item_taxes"] = [
            {"tax_id": line["tax_id"], "tax_name": _tax_label(line), "tax_amount": money(amount)}
        ]
        found[line["tax_id"]] = found.get(line["tax_id"], Decimal(0)) + amount
    return found


def _tax_label(line: Json) -> str:
    return f"{line['tax_name']} ({decimal(line['tax_percentage']).normalize():f}%)"


def _write_taxes(order: Json, lines: Sequence[LinePrice], taxes: dict[str, Decimal]) -> None:
    labels = {priced.line["tax_id"]: _tax_label(priced.line) for priced in lines if priced.line["tax_id"]}
    order["taxes"] = [
        {
            "tax_id": tax_id,
            "tax_name": labels[tax_id],
            "tax_amount": money(amount),
            "tax_amount_formatted": money_text(order["currency_symbol"], amount),
        }
        for tax_id, amount in taxes.items()
    ]


def _write_discounts(order: Json, sums: Sums, symbol: str) -> None:
    total = sums.entity_discount + sums.line_discounts
    text = str(order["discount"])
    order.update(
        has_discount=total > 0,
        discount_amount=money(sums.entity_discount),
        discount_amount_formatted=money_text(symbol, sums.entity_discount),
        discount_applied_on_amount=money(sums.sub_total if sums.entity_discount else Decimal(0)),
        discount_total=money(total),
        bcy_discount_total=money(total * decimal(order["exchange_rate"])),
        discount_percent=float(text[:-1]) if text.endswith("%") else 0,
        sub_total_exclusive_of_discount=money(sums.sub_total - sums.entity_discount),
    )


def _write_sums(order: Json, sums: Sums, symbol: str) -> None:
    rate = decimal(order["exchange_rate"])
    named = {
        "shipping_charge": sums.shipping,
        "adjustment": sums.adjustment,
        "sub_total": sums.sub_total,
        "tax_total": sums.tax,
        "total": sums.total,
    }
    for name, amount in named.items():
        order[name] = money(amount)
        order[f"{name}_formatted"] = money_text(symbol, amount)
        order[f"bcy_{name}"] = money(amount * rate)
    order["shipping_charge_exclusive_of_tax"] = money(sums.shipping)
    order["shipping_charge_inclusive_of_tax"] = money(sums.shipping)
    order["balance"] = money(sums.total)
    order["balance_formatted"] = money_text(symbol, sums.total)


def _write_quantity(order: Json) -> None:
    total = sum((decimal(line["quantity"]) for line in order["line_items"]), Decimal(0))
    order["total_quantity"] = quantity(total)
    order["total_quantity_formatted"] = f"{total:.2f}"
