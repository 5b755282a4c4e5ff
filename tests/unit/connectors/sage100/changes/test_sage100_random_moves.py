"""A12, B21: none missed in 10,000 random moves, made between and during polls.

A clerk inserts, edits twice in a second, edits back, deletes, corrects tracking, posts (at once, or in two
steps that a poll can fall between), pays and purges, while the server's clock ends summer time, is set
back an hour and forth, and one workstation stamps the future. A model beside the tables says what stands
there. After every poll, whatever nobody touched while it ran must be believed as the model has it, so each
state that a poll followed was told; and what nobody touched since a quiet poll must be no news.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.connectors.sage100.changes import (
    Invoices,
    Items,
    ItemStock,
    ServerClock,
    Shipments,
    WarehouseStock,
)
from include.connectors.sage100.decimal_hours import format_decimal_hours

MOVES = 10_000
ZONE = ZoneInfo("America/New_York")
SUMMER_TIME_ENDS = datetime(2026, 11, 1, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
State = dict[str, Any]
QUANTITIES = ("QuantityOnHand", "QuantityOnSalesOrder", "QuantityOnBackOrder", "QuantityInShipping")


def level_key(item: str, warehouse: str) -> str:
    """A code that holds the key's own separator has it escaped."""
    return f"{item}|{warehouse.replace('|', '%7C')}"


