"""Changes of Sage, as its own clerks make them in the sandbox, found over the real ODBC driver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from include.connectors.sage100 import OdbcSettings, connect
from include.connectors.sage100.changes import Invoices, Items, ItemStock, Shipments, WarehouseStock
from include.connectors.sage100.database import Database
from include.sandbox.sage100.database import company_file
from include.sandbox.sage100.story import load
from tests.unit.sandbox_sage100.control_calls import BASE, Api
from tests.unit.sandbox_sage100.desk import NUMBERED, Sage, log_on, written


class Follower:
    """Keeps what it was told, as a flow does, and gives the documents that are news."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.known: dict[str, str] = {}
        self.since: datetime | None = None
        self.poll()

    def poll(self) -> dict[str, Any]:
        found = self.source.changes(self.known, self.since)
        self.since = found.watermark
        told = {
            key: json.loads(document) if document else None
            for key, document in self.source.documents([*(stub.key for stub in found.stubs), *found.gone])
        }
        self.known = {key: version for key, version in self.known.items() if key not in found.gone}
        self.known |= {key: said["version"] for key, said in told.items() if said}
        return told


@pytest.fixture
def home(tmp_path: Path) -> Path:
    load(tmp_path)
    return tmp_path


@pytest.fixture
def sage(home: Path) -> Iterator[Sage]:
    opened = log_on(home)
    yield opened
    opened.session.nCleanup()


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    text = OdbcSettings(driver="SQLite3", database=str(company_file(home))).connection_string()
    made = Database(lambda: connect(text))
    yield made
    made.close()


def told(api: Api, path: str, **body: object) -> Any:
    answer = api.post(f"{BASE}{path}", json=body)
    assert answer.is_success, answer.text
    return answer.json()


def test_an_order_is_followed_from_the_warehouse_to_the_money(
    home: Path, sage: Sage, database: Database
) -> None:
    """B21, B43, B44: stock, shipment before and after posting, corrected tracking, invoice, payment."""
    api = Api(home)
    stock, totals = Follower(WarehouseStock(database)), Follower(ItemStock(database))
    shipments, invoices = Follower(Shipments(database)), Follower(Invoices(database))
    order = written(sage, [("NW-0001", 3), ("NW-0002", 2)], FreightAmt=7.5)
    assert set(stock.poll()) == {"NW-0001|000", "NW-0002|000"}
    assert totals.poll()["NW-0001"]["QuantityOnSalesOrder"] == 3

    packages = [{"TrackingID": "1Z-A"}, {"TrackingID": "1Z-B"}]
    told(api, f"/orders/{order}/ship", packages=packages, ShipVia="UNITED")
    [(key, entered)] = shipments.poll().items()
    assert (key, entered["state"], entered["ShipVia"]) == (f"0000001|IN|{order}", "live", "UNITED")
    assert [row["TrackingID"] for row in entered["packages"]] == ["1Z-A", "1Z-B"]
    assert stock.poll()["NW-0001|000"]["QuantityInShipping"] == 3
    assert invoices.poll() == {}

    told(api, "/journal", invoices=["0000001"])
    [(same, posted)] = shipments.poll().items()
    assert (same, posted["state"], posted["packages"]) == (key, "history", entered["packages"])
    for one in (entered, posted):
        assert [(row["OrderLineKey"], row["QuantityShipped"]) for row in one["lines"]][:2] == [
            ("000001", 3),
            ("000002", 2),
        ]
    assert stock.poll()["NW-0001|000"]["QuantityInShipping"] == 0
    [(number, invoice)] = invoices.poll().items()
    assert (invoice["SalesOrderNo"], invoice["Balance"]) == (order, 99.5)

    sage.tell("UPDATE AR_InvoiceHistoryTracking SET TrackingID = '1Z-C' WHERE PackageNo = '0002'")
    assert [row["TrackingID"] for row in shipments.poll()[key]["packages"]] == ["1Z-A", "1Z-C"]
    paid = [{"InvoiceNo": "0000001", "Amount": "99.50"}]
    told(api, "/payments", CustomerNo=NUMBERED, CheckNo="77", invoices=paid)
    assert invoices.poll()[number]["Balance"] == 0
    assert [follower.poll() for follower in (stock, shipments, invoices)] == [{}, {}, {}]


def test_goods_that_come_in_and_items_that_people_change_are_found(home: Path, database: Database) -> None:
    api = Api(home)
    items, totals = Follower(Items(database)), Follower(ItemStock(database))
    before = json.loads(next(iter(totals.source.documents(["NW-0001"])))[1])["QuantityOnHand"]
    told(api, "/stock/receive", ItemCode="NW-0001", Quantity="12.5")
    assert {key: said["QuantityOnHand"] for key, said in totals.poll().items()} == {"NW-0001": before + 12.5}
    told(api, "/items", ItemCode="NW-0002", ItemCodeDesc="Chang, iced")
    assert {key: said["ItemCodeDesc"] for key, said in items.poll().items()} == {"NW-0002": "Chang, iced"}
    assert items.poll() == {}
