"""The two systems as an auditor sees them: Zoho's documents and Sage's tables, beside the code under test.

Nothing here goes through a connector. Amounts are read as decimals from Zoho's own digits and from Sage's
tables by plain SQL.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from include.standalone.environment import SANDBOX_ZOHO
from include.standalone.services import local_http

Json = dict[str, Any]
_CREDENTIALS = {name: SANDBOX_ZOHO[name] for name in ("client_id", "client_secret", "refresh_token")}

ORDERS = """
    SELECT h.SalesOrderNo, h.CustomerPONo, h.ARDivisionNo || '-' || h.CustomerNo AS customer, h.OrderStatus,
           h.OrderDate, h.FreightAmt, h.DiscountAmt, h.SalesTaxAmt, h.ShipVia, h.TermsCode, h.WarehouseCode,
           h.BillToName, h.ShipToCity, h.UDF_ZOHO_ORDER_ID, h.UDF_ZOHO_VERSION, h.UDF_RUSH_ORDER
    FROM SO_SalesOrderHeader h ORDER BY h.SalesOrderNo
"""
LINES = """
    SELECT ItemCode, ItemType, QuantityOrdered, UnitPrice, LineDiscountPercent, ExtensionAmt, WarehouseCode,
           CommentText
    FROM SO_SalesOrderDetail WHERE SalesOrderNo = ? ORDER BY LineSeqNo
"""


@dataclass(frozen=True, slots=True)
class Control:
    """The sandbox's control API at ``url``."""

    url: str

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One call; decimals as Zoho wrote them."""
        if "json" in options:
            # Decimals back as Zoho's own digits; it reads "14.0" as it reads 14.0.
            options = {**options, "json": json.loads(json.dumps(options["json"], default=str))}
        answer = local_http().request(method, f"{self.url}{path}", timeout=60, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return json.loads(answer.text, parse_float=Decimal) if answer.content else None

    def get(self, path: str, **parameters: Any) -> Any:
        """Read."""
        return self.call("GET", f"/_sandbox{path}", params=parameters)

    def post(self, path: str, body: Any = None) -> Any:
        """Do."""
        return self.call("POST", f"/_sandbox{path}", json=body or {})

    def put(self, path: str, body: Any) -> Any:
        """Overwrite."""
        return self.call("PUT", f"/_sandbox{path}", json=body)

    def delete(self, path: str) -> Any:
        """Take away."""
        return self.call("DELETE", f"/_sandbox{path}")


class Zoho(Control):
    """The shop."""

    def reset(self, orders: int, limits: Json) -> None:
        """An empty world, then Northwind's items, contacts and first orders."""
        self.post("/reset")
        self.post("/zoho/settings", limits)
        self.post("/load", {"story": "northwind", "limit": orders})

    def place(self, **asked: Any) -> list[Json]:
        """Order something; see the control API's ``Placing``."""
        placed: list[Json] = self.post("/zoho/salesorders", asked)["salesorders"]
        return placed

    def place_one(self, **asked: Any) -> str:
        """Order something once; the order's id."""
        return str(self.place(**asked)[0]["salesorder_id"])

    def edit(self, order: str, **changes: Any) -> None:
        """Change an order as somebody in Zoho's pages does, a second after whatever was done last."""
        self._next_second()
        self.put(f"/zoho/salesorders/{order}", {"changes": changes})

    def overwrite(self, order: str, **changes: Any) -> None:
        """Write fields of an order as nobody in Zoho's pages could."""
        self._next_second()
        self.put(f"/zoho/salesorders/{order}", {"changes": changes, "raw": True})

    def void(self, order: str) -> None:
        """Take an order back."""
        self.overwrite(order, order_status="void", status="void")

    def _next_second(self) -> None:
        self.post("/clock", {"jump_seconds": 1})

    def spoil(self, *cases: str) -> dict[str, Json]:
        """Place spoilt orders; by case."""
        return {order["case"]: order for order in self.post("/zoho/spoilt", {"cases": list(cases) or "all"})}

    def orders(self) -> list[Json]:
        """Every order in short."""
        found: list[Json] = self.get("/zoho/salesorders")["salesorders"]
        return found

    def order(self, order_id: str) -> Json:
        """One order whole."""
        found: Json = self.get(f"/zoho/documents/salesorders/{order_id}")
        return found

    def notes(self, order_id: str) -> list[str]:
        """What has been noted on an order, newest first; read as Zoho's own pages read it."""
        token = self.call("POST", "/oauth/v2/token", params={"grant_type": "refresh_token", **_CREDENTIALS})
        answer = self.call(
            "GET",
            f"/inventory/v1/salesorders/{order_id}/comments",
            params={"organization_id": SANDBOX_ZOHO["organization_id"]},
            headers={"Authorization": f"Zoho-oauthtoken {token['access_token']}"},
        )
        return [comment["description"] for comment in answer["comments"]]

    def fault(self, **rule: Any) -> None:
        """Order a fault."""
        self.post("/faults", rule)

    def mend(self) -> None:
        """End all faults."""
        self.delete("/faults")

    def calls(self, shape: str = "") -> Counter[str]:
        """How often each API call was made: ``GET /salesorders/{id}`` and so on."""
        rows = self.get("/requests", system="zoho", limit=1)["counts"]
        counted: Counter[str] = Counter()
        for row in rows:
            path = str(row["shape"]).removeprefix("/inventory/v1")
            if shape in path:
                counted[f"{row['method']} {path}"] += int(row["n"])
        return counted

    def forget_calls(self) -> None:
        """Count from nothing."""
        self.delete("/requests")


