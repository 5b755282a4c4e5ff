"""What stands in Sage already: the questions asked before and after every write.

Sage only warns about a repeated PO number, so the gateway has to look by itself. The look-up uses
the columns of KDUPLICATEPO, which is an index; UDFs, which are none, only verify.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.gateway.kits import own_lines
from include.gateway.reading import Reading, cents, number

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = "SO_SalesOrderHeader"
DETAIL = "SO_SalesOrderDetail"
HISTORY = "SO_SalesOrderHistoryHeader"
CUSTOMER = "AR_Customer"
ITEM = "CI_Item"

BY_PO = (
    "SELECT {columns} FROM {table} WHERE ARDivisionNo = ? AND CustomerNo = ? AND CustomerPONo = ?"
    " ORDER BY SalesOrderNo"
)
BY_UDF = "SELECT {columns} FROM {table} WHERE {udf} = ? ORDER BY SalesOrderNo"
TOTALS = (
    "SELECT OrderStatus, TaxableAmt, NonTaxableAmt, DiscountAmt, FreightAmt, SalesTaxAmt FROM {table}"
    " WHERE SalesOrderNo = ?"
)
LINES = "SELECT LineKey, SalesKitLineKey, ExtensionAmt FROM SO_SalesOrderDetail WHERE SalesOrderNo = ?"
HISTORY_LINES = (
    "SELECT LineKey, SalesKitLineKey, LastExtensionAmt FROM SO_SalesOrderHistoryDetail WHERE SalesOrderNo = ?"
)
ONE_HEADER = "SELECT * FROM SO_SalesOrderHeader WHERE SalesOrderNo = ?"
ALL_LINES = "SELECT * FROM SO_SalesOrderDetail WHERE SalesOrderNo = ? ORDER BY LineSeqNo"
HISTORY_STATUS = "SELECT OrderStatus FROM SO_SalesOrderHistoryHeader WHERE SalesOrderNo = ?"
ONE_CUSTOMER = "SELECT * FROM AR_Customer WHERE ARDivisionNo = ? AND CustomerNo = ?"
ONE_ITEM = "SELECT * FROM CI_Item WHERE ItemCode = ?"
CUSTOMER_BY_UDF = "SELECT ARDivisionNo, CustomerNo FROM AR_Customer WHERE {udf} = ? ORDER BY CustomerNo"


@dataclass(frozen=True, slots=True)
class UdfColumns:
    """The site's UDFs that tell whose record it is; empty when the site has none."""

    sync_key: str
    order_ids: tuple[str, ...]
    customer_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order that is the one asked for. ``same_key``: this very request wrote it."""

    number: str
    same_key: bool
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What an order comes to in Sage: its own lines (components of kits left out) and its amounts."""

    status: str
    lines: int
    amounts: Mapping[str, Decimal]
    extension: Decimal

    @property
    def total(self) -> Decimal:
        """Extensions less discount, plus freight and tax."""
        amounts = self.amounts
        return self.extension - amounts["DiscountAmt"] + amounts["FreightAmt"] + amounts["SalesTaxAmt"]

    def as_json(self) -> dict[str, str]:
        """The amounts as text, with the total."""
        return {name: cents(amount) for name, amount in self.amounts.items()} | {"Total": cents(self.total)}


