"""A Sage of forty columns: enough of the documented Business Objects to judge the calls made to them.

It notes every call in :data:`TRANSCRIPT` and does what ``<home>/faults.json`` says, so that worker
processes can be troubled from outside: ``[{"at": "SO.nWrite", "do": "raise", "times": 1}]``.
``do``: raise, raise_after, hang, hang_after, pause:<seconds>, empty, refuse:<text>, warn:<text>, or lose
(says done and writes nothing).
"""

# ruff: noqa: N802 - Sage's own names

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any

TRANSCRIPT: list[tuple[Any, ...]] = []
ITEMS = {"WIDGET": "10.00", "GADGET": "2.50", "/FREIGHT": "0"}
HEADER = (
    "SalesOrderNo CHAR(7), OrderDate DATE, OrderType CHAR(1), OrderStatus CHAR(1), ShipExpireDate DATE,"
    " ARDivisionNo CHAR(2), CustomerNo CHAR(20), ShipToName CHAR(30), CustomerPONo CHAR(15),"
    " TermsCode CHAR(2), TaxSchedule CHAR(9), WarehouseCode CHAR(3), Comment CHAR(30),"
    " SalesOrderPrinted CHAR(1), PickingSheetPrinted CHAR(1), CurrentInvoiceNo CHAR(7),"
    " LastInvoiceOrderNo CHAR(7), CancelReasonCode CHAR(5), TaxableAmt DECIMAL(12,2),"
    " NonTaxableAmt DECIMAL(12,2), DiscountAmt DECIMAL(11,2), FreightAmt DECIMAL(11,2),"
    " SalesTaxAmt DECIMAL(11,2), UDF_SYNC_KEY CHAR(64), UDF_ZOHO_ORDER_ID CHAR(19), UDF_ZOHO_VERSION CHAR(30)"
)
DETAIL = (
    "SalesOrderNo CHAR(7), LineKey CHAR(6), LineSeqNo CHAR(14), ItemCode CHAR(30), ItemCodeDesc CHAR(30),"
    " WarehouseCode CHAR(3), SalesKitLineKey CHAR(6), CommentText VARCHAR(2048), UDF_NOTE CHAR(10),"
    " QuantityOrdered DECIMAL(15,6), QuantityShipped DECIMAL(15,6), UnitPrice DECIMAL(15,6),"
    " LineDiscountPercent DECIMAL(8,3), ExtensionAmt DECIMAL(11,2)"
)
CUSTOMER = (
    "ARDivisionNo CHAR(2), CustomerNo CHAR(20), CustomerName CHAR(30), TermsCode CHAR(2),"
    " UDF_SYNC_KEY CHAR(64), UDF_ZOHO_CONTACT_ID CHAR(19), CreditHold CHAR(1), CreditLimit DECIMAL(13,2),"
    " CurrentBalance DECIMAL(13,2), AgingCategory1 DECIMAL(13,2), AgingCategory2 DECIMAL(13,2),"
    " AgingCategory3 DECIMAL(13,2), AgingCategory4 DECIMAL(13,2), OpenOrderAmt DECIMAL(13,2)"
)
TABLES = {
    "SO_SalesOrderHeader": HEADER,
    "SO_SalesOrderDetail": DETAIL,
    "AR_Customer": CUSTOMER,
    "SO_SalesOrderHistoryHeader": HEADER.replace(", UDF_SYNC_KEY CHAR(64), UDF_ZOHO_ORDER_ID CHAR(19)", ""),
    "SO_SalesOrderHistoryDetail": "SalesOrderNo CHAR(7), LineKey CHAR(6), SalesKitLineKey CHAR(6),"
    " LastExtensionAmt DECIMAL(11,2)",
}


def make(home: Path) -> None:
    """An empty company with one customer."""
    with sqlite3.connect(home / "MAS_ABC.sqlite") as db:
        db.execute("PRAGMA journal_mode = WAL")
        for name, columns in TABLES.items():
            db.execute(f"CREATE TABLE {name} ({columns})")
        db.execute("CREATE TABLE next_number (kind TEXT, number INTEGER)")
        db.execute("INSERT INTO next_number VALUES ('SO', 1), ('AR', 1)")
        db.execute(
            "INSERT INTO AR_Customer (ARDivisionNo, CustomerNo, CustomerName, TermsCode, UDF_SYNC_KEY,"
            " UDF_ZOHO_CONTACT_ID) VALUES ('00', '0001001', 'Alfreds', '00', '', '')"
        )
    db.close()