class Company:
    """What stands in the tables, kept beside them, and a clerk who changes both."""

    def __init__(self, tables: Any, seed: int) -> None:
        self.tables = tables
        self.chance = random.Random(seed)
        self.now = SUMMER_TIME_ENDS - timedelta(days=1)
        self.set_back = timedelta(0)
        self.items: dict[str, State] = {}
        self.stock: dict[tuple[str, str], State] = {}
        self.live: dict[str, State] = {}
        self.posted: dict[tuple[str, str], State] = {}
        self.touched: dict[str, set[str]] = {kind: set() for kind in KINDS}
        self.done: Counter[str] = Counter()
        self.numbers = 0

    def move(self) -> None:
        """One random deed of the clerk, and some time that passes or does not."""
        deed = self.chance.choices(DEEDS, WEIGHTS)[0]
        with self.tables.together():
            if deed(self):
                self.done[deed.__name__] += 1
        self.now += timedelta(seconds=self.chance.choice((0, 0, 0, 0.3, 1, 5, 60)))
        if self.chance.random() < 0.01:
            self.now += timedelta(minutes=self.chance.choice((30, 90, 600)))
        if self.chance.random() < 0.004:
            self.set_back = HOUR - self.set_back

    def stamp(self) -> dict[str, str]:
        """The server's clock as Sage writes it; one workstation's is a year ahead."""
        ahead = timedelta(days=400) if self.chance.random() < 0.02 else timedelta(0)
        local = (self.now - self.set_back + ahead).astimezone(ZONE)
        return {
            "DateUpdated": local.date().isoformat(),
            "TimeUpdated": format_decimal_hours(local.time()),
        }

    def touch(self, kind: str, key: str) -> None:
        self.touched[kind].add(key)

    def some(self, things: dict[Any, Any]) -> Any:
        return self.chance.choice(list(things)) if things else None

    def amount(self) -> Decimal:
        """One of few, so that edits often go back to what was."""
        return Decimal(self.chance.choice(("0", "0.1", "7", "19.99", "99999.999999")))

    def word(self) -> str:
        return self.chance.choice(("red", "Blau", "grün", "O'Neil", "x" * 12))

    # -- items

    def save_item(self) -> bool:
        """A new item, an edit, or an edit back."""
        code = self.chance.choice([f"ITEM {n}/A" for n in range(24)])
        item = {"desc": self.word(), "price": self.amount(), "prices": {}}
        if code in self.items:
            item = self.items[code] | {self.chance.choice(("desc", "price")): None}
            item |= {"desc": item["desc"] or self.word()} | (
                {"price": self.amount()} if item["price"] is None else {}
            )
        self._write_item(code, item)
        self.touch("items", code)
        return True

    def save_item_twice_in_a_second(self) -> bool:
        return self.save_item() and self.save_item()

    def save_item_unchanged(self) -> bool:
        """A new stamp, and no news."""
        code = self.some(self.items)
        return bool(code) and self._write_item(code, self.items[code])

    def _write_item(self, code: str, item: State) -> bool:
        self.items[code] = item
        self.tables.put(
            "CI_Item",
            ItemCode=code,
            ItemCodeDesc=item["desc"],
            StandardUnitPrice=float(item["price"]),
            **self.stamp(),
        )
        return True

    def drop_item(self) -> bool:
        code = self.some(self.items)
        if code is None:
            return False
        for level in self.items.pop(code)["prices"]:
            self.tables.drop("IM_PriceCode", ItemCode=code, CustomerPriceLevel=level)
        self.tables.drop("CI_Item", ItemCode=code)
        self.touch("items", code)
        return True

    def price_item(self) -> bool:
        """A price list comes, changes or vanishes; the item is not stamped."""
        code = self.some(self.items)
        if code is None:
            return False
        level, prices = self.chance.choice("12"), dict(self.items[code]["prices"])
        if level in prices and self.chance.random() < 0.4:
            del prices[level]
            self.tables.drop("IM_PriceCode", ItemCode=code, CustomerPriceLevel=level)
        else:
            prices[level] = self.amount()
            row = {"PriceCodeRecord": "1", "ItemCode": code, "CustomerPriceLevel": level}
            self.tables.put("IM_PriceCode", **row, DiscountMarkup1=float(prices[level]))
        self.items[code] = self.items[code] | {"prices": prices}
        self.touch("items", code)
        return True

    # -- stock

    def move_stock(self) -> bool:
        """A level changes without a stamp, or a warehouse takes an item in."""
        item, warehouse = f"ITEM {self.chance.randrange(12)}/A", self.chance.choice(("000", "001", "W|2"))
        level = {name: Decimal(self.chance.randrange(4)) for name in QUANTITIES}
        self.stock[item, warehouse] = level
        numbers = {name: float(value) for name, value in level.items()}
        self.tables.put("IM_ItemWarehouse", ItemCode=item, WarehouseCode=warehouse, **numbers)
        self._touch_stock(item, warehouse)
        return True

    def drop_stock(self) -> bool:
        if (key := self.some(self.stock)) is None:
            return False
        del self.stock[key]
        self.tables.drop("IM_ItemWarehouse", ItemCode=key[0], WarehouseCode=key[1])
        self._touch_stock(*key)
        return True

    def _touch_stock(self, item: str, warehouse: str) -> None:
        self.touch("warehouse_stock", level_key(item, warehouse))
        self.touch("item_stock", item)

    # -- shipments

    def enter_invoice(self) -> bool:
        """A new invoice of an order, at times under a number that history has already."""
        if len(self.live) > 6:
            return False
        self.numbers += 1
        recurring = [no for no, _ in self.posted if no not in self.live]
        number = (
            self.chance.choice(recurring)
            if recurring and self.chance.random() < 0.1
            else f"{self.numbers:07}"
        )
        order = f"{self.numbers + 5000:07}"
        lines = {f"{n:06}": Decimal(self.chance.randint(1, 9)) for n in range(1, self.chance.randint(2, 4))}
        self.live[number] = {"order": order, "via": "UPS", "lines": lines, "packages": {}, "half": None}
        self._write_live_header(number)
        for key, quantity in lines.items():
            self._write_live_line(number, key, quantity)
        self._touch_live(number)
        return True

    def _write_live_header(self, number: str) -> None:
        shipment = self.live[number]
        self.tables.put(
            "SO_InvoiceHeader",
            InvoiceNo=number,
            InvoiceType="IN",
            SalesOrderNo=shipment["order"],
            ShipVia=shipment["via"],
            **self.stamp(),
        )

    def _write_live_line(self, number: str, key: str, quantity: Decimal) -> None:
        self.tables.put(
            "SO_InvoiceDetail",
            InvoiceNo=number,
            LineKey=key,
            LineSeqNo=key.zfill(14),
            OrderLineKey=key,
            ItemCode="ITEM",
            QuantityShipped=float(quantity),
        )

    def _open(self) -> str | None:
        """A live invoice of which posting has not begun."""
        return self.some({number: one for number, one in self.live.items() if one["half"] is None})

    def edit_live(self) -> bool:
        """A header with its stamp, or a line without any."""
        number = self._open()
        if number is None:
            return False
        shipment = self.live[number]
        if self.chance.random() < 0.5:
            shipment["via"] = self.chance.choice(("UPS", "DHL"))
            self._write_live_header(number)
        else:
            key = self.chance.choice(list(shipment["lines"]))
            shipment["lines"][key] = Decimal(self.chance.randint(1, 9))
            self._write_live_line(number, key, shipment["lines"][key])
        self._touch_live(number)
        return True

    def pack(self) -> bool:
        """A package comes, gets another tracking id, or goes."""
        number = self._open()
        if number is None:
            return False
        packages, package = self.live[number]["packages"], self.chance.choice(("0001", "0002"))
        if package in packages and self.chance.random() < 0.3:
            del packages[package]
            self.tables.drop("SO_InvoiceTracking", InvoiceNo=number, PackageNo=package)
        else:
            packages[package] = self.word()
            row = {"InvoiceNo": number, "PackageNo": package}
            self.tables.put("SO_InvoiceTracking", **row, TrackingID=packages[package])
        self._touch_live(number)
        return True

    def delete_live(self) -> bool:
        number = self._open()
        if number is None:
            return False
        self._touch_live(number)
        self._take_away(number)
        return True

    def _take_away(self, number: str) -> State:
        for table in ("SO_InvoiceHeader", "SO_InvoiceDetail", "SO_InvoiceTracking"):
            self.tables.drop(table, InvoiceNo=number)
        return self.live.pop(number)

    def _touch_live(self, number: str) -> None:
        self.touch("shipments", f"{number}|IN|{self.live[number]['order']}")

    # -- posting

    def post(self) -> bool:
        number = self._open()
        return bool(number) and self._begin(number) and self._finish(number)

    def begin_to_post(self) -> bool:
        """History has the invoice already; its packages have not moved yet."""
        number = self._open()
        return bool(number) and self._begin(number)

    def finish_to_post(self) -> bool:
        number = self.some({number: one for number, one in self.live.items() if one["half"]})
        return bool(number) and self._finish(number)

    def _begin(self, number: str) -> bool:
        shipment = self.live[number]
        used = [sequence for no, sequence in self.posted if no == number]
        sequence = f"{max(map(int, used), default=-1) + 1:06}"
        shipment["half"] = sequence
        names = {"InvoiceNo": number, "HeaderSeqNo": sequence}
        invoice = {"order": shipment["order"], "via": shipment["via"], "lines": dict(shipment["lines"])}
        self.posted[number, sequence] = invoice | {"packages": {}, "balance": Decimal("10.00")}
        self._write_posted_header(number, sequence)
        for place, (key, quantity) in enumerate(invoice["lines"].items(), start=1):
            detail = f"{place:06}"
            shipped = {"QuantityShipped": float(quantity)}
            self.tables.put(
                "AR_InvoiceHistoryDetail", **names, DetailSeqNo=detail, ItemCode="ITEM", **shipped
            )
            past = {"SalesOrderNo": shipment["order"], "SequenceNo": f"{place * 10:014}"}
            self.tables.put("SO_SalesOrderHistoryDetail", **past, LineKey=key)
            link = {"InvoiceHistoryHeaderSeqNo": sequence, "InvoiceHistoryDetailSeqNo": detail}
            self.tables.put("SO_ARInvoiceHistoryLink", **past, InvoiceNo=number, **link, **shipped)
        self._write_balance(number, sequence)
        self._touch_posted(number, sequence)
        return True

    def _finish(self, number: str) -> bool:
        shipment = self._take_away(number)
        sequence = shipment["half"]
        for package, tracking in shipment["packages"].items():
            self._write_posted_package(number, sequence, package, tracking)
        self.posted[number, sequence]["packages"] = shipment["packages"]
        self._touch_posted(number, sequence)
        return True

    def _write_posted_header(self, number: str, sequence: str) -> None:
        invoice = self.posted[number, sequence]
        self.tables.put(
            "AR_InvoiceHistoryHeader",
            InvoiceNo=number,
            HeaderSeqNo=sequence,
            InvoiceType="IN",
            SalesOrderNo=invoice["order"],
            ShipVia=invoice["via"],
            **self.stamp(),
        )

    def _write_posted_package(self, number: str, sequence: str, package: str, tracking: str) -> None:
        row = {"InvoiceNo": number, "HeaderSeqNo": sequence, "PackageNo": package}
        self.tables.put("AR_InvoiceHistoryTracking", **row, TrackingID=tracking)

    def _write_balance(self, number: str, sequence: str) -> None:
        """Without its stamp: only the figure counts."""
        row = {"ARDivisionNo": "00", "CustomerNo": f"C{sequence}", "InvoiceNo": number, "InvoiceType": "IN"}
        balance = float(self.posted[number, sequence]["balance"])
        self.tables.put("AR_OpenInvoice", **row, InvoiceHistoryHeaderSeqNo=sequence, Balance=balance)

    def _settled(self) -> Any:
        """A posted invoice whose posting is finished."""
        halves = {(number, one["half"]) for number, one in self.live.items()}
        return self.some({name: one for name, one in self.posted.items() if name not in halves})

    def _touch_posted(self, number: str, sequence: str) -> None:
        order = self.posted[number, sequence]["order"]
        self.touch("shipments", f"{number}|IN|{order}")
        self.touch("invoices", f"{number}|{sequence}")

    def correct_tracking(self) -> bool:
        """After posting, and nothing is stamped."""
        if (name := self._settled()) is None:
            return False
        packages, package = self.posted[name]["packages"], self.chance.choice(("0001", "0002"))
        if package in packages and self.chance.random() < 0.2:
            del packages[package]
            self.tables.drop(
                "AR_InvoiceHistoryTracking", InvoiceNo=name[0], HeaderSeqNo=name[1], PackageNo=package
            )
        else:
            packages[package] = self.word()
            self._write_posted_package(*name, package, packages[package])
        self._touch_posted(*name)
        return True

    def edit_posted(self) -> bool:
        if (name := self._settled()) is None:
            return False
        self.posted[name]["via"] = self.chance.choice(("UPS", "DHL"))
        self._write_posted_header(*name)
        self._touch_posted(*name)
        return True

    def pay(self) -> bool:
        """In part, in full, bounced, or cleared from the open invoices."""
        if (name := self._settled()) is None:
            return False
        self.posted[name]["balance"] = self.chance.choice(
            (Decimal("10.00"), Decimal("0.01"), Decimal("0.00"))
        )
        self._write_balance(*name)
        if not self.posted[name]["balance"] and self.chance.random() < 0.5:
            self.tables.drop("AR_OpenInvoice", InvoiceNo=name[0], InvoiceHistoryHeaderSeqNo=name[1])
        self._touch_posted(*name)
        return True

    def purge(self) -> bool:
        """An old invoice leaves history."""
        if len(self.posted) < 25 or (name := self._settled()) is None:
            return False
        self._touch_posted(*name)
        del self.posted[name]
        for table in ("Header", "Detail", "Tracking"):
            self.tables.drop(f"AR_InvoiceHistory{table}", InvoiceNo=name[0], HeaderSeqNo=name[1])
        self.tables.drop("AR_OpenInvoice", InvoiceNo=name[0], InvoiceHistoryHeaderSeqNo=name[1])
        return True

    # -- what stands there, by kind

    def item_states(self) -> dict[str, State]:
        return dict(self.items)

    def warehouse_states(self) -> dict[str, State]:
        return {level_key(*key): level for key, level in self.stock.items()}

    def item_stock_states(self) -> dict[str, State]:
        totals: dict[str, State] = {}
        for (item, _), level in self.stock.items():
            total = totals.setdefault(item, dict.fromkeys(QUANTITIES, Decimal()))
            total.update({name: total[name] + level[name] for name in QUANTITIES})
        return totals

    def shipment_states(self) -> dict[str, State]:
        names = ("via", "lines", "packages")
        states = {
            f"{no}|IN|{one['order']}": {name: one[name] for name in names} | {"state": "history"}
            for (no, _), one in self.posted.items()
        }
        for no, one in self.live.items():
            state = {name: one[name] for name in names} | {"state": "history" if one["half"] else "live"}
            states[f"{no}|IN|{one['order']}"] = state
        return states

    def invoice_states(self) -> dict[str, State]:
        return {
            "|".join(name): {part: one[part] for part in ("via", "lines", "balance")}
            for name, one in self.posted.items()
        }