class Lookup:
    """Questions about orders and customers, answered through ODBC."""

    def __init__(self, reading: Reading, udfs: UdfColumns) -> None:
        self._reading = reading
        self._udfs = udfs

    def order(self, header: Mapping[str, Any], key: str) -> FoundOrder | None:
        """The order that carries this key, or the same order id on the same customer, if any stands.

        Args:
            header: the columns of the request; ARDivisionNo and CustomerNo are there.
            key: the idempotency key, empty when there is none.
        """
        live = self._match(self._candidates(HEADER, header, key), header, key)
        return live or self._completed(header, key)

    def standing(self, number_: str, *, completed: bool = False) -> Standing | None:
        """Line count and amounts of an order, or None when there is none of that number."""
        header = self._reading.rows(TOTALS.format(table=HISTORY if completed else HEADER), number_)
        if not header:
            return None
        amounts = dict(header[0])
        status = str(amounts.pop("OrderStatus") or "")
        lines = self._reading.rows(HISTORY_LINES if completed else LINES, number_)
        amount = "LastExtensionAmt" if completed else "ExtensionAmt"
        return Standing(
            status=status,
            lines=len(own_lines(lines)),
            amounts={name: number(amount) for name, amount in amounts.items()},
            extension=sum((number(line[amount]) for line in lines), Decimal(0)),
        )

    def whole_order(self, number_: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """Header and lines of a live order in display order."""
        header = self._reading.rows(ONE_HEADER, number_)
        return (header[0], self._reading.rows(ALL_LINES, number_)) if header else None

    def history_status(self, number_: str) -> str | None:
        """OrderStatus in the history (A, C, X, Q, Z) of an order that may have left the live tables."""
        found = self._reading.rows(HISTORY_STATUS, number_)
        return str(found[0]["OrderStatus"]) if found else None

    def customer(self, fields: Mapping[str, Any], key: str) -> tuple[str, str] | None:
        """Division and number of the customer that carries this contact id or key, if any."""
        columns = self._reading.table(CUSTOMER)
        wanted = {udf: fields.get(udf) for udf in self._udfs.customer_ids} | {self._udfs.sync_key: key}
        for udf, value in wanted.items():
            if udf and value and udf in columns:
                found = self._reading.rows(CUSTOMER_BY_UDF.format(udf=udf), str(value))
                if found:
                    return found[0]["ARDivisionNo"], found[0]["CustomerNo"]
        return None

    def whole_customer(self, division: str, number_: str) -> dict[str, Any] | None:
        """All columns of a customer."""
        found = self._reading.rows(ONE_CUSTOMER, division, number_)
        return found[0] if found else None

    def whole_item(self, code: str) -> dict[str, Any] | None:
        """All columns of an item."""
        found = self._reading.rows(ONE_ITEM, code)
        return found[0] if found else None

    def _candidates(self, table: str, header: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        columns = self._reading.table(table)
        known = [udf for udf in (self._udfs.sync_key, *self._udfs.order_ids) if udf and udf in columns]
        selected = ", ".join(["SalesOrderNo", "OrderStatus", "ARDivisionNo", "CustomerNo", *known])
        po = header.get("CustomerPONo")
        if po:
            sql = BY_PO.format(columns=selected, table=table)
            division, customer = str(header["ARDivisionNo"]), str(header["CustomerNo"])
            return [
                row for form in forms_of(customer) for row in self._reading.rows(sql, division, form, str(po))
            ]
        values = {udf: header.get(udf) for udf in self._udfs.order_ids} | {self._udfs.sync_key: key}
        found: list[dict[str, Any]] = []
        for udf in known:
            if values[udf]:
                sql = BY_UDF.format(columns=selected, table=table, udf=udf)
                found += self._reading.rows(sql, str(values[udf]))
        return found

    def _match(self, rows: list[dict[str, Any]], header: Mapping[str, Any], key: str) -> FoundOrder | None:
        """The first row that is ours. Without any UDF at hand the PO number has to do."""
        order_ids = {udf: str(header[udf]) for udf in self._udfs.order_ids if header.get(udf)}
        customers = [(str(header["ARDivisionNo"]), form) for form in forms_of(str(header["CustomerNo"]))]
        for row in rows:
            same_key = bool(key) and row.get(self._udfs.sync_key) == key
            same_customer = (row["ARDivisionNo"], row["CustomerNo"]) in customers
            same_id = same_customer and any(row.get(udf) == value for udf, value in order_ids.items())
            comparable = self._udfs.sync_key in row or not order_ids.keys().isdisjoint(row)
            if same_key or same_id or not comparable:
                return FoundOrder(row["SalesOrderNo"], same_key)
        return None

    def _completed(self, header: Mapping[str, Any], key: str) -> FoundOrder | None:
        """An order that was shipped and left the live tables must not come to life a second time."""
        if not header.get("CustomerPONo"):
            return None
        rows = [row for row in self._candidates(HISTORY, header, key) if row["OrderStatus"] == "C"]
        found = self._match(rows, header, key)
        return FoundOrder(found.number, found.same_key, completed=True) if found else None


def forms_of(customer_no: str) -> list[str]:
    """A customer number as sent and as Sage may have stored it: upper case, digits padded to seven places."""
    return list(dict.fromkeys([customer_no, customer_no.upper().zfill(7 if customer_no.isdecimal() else 0)]))
