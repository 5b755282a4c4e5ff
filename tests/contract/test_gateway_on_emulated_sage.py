"""The gateway as a process of its own over the emulated Sage, killed wherever it hurts.

Every test that kills asks the same in the end: the same request again, and exactly one record in Sage.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from include.sandbox.sage100 import database, faults, settings
from include.sandbox.sage100.story import load

IN_THE_WORKER = ("before_write", "after_write")
IN_THE_SERVICE = ("before_store", "before_answer")
HEADERS = {"Authorization": "Bearer emulated", "Idempotency-Key": "the-key"}


class Sage:
    """The company behind the gateway."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with database.opened(database.company_file(self.home)) as db:
            return [tuple(row) for row in db.execute(sql, values)]

    def fault(self, kind: str, **about: Any) -> None:
        with database.opened(database.company_file(self.home)) as db:
            faults.add(db, faults.NewFault(kind=kind, **about))

    def switch(self, **changes: Any) -> None:
        with database.opened(database.company_file(self.home)) as db:
            settings.write(db, settings.read(db).model_copy(update=changes))

    def created(self, kind: str = "order_created") -> int:
        """How often it happened, by Sage's own account: not even a record deleted since is forgotten."""
        return int(self.rows("SELECT count(*) FROM sandbox_effect WHERE kind = ?", kind)[0][0])

    def orders(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT h.SalesOrderNo, count(*) FROM SO_SalesOrderHeader h, SO_SalesOrderDetail d"
            " WHERE d.SalesOrderNo = h.SalesOrderNo GROUP BY h.SalesOrderNo"
        )


class Running:
    """One ``python -m include.gateway``."""

    def __init__(self, environment: dict[str, str], port: int) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "include.gateway"], env=environment)
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(base_url=self.url, headers=HEADERS, timeout=60)
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.client.get("/health")
            except httpx.TransportError:
                assert self.process.poll() is None, "the gateway did not start"
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the gateway does not answer")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(30)
        self.client.close()


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("northwind")
    return load(home, password="right")


@pytest.fixture
def sage(northwind: Path, tmp_path: Path) -> Sage:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(northwind, home)
    return Sage(home)


