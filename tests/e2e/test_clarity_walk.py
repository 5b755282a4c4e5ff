"""Orders of Clarity's shop walk to the ERP; stock, shipments and cancellations walk between them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from include.pipelines.mirrors import pace
from include.standalone.tally import CLARITY, ZOHO
from tests.e2e.site import FINISHED, Site

pytestmark = pytest.mark.e2e

STOCK, SHIPMENTS = "sage100_inventory_to_clarity", "sage100_shipments_to_clarity"
LIKE = "WEB-110248"
"""An order of the story's whose goods Sage calls by the shop's own SKUs."""
TRACKING = "1Z999AA10123456784"


@pytest.fixture(scope="module", autouse=True)
def _only_sage_allocates(site: Site) -> Iterator[None]:
    """What the shop has allocated is then what it was told: its own orders change nothing."""
    site.control("POST", "/clarity/settings", {"orders_allocate": False})
    yield
    site.control("POST", "/clarity/settings", {"orders_allocate": True})


def test_placing_an_order_lowers_what_the_shop_can_sell(site: Site) -> None:
    """B1, B2, B20, B42. A webhook, the order in Sage, and at once, by Sage's asset, its stock in the shop."""
    site.wait_until(lambda: is_quiet(site), "all that is on its way to be told")
    # What Sage took before the polls were put off may be untold.
    ask(site, STOCK)
    order = place(site)
    line = order["lines"][0]
    sku, before = line["sku"], {run["dag_run_id"] for run in site.runs(STOCK)}
    was = on_sale(site, sku)
    assert was == left_in_sage(site, sku)
    head = carried(site, order)
    assert total(head) == Decimal(str(order["totals"]["grandTotal"])).quantize(Decimal("0.01"))
    assert run_of(site, order["id"]).startswith("webhook__")

    falls = was - Decimal(str(line["quantity"]))
    site.wait_until(lambda: on_sale(site, sku) == falls, f"{sku} to fall from {was} to {falls}")
    assert left_in_sage(site, sku) == falls
    teller = run_of(site, f"{sku}|000")
    assert teller not in before
    assert [run["run_type"] for run in site.runs(STOCK) if run["dag_run_id"] == teller] == ["asset_triggered"]


def test_a_shipment_is_told_once_with_its_tracking_number_before_and_after_posting(site: Site) -> None:
    """B43-B45. Sage is asked by hand, at once, although it is asked every five minutes."""
    order = place(site)
    sales_order = carried(site, order)["SalesOrderNo"]
    boxes = {"packages": [{"TrackingID": TRACKING}]}
    entry = site.control("POST", f"/sage100/orders/{sales_order}/ship", boxes)
    ask(site, SHIPMENTS)
    [told] = shipments(site, order)
    site.control("POST", "/sage100/journal", {"invoices": [entry["invoice"]["InvoiceNo"]]})
    ask(site, SHIPMENTS)
    [shipment] = shipments(site, order)
    assert shipment["shipmentNumber"] == told["shipmentNumber"]
    assert told["trackingNumbers"] == shipment["trackingNumbers"] == [TRACKING]
    assert units(shipment) == units(order)
    notices = f"resource=shipments&action=customer_notified&number={told['shipmentNumber']}"
    assert len(site.control("GET", f"/clarity/effects?{notices}")["effects"]) == 1


def test_an_order_cancelled_in_the_shop_is_gone_from_sage(site: Site) -> None:
    order = place(site)
    carried(site, order)
    site.control("PUT", f"/clarity/orders/{order['orderNumber']}", {"status": "Cancelled"})
    site.wait_until(lambda: not heads(site, order), "the order to be cancelled in Sage")
    site.wait_settled([order["id"]])
    assert [effect["kind"] for effect in effects(site, order)] == ["order_created", "order_cancelled"]
    assert site.exceptions_of(order["id"]) == []


def test_a_second_delivery_changes_nothing(site: Site) -> None:
    """B20: the very bytes once more, and the same version announced by another event, three times over."""
    order = place(site)
    carried(site, order)
    [sent] = [
        each["id"]
        for each in site.control("GET", "/clarity/webhooks/deliveries")["deliveries"]
        if (each["record"], each["type"]) == (order["orderNumber"], "order.created")
    ]
    site.control("POST", f"/clarity/webhooks/deliveries/{sent}/replay")
    site.control("POST", "/clarity/emit", {"numbers": [order["orderNumber"]], "mischief": {"duplicate": 3}})
    site.wait_until(lambda: all_are_sent(site), "all deliveries to be answered")
    site.wait_settled([order["id"]])
    assert site.outcomes(order["id"], CLARITY.flow) == ["loaded", "unchanged"]
    assert [effect["kind"] for effect in effects(site, order)] == ["order_created"]
    [_] = heads(site, order)


