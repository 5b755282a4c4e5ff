"""One running machine as a test sees it: the shop, the bridge, the ERP, each through its own door."""

from __future__ import annotations

import copy
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, TypeVar

import httpx
from sqlalchemy import NullPool, create_engine, text

from include.ledger import Ledger
from include.standalone import state as states
from include.standalone.environment import SANDBOX_WEBHOOK_SECRET, Machine
from include.standalone.processes import state_file
from include.standalone.tally import FLOW

Found = TypeVar("Found")

CENT = Decimal("0.01")
FINISHED = {"success", "failed"}
PATIENCE = 300
"""Seconds after which what a test waits for is not coming; a busy machine is slow, which is no fault."""
RECEIVER = "/tradebridge/webhooks/zoho_inventory/salesorder"


@dataclass(frozen=True)
class Carried:
    """An order as it is written in one of the two systems: its total and its goods, line by line."""

    total: Decimal
    lines: tuple[tuple[str, Decimal, Decimal, Decimal], ...]


class Site:
    """What a test may do with the machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.sandbox = httpx.Client(base_url=f"{machine.sandbox_url}/_sandbox", trust_env=False, timeout=60)
        self.guest = httpx.Client(base_url=machine.airflow_url, trust_env=False, timeout=60)

    @cached_property
    def airflow(self) -> httpx.Client:
        """Airflow's API server, logged in as the administrator."""
        asked = {"username": "admin", "password": self.machine.secrets.admin_password}
        token = self.guest.post("/auth/token", json=asked).json()["access_token"]
        return httpx.Client(
            base_url=self.machine.airflow_url,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=60,
        )

    @cached_property
    def ledger(self) -> Ledger:
        """The bridge's own books."""
        return Ledger.connect(
            self.machine.database_url("tradebridge"), secret_key=self.machine.secrets.ledger_key
        )

    def close(self) -> None:
        """Close every connection that was opened."""
        self.sandbox.close()
        self.guest.close()
        if "airflow" in self.__dict__:
            self.airflow.close()
        if "ledger" in self.__dict__:
            self.ledger.close()

    # The shop ---------------------------------------------------------------------------------------

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call the sandbox's control API."""
        answer = self.sandbox.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()

    def send_webhooks_here(self, *, name: str = "orders", **rule: object) -> None:
        """Point a webhook of the shop at our receiver; lost deliveries are tried again within seconds."""
        target = {
            "name": name,
            "url": f"{self.machine.airflow_url}{RECEIVER}",
            "secret": SANDBOX_WEBHOOK_SECRET,
        }
        self.control("POST", "/zoho/settings", {"webhook_retry_seconds": [1, 2, 3, 5, 5, 5, 10, 10, 30, 60]})
        self.control("POST", "/zoho/webhooks", {**target, **rule})

    def place(self, count: int = 1, *, announce: bool = True, **asked: object) -> dict[str, str]:
        """Place orders; their numbers by their ids."""
        placed = self.control("POST", "/zoho/salesorders", {"count": count, "announce": announce, **asked})
        return {order["salesorder_id"]: order["salesorder_number"] for order in placed["salesorders"]}

    def order(self, order_id: str) -> Any:
        """The order's document in the shop."""
        return self.control("GET", f"/zoho/documents/salesorders/{order_id}")

    def rename_sku(self, order_id: str, sku: str) -> None:
        """The first line's SKU becomes one that nobody has seen; the order is announced."""
        lines = copy.deepcopy(self.order(order_id)["line_items"])
        lines[0]["sku"] = sku
        self.control("PUT", f"/zoho/salesorders/{order_id}", {"changes": {"line_items": lines}, "raw": True})

    def in_shop(self, order_id: str) -> Carried:
        """Total and lines as the shop has them."""
        order = self.order(order_id)
        return Carried(
            _money(order["total"]),
            tuple(
                (_product(line), _number(line["quantity"]), _number(line["rate"]), _money(line["item_total"]))
                for line in order["line_items"]
            ),
        )

    # The ERP ----------------------------------------------------------------------------------------

    def sage(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Read Sage's tables with nothing of ours in between."""
        address = f"file:{self.machine.sage_database}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()

    def in_sage(self, order_id: str) -> list[Carried]:
        """Every Sage order that carries the shop's order id: one, if all is well."""
        heads = self.sage("SELECT * FROM SO_SalesOrderHeader WHERE UDF_ZOHO_ORDER_ID = ?", order_id)
        return [Carried(_sage_total(head), self._sage_lines(head["SalesOrderNo"])) for head in heads]

    def _sage_lines(self, number: str) -> tuple[tuple[str, Decimal, Decimal, Decimal], ...]:
        sql = "SELECT * FROM SO_SalesOrderDetail WHERE SalesOrderNo = ? AND ItemType = '1' ORDER BY LineKey"
        return tuple(
            (
                line["ItemCode"],
                _number(line["QuantityOrdered"]),
                _number(line["UnitPrice"]),
                _money(line["ExtensionAmt"]),
            )
            for line in self.sage(sql, number)
        )

    def sage_writes(self) -> int:
        """How many writes Sage has committed since the beginning."""
        return int(self.sage("SELECT coalesce(max(id), 0) FROM sandbox_effect")[0][0])

    def add_alias(self, alias: str, item: str) -> None:
        """Item Maintenance, Aliases: what a clerk does at the ERP's screen."""
        with closing(sqlite3.connect(self.machine.sage_database, timeout=10)) as connection, connection:
            connection.row_factory = sqlite3.Row
            known = dict(connection.execute("SELECT * FROM IM_AliasItem LIMIT 1").fetchone())
            row = {**known, "AliasItemNo": alias, "ItemCode": item}
            marks = ", ".join("?" for _ in row)
            sql = f"INSERT INTO IM_AliasItem ({', '.join(row)}) VALUES ({marks})"
            connection.execute(sql, list(row.values()))

    # Airflow ----------------------------------------------------------------------------------------

    def trigger(self, dag_id: str = FLOW, **conf: object) -> str:
        """Start a run; its id."""
        body = {"logical_date": None, "conf": conf}
        answer = self.airflow.post(f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        answer.raise_for_status()
        return str(answer.json()["dag_run_id"])

    def finished(self, run_id: str, dag_id: str = FLOW) -> str:
        """Wait for a run's end; its state."""

        def ended() -> str | None:
            state = str(self.airflow.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}").json()["state"])
            return state if state in FINISHED else None

        return self.wait_until(ended, f"the end of {run_id}")

    def rest(self, flows: Iterable[str]) -> None:
        """Pause flows once nothing of theirs runs: what is paused on its way is looked at for ever."""
        for dag_id in flows:
            self.wait_until(lambda dag_id=dag_id: self._paused(dag_id), f"{dag_id} to rest")

    def _paused(self, dag_id: str) -> bool:
        def pause(*, yes: bool) -> None:
            self.airflow.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": yes}).raise_for_status()

        if any(run["state"] not in FINISHED for run in self.runs(dag_id)):
            return False
        pause(yes=True)
        if all(run["state"] in FINISHED for run in self.runs(dag_id)):
            return True
        pause(yes=False)
        return False

    def runs(self, dag_id: str = FLOW) -> list[dict[str, Any]]:
        """The newest hundred runs, the newest first."""
        asked = {"order_by": "-id", "limit": 100}
        answer = self.airflow.get(f"/api/v2/dags/{dag_id}/dagRuns", params=asked)
        answer.raise_for_status()
        return list(answer.json()["dag_runs"])

    def swept(self) -> bool:
        """Whether the first scheduled run, which takes what the shop changed in the last day, is done."""
        asked = {"run_type": "scheduled", "state": "success", "limit": 1}
        answer = self.airflow.get(f"/api/v2/dags/{FLOW}/dagRuns", params=asked)
        return bool(answer.raise_for_status().json()["dag_runs"])

    def between_schedules(self) -> None:
        """Wait while a scheduled run is about to start, where a test asks who started a run."""
        self.wait_until(lambda: 10 < time.time() % 300 < 290, "the schedule to pass")

    # The ledger -------------------------------------------------------------------------------------

    def outcomes(self, record: str, flow: str = FLOW) -> list[str]:
        """What became of each announcement of a record to a flow, the oldest first."""
        rows = self.ledger.inbox.history(record)
        return [str(row.outcome or row.state) for row in reversed(rows) if row.flow == flow]

    def settled(self, order_ids: Iterable[str]) -> bool:
        """Whether each order was announced and every announcement has come to its end."""
        sql = """
            SELECT count(DISTINCT record_key) FILTER (WHERE state = 'done'),
                   count(*) FILTER (WHERE state <> 'done')
            FROM inbox WHERE record_key = ANY(:ids)
        """
        ids = list(order_ids)
        done, open_rows = self.ask("tradebridge", sql, ids=ids)[0]
        return done == len(ids) and not open_rows

    def exceptions_of(self, record_key: str, **filters: str) -> list[dict[str, Any]]:
        """The record's exceptions as the JSON API tells them."""
        answer = self.airflow.get("/tradebridge/api/exceptions", params={"limit": 500, **filters})
        answer.raise_for_status()
        return [row for row in answer.json()["exceptions"] if row["record_key"] == record_key]

    def ask(self, database: str, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask one of the two databases in SQL."""
        engine = create_engine(self.machine.database_url(database), poolclass=NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), values)]

    # Processes --------------------------------------------------------------------------------------

    def state(self) -> states.State:
        """What the supervisor says about itself and its children."""
        return states.read(state_file(self.machine.run))

    # Waiting ----------------------------------------------------------------------------------------

    def wait_until(self, found: Callable[[], Found | None], what: str) -> Found:
        """Poll until ``found`` gives something true."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = found()
            if answer:
                return answer
            time.sleep(0.2)
        raise AssertionError(f"waited {PATIENCE} s in vain for {what}; logs in {self.machine.logs}")

    def wait_settled(self, order_ids: Iterable[str]) -> None:
        """Wait until every announcement of these orders has come to its end."""
        ids = list(order_ids)
        self.wait_until(lambda: self.settled(ids), f"{len(ids)} orders to be settled")

    def assert_carried_once(self, order_ids: Iterable[str]) -> None:
        """Each order stands in Sage once, with the shop's goods, prices and cents."""
        ids = list(order_ids)
        assert ids
        for order_id in ids:
            assert self.in_sage(order_id) == [self.in_shop(order_id)], order_id


def _sage_total(head: sqlite3.Row) -> Decimal:
    parts = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")
    return sum((_money(head[part]) for part in parts), Decimal("0.00")) - _money(head["DiscountAmt"])


def _product(line: Any) -> str:
    """Sage's code for a line's product. The shop's SKUs are as untidy as real ones; its item ids are not."""
    return f"NW-{int(line['item_id'][-6:]):04d}"


def _money(value: object) -> Decimal:
    return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)


def _number(value: object) -> Decimal:
    return Decimal(str(value)).normalize()