def spoken(call: Callable[..., Any]) -> Callable[..., Any]:
    """Note the call and trouble it as ordered."""

    @wraps(call)
    def reply(self: Any, *args: Any) -> Any:
        self.sLastErrorMsg = ""
        shown = [
            getattr(argument, "value", argument) for argument in args if not isinstance(argument, Script)
        ]
        TRANSCRIPT.append((f"{self.kind}.{call.__name__}", *shown))
        do, _, text = self.script.fault(f"{self.kind}.{call.__name__}", args).partition(":")
        if do in {"raise", "hang", "empty", "refuse", "lose"}:
            return _instead(self, do, text)
        if do == "pause":
            time.sleep(float(text))
        answer = call(self, *args)
        if do == "raise_after":
            raise OSError("RPC server is unavailable")
        if do == "hang_after":
            time.sleep(60)
        if do == "warn":
            self.sLastErrorMsg = text
            return -1
        return answer

    return reply


def _instead(speaker: Any, do: str, text: str) -> Any:
    if do == "raise":
        raise OSError("RPC server is unavailable")
    if do == "hang":
        time.sleep(60)
    speaker.sLastErrorMsg = text
    return {"empty": None, "lose": 1}.get(do, 0)


class Script:
    """``ProvideX.Script``."""

    def Init(self, home: str) -> None:
        self.home = Path(home)
        self.db = sqlite3.connect(self.home / "MAS_ABC.sqlite", isolation_level=None, timeout=10)
        self.db.row_factory = sqlite3.Row

    def NewObject(self, name: str, session: Any = None) -> Any:
        TRANSCRIPT.append(("NewObject", name))
        return {"SY_Session": Session, "SO_SalesOrder_bus": Order, "AR_Customer_bus": Customer}[name](self)

    def fault(self, at: str, args: tuple[Any, ...]) -> str:
        path = self.home / "faults.json"
        faults = json.loads(path.read_text()) if path.exists() else []
        for fault in faults:
            if (
                fault["at"] == at
                and fault.get("times", 1)
                and fault.get("match", "") in " ".join(map(str, args))
            ):
                fault["times"] = fault.get("times", 1) - 1
                path.write_text(json.dumps(faults))
                return fault["do"]
        return ""


class Speaking:
    kind = ""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.sLastErrorMsg = ""

    def refuse(self, message: str) -> int:
        self.sLastErrorMsg = message
        return 0


class Session(Speaking):
    kind = "SY"

    @spoken
    def nSetUser(self, user: str, password: str) -> int:
        return 1 if password == "right" else self.refuse("The logon is not valid.")

    @spoken
    def nSetCompany(self, code: str) -> int:
        return int(code == "ABC")

    @spoken
    def nSetDate(self, module: str, day: str) -> int:
        return 1

    @spoken
    def nSetModule(self, module: str) -> int:
        return 1

    @spoken
    def nLookupTask(self, name: str) -> int:
        return 101

    @spoken
    def nSetProgram(self, task: int) -> int:
        return 1

    @spoken
    def nCleanup(self) -> int:
        return 1

    def DropObject(self) -> int:
        self.script.db.close()
        return 1


class Bus(Speaking):
    table = ""
    key = ("SalesOrderNo",)

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.row: dict[str, Any] = {}
        self.given: dict[str, str] = {}

    def next_number(self, into: Any) -> int:
        with self.script.db as db:
            sql = "UPDATE next_number SET number = number + 1 WHERE kind = ? RETURNING number"
            into.value = f"{db.execute(sql, (self.kind,)).fetchone()[0] - 1:07d}"
        return 1

    @spoken
    def nSetKeyValue(self, column: str, value: str) -> int:
        self.given[column.rstrip("$")] = value
        return 1

    @spoken
    def nSetKey(self, *key: str) -> int:
        wanted = dict(zip(self.key, key, strict=False)) if key else self.given
        where = " AND ".join(f"{name} = ?" for name in wanted)
        found = self.script.db.execute(
            f"SELECT * FROM {self.table} WHERE {where}", list(wanted.values())
        ).fetchone()
        self.row = dict(found) if found else wanted
        self.given = {}
        self.opened(self.row)
        return 1 if found else 2

    def opened(self, row: dict[str, Any]) -> None:
        pass

    @spoken
    def nSetValue(self, column: str, value: Any) -> int:
        text = column.endswith("$")
        if text is not isinstance(value, str):
            return self.refuse(f"The {column} has the wrong type.")
        if column == "CustomerNo$" and value == "NOBODY":
            return self.refuse("The CustomerNo is not on file.")
        if column == "TermsCode$" and value not in {"", "00", "01"}:
            return self.refuse("The TermsCode is not on file.")
        self.row[column.rstrip("$")] = value
        return 1

    @spoken
    def nClear(self) -> int:
        self.row = {}
        return 1

    def nCleanup(self) -> int:
        return 1

    def store(self, table: str, row: dict[str, Any]) -> None:
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        self.script.db.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", list(map(_stored, row.values()))
        )