@pytest.fixture
def start(sage: Sage, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(**changes: str) -> Running:
        ours = {
            "TOKENS": "emulated", "OBJECTS": "include.sandbox.sage100.objects:Script", "HOME": str(sage.home),
            "COMPANY": "ABC", "USER": "tradebridge", "PASSWORD": "right", "PORT": str(port),
            "ODBC": f"Driver=SQLite3;Database={sage.home}/MAS_ABC.sqlite;", "STATE": str(tmp_path / "state"),
            "LOCK_RETRY_SECONDS": "0.05", "RETRY_AFTER_SECONDS": "1",
        } | changes  # fmt: skip
        environment = os.environ | {f"TRADEBRIDGE_GATEWAY_{name}": value for name, value in ours.items()}
        started.append(Running(environment, port))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.stop()


def an_order(number: str = "1", **header: str) -> dict[str, Any]:
    whole = {
        "ARDivisionNo": "00", "CustomerNo": "0001001", "OrderDate": "2026-11-20",
        "ShipExpireDate": "2026-11-27", "CustomerPONo": f"SO-{number}", "FreightAmt": "32.38",
        "UDF_ZOHO_ORDER_ID": f"4815{number}",
    } | header  # fmt: skip
    lines = [
        {"ItemCode": "NW-0001", "QuantityOrdered": "12", "UnitPrice": "14.00"},
        {"ItemCode": "NW-0002", "QuantityOrdered": "1", "UnitPrice": "3.333333", "LineDiscountPercent": "5"},
    ]
    return {"SalesOrderNo": None, "header": whole, "lines": lines, "expect": {"lines": 2, "total": "203.55"}}


def a_customer() -> dict[str, Any]:
    return {"CustomerNo": None, "fields": {"CustomerName": "Vins et alcools", "UDF_ZOHO_CONTACT_ID": "77"}}


def post_or_die(running: Running, path: str, body: dict[str, Any]) -> int | None:
    """The status, or None when the gateway died with the request in its hands."""
    try:
        return running.client.post(path, json=body).status_code
    except httpx.TransportError:
        return None


ORDER = ("/SO/SalesOrder", an_order(), "order_created")
CUSTOMER = ("/AR/Customer", a_customer(), "customer_created")


@pytest.mark.chaos
@pytest.mark.parametrize("request_for", [ORDER, CUSTOMER], ids=["order", "customer"])
@pytest.mark.parametrize("failpoint", [*IN_THE_WORKER, *IN_THE_SERVICE])
def test_killed_anywhere_the_same_request_again_makes_one_record(
    start: Callable[..., Running],
    sage: Sage,
    tmp_path: Path,
    failpoint: str,
    request_for: tuple[str, Any, str],
) -> None:
    """A35 and rule 2: nothing or one complete record, whichever instruction was the last."""
    path, body, kind = request_for
    running = start(FAILPOINT=failpoint, FAILPOINT_ONCE=str(tmp_path / "once"))
    status = post_or_die(running, path, body)
    assert (tmp_path / "once").exists()
    if failpoint in IN_THE_WORKER:
        assert status == 504
    else:
        assert status is None
        assert running.process.wait(10) == -signal.SIGKILL
        running = start()
    again = running.client.post(path, json=body)
    assert again.status_code in {200, 201}
    assert sage.created(kind) == 1
    if kind == "order_created":
        assert sage.orders() == [(again.json()["SalesOrderNo"], 2)]


@pytest.mark.chaos
@pytest.mark.parametrize("failpoint", [*IN_THE_WORKER, *IN_THE_SERVICE])
def test_killed_in_a_batch_the_same_batch_again_makes_each_record_once(
    start: Callable[..., Running], sage: Sage, tmp_path: Path, failpoint: str
) -> None:
    """A17."""
    records = [{"idempotency_key": f"k{number}", "order": an_order(str(number))} for number in range(5)]
    running = start(FAILPOINT=failpoint, FAILPOINT_ONCE=str(tmp_path / "once"))
    first = post_or_die(running, "/SO/SalesOrder/batch", {"records": records})
    if failpoint in IN_THE_SERVICE:
        assert first is None
        running.process.wait(10)
        running = start()
    results = running.client.post("/SO/SalesOrder/batch", json={"records": records}).json()["results"]
    assert {result["status"] for result in results} <= {200, 201}
    assert sage.created() == 5
    assert {lines for _, lines in sage.orders()} == {2}


@pytest.mark.chaos
def test_a_new_gateway_waits_for_the_write_that_the_old_one_left_behind(
    start: Callable[..., Running], sage: Sage
) -> None:
    """The worker of a killed service finishes; who looked in Sage before that would write a second order."""
    running = start()
    assert running.client.post(
        "/SO/SalesOrder", json=an_order("0"), headers={"Idempotency-Key": "0"}
    ).is_success
    sage.fault("latency_order", seconds=1.5)
    with pytest.raises(httpx.ReadTimeout):
        running.client.post("/SO/SalesOrder", json=an_order("1"), timeout=0.5)
    running.stop(signal.SIGKILL)
    again = start().client.post("/SO/SalesOrder", json=an_order("1"))
    assert (again.status_code, again.json()["status"]) == (200, "adopted")
    assert sage.created() == 2


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("fault", "word"), [("hang_before_commit", "created"), ("hang_after_commit", "adopted")]
)
def test_a_hanging_sage_costs_a_worker_and_nothing_else(
    start: Callable[..., Running], sage: Sage, fault: str, word: str
) -> None:
    running = start(TIMEOUT_SECONDS="6")
    sage.fault(fault)
    assert running.client.post("/SO/SalesOrder", json=an_order()).status_code == 504
    again = running.client.post("/SO/SalesOrder", json=an_order())
    assert (again.is_success, again.json()["status"]) == (True, word)
    assert sage.created() == 1


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("seat_exhausted", 503, "no_seat"),
        ("exclusive_mode", 503, "exclusive"),
        ("closed_period", 422, "closed_period"),
        ("com_exception", 504, None),
    ],
)
def test_what_sage_says_becomes_a_status_and_a_code(
    start: Callable[..., Running], sage: Sage, fault: str, status: int, code: str | None
) -> None:
    running = start()
    sage.fault(fault)
    answer = running.client.post("/SO/SalesOrder", json=an_order())
    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (
        status,
        [code] if code else [],
    )
    assert sage.created() == 0
    later = running.client.post("/SO/SalesOrder", json=an_order(), headers={"Idempotency-Key": "later"})
    assert later.status_code == 201