DEEDS: tuple[Callable[[Company], bool], ...] = (
    Company.save_item,
    Company.save_item_twice_in_a_second,
    Company.save_item_unchanged,
    Company.drop_item,
    Company.price_item,
    Company.move_stock,
    Company.drop_stock,
    Company.enter_invoice,
    Company.edit_live,
    Company.pack,
    Company.delete_live,
    Company.post,
    Company.begin_to_post,
    Company.finish_to_post,
    Company.correct_tracking,
    Company.edit_posted,
    Company.pay,
    Company.purge,
)
WEIGHTS = (6, 3, 2, 3, 5, 9, 2, 9, 5, 8, 2, 3, 3, 6, 6, 3, 5, 4)


def read_item(said: State) -> State:
    prices = {row["CustomerPriceLevel"]: row["DiscountMarkup1"] for row in said["prices"]}
    return {"desc": said["ItemCodeDesc"], "price": said["StandardUnitPrice"], "prices": prices}


def read_level(said: State) -> State:
    return {name: said[name] for name in QUANTITIES}


def read_lines(said: State) -> State:
    return {row["OrderLineKey"]: row["QuantityShipped"] for row in said["lines"]}


def read_shipment(said: State) -> State:
    packages = {row["PackageNo"]: row["TrackingID"] for row in said["packages"]}
    return {"via": said["ShipVia"], "state": said["state"], "lines": read_lines(said), "packages": packages}


