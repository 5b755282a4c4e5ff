"""The gateway's client before the real gateway process and the sandbox's Business Objects.

What the client makes of each answer is proved beside it with made-up answers; here the two sides meet.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.canonical.reasons import Reason
from include.connectors.sage100 import (
    CashReceiptWrite,
    CreditPolicy,
    CustomerWrite,
    GatewayClient,
    GatewaySettings,
    ItemWrite,
    OdbcSettings,
    OrderWrite,
    Reader,
    ShipmentWrite,
    connect,
    on_account,
    reason_for,
)
from include.connectors.sage100.marks import ZOHO_MARKS
from include.errors import AuthenticationError, TransientError

ROOT = Path(__file__).parents[2]
TOKEN = "contract-token"


@dataclass
class Site:
    """A running gateway over a fresh company."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    def client(self, token: str = TOKEN) -> GatewayClient:
        settings = GatewaySettings(f"http://127.0.0.1:{self.port}", token, read_timeout=60.0, attempts=1)
        return GatewayClient(settings)

    def reader(self) -> Reader:
        return Reader(lambda: connect(odbc(self.home)))


def odbc(home: Path) -> str:
    return OdbcSettings(driver="SQLite3", database=str(home / "MAS_ABC.sqlite")).connection_string()


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def start(home: Path, state: Path) -> Site:
    port = a_free_port()
    given = {
        "TOKENS": TOKEN,
        "HOME": str(home),
        "COMPANY": "ABC",
        "USER": "tradebridge",
        "PASSWORD": "contract-password",
        "ODBC": odbc(home),
        "STATE": str(state),
        "OBJECTS": "include.sandbox.sage100.objects:Script",
        "PORT": str(port),
    }
    environment = os.environ | {f"TRADEBRIDGE_GATEWAY_{name}": value for name, value in given.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "include.gateway"], cwd=ROOT, env=environment, stderr=-3
    )
    site = Site(home, port, process)
    deadline = time.monotonic() + 30
    while True:
        try:
            site.client().health()
        except TransientError:
            assert process.poll() is None, "the gateway ended"
            assert time.monotonic() < deadline, "the gateway does not answer"
            time.sleep(0.1)
        else:
            return site


def stop(site: Site, sign: int = signal.SIGTERM) -> None:
    site.process.send_signal(sign)
    try:
        site.process.wait(15)
    except subprocess.TimeoutExpired:
        site.process.kill()
        site.process.wait(5)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home, state = tmp_path_factory.mktemp("sage"), tmp_path_factory.mktemp("state")
    command = [sys.executable, "-m", "include.sandbox.sage100", "load", "--home", str(home)]
    subprocess.run([*command, "--password", "contract-password"], cwd=ROOT, check=True, capture_output=True)
    site = start(home, state)
    yield site
    stop(site)


@pytest.fixture
def client(site: Site) -> Iterator[GatewayClient]:
    with site.client() as made:
        yield made


@pytest.fixture
def reader(site: Site) -> Iterator[Reader]:
    with site.reader() as made:
        yield made


@pytest.fixture
def an_order(reader: Reader) -> Callable[..., OrderWrite]:
    """An order of two lines of items that the company has, for a customer that it has."""
    items = reader.items()
    codes = items.ItemCode[(items.ItemType == "1") & (items.InactiveItem == "N")].tolist()[:2]
    customer = reader.customers().iloc[0]

    def make(key: str, **header: str) -> OrderWrite:
        return OrderWrite(
            key=key,
            idempotency_key=f"write-{key}",
            header={
                "ARDivisionNo": str(customer.ARDivisionNo),
                "CustomerNo": str(customer.CustomerNo),
                "OrderDate": "2026-01-31",
                "ShipExpireDate": "2026-02-07",
                "CustomerPONo": f"SO-{key}",
                "TaxSchedule": "NONTAX",
                "FreightAmt": "32.38",
                "DiscountAmt": "1.1",
                "UDF_ZOHO_ORDER_ID": key,
                "UDF_ZOHO_VERSION": "2026-01-31T10:00:00-0500",
            }
            | header,
            lines=[
                {"ItemCode": codes[0], "QuantityOrdered": "12", "UnitPrice": "14"},
                {
                    "ItemCode": codes[1],
                    "QuantityOrdered": "2.5",
                    "UnitPrice": "9.8",
                    "LineDiscountPercent": "15",
                },
            ],
            expected_lines=2,
            expected_total=Decimal("220.11"),
        )

    return make