def test_a_lock_that_stays_is_423(start: Callable[..., Running], sage: Sage) -> None:
    running = start()
    sage.fault("lock_held", times=2)
    answer = running.client.post("/SO/SalesOrder", json=an_order())
    assert (answer.status_code, answer.headers["Retry-After"]) == (423, "1")
    assert running.client.post("/SO/SalesOrder", json=an_order()).status_code == 201


@pytest.mark.parametrize(
    ("mode", "status", "held"), [("refuse", 422, []), ("warn", 201, [("N",)]), ("hold", 201, [("H",)])]
)
def test_credit_hold_refuses_warns_or_holds_as_the_site_has_it(
    start: Callable[..., Running], sage: Sage, mode: str, status: int, held: list[tuple[str]]
) -> None:
    sage.switch(credit_hold=mode)
    with sqlite3.connect(database.company_file(sage.home)) as db:
        db.execute("UPDATE AR_Customer SET CreditHold = 'Y' WHERE CustomerNo = '0001001'")
    db.close()
    answer = start().client.post("/SO/SalesOrder", json=an_order())
    said = answer.json().get("errors") or answer.json().get("warnings")
    assert (answer.status_code, [each["code"] for each in said]) == (status, ["credit_hold"])
    assert sage.rows("SELECT OrderStatus FROM SO_SalesOrderHeader") == held


