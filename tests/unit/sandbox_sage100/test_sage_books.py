"""Whatever warehouse, office and customers do, in any order: the company's books agree with one another."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from include.sandbox.sage100 import database
from include.sandbox.sage100.accounts import Accounts
from include.sandbox.sage100.posting import Journal
from include.sandbox.sage100.receipts import Receipts
from include.sandbox.sage100.refusals import RefusedError
from include.sandbox.sage100.shipping import Shipping
from include.sandbox.sage100.stock import Stock
from tests.unit.sandbox_sage100.desk import NUMBERED, Sage, log_on, reopened, written

ITEMS = ("NW-0001", "NW-0002", "NW-0003")
CENT = Decimal("0.01")
FINEST = Decimal("0.000001")
"""Sage has six decimals of a quantity; nobody can ship finer."""

few = st.integers(0, 3)
quantity = st.sampled_from(["0.5", "1", "2", "7.25", "20"]).map(Decimal)
some_lines = st.lists(st.tuples(st.sampled_from(ITEMS), quantity), min_size=1, max_size=3)
an_order = st.tuples(st.just("order"), some_lines, st.sampled_from(["0", "1.01"]).map(Decimal))
deeds = st.one_of(
    an_order,
    st.tuples(st.just("ship"), few, st.lists(st.integers(0, 4), min_size=3, max_size=3)),
    st.tuples(st.just("ship"), few, st.none()),
    st.tuples(st.just("post"), few),
    st.tuples(st.just("post"), st.none()),
    st.tuples(st.just("take_back"), few),
    st.tuples(st.just("correct"), few),
    st.tuples(st.just("edit"), few, quantity),
    st.tuples(st.just("cancel"), few),
    st.tuples(st.just("receive"), st.sampled_from(ITEMS), quantity),
    st.tuples(st.just("lose"), st.sampled_from(ITEMS), quantity),
    st.tuples(st.just("pay"), few, st.sampled_from(["3.33", "20", "150"]).map(Decimal)),
)


class Day:
    """A company and what is done in it. What it refuses is done by nobody and leaves no trace."""

    def __init__(self, sage: Sage) -> None:
        self.sage = sage
        self.came: dict[str, Decimal] = defaultdict(Decimal)
        self.tracking: set[str] = set()
        self._packages = 0
        self.at_first = {row["ItemCode"]: exact(row["QuantityOnHand"]) for row in self._stock()}

    def do(self, deed: tuple[Any, ...]) -> None:
        getattr(self, deed[0])(*deed[1:])

    def order(self, lines: list[tuple[str, Decimal]], discount: Decimal) -> None:
        more = {"DiscountAmt": float(discount)} if discount else {}
        written(self.sage, [(item, float(units)) for item, units in lines], FreightAmt=4.2, **more)

    def ship(self, which: int, parts: list[int] | None) -> None:
        number = self._nth("SELECT SalesOrderNo FROM SO_SalesOrderHeader ORDER BY 1", which)
        lines = self._rows("SELECT * FROM SO_SalesOrderDetail WHERE SalesOrderNo = ?", number)
        shipped = None
        if parts is not None:
            left = [(r["LineKey"], exact(r["QuantityOrdered"]) - exact(r["QuantityShipped"])) for r in lines]
            shipped = {
                key: (units * part / 4).quantize(FINEST, "ROUND_DOWN")
                for (key, units), part in zip(left, parts, strict=False)
            }

        def work(accounts: Accounts) -> None:
            invoice = Shipping(accounts).enter(number, shipped, ship_status="S")
            for _ in range(2):
                self._track(accounts, invoice.key[0])

        self._work(work)

    def correct(self, which: int) -> None:
        number = self._nth("SELECT InvoiceNo FROM SO_InvoiceHeader ORDER BY 1", which)
        was = self._rows("SELECT TrackingID FROM SO_InvoiceTracking WHERE InvoiceNo = ?", number)
        if self._work(lambda accounts: self._track(accounts, number, "0001")):
            self.tracking.discard(was[0]["TrackingID"])

    def take_back(self, which: int) -> None:
        number = self._nth("SELECT InvoiceNo FROM SO_InvoiceHeader ORDER BY 1", which)
        gone = self._rows("SELECT TrackingID FROM SO_InvoiceTracking WHERE InvoiceNo = ?", number)
        if self._work(
            lambda accounts: Shipping(accounts).remove(accounts.existing("SO_InvoiceHeader", number))
        ):
            self.tracking -= {row["TrackingID"] for row in gone}

    def post(self, which: int | None) -> None:
        def work(accounts: Accounts) -> None:
            journal = Journal(accounts)
            entries = journal.entries()
            journal.post(entries if which is None else entries[which : which + 1])

        self._work(work)

    def edit(self, which: int, units: Decimal) -> None:
        number = self._nth("SELECT SalesOrderNo FROM SO_SalesOrderHeader ORDER BY 1", which)
        if number:
            change = reopened(self.sage, number)
            change.oLines.nMoveFirst()
            change.oLines.nSetValue("QuantityOrdered", float(units))
            change.oLines.nWrite()
            change.nWrite()
            change.nClear()

    def cancel(self, which: int) -> None:
        number = self._nth("SELECT SalesOrderNo FROM SO_SalesOrderHeader ORDER BY 1", which)
        if number:
            change = reopened(self.sage, number)
            change.nDelete()
            change.nClear()

    def receive(self, item: str, units: Decimal) -> None:
        if self._work(lambda accounts: Stock(accounts).receive(item, "000", units)):
            self.came[item] += units

    def lose(self, item: str, units: Decimal) -> None:
        if self._work(lambda accounts: Stock(accounts).adjust(item, "000", -units)):
            self.came[item] -= units

    def pay(self, which: int, amount: Decimal) -> None:
        invoice = self._nth("SELECT InvoiceNo FROM AR_OpenInvoice ORDER BY 1", which)

        def work(accounts: Accounts) -> None:
            receipts = Receipts(accounts)
            paid = [(invoice, "IN", amount)]
            receipts.post(receipts.take(("00", NUMBERED), paid, bank="A", check="1", how="CHECK"))

        self._work(work)

    def _track(self, accounts: Accounts, number: str, package: str = "") -> None:
        self._packages += 1
        Shipping(accounts).track(number, f"1Z{self._packages}", package_no=package)
        self.tracking.add(f"1Z{self._packages}")

    def _work(self, work: Callable[[Accounts], object]) -> bool:
        known = set(self.tracking)
        try:
            with database.writing(self.sage.session.db):
                work(self.sage.session.accounts())
        except RefusedError:
            self.tracking = known
            return False
        return True

    def _nth(self, sql: str, which: int) -> str:
        rows = self._rows(sql)
        return str(next(iter(rows[which % len(rows)].values()))) if rows else ""

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self.sage.session.db.execute(sql, values)]

    def _row(self, sql: str, *values: object) -> dict[str, Any]:
        (found,) = self._rows(sql, *values)
        return found

    def _stock(self) -> list[dict[str, Any]]:
        return self._rows("SELECT * FROM IM_ItemWarehouse WHERE WarehouseCode = '000' ORDER BY ItemCode")

    # what must hold

    def check(self) -> None:
        live = self._rows("SELECT * FROM SO_SalesOrderDetail")
        entered = self._rows("SELECT * FROM SO_InvoiceDetail")
        posted = self._rows("SELECT * FROM AR_InvoiceHistoryDetail")
        self._goods(live, entered, posted)
        self._lines(live, posted)
        self._orders()
        self._money(posted)
        self._tracked()

    def _goods(self, live: Rows, entered: Rows, posted: Rows) -> None:
        on_order, behind = summed(live, "QuantityOrdered"), summed(live, "QuantityBackordered")
        gone, shipping, shipped = (summed(rows, "QuantityShipped") for rows in (live, entered, posted))
        for row in self._stock():
            item = row["ItemCode"]
            assert exact(row["QuantityOnSalesOrder"]) == on_order[item] - gone[item] - behind[item] >= 0
            assert exact(row["QuantityOnBackOrder"]) == behind[item] >= 0
            assert exact(row["QuantityInShipping"]) == shipping[item] >= 0
            in_hand = self.at_first[item] + self.came[item] - shipped[item]
            assert exact(row["QuantityOnHand"]) == in_hand >= shipping[item]
        total = "SELECT SUM(QuantityOnHand) FROM IM_ItemWarehouse w WHERE w.ItemCode = i.ItemCode"
        assert not self._rows(
            f"SELECT 1 FROM CI_Item i WHERE ItemType = '1' AND TotalQuantityOnHand <> ({total})"
        )

    def _lines(self, live: Rows, posted: Rows) -> None:
        """What was ordered is posted, still open or cancelled; links name every posted line."""
        linked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for link in self._rows("SELECT * FROM SO_ARInvoiceHistoryLink"):
            linked[link["SalesOrderNo"], link["SequenceNo"]] += exact(link["QuantityShipped"])
        assert sum(linked.values()) == sum(summed(posted, "QuantityShipped").values())
        left = {
            (row["SalesOrderNo"], row["SOHistoryDetlSeqNo"]): exact(row["QuantityOrdered"])
            - exact(row["QuantityShipped"])
            for row in live
        }
        for past in self._rows("SELECT * FROM SO_SalesOrderHistoryDetail"):
            key = past["SalesOrderNo"], past["SequenceNo"]
            assert exact(past["QuantityShipped"]) == linked[key]
            if past["CancelledLine"] == "N":
                assert exact(past["QuantityOrderedRevised"]) == linked[key] + left.pop(key, Decimal(0))
        assert not left

    def _orders(self) -> None:
        """An order is live or past, never both; on an invoice or open, never both."""
        live = {row["SalesOrderNo"]: row for row in self._rows("SELECT * FROM SO_SalesOrderHeader")}
        past = self._rows("SELECT SalesOrderNo, OrderStatus FROM SO_SalesOrderHistoryHeader")
        assert {row["SalesOrderNo"] for row in past if row["OrderStatus"] == "A"} == live.keys()
        assert {row["OrderStatus"] for row in past} <= set("ACX")
        entries = self._rows("SELECT SalesOrderNo, InvoiceNo FROM SO_InvoiceHeader")
        named = {number: row["CurrentInvoiceNo"] for number, row in live.items() if row["CurrentInvoiceNo"]}
        assert named == {row["SalesOrderNo"]: row["InvoiceNo"] for row in entries}

    def _money(self, posted: Rows) -> None:
        goods: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for line in posted:
            amount = exact(line["QuantityShipped"]) * exact(line["UnitPrice"])
            assert exact(line["ExtensionAmt"]) == amount.quantize(CENT, "ROUND_HALF_UP")
            goods[line["InvoiceNo"], line["HeaderSeqNo"]] += exact(line["ExtensionAmt"])
        paid: dict[str, Decimal] = defaultdict(Decimal)
        for payment in self._rows("SELECT * FROM AR_TransactionPaymentHistory"):
            paid[payment["InvoiceNo"]] += exact(payment["TransactionAmt"])
        owed = Decimal(0)
        for invoice in self._rows("SELECT * FROM AR_InvoiceHistoryHeader"):
            billed = exact(invoice["TaxableSalesAmt"]) + exact(invoice["NonTaxableSalesAmt"])
            assert billed == goods[invoice["InvoiceNo"], invoice["HeaderSeqNo"]]
            total = billed + exact(invoice["FreightAmt"]) - exact(invoice["DiscountAmt"])
            sql = "SELECT Balance FROM AR_OpenInvoice WHERE InvoiceNo = ?"
            left = exact(self._row(sql, invoice["InvoiceNo"])["Balance"])
            assert left == total - paid[invoice["InvoiceNo"]] >= 0
            owed += left
        open_orders = sum(
            (
                exact(row["TaxableAmt"]) + exact(row["NonTaxableAmt"]) + exact(row["FreightAmt"])
                - exact(row["DiscountAmt"])
                for row in self._rows("SELECT * FROM SO_SalesOrderHeader")
            ),
            Decimal(0),
        )  # fmt: skip
        customer = self._row("SELECT * FROM AR_Customer WHERE CustomerNo = ?", NUMBERED)
        assert exact(customer["CurrentBalance"]) == owed
        assert exact(customer["OpenOrderAmt"]) == open_orders

    def _tracked(self) -> None:
        """Every number that was entered stands in exactly one of the two tables, and only once."""
        tables = ("SO_InvoiceTracking", "AR_InvoiceHistoryTracking")
        found = [
            row["TrackingID"] for table in tables for row in self._rows(f"SELECT TrackingID FROM {table}")
        ]
        assert sorted(found) == sorted(self.tracking)


Rows = list[dict[str, Any]]


def exact(stored: float) -> Decimal:
    return Decimal(str(stored))


def summed(rows: Rows, column: str) -> dict[str, Decimal]:
    units: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        units[row["ItemCode"]] += exact(row[column])
    return units


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=an_order, others=st.lists(deeds, min_size=12, max_size=20))
def test_the_books_agree_after_any_deeds(
    northwind_home: Path, first: tuple[Any, ...], others: list[tuple[Any, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as home:
        shutil.copy(database.company_file(northwind_home), home)
        sage = log_on(Path(home))
        day = Day(sage)
        for deed in [first, *others]:
            day.do(deed)
            day.check()
        sage.session.nCleanup()
