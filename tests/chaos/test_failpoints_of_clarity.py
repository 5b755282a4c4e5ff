"""A7, B43-B45: what passes between Clarity and Sage survives the death of its worker anywhere.

As :mod:`tests.chaos.test_failpoints`, with other stories: an order of the shop is made, changed, cancelled;
a level changes; a shipment is entered, its tracking corrected, its invoice posted, and told, or it is taken
back; money is taken; an item is renamed or has another price; customers are new. `make test` kills at all
points of a write to Clarity and of one of money, and at some others, `make chaos` at all and at all pairs of
points of a write.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from include import failpoints
from include.pipelines.flows import CLARITY_ORDERS
from include.pipelines.mirrors.flows import (
    ACCOUNTS,
    CUSTOMERS,
    INVOICES,
    ITEMS,
    PAYMENTS,
    PRODUCTS,
    SHIPMENTS,
    STOCK,
)
from tests.chaos.survival import KILLED, LONG_ENOUGH, Marker, one_run, runs_until_green
from tests.pipeline.clarity import HEADS, differences, shop
from tests.pipeline.errands import world_of
from tests.pipeline.house import House
from tests.pipeline.outside import Json, cents, exact
from tests.pipeline.world import run_once

Crossing = tuple[str, str]
BUYER = "C-10002"
ITEM, WAREHOUSE = "NW-0001", "001"
FIRST, CORRECTED = "1Z999AA1", "1Z999AA2"
TOLD = ("shipped", "unshipped", "paid")
"""The stories of which `make test` tries every point of a write."""
SOME = 200
"""Of the other places it takes one in so many; which ones, differs from story to story."""


@dataclass(frozen=True)
class Story:
    """Something that happens in one system, and what must be true in the other.

    Attributes:
        name: of the story.
        flow: whose run carries it.
        tell: makes it happen.
        judge: says what must be true.
        writes: whether the target is told anything.
    """

    name: str
    flow: str
    tell: Callable[[House], None]
    judge: Callable[[House], None]
    writes: bool = True

    def __str__(self) -> str:
        return self.name

    def begin(self, house: House) -> None:
        """A new world, up to the run that shall be interrupted."""
        house.tidy()
        shop(house).open()
        self.tell(house)

    def assert_survived(self, house: House) -> None:
        """The systems agree, and our books have no loose end."""
        self.judge(house)
        with closing(world_of(self.flow, house.doors, house.clock).ledger) as ledger:
            assert [each.message for each in ledger.exceptions.list(self.flow, "open")] == []
            assert set(ledger.inbox.tally(self.flow)) <= {"loaded", "unchanged", "duplicate"}
            assert ledger.writes.in_doubt(self.flow) == []
            assert ledger.audit.verify().broken_at is None


def carry(house: House, flow: str) -> None:
    """A run that is left alone."""
    here = world_of(flow, house.doors, house.clock)
    with closing(here.ledger):
        assert run_once(here).green


# The stories --------------------------------------------------------------------------------------------


def place(house: House) -> None:
    shop(house).place()


def edit(house: House) -> None:
    place(house)
    carry(house, CLARITY_ORDERS.name)
    shop(house).edit(the_head(house)["UDF_CLARITY_ORDER_NO"], quantities={1: 7})


def take_back(house: House) -> None:
    place(house)
    carry(house, CLARITY_ORDERS.name)
    shop(house).edit(the_head(house)["UDF_CLARITY_ORDER_NO"], status="Cancelled")


def adjust(house: House) -> None:
    carry(house, STOCK.name)
    house.sage.post("/sage100/stock/adjust", {"ItemCode": ITEM, "Change": 3})


def ship(house: House) -> Json:
    place(house)
    carry(house, CLARITY_ORDERS.name)
    carry(house, SHIPMENTS.name)
    number = the_head(house)["SalesOrderNo"]
    entered: Json = house.sage.post(f"/sage100/orders/{number}/ship", {"packages": [{"TrackingID": FIRST}]})
    return entered


def correct(house: House) -> None:
    entered = ship(house)
    carry(house, SHIPMENTS.name)
    invoice, package = entered["invoice"]["InvoiceNo"], entered["packages"][0]["PackageNo"]
    house.sage.put(f"/sage100/invoices/{invoice}/tracking/{package}", {"TrackingID": CORRECTED})


def post(house: House) -> None:
    ship(house)
    carry(house, SHIPMENTS.name)
    house.sage.post("/sage100/journal")


def unship(house: House) -> None:
    entered = ship(house)
    carry(house, SHIPMENTS.name)
    house.sage.delete(f"/sage100/invoices/{entered['invoice']['InvoiceNo']}")


def invoice(house: House) -> None:
    ship(house)
    carry(house, INVOICES.name)
    house.sage.post("/sage100/journal")


def pay(house: House) -> None:
    """By gift card and card, which are two payments; goods go by a carrier that Sage knows."""
    shop(house).post("/clarity/cases", {"cases": ["gift_card_and_card"]})
    (order,) = shop(house).get("/clarity/documents/orders")["documents"]
    method = {**order["shippingMethod"], "carrier": "Speedy Express", "serviceName": "Speedy Express Ground"}
    shop(house).change("orders", order["orderNumber"], shippingMethod=method)
    carry(house, CLARITY_ORDERS.name)


def know_items(house: House) -> None:
    carry(house, PRODUCTS.name)
    carry(house, ITEMS.name)


def rename(house: House) -> None:
    know_items(house)
    shop(house).change("products", ITEM, name="Chai, loose leaf")


def reprice(house: House) -> None:
    know_items(house)
    house.sage.post("/sage100/items", {"ItemCode": ITEM, "StandardUnitPrice": "19.5"})


def meet(house: House) -> None:
    """All of the shop's customers are news."""