def test_of_parallel_orders_at_the_limit_one_passes(start: Callable[..., Running], sage: Sage) -> None:
    """B28: six orders of 203.55 for a limit of 203.55, on three sessions of a Sage that takes its time."""
    sage.switch(credit_limit="off")
    with sqlite3.connect(database.company_file(sage.home)) as db:
        db.execute("UPDATE AR_Customer SET CreditLimit = 203.55 WHERE CustomerNo = '0001001'")
    db.close()
    running = start(WORKERS="3")
    sage.fault("latency_order", seconds=0.7)

    def post(number: int) -> httpx.Response:
        order = an_order(str(number)) | {"credit": "refuse"}
        return running.client.post("/SO/SalesOrder", json=order, headers={"Idempotency-Key": f"k{number}"})

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(post, range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 5
    said = {error["code"] for answer in answers for error in answer.json().get("errors", ())}
    assert said == {"credit_limit"}
    assert sage.rows("SELECT OpenOrderAmt FROM AR_Customer WHERE CustomerNo = '0001001'") == [(203.55,)]


@pytest.mark.chaos
@pytest.mark.parametrize("deposit", ["opened", "there"])
def test_killed_after_a_write_the_same_receipt_again_is_one_receipt(
    start: Callable[..., Running], sage: Sage, tmp_path: Path, deposit: str
) -> None:
    """Killed behind the deposit's write, or behind the receipt's where the deposit stood before."""
    if deposit == "there":
        with sqlite3.connect(database.company_file(sage.home)) as db:
            db.execute(
                "INSERT INTO AR_CashReceiptsDeposit (DepositNo, BankCode, DepositDate, DepositDesc,"
                " CashDepositAmt) VALUES ('00001', 'A', '2026-11-20', 'PAYOUT 77', 0)"
            )
        db.close()
    receipt = {
        "deposit": {"BankCode": "A", "DepositDate": "2026-11-20", "DepositDesc": "PAYOUT 77"},
        "header": {"CustomerNo": "0001001", "CheckNo": "CH1", "PaymentType": "VISA", "PostingAmt": "40.00"},
        "lines": [{"InvoiceNo": "CH1", "InvoiceType": "PP", "AmountPosted": "40.00"}],
    }
    running = start(FAILPOINT="after_write", FAILPOINT_ONCE=str(tmp_path / "once"))
    assert post_or_die(running, "/AR/CashReceipt", receipt) == 504
    again = running.client.post("/AR/CashReceipt", json=receipt)
    assert (again.status_code, again.json()["DepositNo"]) in {(200, "00001"), (201, "00001")}
    assert sage.created("receipt_entered") == 1
    assert sage.rows("SELECT DepositNo, CashDepositAmt FROM AR_CashReceiptsDeposit") == [("00001", 40)]


def test_many_awkward_amounts_agree_to_the_cent(start: Callable[..., Running], sage: Sage) -> None:
    """A35: expectations computed here in decimals, compared by the gateway without tolerance."""
    cent = Decimal("0.01")
    records, total = [], Decimal(0)
    for number in range(40):
        parts = [
            (Decimal(f"{1 + number * step}.{number:03d}"), Decimal(f"{step}.{number:02d}5"), step * 3)
            for step in (1, 2, 7)
        ]
        lines = [
            {
                "ItemCode": f"NW-{n + 1:04d}",
                "QuantityOrdered": str(q),
                "UnitPrice": str(p),
                "LineDiscountPercent": str(d),
            }
            for n, (q, p, d) in enumerate(parts)
        ]
        extension = sum((q * p * (100 - d) / 100).quantize(cent, ROUND_HALF_UP) for q, p, d in parts)
        order = an_order(str(number), DiscountAmt="1.07") | {"lines": lines}
        order["expect"] = {"lines": 3, "total": str(extension - Decimal("1.07") + Decimal("32.38"))}
        total += Decimal(order["expect"]["total"])
        records.append({"idempotency_key": f"k{number}", "order": order})
    results = start().client.post("/SO/SalesOrder/batch", json={"records": records}).json()["results"]
    assert [result["body"] for result in results if result["status"] != 201] == []
    assert sum(Decimal(result["body"]["totals"]["Total"]) for result in results) == total


def test_an_order_is_changed_and_cancelled_where_it_stands(start: Callable[..., Running], sage: Sage) -> None:
    client = start().client
    number = client.post("/SO/SalesOrder", json=an_order()).json()["SalesOrderNo"]
    order = an_order(UDF_ZOHO_VERSION="2026-11-21T10:00:00-0500")
    assert (
        client.put(f"/SO/SalesOrder/{number}", json=an_order(), headers={"Idempotency-Key": "v2"}).json()[
            "status"
        ]
        == "unchanged"
    )
    order["lines"][0]["QuantityOrdered"] = "10"
    order["lines"].append({"ItemCode": "NW-0003", "QuantityOrdered": "2", "UnitPrice": "1.00"})
    order["expect"] = {"lines": 3, "total": "177.55"}
    changed = client.put(f"/SO/SalesOrder/{number}", json=order, headers={"Idempotency-Key": "v3"}).json()
    assert (changed["status"], changed["totals"]["Total"]) == ("changed", "177.55")
    order["lines"] = order["lines"][2:] + order["lines"][:1]
    order["expect"] = {"lines": 2, "total": "174.38"}
    assert (
        client.put(f"/SO/SalesOrder/{number}", json=order, headers={"Idempotency-Key": "v4"}).json()["lines"]
        == 2
    )
    assert client.delete(f"/SO/SalesOrder/{number}").json()["status"] == "cancelled"
    assert sage.orders() == []
    assert sage.rows("SELECT OrderStatus FROM SO_SalesOrderHistoryHeader") == [("X",)]


def test_a_seat_is_held_while_working_and_free_after_a_drain(
    start: Callable[..., Running], sage: Sage
) -> None:
    client = start().client
    client.post("/SO/SalesOrder", json=an_order())
    assert len(sage.rows("SELECT * FROM SY_Console")) == 1
    client.post("/admin/drain")
    assert sage.rows("SELECT * FROM SY_Console") == []