def read_invoice(said: State) -> State:
    return {"via": said["ShipVia"], "balance": said["Balance"], "lines": read_lines(said)}


KINDS: dict[str, tuple[Any, Callable[[State], State], Callable[[Company], dict[str, State]]]] = {
    "items": (Items, read_item, Company.item_states),
    "warehouse_stock": (WarehouseStock, read_level, Company.warehouse_states),
    "item_stock": (ItemStock, read_level, Company.item_stock_states),
    "shipments": (Shipments, read_shipment, Company.shipment_states),
    "invoices": (Invoices, read_invoice, Company.invoice_states),
}


class Follower:
    """What a pipeline does: polls, fetches what is news, keeps known versions and the watermark."""

    def __init__(self, kind: str, company: Company, database: Any) -> None:
        source, self.read, self.truth = KINDS[kind]
        clock = {} if kind.endswith("stock") else {"clock": ServerClock(ZONE, now=lambda: company.now)}
        self.kind, self.company, self.source = kind, company, source(database, **clock)
        self.known: dict[str, str] = {}
        self.since: datetime | None = None
        self.believed: dict[str, State] = {}
        self.certain: set[str] | None = None
        self.told = 0

    def poll(self, *, quiet: bool) -> None:
        touched = self.company.touched[self.kind]
        before = set(touched)
        touched.clear()
        found = self.source.changes(self.known, self.since)
        news = [stub.key for stub in found.stubs]
        if self.certain is not None:
            assert not (self.certain - before - touched) & {*news, *found.gone}, "unchanged, and yet news"
        for key, document in [*self.source.documents(news), *((key, None) for key in found.gone)]:
            self.believed.pop(key, None)
            self.known.pop(key, None)
            if document is not None:
                said = json.loads(document, parse_float=Decimal, parse_int=Decimal)
                self.known[key], self.believed[key] = said["version"], self.read(said)
        self.since = found.watermark
        self.told += len(news) + len(found.gone)
        truth = self.truth(self.company)
        for key in (truth.keys() | self.believed.keys()) - touched:
            assert self.believed.get(key) == truth.get(key), (self.kind, key)
        self.certain = truth.keys() | before if quiet else None
        if quiet:
            assert not touched
            assert self.believed == truth


@pytest.mark.parametrize("seed", [12])
def test_none_is_missed_in_ten_thousand_random_moves(tables: Any, database: Any, seed: int) -> None:
    company = Company(tables, seed)
    followers = [Follower(kind, company, database) for kind in KINDS]
    chance = random.Random(seed + 1)
    made = 0

    def meanwhile() -> None:
        nonlocal made
        while made < MOVES and chance.random() < 0.4:
            company.move()
            made += 1

    while made < MOVES:
        for _ in range(chance.randint(1, 24)):
            company.move()
            made += 1
        quiet = chance.random() < 0.5
        tables.before_each = (lambda: None) if quiet else meanwhile
        chance.choice(followers).poll(quiet=quiet)
        tables.before_each = lambda: None
    for follower in followers:
        follower.poll(quiet=True)
        follower.poll(quiet=True)
    assert company.now - SUMMER_TIME_ENDS > timedelta(days=1)
    assert set(company.done) == {deed.__name__ for deed in DEEDS}
    assert min(company.done.values()) > 20
    assert all(follower.told > 200 for follower in followers)