class Order(Bus):
    kind = "SO"
    table = "SO_SalesOrderHeader"

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.oLines = OrderLines(script, self)

    @spoken
    def nGetNextSalesOrderNo(self, into: Any) -> int:
        return self.next_number(into)

    def opened(self, row: dict[str, Any]) -> None:
        sql = "SELECT * FROM SO_SalesOrderDetail WHERE SalesOrderNo = ? ORDER BY LineSeqNo"
        self.oLines.rows = [dict(line) for line in self.script.db.execute(sql, (row["SalesOrderNo"],))]

    @spoken
    def nWrite(self) -> int:
        if not self.oLines.rows:
            return self.refuse("The sales order must have at least one line.")
        whole = {
            "OrderType": "S",
            "OrderStatus": "N",
            "DiscountAmt": 0,
            "FreightAmt": 0,
            "SalesTaxAmt": 0,
            "TaxableAmt": 0,
        } | self.row
        whole["NonTaxableAmt"] = str(sum(Decimal(str(line["ExtensionAmt"])) for line in self.oLines.rows))
        with self.script.db as db:
            db.execute("BEGIN")
            self._wipe()
            self.store(self.table, whole)
            for line in self.oLines.rows:
                self.store("SO_SalesOrderDetail", {**line, "SalesOrderNo": whole["SalesOrderNo"]})
        return 1

    @spoken
    def nDelete(self) -> int:
        with self.script.db as db:
            db.execute("BEGIN")
            self._wipe()
        return 1

    def _wipe(self) -> None:
        for table in ("SO_SalesOrderHeader", "SO_SalesOrderDetail"):
            self.script.db.execute(f"DELETE FROM {table} WHERE SalesOrderNo = ?", (self.row["SalesOrderNo"],))


class OrderLines(Speaking):
    kind = "lines"

    def __init__(self, script: Script, order: Order) -> None:
        super().__init__(script)
        self.order = order
        self.rows: list[dict[str, Any]] = []
        self.at = 0
        self.current: dict[str, Any] = {}
        self.nEOF = 1  # a property here, a method in other emulations: both occur

    @spoken
    def nAddLine(self) -> int:
        self.at, self.current = len(self.rows), {"LineDiscountPercent": 0, "QuantityShipped": 0}
        return 2

    @spoken
    def nSetValue(self, column: str, value: Any) -> int:
        if column == "ItemCode$" and value not in ITEMS:
            return self.refuse("The ItemCode is not on file.")
        if column == "ItemCode$":
            self.current["UnitPrice"] = ITEMS[value]
        self.current[column.rstrip("$")] = value
        return 1

    @spoken
    def nGetValue(self, column: str, into: Any) -> int:
        into.value = self.current[column.rstrip("$")]
        return 1

    @spoken
    def nWrite(self) -> int:
        line = self.current
        discount = 1 - Decimal(str(line["LineDiscountPercent"])) / 100
        amount = Decimal(str(line.get("QuantityOrdered", 0))) * Decimal(str(line["UnitPrice"])) * discount
        line["ExtensionAmt"] = str(amount.quantize(Decimal("0.01")))
        if self.at == len(self.rows):
            keys = [int(row["LineKey"]) for row in self.rows]
            line["LineKey"] = f"{max(keys, default=0) + 1:06d}"
            line["LineSeqNo"] = f"{int(line['LineKey']) * 10:014d}"
            self.rows.append(line)
        else:
            self.rows[self.at] = line
        return 1

    @spoken
    def nMoveFirst(self) -> int:
        return self._go(0)

    @spoken
    def nMoveNext(self) -> int:
        return self._go(self.at + 1)

    @spoken
    def nDelete(self) -> int:
        del self.rows[self.at]
        return 1

    def _go(self, at: int) -> int:
        self.at, self.nEOF = at, int(at >= len(self.rows))
        self.current = {} if self.nEOF else dict(self.rows[at])
        return 1 - self.nEOF


class Customer(Bus):
    kind = "AR"
    table = "AR_Customer"
    key = ("ARDivisionNo", "CustomerNo")

    @spoken
    def nGetNextCustomerNo(self, into: Any) -> int:
        return self.next_number(into)

    @spoken
    def nWrite(self) -> int:
        with self.script.db:
            where = "WHERE ARDivisionNo = ? AND CustomerNo = ?"
            self.script.db.execute(f"DELETE FROM {self.table} {where}", [self.row[name] for name in self.key])
            self.store(self.table, self.row)
        return 1


def _stored(value: Any) -> Any:
    if isinstance(value, str) and len(value) == 8 and value.startswith("20") and value.isdecimal():
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    return value