def lend(house: House) -> None:
    """The company allows a customer another credit."""
    carry(house, CUSTOMERS.name)
    carry(house, ACCOUNTS.name)
    number = shop(house).document("customers", BUYER)["externalIds"]["sage100CustomerNo"]
    house.sage.change("AR_Customer", number.split("-", 1), CreditLimit=1234.5)


def the_head(house: House) -> Json:
    (head,) = house.sage.rows(HEADS)
    return head


def assert_one_order(house: House) -> None:
    """Once, to the cent, under the shop's latest version."""
    the_head(house)
    assert differences(house, shop(house)) == []
    assert len(house.sage.effects("order_created")) == 1


def assert_no_order(house: House) -> None:
    assert house.sage.rows(HEADS) == []
    assert len(house.sage.effects("order_created")) == len(house.sage.effects("order_cancelled")) == 1


def assert_level(house: House) -> None:
    held = house.sage.number(
        "SELECT QuantityOnHand FROM IM_ItemWarehouse WHERE ItemCode = ? AND WarehouseCode = '000'", ITEM
    )
    assert shop(house).document("inventory", f"{ITEM}|{WAREHOUSE}")["quantityOnHand"] == held


def assert_one_shipment(tracking: str) -> Callable[[House], None]:
    """Made once, its customer told once, tracked as Sage says now."""

    def judge(house: House) -> None:
        (order,) = shop(house).get("/clarity/documents/orders")["documents"]
        assert order["status"] == "Shipped"
        effects = shop(house).effects(resource="shipments")
        (made,) = [effect["number"] for effect in effects if effect["action"] == "created"]
        assert [effect["number"] for effect in effects if effect["action"] == "customer_notified"] == [made]
        assert shop(house).document("shipments", made)["trackingNumbers"] == [tracking]

    return judge


def assert_no_shipment(house: House) -> None:
    """Taken back, once; its customer was told of it when it was made and of nothing else."""
    effects = [effect["action"] for effect in shop(house).effects(resource="shipments")]
    assert (effects.count("voided"), effects.count("customer_notified")) == (1, 1)
    (order,) = shop(house).get("/clarity/documents/orders")["documents"]
    assert order["shipments"] == []


def assert_one_invoice(house: House) -> None:
    """Made once, with the total of its order."""
    effects = shop(house).effects(resource="invoices")
    (made,) = [effect["number"] for effect in effects if effect["action"] == "created"]
    shown = shop(house).document("invoices", made)
    order = shop(house).document("orders", shown["orderNumber"])
    assert cents(shown["totals"]["total"]) == cents(order["totals"]["grandTotal"])


def assert_two_receipts(house: House) -> None:
    """Each payment once, to the cent."""
    (order,) = shop(house).get("/clarity/documents/orders")["documents"]
    taken = [(each["transactionId"], cents(each["capturedAmount"])) for each in order["payments"]]
    rows = house.sage.rows("SELECT Comment, PostingAmt FROM AR_CashReceiptsHeader")
    assert sorted((row["Comment"], cents(row["PostingAmt"])) for row in rows) == sorted(taken)
    assert len(taken) == 2


def assert_renamed(house: House) -> None:
    (item,) = house.sage.rows("SELECT ItemCodeDesc FROM CI_Item WHERE ItemCode = ?", ITEM)
    assert item["ItemCodeDesc"] == "Chai, loose leaf"


def assert_repriced(house: House) -> None:
    assert exact(shop(house).document("products", ITEM)["prices"]["basePrice"]) == exact("19.5")


def assert_each_customer_once(house: House) -> None:
    made = house.sage.rows(
        "SELECT UDF_CLARITY_CUSTOMER_ID FROM AR_Customer WHERE UDF_CLARITY_CUSTOMER_ID <> ''"
    )
    assert len({row["UDF_CLARITY_CUSTOMER_ID"] for row in made}) == len(made) > 0
    assert len(house.sage.effects("customer_created")) == len(made)


def assert_lent(house: House) -> None:
    assert exact(shop(house).document("customers", BUYER)["creditLimit"]) == exact("1234.5")