def test_an_order_that_was_created_reads_back_to_the_cent(
    client: GatewayClient, reader: Reader, an_order: Callable[..., OrderWrite]
) -> None:
    (result,) = client.create_orders([an_order("Z100")])
    assert (result.status, result.errors) == ("created", ())
    assert result.totals["Total"] == Decimal("220.11")
    found = reader.orders_by_source([("Z100", "SO-Z100")], ZOHO_MARKS)
    assert found[["match", "state", "SalesOrderNo", "lines", "UDF_SYNC_KEY"]].values.tolist() == [
        ["order_id", "live", result.target_id, 2, "write-Z100"]
    ]
    assert found.total.tolist() == [Decimal("220.11")]
    lines = reader.order_lines([result.target_id])
    assert lines.ExtensionAmt.tolist() == [Decimal("168.00"), Decimal("20.83")]


def test_the_same_write_again_and_the_same_order_under_another_key_are_one_order(
    client: GatewayClient, reader: Reader, an_order: Callable[..., OrderWrite]
) -> None:
    order = an_order("Z200")
    (first,) = client.create_orders([order])
    (again,) = client.create_orders([order])
    (adopted,) = client.create_orders([replace(order, idempotency_key="write-Z200-other")])
    assert (first.status, again.target_id) == ("created", first.target_id)
    assert (adopted.status, adopted.target_id) == ("adopted", first.target_id)
    assert len(reader.orders_by_source([("Z200", "SO-Z200")], ZOHO_MARKS)) == 1


def test_one_refused_record_says_every_reason_and_its_siblings_are_written(
    client: GatewayClient, an_order: Callable[..., OrderWrite]
) -> None:
    bad = an_order("Z301", TermsCode="99", UDF_ZOHO_ORDER_ID="4" * 20)
    bad.lines[1]["ItemCode"] = "NO-SUCH-ITEM"
    empty = replace(an_order("Z302"), lines=[])
    results = client.create_orders([an_order("Z300"), bad, an_order("Z303")])
    assert [result.status for result in results] == ["created", "refused", "created"]
    assert results[1].errors
    assert {issue.code for issue in results[1].errors} <= {"not_on_file", "too_long"}
    spoilt = client.create_orders([an_order("Z304"), empty, an_order("Z305")])
    assert [result.status for result in spoilt] == ["created", "refused", "created"]


def test_a_total_that_sage_does_not_come_to_is_refused(
    client: GatewayClient, reader: Reader, an_order: Callable[..., OrderWrite]
) -> None:
    (result,) = client.create_orders([replace(an_order("Z400"), expected_total=Decimal("220.12"))])
    assert (result.status, result.errors[0].code) == ("refused", "read_back_differs")


def test_an_order_is_changed_left_alone_and_cancelled(
    client: GatewayClient, reader: Reader, an_order: Callable[..., OrderWrite]
) -> None:
    order = an_order("Z500")
    (created,) = client.create_orders([order])
    longer = replace(
        order,
        idempotency_key="write-Z500-2",
        sales_order_no=created.target_id,
        lines=[
            *order.lines,
            {"ItemCode": order.lines[0]["ItemCode"], "QuantityOrdered": "1", "UnitPrice": "1"},
        ],
        expected_lines=3,
        expected_total=Decimal("221.11"),
    )
    changed = client.change_order(longer)
    assert (changed.status, changed.totals["Total"]) == ("changed", Decimal("221.11"))
    assert client.change_order(replace(longer, idempotency_key="write-Z500-2")).status in {
        "changed",
        "unchanged",
    }
    away = replace(OrderWrite.to_cancel("Z500", created.target_id), idempotency_key="write-Z500-3")
    assert client.cancel_order(away, reason="voided in Zoho Inventory").status == "cancelled"
    assert client.cancel_order(away, reason="voided in Zoho Inventory").status == "absent"
    found = reader.orders_by_source([("Z500", "SO-Z500")], ZOHO_MARKS)
    assert found[["state", "OrderStatus"]].values.tolist() == [["history", "X"]]
    gone = client.change_order(replace(longer, idempotency_key="write-Z500-4"))
    assert (gone.status, len(gone.errors)) == ("refused", 1)


