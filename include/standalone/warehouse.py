"""What the demonstration's warehouse ships, and the account of what Clarity's shop was told of it.

Two witnesses again: Sage's own tables, and the shop's records with its log of what was done to them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from include.standalone.tally import CLARITY, ask_sage, sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.standalone.environment import Machine
    from include.standalone.tally import Tally

    Level = tuple[Decimal, Decimal]
    Levels = Mapping[tuple[str, str], Level]

SHIPPED_ORDERS = 8
MOST_PACKAGES = 3
WAREHOUSES = {"000": "001", "001": "002"}
"""Sage's and Clarity's codes."""
ORDERS = f"""
    SELECT SalesOrderNo, UDF_CLARITY_ORDER_NO FROM SO_SalesOrderHeader
    WHERE {CLARITY.order_id} <> '' AND OrderStatus IN ('N', 'O') ORDER BY SalesOrderNo
"""  # noqa: S608 - a column's name
GOODS = """
    SELECT ItemCode, WarehouseCode, QuantityOrdered FROM SO_SalesOrderDetail
    WHERE SalesOrderNo = ? AND ItemType = '1'
"""
LEVELS = """
    SELECT ItemCode, WarehouseCode, QuantityOnHand, QuantityOnSalesOrder, QuantityOnBackOrder
    FROM IM_ItemWarehouse
"""


@dataclass(frozen=True, slots=True)
class Shipment:
    """What left the warehouse for one order.

    Args:
        order: the shop's order number.
        invoice: Sage's number of the entry.
        tracking: the packages' numbers.
        at: when it was entered.
    """

    order: str
    invoice: str
    tracking: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class WarehouseTally:
    """Shipments and stock on both sides.

    Args:
        shipped: what the warehouse did.
        in_shop: the shop's shipments.
        notices: how often the shop wrote to a buyer, by shipment number.
        levels_told: how often a level was changed in the shop by our hand.
        in_sage: on hand and allocated by item and the shop's warehouse.
        on_sale: the same as the shop has it, by SKU and warehouse.
        held: units by SKU in orders that are not in Sage: allocated in the shop, and nobody's in Sage.
    """

    shipped: Sequence[Shipment]
    in_shop: Sequence[Mapping[str, Any]]
    notices: Mapping[str, int]
    levels_told: int
    in_sage: Levels
    on_sale: Levels
    held: Mapping[str, Decimal]

    @property
    def packages(self) -> int:
        """Packages that left the warehouse."""
        return sum(len(each.tracking) for each in self.shipped)

    @property
    def told(self) -> int:
        """Shipments in the shop."""
        return len(self.in_shop)

    @property
    def notified(self) -> int:
        """Messages to buyers."""
        return sum(self.notices.values())

    @property
    def levels(self) -> int:
        """Levels that both sides know under the same name."""
        return len(self.on_sale.keys() & self.in_sage.keys())

    @property
    def apart(self) -> int:
        """Levels of goods that the shop sells under names that are not Sage's."""
        return len(self.on_sale.keys() - self.in_sage.keys())

    @property
    def differing(self) -> list[str]:
        """Levels that are not equal."""
        return [
            f"{sku} in {warehouse}"
            for (sku, warehouse), told in sorted(self.on_sale.items())
            if (sku, warehouse) in self.in_sage and told != self._expected(sku, warehouse)
        ]

    def _expected(self, sku: str, warehouse: str) -> Level:
        on_hand, allocated = self.in_sage[sku, warehouse]
        at_home = warehouse == WAREHOUSES["000"]
        return on_hand, allocated + (self.held.get(sku, Decimal(0)) if at_home else Decimal(0))

    @property
    def seconds(self) -> tuple[float, float]:
        """Half of the shipments, and 95 %, were in the shop so many seconds after they were entered."""
        entered = {each.order: each.at for each in self.shipped}
        took = [
            (datetime.fromisoformat(each["createdDate"]) - entered[each["orderNumber"]]).total_seconds()
            for each in self.in_shop
            if each["orderNumber"] in entered
        ]
        if len(took) < 2:
            return (took[0], took[0]) if took else (0.0, 0.0)
        cuts = quantiles(took, n=20, method="inclusive")
        return cuts[9], cuts[18]

    def problems(self) -> list[str]:
        """Everything that does not balance; empty when all does."""
        wanted = Counter((each.order, frozenset(each.tracking)) for each in self.shipped)
        found = Counter((each["orderNumber"], frozenset(each["trackingNumbers"])) for each in self.in_shop)
        missing, strangers = wanted - found, found - wanted
        again = [number for number, count in self.notices.items() if count > 1]
        lines = (
            (not self.shipped, "nothing was shipped"),
            (missing, f"{missing.total()} shipments are not in the shop with their tracking numbers"),
            (strangers, f"{strangers.total()} shipments in the shop are not what was shipped"),
            (again, f"buyers of {len(again)} shipments were written to more than once"),
            (
                self.notified != len(self.shipped),
                f"{self.notified} messages to buyers about {len(self.shipped)} shipments",
            ),
            (not self.levels_told, "no stock level was told"),
            (self.differing, f"{len(self.differing)} stock levels differ, e.g. {self.differing[:3]}"),
        )
        return [line for wrong, line in lines if wrong]