STORIES = (
    Story("created", CLARITY_ORDERS.name, place, assert_one_order),
    Story("changed", CLARITY_ORDERS.name, edit, assert_one_order),
    Story("cancelled", CLARITY_ORDERS.name, take_back, assert_no_order),
    Story("level", STOCK.name, adjust, assert_level),
    Story("shipped", SHIPMENTS.name, ship, assert_one_shipment(FIRST)),
    Story("corrected", SHIPMENTS.name, correct, assert_one_shipment(CORRECTED)),
    Story("posted", SHIPMENTS.name, post, assert_one_shipment(FIRST), writes=False),
    Story("unshipped", SHIPMENTS.name, unship, assert_no_shipment),
    Story("invoiced", INVOICES.name, invoice, assert_one_invoice),
    Story("paid", PAYMENTS.name, pay, assert_two_receipts),
    Story("renamed", PRODUCTS.name, rename, assert_renamed),
    Story("repriced", ITEMS.name, reprice, assert_repriced),
    Story("met", CUSTOMERS.name, meet, assert_each_customer_once),
    Story("lent", ACCOUNTS.name, lend, assert_lent),
)
WRITTEN = tuple(story for story in STORIES if story.writes)
FLOWS = {story.flow for story in STORIES}


@cache
def crossings(house: House, story: Story) -> tuple[Crossing, ...]:
    """The failpoints (place, point) that a story passes, in order."""
    story.begin(house)
    with failpoints.noted() as passed:
        here = world_of(story.flow, house.doors, house.clock)
        passed.clear()
        with closing(here.ledger):
            assert run_once(here).green
        seen = tuple(passed)
    story.assert_survived(house)
    return seen


def writes(house: House, story: Story) -> list[Crossing]:
    """Those of them that belong to a write to a target: only a write has all four points."""
    passed = crossings(house, story)
    places = {place for place, point in passed if point == "after_remote_commit"}
    return [(place, point) for place, point in passed if place in places]


def some(house: House, story: Story) -> list[Crossing]:
    """What `make test` tries of a story."""
    told = writes(house, story) if story.name in TOLD else []
    others = [crossing for crossing in crossings(house, story) if crossing not in told]
    return told + others[7 * STORIES.index(story) % 50 :: SOME]


def deadly(where: Crossing, marker: Marker) -> dict[str, str]:
    return {failpoints.VARIABLE: ":".join(where), failpoints.ONCE: str(marker.path)}


def die_once(house: House, story: Story, where: Crossing, marker: Marker) -> None:
    story.begin(house)
    marker.arm()
    assert runs_until_green(house, deadly(where, marker), flow=story.flow) == [KILLED, 0]
    story.assert_survived(house)


def die_twice(
    house: House, story: Story, first: tuple[Crossing, Marker], second: tuple[Crossing, Marker]
) -> None:
    """The second run may have no reason to come by where it is to die."""
    story.begin(house)
    for _, marker in (first, second):
        marker.arm()
    house.clock.ahead += LONG_ENOUGH
    assert one_run(house, deadly(*first), flow=story.flow) == KILLED
    codes = runs_until_green(house, deadly(*second), flow=story.flow)
    assert codes == ([KILLED, 0] if second[1].struck else [0])
    story.assert_survived(house)


# The deaths ---------------------------------------------------------------------------------------------


def test_the_stories_pass_every_write_and_every_port(house: House) -> None:
    """The tests below do not pass on nothing."""
    assert [bool(writes(house, story)) for story in STORIES] == [story.writes for story in STORIES]
    passed = {crossing for story in STORIES for crossing in crossings(house, story)}
    places = {
        "load_orders",
        "change_orders",
        "cancel_orders",
        "load_stock",
        "load_shipments",
        "load_invoices",
    }
    assert passed >= {(place, point) for place in places for point in failpoints.POINTS}
    calls = {
        "source.list_sales_orders", "source.sales_orders", "reads.orders_by_source", "writes.create_orders",
        "writes.change_order", "writes.cancel_order", "source.changes", "source.documents", "target.write",
        "orders.sales_orders",
    }  # fmt: skip
    assert passed >= {(call, point) for call in calls for point in failpoints.CALL}


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_worker_killed_at_a_write_or_somewhere_leaves_one_exact_record(
    house: House, subtests: pytest.Subtests, tmp_path: Path, story: Story
) -> None:
    marker = Marker(tmp_path / "worker")
    for where in some(house, story):
        with subtests.test(where=where):
            die_once(house, story, where, marker)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_worker_killed_anywhere_leaves_one_exact_record(
    house: House, subtests: pytest.Subtests, tmp_path: Path, story: Story
) -> None:
    marker = Marker(tmp_path / "worker")
    for where in crossings(house, story):
        with subtests.test(where=where):
            die_once(house, story, where, marker)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("story", WRITTEN, ids=str)
def test_two_deaths_one_after_the_other_leave_one_exact_record(
    house: House, subtests: pytest.Subtests, tmp_path: Path, story: Story
) -> None:
    """All pairs of points of writes."""
    first, second = Marker(tmp_path / "first"), Marker(tmp_path / "second")
    for where, then in product(writes(house, story), repeat=2):
        with subtests.test(where=where, then=then):
            die_twice(house, story, (where, first), (then, second))