def test_a_customer_is_created_once(client: GatewayClient, reader: Reader) -> None:
    fields = {
        "ARDivisionNo": "00",
        "CustomerName": "Ernst Händel",
        "TermsCode": "01",
        "UDF_ZOHO_CONTACT_ID": "C900",
    }
    (created,) = client.create_customers([CustomerWrite("C900", "write-C900", fields)])
    (adopted,) = client.create_customers([CustomerWrite("C900", "write-C900-other", fields)])
    assert (created.status, adopted.status) == ("created", "adopted")
    assert created.target_id == adopted.target_id
    customers = reader.customers()
    hits = customers[customers.UDF_ZOHO_CONTACT_ID == "C900"]
    assert (hits.ARDivisionNo + "-" + hits.CustomerNo).tolist() == [created.target_id]
    assert hits.CustomerName.tolist() == ["Ernst Händel"]


def test_an_order_beyond_the_limit_is_refused_held_or_written(
    site: Site, client: GatewayClient, reader: Reader, an_order: Callable[..., OrderWrite]
) -> None:
    """B28: the limit leaves room for one order of 220.11, to the cent."""
    customer = reader.customers().iloc[5]
    with sqlite3.connect(site.home / "MAS_ABC.sqlite") as db:
        key = (customer.ARDivisionNo, customer.CustomerNo)
        db.execute(
            "UPDATE AR_Customer SET CreditLimit = 220.11 WHERE ARDivisionNo = ? AND CustomerNo = ?", key
        )
    db.close()

    def an_order_of_theirs(key: str, credit: CreditPolicy) -> OrderWrite:
        order = an_order(key, ARDivisionNo=customer.ARDivisionNo, CustomerNo=customer.CustomerNo)
        return replace(order, credit=credit, hold_reason="STOCK")

    policies: list[CreditPolicy] = ["refuse", "refuse", "hold", "ignore"]
    writes = [an_order_of_theirs(f"Z70{n}", policy) for n, policy in enumerate(policies)]
    fits, over, held, ignored = client.create_orders(writes)
    assert (fits.status, fits.on_hold) == ("created", False)
    assert (over.status, [reason_for(issue.code) for issue in over.errors]) == (
        "refused",
        [Reason.CREDIT_LIMIT],
    )
    assert (held.status, held.on_hold) == ("created", True)
    assert "credit_limit" in [issue.code for issue in held.warnings]
    assert (ignored.status, ignored.on_hold) == ("created", False)


def test_an_order_is_held_and_released_for_one_reason(
    client: GatewayClient, reader: Reader, an_order: Callable[..., OrderWrite]
) -> None:
    (created,) = client.create_orders([an_order("Z710")])
    live = OrderWrite("Z710", "move-1", sales_order_no=created.target_id)
    assert client.hold_order(live, reason="STOCK").on_hold
    assert reader.orders_by_source([("Z710", "SO-Z710")], ZOHO_MARKS).OrderStatus.tolist() == ["H"]
    other = client.release_order(replace(live, idempotency_key="move-2"), reason="CUST")
    assert (other.status, other.errors[0].code) == ("refused", "held_otherwise")
    free = client.release_order(replace(live, idempotency_key="move-3"), reason="STOCK")
    assert (free.status, free.on_hold) == ("changed", False)
    assert client.hold_order(replace(live, idempotency_key="move-4"), reason="NOPE").status == "refused"


def test_an_item_is_created_changed_and_read(client: GatewayClient) -> None:
    fields = {"ItemCodeDesc": "Blue shirt", "ProductLine": "BEVE", "StandardUnitPrice": "21.5"}
    new = ItemWrite("sku", "item-1", "SHIRT/BLUE", fields)
    assert [r.status for r in client.create_items([new, replace(new, idempotency_key="item-2")])] == [
        "created",
        "adopted",
    ]
    dearer = ItemWrite("sku", "item-3", "SHIRT/BLUE", {"StandardUnitPrice": "22.00"})
    missing = ItemWrite("sku", "item-4", "NO-SUCH", {"StandardUnitPrice": "22.00"})
    assert [r.status for r in client.change_items([dearer, missing])] == ["changed", "refused"]
    item = client.item("SHIRT/BLUE")
    assert item is not None
    assert (item["StandardUnitPrice"], item["SalesUnitOfMeasure"]) == ("22", "EACH")
    assert client.item("NO-SUCH") is None


