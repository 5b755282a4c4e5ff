"""Products of Clarity's shop and items of Sage, both ways by who owns a field, over real HTTP and ODBC."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.pipelines.flows import DRIFTED
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import ITEM as ITEM_LINK
from include.pipelines.ports import TARGET, World
from tests.pipeline.clarity import Clarity, MakeMirror, shop
from tests.pipeline.house import House
from tests.pipeline.outside import Json
from tests.pipeline.world import run_once

PRODUCTS = 77
UNTIDY = " nw-10 "
ITEM = "SELECT * FROM CI_Item WHERE ItemCode = ?"
HELD = "SELECT QuantityOnHand FROM IM_ItemWarehouse WHERE ItemCode = ? AND WarehouseCode = '000'"
ORDERED = (
    "SELECT ItemCode FROM SO_SalesOrderDetail WHERE SalesOrderNo = "
    "(SELECT SalesOrderNo FROM SO_SalesOrderHeader WHERE UDF_CLARITY_ORDER_NO = ?)"
)


@pytest.fixture
def clarity(house: House) -> Clarity:
    house.tidy()
    found = shop(house)
    found.open(orders=2)
    return found


@pytest.fixture
def both(mirror: MakeMirror) -> tuple[MirrorWorld, MirrorWorld]:
    """Both flows, with all products linked and both sides told."""
    to_erp, to_shop = mirror(flows.PRODUCTS), mirror(flows.ITEMS)
    linked, told = run_once(to_erp), run_once(to_shop)
    assert linked.green
    assert told.green
    assert linked["loaded"] == PRODUCTS
    assert (told["parked"], told["rejected"]) == (0, 0)
    settle(to_erp, to_shop)
    return to_erp, to_shop


def settle(*worlds: MirrorWorld) -> None:
    """Run each until none has anything to tell: what we write never comes back as news."""
    for _ in range(3):
        counts = [run_once(here) for here in worlds]
        assert all(run.green for run in counts)
    assert [run["received"] for run in counts] == [0] * len(worlds)


def drifted(world: MirrorWorld) -> list[tuple[str, str, str, str]]:
    told = world.ledger.audit.latest(DRIFTED)
    return [(each.target_id, each.detail.partition(":")[0], each.before, each.after) for each in told]


def test_each_side_gets_back_what_it_owns_and_no_more(
    house: House, clarity: Clarity, both: tuple[MirrorWorld, MirrorWorld]
) -> None:
    """B9: one side is changed, drift is shown and healed by the rule; then nothing moves any more."""
    to_erp, to_shop = both
    assert drifted(to_erp) == []
    product = clarity.document("products", "NW-0001")
    prices = product["prices"]
    clarity.change("products", "NW-0001", prices={**prices, "basePrice": 1}, name="Chai, loose leaf")
    run_once(to_erp)
    assert house.sage.rows(ITEM, "NW-0001")[0]["ItemCodeDesc"] == "Chai, loose leaf"
    assert drifted(to_erp) == [("NW-0001", "unit_price", "1", f"{prices['basePrice'].normalize():f}")]
    run_once(to_shop)
    healed = clarity.document("products", "NW-0001")
    assert (healed["prices"], healed["name"]) == (prices, "Chai, loose leaf")
    assert healed["description"] == product["description"]
    house.sage.post(
        "/sage100/items",
        {"ItemCode": "NW-0001", "ItemCodeDesc": "TEA", "StandardUnitPrice": "19.5", "InactiveItem": "Y"},
    )
    run_once(to_shop)
    changed = clarity.document("products", "NW-0001")
    assert (changed["name"], changed["status"]) == ("Chai, loose leaf", "inactive")
    assert Decimal(str(changed["prices"]["basePrice"])) == Decimal("19.5")
    assert drifted(to_erp)[0] == ("NW-0001", "name", "TEA", "Chai, loose leaf")
    run_once(to_erp)
    held = house.sage.rows(ITEM, "NW-0001")[0]
    assert (held["ItemCodeDesc"], Decimal(held["StandardUnitPrice"])) == ("Chai, loose leaf", Decimal("19.5"))
    settle(to_erp, to_shop)


def test_links_lead_stock_and_orders_to_the_item(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    """A39, B52: untidy SKUs get stock, a SKU that only the link knows is ordered, an unknown item waits."""
    clarity.post("/clarity/cases", {"cases": ["alias_only"]})
    placed: list[Json] = clarity.get("/clarity/documents/orders")["documents"]
    (aliased,) = [each for each in placed if each["lines"][0]["sku"] == "SHOP-ONLY-1"]
    shipped = next(each["shippingMethod"] for each in placed if each is not aliased)
    clarity.change("orders", aliased["orderNumber"], shippingMethod=shipped)
    clarity.change("products", "NW-0007", externalIds={"sage100ItemCode": "NW-0700"})
    lines = clarity.document("orders", "WEB-110248")["lines"]
    clarity.change("orders", "WEB-110248", lines=[{**lines[0], "sku": UNTIDY}, *lines[1:]])
    to_erp = mirror(flows.PRODUCTS)
    run = run_once(to_erp)
    assert run["parked"] == 1
    (open_one,) = to_erp.ledger.exceptions.list(state="open")
    assert (open_one.code, open_one.value) == ("reference.not_found", "NW-0700")
    assert "NW-0070" in open_one.candidates
    run_once(mirror(flows.STOCK))
    held = house.sage.number(HELD, "NW-0010")
    assert clarity.document("inventory", f"{UNTIDY}|001")["quantityOnHand"] == held > 0
    # NW-0001 has a product of its own: that one speaks for it.
    links = to_erp.ledger.crosswalk.find(ITEM_LINK, TARGET, ["NW-0001", "NW-0010"], to_erp.flow.source)
    assert {code: link.target_id for code, link in links.items()} == {"NW-0001": "NW-0001", "NW-0010": UNTIDY}
    assert run_once(orders).green
    assert [line["ItemCode"] for line in house.sage.rows(ORDERED, aliased["orderNumber"])] == ["NW-0001"]
    # Shipped under the code that Sage has, told under the name that the shop has.
    (head,) = house.sage.rows(
        "SELECT SalesOrderNo FROM SO_SalesOrderHeader WHERE UDF_CLARITY_ORDER_NO = ?", "WEB-110248"
    )
    boxes = {"packages": [{"TrackingID": "1Z999AA3"}]}
    house.sage.post(f"/sage100/orders/{head['SalesOrderNo']}/ship", boxes)
    assert run_once(mirror(flows.SHIPMENTS))["loaded"] == 1