def ship(machine: Machine) -> list[Shipment]:
    """Take in what some of Clarity's orders need, and ship them in one to three packages each.

    Orders of goods that the shop and Sage call by the same code: the shop refuses a shipment under any other.

    Raises:
        TransientError: the sandbox does not answer, or refuses.
    """
    codes = {
        each["orderNumber"]: {line["sku"] for line in each["lines"]} for each in documents(machine, "orders")
    }
    shipped: list[Shipment] = []
    for order_no, number in ask_sage(machine.sage_database, ORDERS):
        wanted = ask_sage(machine.sage_database, GOODS, order_no)
        if {item for item, *_ in wanted} != codes[number]:
            continue
        if len(shipped) == SHIPPED_ORDERS:
            break
        for item, warehouse, units in wanted:
            goods = {"ItemCode": item, "WarehouseCode": warehouse, "Quantity": str(units)}
            sandbox(machine, "POST", "stock/receive", goods, system="sage100")
        tracking = tuple(f"1Z{order_no}{box}" for box in range(1, len(shipped) % MOST_PACKAGES + 2))
        packages = [{"TrackingID": each} for each in tracking]
        entry = sandbox(machine, "POST", f"orders/{order_no}/ship", {"packages": packages}, system="sage100")
        shipped.append(Shipment(number, entry["invoice"]["InvoiceNo"], tracking, datetime.now(UTC)))
    return shipped


def correct_and_post(machine: Machine, shipped: Sequence[Shipment]) -> list[Shipment]:
    """Correct the first package's number, and post the journal; what has now been shipped.

    Raises:
        TransientError: the sandbox does not answer, or refuses.
    """
    first, *others = shipped
    right = f"{first.tracking[0]}R"
    place = f"invoices/{first.invoice}/tracking/0001"
    sandbox(machine, "PUT", place, {"TrackingID": right}, system="sage100")
    numbers = [each.invoice for each in shipped]
    sandbox(machine, "POST", "journal", {"invoices": numbers}, system="sage100")
    return [Shipment(first.order, first.invoice, (right, *first.tracking[1:]), first.at), *others]


def warehouse_tally(machine: Machine, orders: Tally, shipped: Sequence[Shipment]) -> WarehouseTally:
    """Ask shop and ERP.

    Raises:
        TransientError: the sandbox does not answer.
    """
    effects = sandbox(machine, "GET", "effects?resource=shipments&action=customer_notified", system="clarity")
    not_in_sage = orders.in_shop.keys() - orders.sage.keys()
    return WarehouseTally(
        shipped=shipped,
        in_shop=documents(machine, "shipments"),
        notices=Counter(each["number"] for each in effects["effects"]),
        levels_told=sum(
            each["n"]
            for each in effects["counts"]
            if each["resource"] == "inventory" and each["actor"].startswith("api:")
        ),
        in_sage={
            (item, WAREHOUSES[warehouse]): (_exact(on_hand), _exact(ordered) + _exact(behind))
            for item, warehouse, on_hand, ordered, behind in ask_sage(machine.sage_database, LEVELS)
            if warehouse in WAREHOUSES
        },
        on_sale={
            (each["sku"], each["warehouseCode"]): (
                _exact(each["quantityOnHand"]),
                _exact(each["quantityAllocated"]),
            )
            for each in documents(machine, "inventory")
        },
        held=units_of(each for each in documents(machine, "orders") if str(each["id"]) in not_in_sage),
    )


def units_of(orders: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Units by SKU of the shop's orders."""
    found: dict[str, Decimal] = {}
    for order in orders:
        for line in order["lines"]:
            found[line["sku"]] = found.get(line["sku"], Decimal(0)) + _exact(line["quantity"])
    return found


def clarity_totals(machine: Machine) -> dict[str, Decimal]:
    """Total by order id, as Clarity has it."""
    return {
        str(each["id"]): Decimal(str(each["totals"]["grandTotal"])).quantize(Decimal("0.01"))
        for each in documents(machine, "orders")
    }


def documents(machine: Machine, resource: str) -> list[dict[str, Any]]:
    """All of the shop's records of a kind.

    Raises:
        TransientError: the sandbox does not answer.
    """
    found: list[dict[str, Any]] = sandbox(machine, "GET", f"documents/{resource}", system="clarity")[
        "documents"
    ]
    return found


def _exact(number: object) -> Decimal:
    return Decimal(str(number))