def test_what_was_ordered_is_no_longer_available(
    client: GatewayClient, reader: Reader, an_order: Callable[..., OrderWrite]
) -> None:
    order = an_order("Z720")
    item = order.lines[0]["ItemCode"]
    (before,) = client.quantities([item], ["000"])
    assert client.create_orders([order])[0].status == "created"
    (after,) = client.quantities([item], ["000"])
    assert after.QuantityAvailable == before.QuantityAvailable - 12
    assert after.QuantityOnHand == before.QuantityOnHand
    everything = list(client.quantities())
    assert {row.ItemCode for row in everything} >= {line["ItemCode"] for line in order.lines}
    assert len({(row.ItemCode, row.WarehouseCode) for row in everything}) == len(everything)


def test_money_on_account_is_received_once(client: GatewayClient, reader: Reader) -> None:
    """B8."""
    customer = reader.customers().iloc[0]
    header = {
        "ARDivisionNo": str(customer.ARDivisionNo), "CustomerNo": str(customer.CustomerNo), "CheckNo": "CH1",
        "PaymentType": "VISA", "PostingAmt": "40.00",
    }  # fmt: skip
    deposit = {"BankCode": "A", "DepositDate": "2026-11-20", "DepositDesc": "PAYOUT 77"}
    write = CashReceiptWrite("pay", "pay-1", deposit, header, [on_account("0000123", "40.00")])
    foreign = replace(write, idempotency_key="pay-2", header=header | {"CheckNo": "CH2", "PaymentType": "?"})
    first, refused = client.create_cash_receipts([write, foreign])
    (again,) = client.create_cash_receipts([write])
    assert (first.status, first.totals["Total"]) == ("created", Decimal("40.00"))
    assert again.target_id == first.target_id == f"00001-{customer.ARDivisionNo}-{customer.CustomerNo}-CH1"
    assert (refused.status, [issue.code for issue in refused.errors]) == ("refused", ["not_on_file"])


def test_goods_go_in_two_shipments_and_each_once(
    site: Site, client: GatewayClient, an_order: Callable[..., OrderWrite]
) -> None:
    """The second waits until the first is posted, which is a person's; the same key again is no third."""
    (order,) = client.create_orders([an_order("Z730")])
    packages = [{"PackageNo": "0001", "TrackingID": "1Z999AA1", "Weight": "2.5"}]
    part = ShipmentWrite("s1", "ship-1", order.target_id, {}, {"000001": "5"}, packages)
    rest = ShipmentWrite("s2", "ship-2", order.target_id)
    first, second = client.create_shipments([part, rest])
    assert (first.status, second.status, second.errors[0].code) == ("created", "refused", "locked_in_erp")
    (again,) = client.create_shipments([part])
    assert again.target_id == first.target_id
    with sqlite3.connect(site.home / "MAS_ABC.sqlite") as db:
        tracked = db.execute("SELECT InvoiceNo, TrackingID FROM SO_InvoiceTracking").fetchall()
    db.close()
    assert tracked == [(first.target_id, "1Z999AA1")]


def test_the_connection_test_knows_a_good_token_from_a_bad_one(site: Site, client: GatewayClient) -> None:
    assert client.check().ok
    with site.client("another-token") as stranger, pytest.raises(AuthenticationError):
        stranger.check()


def test_a_killed_gateway_leaves_the_write_in_doubt_and_its_successor_makes_it_once(
    tmp_path: Path, site: Site, an_order: Callable[..., OrderWrite]
) -> None:
    """After ``kill -9`` in the middle of a call the same key, asked again, comes to exactly one order."""
    second = start(site.home, tmp_path / "state")
    order = an_order("Z600")

    def kill(point: str, _keys: Any) -> None:
        if point == "before_send":
            os.kill(second.process.pid, signal.SIGSTOP)

    settings = GatewaySettings(f"http://127.0.0.1:{second.port}", TOKEN, read_timeout=0.3, attempts=1)
    with GatewayClient(settings, observe=kill) as client:
        (lost,) = client.create_orders([order])
    stop(second, signal.SIGKILL)
    assert lost.status == "unknown"
    third = start(site.home, tmp_path / "state")
    try:
        with third.client() as client, third.reader() as reader:
            (result,) = client.create_orders([order])
            assert result.status in {"created", "adopted"}
            assert len(reader.orders_by_source([("Z600", "SO-Z600")], ZOHO_MARKS)) == 1
    finally:
        stop(third)
