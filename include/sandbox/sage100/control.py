"""The control API of the Sage 100 sandbox: stories, switches, faults, marks on orders, and looking in.

All of it goes through the company's database, so the gateway's worker processes obey at their next call.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException
from pydantic import Field, ValidationError

from include.sandbox.sage100 import faults, settings
from include.sandbox.sage100.clerk import Clerk, Mark
from include.sandbox.sage100.dictionary import Release, Table, dictionary
from include.sandbox.sage100.office import Ask, Company, Row, shown
from include.sandbox.sage100.records import Record
from include.sandbox.sage100.stock import Stock
from include.sandbox.sage100.story import Story, load
from include.sandbox.sage100.trade_control import add_trade

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

PAGE = 1000


class LoadAsk(Ask):
    """Which story, in which widths."""

    story: Story = "northwind"
    release: Release = "2021"


class StockAsk(Ask):
    """The result of a stock count."""

    ItemCode: str
    WarehouseCode: str = "000"
    QuantityOnHand: int = Field(ge=0)


class MarkAsk(Ask):
    """What people did to an order."""

    marks: list[Mark] = Field(min_length=1)


class ChangeAsk(Ask):
    """Columns of one record, as somebody at a screen sets them."""

    key: list[str] = Field(min_length=1)
    values: dict[str, str | int | float] = Field(min_length=1)


class EnterAsk(Ask):
    """Columns of a new record."""

    values: dict[str, str | int | float] = Field(min_length=1)


def router(home: Path, company: str = "ABC") -> APIRouter:
    """The routes under ``/_sandbox/sage100`` for one company in ``home``."""
    made = APIRouter(prefix="/_sandbox/sage100", tags=["sandbox: Sage 100"])
    held = Company(home, company)
    _add_stories(made, held)
    _add_settings(made, held)
    _add_faults(made, held)
    _add_looking(made, held)
    _add_clerk(made, held)
    add_trade(made, held)
    return made


def _add_stories(made: APIRouter, held: Company) -> None:
    def told(story: Story, switches: settings.Settings) -> Row:
        load(held.home, story, code=held.code, switches=switches)
        return {"story": story, "release": switches.release}

    @made.post("/load")
    def load_story(ask: LoadAsk) -> Row:
        """Make the company anew with a story and default switches."""
        return told(ask.story, settings.Settings(release=ask.release))

    @made.post("/reset")
    def reset() -> Row:
        """The story that was loaded last, from its beginning; faults and switches are gone."""
        with held.opened() as db:
            switches = settings.read(db)
        story: Story = "northwind" if switches.story == "northwind" else "empty"
        return told(story, settings.Settings(release=switches.release))


def _add_settings(made: APIRouter, held: Company) -> None:
    @made.get("/settings")
    def all_settings() -> Row:
        """Every switch."""
        with held.opened() as db:
            return settings.read(db).model_dump(mode="json")

    @made.post("/settings")
    def change_settings(changes: Row) -> Row:
        """Change some switches; widths and story change with ``load`` only."""
        fixed = sorted({"release", "story"} & changes.keys())
        if fixed:
            raise HTTPException(422, f"{fixed[0]} is chosen by POST load")
        with held.opened(write=True) as db:
            try:
                new = settings.Settings.model_validate(settings.read(db).model_dump() | changes)
            except ValidationError as error:
                raise HTTPException(422, error.errors(include_url=False, include_context=False)) from error
            settings.write(db, new)
        return new.model_dump(mode="json")


def _add_faults(made: APIRouter, held: Company) -> None:
    @made.get("/faults")
    def all_faults() -> list[faults.Fault]:
        """Standing and spent faults, with how often they struck."""
        with held.opened() as db:
            return faults.standing(db)

    @made.post("/faults", status_code=201)
    def add_fault(fault: faults.NewFault) -> faults.Fault:
        """Order a fault."""
        with held.opened(write=True) as db:
            return faults.add(db, fault)

    @made.delete("/faults")
    def remove_faults() -> Row:
        """End all faults."""
        with held.opened(write=True) as db:
            return {"removed": faults.remove(db)}

    @made.delete("/faults/{fault_id}")
    def remove_fault(fault_id: int) -> Row:
        """End one fault."""
        with held.opened(write=True) as db:
            if not faults.remove(db, fault_id):
                raise HTTPException(404, f"no fault {fault_id}")
        return {"removed": 1}


def _known(db: sqlite3.Connection, name: str) -> Table:
    table = dictionary(settings.read(db).release).get(name)
    if table is None:
        raise HTTPException(404, f"no table {name}")
    return table


def _add_looking(made: APIRouter, held: Company) -> None:
    @made.get("/tables")
    def counts() -> dict[str, int]:
        """Every table of Sage with its rows."""
        with held.opened() as db:
            names = dictionary(settings.read(db).release)
            return {n: db.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for n in names}  # noqa: S608

    @made.get("/tables/{name}")
    def rows(name: str, offset: int = 0, limit: int = 100) -> Row:
        """A page of a table in primary key order."""
        with held.opened() as db:
            table = _known(db, name)
            order = ", ".join(table.primary)
            sql = f"SELECT * FROM {table.name} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
            found = db.execute(sql, (min(limit, PAGE), offset)).fetchall()
            total = db.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]  # noqa: S608
        return {"total": total, "rows": [shown(Record.from_row(table, row)) for row in found]}

    @made.get("/orders")
    def orders() -> Row:
        """Live orders in sum: what a checker compares with the shop."""
        with held.opened() as db:
            return order_summary(db)

    @made.get("/effects")
    def effects(after: int = 0, limit: int = PAGE) -> list[Row]:
        """Every committed write since an id, oldest first: twice the same key is a doubled effect."""
        with held.opened() as db:
            sql = "SELECT * FROM sandbox_effect WHERE id > ? ORDER BY id LIMIT ?"
            return [dict(row) for row in db.execute(sql, (after, limit))]

    @made.get("/holders")
    def holders() -> dict[str, list[Row]]:
        """Seats and record locks as they are noted, dead holders too until somebody needs theirs."""
        with held.opened() as db:
            named = {"seats": "SY_Console", "locks": "sandbox_lock"}
            return {k: [dict(r) for r in db.execute(f"SELECT * FROM {t}")] for k, t in named.items()}  # noqa: S608


SUMMED = (
    "SELECT count(*), coalesce(sum(CAST(ROUND("
    "(TaxableAmt + NonTaxableAmt - DiscountAmt + FreightAmt + SalesTaxAmt) * 100) AS INTEGER)), 0)"
    " FROM SO_SalesOrderHeader"
)


def order_summary(db: sqlite3.Connection) -> Row:
    """Live orders, their lines and dollars (summed in cents), orders by status, customers."""
    count, cents = db.execute(SUMMED).fetchone()
    statuses = db.execute("SELECT OrderStatus, count(*) FROM SO_SalesOrderHeader GROUP BY OrderStatus")
    by_status = dict(statuses.fetchall())
    (lines,) = db.execute("SELECT count(*) FROM SO_SalesOrderDetail").fetchone()
    (customers,) = db.execute("SELECT count(*) FROM AR_Customer").fetchone()
    dollars = str(Decimal(cents).scaleb(-2))
    return {
        "orders": count,
        "lines": lines,
        "dollars": dollars,
        "by_status": by_status,
        "customers": customers,
    }


def _add_clerk(made: APIRouter, held: Company) -> None:
    @made.post("/stock")
    def count_stock(ask: StockAsk) -> Row:
        """Set the quantity on hand of an item in a warehouse."""
        with held.worked() as accounts:
            return shown(Stock(accounts).count(ask.ItemCode, ask.WarehouseCode, Decimal(ask.QuantityOnHand)))

    @made.post("/orders/{order_no}/marks")
    def mark(order_no: str, ask: MarkAsk) -> Row:
        """Pick, print or invoice an order, so that a later change finds it locked."""
        with held.worked() as accounts:
            return shown(Clerk(accounts).mark(order_no, ask.marks))

    @made.post("/tables/{name}")
    def change(name: str, ask: ChangeAsk) -> Row:
        """Set columns of one record, as somebody at a screen does."""
        with held.worked() as accounts:
            return shown(Clerk(accounts).change(name, ask.key, ask.values))

    @made.put("/tables/{name}", status_code=201)
    def enter(name: str, ask: EnterAsk) -> Row:
        """Type a new record."""
        with held.worked() as accounts:
            return shown(Clerk(accounts).enter(name, ask.values))
