"""Every case the data set must hold, each under a name: what integrations meet and forget to test.

A case writes its records at once and says which. The last ones are deeds rather than data: a storm, a race, a
batch to send; they need a subscription, or answer what a client has to post.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.sandbox.clarity import deeds, orders, story
from include.sandbox.clarity.control_asked import Edit, Placing
from include.sandbox.clarity.drafts import Tender, Wanted
from include.sandbox.clarity.kinds import INVENTORY, ORDERS, PRODUCTS, SHIPMENTS
from include.sandbox.clarity.routes_catalogue import new_product
from include.sandbox.clarity.settings import Mischief
from include.sandbox.clarity.stage import ERP, Stage
from include.sandbox.clarity.wire import Json, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.sandbox.clarity.world import World

D = Decimal
TAX = D("0.0825")
NEW_YORK = ZoneInfo("America/New_York")
BACKLOG, CATALOGUE, BATCH, STORM = 10_000, 100_000, 500, 500
BULK_IDS = 4_000_000
AT_ONCE = 5_000
STORM_RATE = 50


def _guest(stage: Stage) -> None:
    guest = stage.customer(None, type="consumer", email="jane@guest.example", first="Jane", last="Roe")
    stage.order(guest, guest=True)


def _on_terms(stage: Stage) -> None:
    buyer = stage.customer(paymentTerms="NET30", creditLimit=25_000, creditAvailable=D("18112.35"))
    stage.order(buyer, tenders=(Tender("OnAccount", "on_account", "authorized"),))


def _same_po(stage: Stage) -> None:
    buyer = stage.customer()
    for _ in range(2):
        stage.order(buyer, more={"purchaseOrderNumber": "GC-2026-0311"})


def _email_case(stage: Stage) -> None:
    for email in ("ann.lee@mail.example", "Ann.Lee@Mail.Example", "annlee@mail.example"):
        stage.order(stage.customer(email=email, first="Ann", last="Lee"))


def _email_shared(stage: Stage) -> None:
    for company in ("Harbor Lights Inc", "Harbor Docks Ltd"):
        stage.order(stage.customer(company, email="office@harbor.example"))


def _merged(stage: Stage) -> None:
    old, kept = stage.customer("Pelican Boats"), stage.customer("Pelican Boats LLC")
    stage.order(old)
    deeds.merge(stage.world, old["customerNumber"], kept["customerNumber"])


def _long_company(stage: Stage) -> None:
    name = "Consolidated Gulf Coast Marine Supply and Chandlery Company of Galveston"
    stage.order(stage.customer(name))


def _long_address(stage: Stage) -> None:
    lines = {
        "attention": "Receiving, north gate, ask for the dock master",
        "line1": "Building 14, Old Cotton Exchange Warehouse District",
        "line2": "Third floor, freight elevator at the rear entrance",
        "line3": "Between Pier 21 and the railroad museum car park",
    }
    stage.order(stage.customer(address=lines))


def _gb(stage: Stage) -> None:
    where = {"line1": "120 Hanover Sq.", "city": "London", "region": None, "regionCode": None,
             "postalCode": "WA1 1DP", "countryCode": "GB"}  # fmt: skip
    stage.order(stage.customer("Around the Horn", address=where))


def _mx(stage: Stage) -> None:
    where = {"line1": "Avda. de la Constitución 2222", "city": "México D.F.", "region": "Ciudad de México",
             "regionCode": "CMX", "postalCode": "05021", "countryCode": "MX"}  # fmt: skip
    stage.order(stage.customer("Ana Trujillo Emparedados", address=where))


def _unicode(stage: Stage) -> None:
    stage.order(stage.customer("Žluťoučký kůň s.r.o. 🐴", first="Łukasz", last="Ångström"))
    stage.order(stage.customer("株式会社サンプル", first="太郎", last="山田"))


def _sku(sku: str) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.order(None, Wanted(stage.product(sku), D(2)))

    return play


def _alias(stage: Stage) -> None:
    stage.order(None, Wanted(stage.product("SHOP-ONLY-1", aliases=["NW-0001"]), D(1)))


def _kit(stage: Stage) -> None:
    parent = stage.product("GSK-KIT-04", "46.50", type="kit", unitOfMeasure="KIT")
    parts = [stage.product(f"GSK-PART-{n}", "0.00") for n in (1, 2)]
    first = (900_000 + stage.index * 10) * 100 + 1
    children = [Wanted(part, D(3), D(0), more={"parentLineId": first}) for part in parts]
    stage.order(None, Wanted(parent, D(3)), *children)


def _metres(stage: Stage) -> None:
    cable = stage.product("CBL-16-RD", "2.15", unitOfMeasure="M", name="Marine cable 16 AWG red, per metre")
    stage.order(None, Wanted(cable, D("12.75")), Wanted(cable, D("0.333333")))


def _zero_price(stage: Stage) -> None:
    stage.order(None, Wanted(stage.known(), D(2)), Wanted(stage.product("GIFT-1", "0.00"), D(1)))


def _negative_fee(stage: Stage) -> None:
    stage.order(fees=D("-4.25"))


def _odd_discount(stage: Stage) -> None:
    stage.order(order_discount=D("7.77"), tax_rate=TAX)


def _exempt(stage: Stage) -> None:
    stage.order(stage.customer("City of Galveston", taxExempt=True, taxExemptCertificate="TX-99-1234567"))


def _tax(*, by_line: bool) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        cheap = stage.product(f"TAX-{'LINE' if by_line else 'TOTAL'}", "0.10")
        stage.order(None, *[Wanted(cheap, D(1)) for _ in range(7)], tax_rate=D("0.05"), tax_by_line=by_line)

    return play


def _freight_taxed(stage: Stage) -> None:
    stage.order(tax_rate=TAX, shipping_taxed=True, shipping=D("38.40"))


def _split_tender(stage: Stage) -> None:
    stage.order(tenders=(Tender("Stripe", "gift_card", "captured", D("25.00")), Tender()))


def _paypal(stage: Stage) -> None:
    stage.order(tenders=(Tender("PayPal", "wallet", "authorized"),))


def _partial_capture(stage: Stage) -> None:
    order = stage.order(tenders=(Tender("Stripe", "card", "authorized"),))
    deeds.capture(stage.world, order["orderNumber"], D("20.00"))


def _early_refund(stage: Stage) -> None:
    order = stage.order()
    deeds.refund(stage.world, order["orderNumber"], D("18.00"), "changed my mind")


def _cancel_race(stage: Stage) -> None:
    """The order is announced as created, and cancelled before anybody can have read it."""
    order = stage.order()
    deeds.edit(stage.world, order["orderNumber"], Edit(status="Cancelled", announce=stage.announce))


def _partly_twice(stage: Stage) -> None:
    order = stage.order(None, Wanted(stage.known(), D(10)))
    stage.ship(order, "1", {1: 4})
    stage.ship(order, "2", {1: 3})


def _two_boxes(stage: Stage) -> None:
    order = stage.order()
    stage.ship(order, "1", {1: 3}, "1Z999AA10123456784", "1Z999AA10123456784")


def _corrected(stage: Stage) -> None:
    made = stage.ship(stage.order(), "1", {1: 3}, "1ZWRONG")
    box = {**made["packages"][0], "trackingNumber": "1ZRIGHT"}
    stage.world.save(SHIPMENTS, {**made, "trackingNumbers": ["1ZRIGHT"], "packages": [box]}, ERP)


def _voided(stage: Stage) -> None:
    order = stage.order()
    made = stage.ship(order, "1", {1: 3})
    stage.world.save(SHIPMENTS, {**made, "status": "Voided"}, ERP, "voided")
    orders.take_in(stage.world, orders.numbered(stage.world, order["orderNumber"]), ERP)


def _edited(stage: Stage) -> None:
    order = stage.order()
    exported = {**order, "externalIds": {"sage100SalesOrderNo": "0021457"}}
    stage.world.save(ORDERS, exported, ERP, "acknowledged")
    deeds.edit(stage.world, order["orderNumber"], Edit(quantities={1: D(5)}, announce=stage.announce))


def _out_of_stock(*, backorder: bool) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        gone = stage.product(f"GONE-{'BO' if backorder else 'NO'}", stock=0, allowBackorder=backorder)
        behind = {"quantityBackordered": D(4)} if backorder else {}
        stage.order(None, Wanted(gone, D(4), more=behind))

    return play


def _jpy(stage: Stage) -> None:
    tea = stage.product("TEA-JP", "1980")
    rate = D("0.0067")
    stage.order(None, Wanted(tea, D(3)), currency="JPY", store="jp", exchange_rate=rate, shipping=D(800))


def _cad(stage: Stage) -> None:
    stage.order(currency="CAD", store="ca", exchange_rate=D("0.7312"))


def _midnight(stage: Stage) -> None:
    """23:30 and 00:30 in New York are the next day in UTC, both."""
    for local in (
        datetime(2026, 3, 2, 23, 30, tzinfo=NEW_YORK),
        datetime(2026, 3, 3, 0, 30, tzinfo=NEW_YORK),
    ):
        stage.order(placed=local.astimezone(UTC))


def _dst(stage: Stage) -> None:
    """Half an hour before the clocks spring forward and half an hour after; and both 01:30 of autumn."""
    spring = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
    autumn = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    for moment in (spring, spring + timedelta(hours=1), autumn, autumn + timedelta(hours=1)):
        stage.order(placed=moment)


def _backlog(stage: Stage) -> None:
    placed = deeds.place(stage.world, Placing(count=stage.size or BACKLOG, announce=False))
    stage.more["count"] = len(placed)


def _catalogue(stage: Stage) -> None:
    """Written in bulk, without events: a catalogue as an import leaves it."""
    stamped = stamp(stage.world.now())
    count = stage.size or CATALOGUE

    def product(number: int) -> Json:
        made = new_product(BULK_IDS + number, f"CAT-{number:06d}", f"Catalogue item {number}")
        made["prices"]["basePrice"] = number % 10_000 / 100
        return made | {"createdDate": stamped, "updatedDate": stamped, "rowVersion": 1}

    for start in range(0, count, AT_ONCE):
        products = [product(number) for number in range(start, min(start + AT_ONCE, count))]
        levels = [story.stock(one, "001", D(one["id"] % 500), one["id"]) for one in products]
        stage.world.documents.put(PRODUCTS, products)
        stage.world.documents.put(INVENTORY, levels)
    stage.more["count"] = count


def _bad_batch(stage: Stage) -> None:
    """Answers the batch to post: 500 rows of 250 products, three of them bad."""
    stamped = stamp(stage.world.now())
    products = [
        new_product(BULK_IDS + 500_000 + n, f"BATCH-{n:03d}", f"Batch item {n}")
        | {"createdDate": stamped, "updatedDate": stamped, "rowVersion": 1}
        for n in range(BATCH // 2)
    ]
    stage.world.documents.put(PRODUCTS, products)
    items: list[Json] = [
        {"sku": f"BATCH-{n // 2:03d}", "warehouseCode": f"00{n % 2 + 1}", "quantityOnHand": n + 1}
        for n in range(BATCH)
    ]
    items[7]["sku"] = "NOPE-1"
    items[250]["warehouseCode"] = "999"
    items[499]["quantityOnHand"] = "many"
    body = {"asOf": stamped, "mode": "absolute", "items": items}
    stage.more["request"] = {"method": "POST", "path": "/inventory/batch", "body": body}


def _storm(stage: Stage) -> None:
    """Events of one order at fifty a second."""
    order = stage.order()
    count = stage.size or STORM
    queued = 0
    for number in range(count):
        event = stage.world.event("order.updated", ORDERS, order, {"notes": []})
        queued += stage.world.webhooks.announce(event, wait=number / STORM_RATE)
    stage.more["queued"] = queued


def _five_times(stage: Stage) -> None:
    stage.announce = False
    order = stage.order()
    event = stage.world.event("order.created", ORDERS, order)
    stage.more["queued"] = stage.world.webhooks.announce(event, mischief=Mischief(duplicate=5))


CASES: dict[str, tuple[str, Callable[[Stage], None]]] = {
    "guest_order": ("nobody logged in", _guest),
    "business_on_terms": ("a business order on NET30", _on_terms),
    "same_po_number": ("two orders with the same PO number", _same_po),
    "email_case_dots": ("e-mails differing only by case or dots", _email_case),
    "email_shared": ("one e-mail, two companies", _email_shared),
    "customer_merged": ("a customer merged into another", _merged),
    "long_company": ("a company name over 50 characters", _long_company),
    "long_address": ("four address lines over 40 characters", _long_address),
    "gb_postcode": ("a British postcode, no region", _gb),
    "mx_region": ("a Mexican region", _mx),
    "unicode_names": ("names in Czech, Polish, Japanese, and an emoji", _unicode),
    "sku_slash": ("a SKU with a slash", _sku("A/B-1")),
    "sku_hash": ("a SKU with a hash", _sku("NO#7")),
    "sku_spaces": ("a SKU with spaces inside and around", _sku(" DECK LAMP 2 ")),
    "sku_leading_zeros": ("a SKU with leading zeros", _sku("000451")),
    "sku_long": ("a SKU over 30 characters", _sku("HARBORLITE-DECK-LAMP-AMBER-220-LUMEN")),
    "alias_only": ("a SKU the ERP knows only by alias", _alias),
    "kit_with_children": ("a kit and its priceless children", _kit),
    "fractional_metres": ("12.75 and 0.333333 metres", _metres),
    "zero_price_line": ("a line that costs nothing", _zero_price),
    "negative_fee": ("a fee below zero", _negative_fee),
    "order_discount_odd_cents": ("an order discount that no percentage gives", _odd_discount),
    "tax_exempt": ("a buyer who pays no tax", _exempt),
    "tax_rounding_by_line": ("tax rounded line by line", _tax(by_line=True)),
    "tax_rounding_by_total": ("tax rounded once", _tax(by_line=False)),
    "shipping_taxed": ("tax on shipping", _freight_taxed),
    "gift_card_and_card": ("paid by gift card and card", _split_tender),
    "paypal_authorised": ("PayPal, authorised only", _paypal),
    "partial_capture": ("captured in part", _partial_capture),
    "refund_before_shipment": ("refunded before anything shipped", _early_refund),
    "cancel_racing_export": ("cancelled while being exported", _cancel_race),
    "partial_shipment_twice": ("shipped in two parts, some left", _partly_twice),
    "two_packages_one_tracking": ("two packages, one tracking number", _two_boxes),
    "tracking_corrected": ("a tracking number corrected", _corrected),
    "shipment_voided": ("a shipment voided", _voided),
    "edited_after_export": ("an order edited after it was exported", _edited),
    "out_of_stock_backorder": ("out of stock, back order allowed", _out_of_stock(backorder=True)),
    "out_of_stock_no_backorder": ("out of stock, no back order", _out_of_stock(backorder=False)),
    "jpy": ("yen: no decimals", _jpy),
    "cad_exchange_rate": ("Canadian dollars with a rate", _cad),
    "local_midnight": ("orders around local midnight", _midnight),
    "dst_switch": ("orders around both clock changes", _dst),
    "backlog": ("10,000 orders waiting", _backlog),
    "catalogue": ("100,000 SKUs", _catalogue),
    "stock_batch_three_bad": ("500 stock rows, three bad", _bad_batch),
    "webhook_storm": ("500 events at 50 a second", _storm),
    "same_event_five_times": ("one event delivered five times at once", _five_times),
}
"""Name, what it is, how it is played."""
BULKY = frozenset({"backlog", "catalogue", "webhook_storm"})
"""Not among "all" unless a size is given."""


def play(world: World, names: Sequence[str], *, announce: bool = True, size: int | None = None) -> list[Json]:
    """Play cases, each in one transaction but for the bulky ones: others get their turn at the database.

    Raises:
        KeyError: no such case.
    """
    told = []
    for name in names:
        if name not in CASES:
            raise KeyError(f"no case {name!r}; there are {', '.join(CASES)}")
        what, act = CASES[name]
        stage = Stage(world, list(CASES).index(name), announce=announce, size=size)
        with nullcontext() if name in BULKY else world.control.database.transaction():
            act(stage)
        told.append(stage.told(name, what))
    return told


def usual(size: int | None = None) -> list[str]:
    """All cases; the bulky ones only at a size of one's own."""
    return [name for name in CASES if size is not None or name not in BULKY]