# The shop -------------------------------------------------------------------------------------------


def place(site: Site) -> Any:
    """A buyer orders, the shop announces it; the order as the shop has it, its id as text."""
    [placed] = site.control("POST", "/clarity/orders", {"like": LIKE})["orders"]
    return {**document(site, "orders", placed["orderNumber"]), "id": str(placed["id"])}


def document(site: Site, resource: str, number: str) -> Any:
    return site.control("GET", f"/clarity/documents/{resource}/{number}")


def on_sale(site: Site, sku: str) -> Decimal:
    return Decimal(str(document(site, "inventory", f"{sku}|001")["quantityAvailable"]))


def shipments(site: Site, order: Any) -> list[Any]:
    """Whole shipments of an order."""
    told = document(site, "orders", order["orderNumber"])["shipments"]
    return [document(site, "shipments", str(each["shipmentNumber"])) for each in told]


def units(document: Any) -> dict[str, object]:
    return {line["sku"]: line["quantity"] for line in document["lines"]}


def all_are_sent(site: Site) -> bool:
    deliveries = site.control("GET", "/clarity/counts")["deliveries"]
    return not deliveries["pending"] and not deliveries["sending"]


# The ERP --------------------------------------------------------------------------------------------


def heads(site: Site, order: Any) -> list[sqlite3.Row]:
    """Every order in Sage that carries the shop's order id: one, if all is well."""
    return site.sage(f"SELECT * FROM SO_SalesOrderHeader WHERE {CLARITY.order_id} = ?", order["id"])


def carried(site: Site, order: Any) -> sqlite3.Row:
    """Wait until the order is settled; its only row in Sage."""
    site.wait_settled([order["id"]])
    [head] = heads(site, order)
    return head


def effects(site: Site, order: Any) -> list[sqlite3.Row]:
    """All that was ever written of this order in Sage."""
    return site.sage("SELECT kind FROM sandbox_effect WHERE po = ? ORDER BY id", order["orderNumber"])


def total(head: sqlite3.Row) -> Decimal:
    parts = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")
    found = sum((Decimal(str(head[part])) for part in parts), Decimal(0)) - Decimal(str(head["DiscountAmt"]))
    return found.quantize(Decimal("0.01"))


def left_in_sage(site: Site, item: str) -> Decimal:
    sql = "SELECT * FROM IM_ItemWarehouse WHERE ItemCode = ? AND WarehouseCode = '000'"
    [held] = site.sage(sql, item)
    wanted = ("QuantityOnSalesOrder", "QuantityOnBackOrder")
    return Decimal(str(held["QuantityOnHand"])) - sum(Decimal(str(held[name])) for name in wanted)


# Our flows ------------------------------------------------------------------------------------------


def is_quiet(site: Site) -> bool:
    """Whether no order is on its way to Sage and no level to the shop, nor will be by the schedule."""
    # At each look: a run that still polls notes when the next poll is due.
    put_off_scheduled_polls(site)
    flows = (ZOHO.flow, CLARITY.flow, STOCK)
    idle = all(run["state"] in FINISHED for flow in flows for run in site.runs(flow))
    return idle and not any(site.ledger.inbox.pending(flow) for flow in flows)


def put_off_scheduled_polls(site: Site) -> None:
    """For ten minutes Sage's stock is looked at by no run of the schedule's."""
    now = datetime.now(UTC)
    last = {"at": now.isoformat(), "due": (now + timedelta(minutes=10)).isoformat(), "rate": 0}
    site.ledger.cursors.advance(pace.CURSOR.format(flow=STOCK), json.dumps(last), force=True)


def ask(site: Site, flow: str) -> None:
    """Start a run of a flow by hand, naming nothing; what it finds is told when this returns."""
    assert site.finished(site.trigger(flow), flow) == "success"


def run_of(site: Site, key: str) -> str:
    """The run that took the record's newest announcement."""
    sql = """
        SELECT b.run_id FROM batches b JOIN inbox i ON i.batch_id = b.id
        WHERE i.record_key = :key ORDER BY i.id DESC LIMIT 1
    """
    [(run_id,)] = site.ask("tradebridge", sql, key=key)
    return str(run_id)