@dataclass(frozen=True, slots=True)
class Sage(Control):
    """The company."""

    database: Path

    def reset(self) -> None:
        """The company as it was set up, without orders, with part of Northwind's customers."""
        self.post("/sage100/load", {"story": "northwind"})

    def rows(self, sql: str, *values: Any) -> list[Json]:
        """Whatever the tables say."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, values)]

    def number(self, sql: str, *values: Any) -> int:
        """The only cell of an answer."""
        (row,) = self.rows(sql, *values)
        (cell,) = row.values()
        return int(cell)

    def orders(self) -> list[Json]:
        """Live orders."""
        return self.rows(ORDERS)

    def order_of(self, zoho_id: str) -> Json:
        """The one live order that carries a Zoho order."""
        (found,) = [row for row in self.orders() if row["UDF_ZOHO_ORDER_ID"] == zoho_id]
        return found

    def lines(self, order_no: str) -> list[Json]:
        """Lines in their order."""
        return self.rows(LINES, order_no)

    def total(self, order: Json) -> Decimal:
        """What a live order comes to, from its own cells."""
        extensions = sum(
            (cents(line["ExtensionAmt"]) for line in self.lines(order["SalesOrderNo"])), Decimal(0)
        )
        return (
            extensions
            - cents(order["DiscountAmt"])
            + cents(order["FreightAmt"])
            + cents(order["SalesTaxAmt"])
        )

    def take_in(self, levels: Mapping[str, int]) -> None:
        """New items by code, each with so many units in the first warehouse, as an import leaves them."""
        with closing(sqlite3.connect(self.database, timeout=30)) as db, db:
            db.row_factory = sqlite3.Row
            for table, key in (("CI_Item", ""), ("IM_ItemWarehouse", " AND WarehouseCode = '000'")):
                known = dict(db.execute(f"SELECT * FROM {table} WHERE ItemCode = 'NW-0001'{key}").fetchone())
                rows = []
                for code, units in levels.items():
                    new = {"ItemCode": code, "QuantityOnHand": units}
                    rows.append([new.get(name, cell) for name, cell in known.items()])
                marks = ", ".join("?" for _ in known)
                db.executemany(f"INSERT INTO {table} ({', '.join(known)}) VALUES ({marks})", rows)

    def effects(self, *kinds: str) -> list[Json]:
        """Every committed write, oldest first."""
        found: list[Json] = self.get("/sage100/effects", limit=1000)
        return [effect for effect in found if not kinds or effect["kind"] in kinds]

    def doubled(self) -> list[tuple[str, str]]:
        """Creations of one thing that happened more than once: (kind, what)."""
        made = Counter(
            (effect["kind"], effect["order_id"] or effect["record"])
            for effect in self.effects()
            if effect["kind"].endswith("_created")
        )
        return [what for what, times in made.items() if times > 1]

    def fault(self, kind: str, **about: Any) -> None:
        """Order a fault."""
        self.post("/sage100/faults", {"kind": kind, **about})

    def mend(self) -> None:
        """End all faults."""
        self.delete("/sage100/faults")

    def switch(self, **changes: Any) -> None:
        """Change the company's switches."""
        self.post("/sage100/settings", changes)

    def mark(self, order_no: str, *marks: str) -> None:
        """Pick, print or invoice an order."""
        self.post(f"/sage100/orders/{order_no}/marks", {"marks": list(marks)})

    def change(self, table: str, key: list[str], **values: Any) -> None:
        """Set columns of a record at a screen."""
        self.post(f"/sage100/tables/{table}", {"key": key, "values": values})

    def enter(self, table: str, **values: Any) -> None:
        """Type a new record at a screen."""
        self.put(f"/sage100/tables/{table}", {"values": values})


def cents(cell: Any) -> Decimal:
    """A money cell, exact to the cent."""
    return Decimal(str(cell or 0)).quantize(Decimal("0.01"))


def exact(cell: Any) -> Decimal:
    """A quantity, price or percentage without needless zeros."""
    return Decimal(str(cell or 0)).normalize()
